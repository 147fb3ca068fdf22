/** sockdiag with a reader for each half of the sockets. */
import { createWith } from './ours.mjs';

/**
 * @param {import('./subject.mjs').Kind} kind
 * @param {string} way
 * @returns {import('./subject.mjs').Subject}
 */
export function create(kind, way) {
  return createWith(kind, way, { parallel: 2 });
}
