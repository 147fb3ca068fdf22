/**
 * Writes the tables of docs/metrics.md, of all metrics, from lib/metrics/families.ts and lib/cli/exporter/own.ts.
 *
 *   node docs/metrics.mjs          writes them
 *   node docs/metrics.mjs --check  fails if they are not what would be written
 */
import path from 'node:path';
import process from 'node:process';
import { rolldown } from 'rolldown';

import { isMarked, writeMarked } from '../test/marked.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const PAGE = 'docs/metrics.md';

/** Stands for the labels that are chosen. */
const CHOSEN = '…';

const KIND = { family: 'inet', protocol: 'tcp', labels: { [CHOSEN]: '' } };
const HISTOGRAM = { bounds: [], counts: [0], sum: 0, count: 0 };
const MEMORY = { rmemAlloc: 0, wmemQueued: 0, fwdAlloc: 0, optmem: 0, backlog: 0, drops: 0 };

/** One of all that there is to tell of, to see which labels each metric has. */
const COLLECTION = {
  startedAt: 0,
  seconds: 0,
  dumps: [{ dump: 'tcp', seconds: 0, sockets: 0, cut: false }],
  summary: {
    sockets: [{ ...KIND, state: 'ESTABLISHED', count: 0, rqueue: 0, wqueue: 0, memory: MEMORY }],
    listeners: [{ ...KIND, address: '', port: 0, sockets: 0, queue: 0, limit: 0, full: 0 }],
    tcp: [
      {
        ...KIND,
        rtt: HISTOGRAM,
        retransmission: HISTOGRAM,
        congestionWindow: HISTOGRAM,
        deliveryRate: HISTOGRAM,
      },
    ],
  },
  closed: {
    sockets: [{ ...KIND, count: 0 }],
    connections: [
      {
        ...KIND,
        sent: HISTOGRAM,
        received: HISTOGRAM,
        retransmitted: HISTOGRAM,
        duration: HISTOGRAM,
        unseen: 0,
      },
    ],
    lost: [{ reason: 'queue', times: 0, count: 0 }],
  },
};

/** @type {Readonly<Record<string, string>>} */
const TYPES = { gaugehistogram: 'histogram of now' };

/** @param {string} file a module, which need not have been built */
async function load(file) {
  const build = await rolldown({ cwd: ROOT, input: file, platform: 'node' });
  const { output } = await build.generate({ format: 'esm' });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

/** @param {readonly import('../lib/metrics/families.js').MetricFamily[]} families */
function table(families) {
  const rows = families.map(({ name, type, help, samples }) => {
    const labels = Object.keys(samples[0]?.labels ?? {}).map((label) =>
      label === CHOSEN ? CHOSEN : `\`${label}\``,
    );
    return `| \`${name}\` | ${TYPES[type] ?? type} | ${labels.join(', ')} | ${help} |`;
  });
  return ['| metric | type | labels | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const { METRICS, familiesOf } = await load('lib/metrics/families.ts');
const { ownFamilies } = await load('lib/cli/exporter/own.ts');
const families = familiesOf(COLLECTION);
if (families.length !== METRICS.length)
  throw new Error('docs/metrics.mjs: there is a metric that its collection has nothing of');

/** @type {readonly (readonly [string, string])[]} */
const PARTS = [
  ['metrics', table(families)],
  ['own-metrics', table(ownFamilies(''))],
];

for (const [name, text] of PARTS) {
  if (process.argv[2] !== '--check') writeMarked(PAGE, name, text);
  else if (!isMarked(PAGE, name, text)) {
    console.error(`${PAGE} is not up to date: npm run docs`);
    process.exitCode = 1;
  }
}
