/** sockdiag/metrics: the same sockets in numbers, by a label. */
import { dumpTcp } from '../../dist/index.js';
import { collector } from '../../dist/metrics/index.js';

/** @returns {import('./subject.mjs').Subject} */
export function create() {
  const source = collector({
    dumps: { tcp: dumpTcp({ show: ['info', 'skmeminfo'] }) },
    labels: ['local_port'],
  });
  const few = collector({ dumps: { tcp: dumpTcp({ states: ['LISTEN'], show: ['info', 'skmeminfo'] }) } });
  return {
    async run() {
      const { summary } = await source.collect();
      return summary.sockets.reduce((all, { count }) => all + count, 0);
    },
    tiny: () => few.collect(),
  };
}
