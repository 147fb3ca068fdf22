/** sockdiag itself, in each of the four ways to read a dump. */
import { dumpTcp, dumpUnix } from '../../dist/index.js';
import { toucher } from './subject.mjs';
import { wayOf } from './ways.mjs';

/** @type {Record<import('./subject.mjs').Kind, (options?: object) => import('./ways.mjs').Dump>} */
const DUMPS = {
  tcp: dumpTcp,
  metrics: (options) => dumpTcp({ ...options, show: ['info', 'skmeminfo'] }),
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
  return createWith(kind, way, filter === undefined ? {} : { filter });
}

/**
 * @param {import('./subject.mjs').Kind} kind
 * @param {string} way
 * @param {{ filter?: string, parallel?: number }} wanted options
 * @returns {import('./subject.mjs').Subject}
 */
export function createWith(kind, way, wanted) {
  const { filter } = wanted;
  const dump = DUMPS[kind];
  const touch = toucher(kind);
  const read = wayOf(way);
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
