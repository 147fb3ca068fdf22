/** sockdiag itself, in each of the four ways to read a dump. */
import { dumpTcp, dumpUnix } from '../../dist/index.js';
import { touchAll, toucher } from './subject.mjs';

/** @typedef {(record: any) => void} Touch */
/** @typedef {any} Dump */

/** @type {Record<string, (dump: Dump, touch: Touch) => number | Promise<number>>} */
const WAYS = {
  async 'for-await'(dump, touch) {
    let rows = 0;
    for await (const record of dump) {
      touch(record);
      rows++;
    }
    return rows;
  },

  async batches(dump, touch) {
    let rows = 0;
    for await (const batch of dump.batches()) rows += touchAll(batch, touch);
    return rows;
  },

  async 'to-array'(dump, touch) {
    return touchAll(await dump.toArray(), touch);
  },

  for(dump, touch) {
    let rows = 0;
    for (const record of dump) {
      touch(record);
      rows++;
    }
    return rows;
  },
};

/** @type {Record<import('./subject.mjs').Kind, (options?: object) => Dump>} */
const DUMPS = {
  tcp: dumpTcp,
  'tcp-info': (options) => dumpTcp({ ...options, show: ['info'] }),
  owners: (options) => dumpTcp({ ...options, owners: true }),
  unix: dumpUnix,
};

/**
 * @param {import('./subject.mjs').Kind} kind
 * @param {string} way
 * @param {string} [filter] for the kernel
 * @returns {import('./subject.mjs').Subject}
 */
export function create(kind, way, filter) {
  const dump = DUMPS[kind];
  const wanted = filter === undefined ? {} : { filter };
  const touch = toucher(kind);
  const read = WAYS[way];
  if (read === undefined) throw new Error(`there is no way '${way}'`);
  return {
    run: () => read(dump(wanted), touch),
    async tiny() {
      await read(dump({ states: ['LISTEN'] }), touch);
      // The filter may let none of these through.
      if (filter !== undefined) await read(dump({ states: ['LISTEN'], filter }), touch);
    },
    records: () => dump(wanted).toArray(),
  };
}
