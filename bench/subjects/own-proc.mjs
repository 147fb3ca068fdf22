/** sockdiag/proc, in the ways to read a dump. */
import { dumpTcp, dumpUnix } from '../../dist/proc/index.js';
import { toucher } from './subject.mjs';
import { wayOf } from './ways.mjs';

/** @type {Record<'tcp' | 'unix', (options?: object) => import('./ways.mjs').Dump>} */
const DUMPS = { tcp: dumpTcp, unix: dumpUnix };

/**
 * @param {'tcp' | 'unix'} kind
 * @param {string} way
 * @returns {import('./subject.mjs').Subject}
 */
export function create(kind, way) {
  const dump = DUMPS[kind];
  const touch = toucher(kind);
  const read = wayOf(way);
  return {
    run: () => read(dump(), touch),
    tiny: () => read(dump({ states: ['LISTEN'] }), touch),
    records: () => dump().toArray(),
  };
}
