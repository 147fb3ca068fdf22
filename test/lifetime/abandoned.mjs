// Ten thousand dumps of each kind: left early, aborted, or dropped to the garbage collector. Prints what is
// left of them: descriptors, and bytes of memory. Run with --expose-gc.
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';

import { dumpUnix as askUnix } from '../../dist/index.js';
import { dumpUnix as readUnix } from '../../dist/proc/index.js';
import { populate } from './population.mjs';

const DUMPS = 10_000;
const LOT = 250;

const forever = new AbortController();
let turnTaken = 0;

/** Of the kernel, and of its tables, by turns. */
const dumpUnix = (options) => (turnTaken % 4 < 2 ? askUnix(options) : readUnix(options));

/** Each in its variants by turns. */
const ways = {
  async 'left early'() {
    if (turnTaken++ % 2 === 0) for await (const socket of dumpUnix()) if (socket.family === 'unix') break;
    for await (const batch of dumpUnix().batches()) if (batch.length > 0) break;
  },
  async aborted() {
    const controller = new AbortController();
    const reading = dumpUnix({ signal: controller.signal }).toArray();
    if (turnTaken++ % 2 === 0) await turn();
    controller.abort();
    await reading.catch(() => undefined);
  },
  async 'dropped to the collector'() {
    const signal = turnTaken++ % 2 === 0 ? forever.signal : undefined;
    await dumpUnix({ signal })[Symbol.asyncIterator]().next();
  },
  async 'left or dropped, synchronously'() {
    const iterator = dumpUnix()[Symbol.iterator]();
    iterator.next();
    if (turnTaken++ % 2 === 0) iterator.return();
  },
};

function measure() {
  const { heapUsed, external, rss } = process.memoryUsage();
  return { descriptors: readdirSync('/proc/self/fd').length, heapUsed, external, rss };
}

/** Until finalizers have nothing left to do. */
async function collect() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await turn();
  }
}

async function run(way, count) {
  for (let i = 0; i < count; i += LOT) {
    // Side by side by fours, as many as there are threads to read ahead on.
    for (let j = 0; j < LOT; j += 4) await Promise.all([way(), way(), way(), way()]);
    await collect();
  }
}

await populate(process.argv[2]);
for (const [name, way] of Object.entries(ways)) {
  await run(way, 4 * LOT);
  const before = measure();
  await run(way, DUMPS);
  const after = measure();
  const left = Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));
  console.log(JSON.stringify({ name, ...left }));
}
process.exit(0);
