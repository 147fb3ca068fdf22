/** CommonJS that requires an ES module, as Node has it from 20.19 on and TypeScript from 5.8. */
import filter = require('../../../lib/filter/index.js');
import sockdiag = require('../../../lib/index.js');
import metrics = require('../../../lib/metrics/index.js');

export const dump: sockdiag.Dump<sockdiag.TcpDiagMsg> = sockdiag.dumpTcp({
  states: ['LISTEN'],
  filter: filter.parse('sport = 443'),
});
// @ts-expect-error: no such option
sockdiag.dumpTcp({ state: ['LISTEN'] });
// @ts-expect-error: no such state
filter.state('LISTENING');
export const all: metrics.Collector = metrics.collector({ dumps: { tcp: dump } });
// @ts-expect-error: no such label
metrics.collector({ labels: ['port'] });
