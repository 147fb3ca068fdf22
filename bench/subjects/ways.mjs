/** The four ways to read a dump. */
import { touchAll } from './subject.mjs';

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

/** @param {string} way */
export function wayOf(way) {
  const read = WAYS[way];
  if (read === undefined) throw new Error(`there is no way '${way}'`);
  return read;
}
