/** A worker that dumps without end, in one of the ways, until it is terminated. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

import { dumpUnix, owners } from 'sockdiag';

/** @type {Record<string, () => Promise<unknown>>} */
const READ = {
  'for await': async () => {
    for await (const socket of dumpUnix()) if (socket.inode < 0) return;
  },
  'toArray() of several': () => Promise.all([dumpUnix().toArray(), dumpUnix().toArray()]),
  for: async () => {
    for (const socket of dumpUnix()) if (socket.inode < 0) return;
  },
  'owners()': () => owners(),
};

/** Those that never wait for anything: such a worker is terminated in the midst of its work, or not at all. */
export const BUSY = ['for'];

export const WAYS = Object.keys(READ);

/** @param {{ way: string, turns?: Int32Array }} work */
async function work({ way, turns }) {
  if (turns !== undefined) {
    parentPort?.postMessage('started');
    // Until it is told to end itself.
    while (Atomics.load(turns, 1) === 0) Atomics.add(turns, 0, 1);
    return;
  }
  await READ[way]?.();
  parentPort?.postMessage('started');
  for (;;) await READ[way]?.();
}

if (!isMainThread) await work(workerData);
