/** Sees that no input takes for ever, from a thread of its own, since the one that tries them is busy. */
import { Worker } from 'node:worker_threads';

/** Seconds. */
const LIMIT = 20;

/** Written without types, for it is run as it is. */
const PROGRAM = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const seen = new Int32Array(workerData.memory);
let last = -1;
setInterval(() => {
  const now = Atomics.load(seen, 1);
  if (now === last && now !== 0) {
    const seed = Atomics.load(seen, 0) >>> 0;
    const broken = { seed, message: 'no input takes ${LIMIT} seconds' };
    writeSync(1, JSON.stringify({ executions: now, outcomes: {}, broken }) + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
  last = now;
}, ${LIMIT * 1000});
`;

/** To be called with each seed. */
export function startWatchdog(): (seed: number) => void {
  const memory = new SharedArrayBuffer(8);
  const seen = new Int32Array(memory);
  new Worker(PROGRAM, { eval: true, workerData: { memory } }).unref();
  return (seed) => {
    Atomics.store(seen, 0, seed | 0);
    Atomics.add(seen, 1, 1);
  };
}
