/** All sockets read by sockdiag, and each record tested: the filter in JavaScript instead of in the kernel. */
import { matcher, parse } from '../../dist/filter/index.js';
import { dumpTcp } from '../../dist/index.js';
import { toucher } from './subject.mjs';

/** @typedef {(record: any) => boolean} Matches */
/** @typedef {(record: any) => void} Touch */

/** @type {Record<string, (dump: any, matches: Matches, touch: Touch) => Promise<number>>} */
const WAYS = {
  async 'for-await'(dump, matches, touch) {
    let rows = 0;
    for await (const record of dump) {
      if (!matches(record)) continue;
      touch(record);
      rows++;
    }
    return rows;
  },

  async batches(dump, matches, touch) {
    let rows = 0;
    for await (const batch of dump.batches()) {
      for (const record of batch) {
        if (!matches(record)) continue;
        touch(record);
        rows++;
      }
    }
    return rows;
  },
};

/**
 * @param {'tcp'} kind
 * @param {string} way
 * @param {string} filter
 * @returns {import('./subject.mjs').Subject}
 */
export function create(kind, way, filter) {
  const touch = toucher(kind);
  const matches = matcher(parse(filter));
  const read = WAYS[way];
  if (read === undefined) throw new Error(`there is no way '${way}'`);
  return {
    run: () => read(dumpTcp(), matches, touch),
    tiny: () => read(dumpTcp({ states: ['LISTEN'] }), matches, touch),
    records: async () => (await dumpTcp().toArray()).filter(matches),
  };
}
