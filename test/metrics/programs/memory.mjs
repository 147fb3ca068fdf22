// Reads so many records, each with values of its own, and prints how much more memory there is at the end of the reading,
// while it is still under way, and how many values came of it. Run with --expose-gc.
import process from 'node:process';

import { collector, remoteNetwork } from '../../../dist/metrics/index.js';

const BATCH = 1000;

const addressOf = (i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

/** A client, and a listener. */
const recordsOf = (i) => [
  {
    family: 'inet',
    protocol: 'tcp',
    state: 'ESTABLISHED',
    sport: i & 0xffff,
    dst: addressOf(i),
    rqueue: 0,
    wqueue: 0,
  },
  {
    family: 'inet',
    protocol: 'tcp',
    state: 'LISTEN',
    src: addressOf(i),
    sport: 80,
    dst: '0.0.0.0',
    rqueue: 0,
    wqueue: 1,
  },
];

function memory() {
  for (let i = 0; i < 4; i++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

let inTheMidst = 0;

const dump = (count) => ({
  async *batches() {
    for (let i = 0; i < count; i += BATCH)
      yield Array.from({ length: BATCH }, (_, j) => recordsOf(i + j)).flat();
    inTheMidst = memory();
  },
});

async function collect(count) {
  const name = 'tail';
  const labels = [remoteNetwork({ inet: 32 }), 'local_port', { name, of: ({ dst }) => dst.slice(5) }];
  const all = collector({ dumps: { tcp: dump(count) }, labels, limit: 50 });
  // The second time, places are known.
  await all.collect();
  return all.collect();
}

await collect(BATCH);
const before = memory();
const { summary } = await collect(Number(process.argv[2]));
const { sockets, listeners } = summary;
console.log(
  JSON.stringify({ grown: inTheMidst - before, sockets: sockets.length, listeners: listeners.length }),
);
