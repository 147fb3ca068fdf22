/** sockdiag/metrics: how many sockets there are, by family and state. No record is made of any. */
import { dumpTcp } from '../../dist/index.js';
import { summarize } from '../../dist/metrics/index.js';

/**
 * @param {import('./subject.mjs').Kind} _kind
 * @param {string} parts in how many they are read, side by side
 * @returns {import('./subject.mjs').Subject}
 */
export function create(_kind, parts) {
  const parallel = Number(parts);
  return {
    async run() {
      const { sockets } = await summarize(dumpTcp({ parallel }));
      return sockets.reduce((all, { count }) => all + count, 0);
    },
    tiny: () => summarize(dumpTcp({ states: ['LISTEN'] })),
  };
}
