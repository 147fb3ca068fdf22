/** Who is measured. */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isFiltered } from './selections.mjs';

/** @typedef {import('./population.mjs').Kind} Kind */

/**
 * @typedef {object} Task
 * @property {Kind} kind
 * @property {string | undefined} filter
 * @property {number} count of sockets, or of lookups
 * @property {readonly string[]} floor its command line
 */

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {'floor' | 'ours' | 'parallel' | 'own-proc' | 'matcher' | 'proc' | 'ss' | 'command' | 'peer'} who
 * @property {(task: Task) => string[]} command of its long-lived process
 * @property {boolean} streams holds no more than a part of the sockets at a time
 * @property {boolean} isAsynchronous lets the event loop turn while it reads
 */

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** @type {Contender} */
const FLOOR = {
  name: 'floor (C)',
  who: 'floor',
  command: ({ floor }) => [...floor],
  streams: true,
  isAsynchronous: false,
};

/** @type {Contender} */
const WALK = { ...FLOOR, name: 'walk (C)' };

/** @type {Contender} */
const LOOKUP = { ...FLOOR, name: 'lookup (C)' };

/** @type {Contender} */
const LOOKUP_BY_DESCRIPTOR = {
  ...LOOKUP,
  name: 'lookup by descriptor (C)',
  command: ({ floor }) => [...floor, 'names'],
};

/**
 * @param {string} name
 * @param {Contender['who']} who
 * @param {readonly string[]} subject as the worker takes it: the module, and the way where there are several
 * @param {{ streams?: boolean, isAsynchronous?: boolean }} [traits]
 * @returns {Contender}
 */
function worker(name, who, [module = '', way = ''], { streams = false, isAsynchronous = false } = {}) {
  const command = (/** @type {Task} */ { kind, filter, count }) => {
    const last = kind === 'lookup' ? String(count) : filter;
    return [
      ...[process.execPath, WORKER, module, isFiltered(kind) ? 'tcp' : kind, way],
      ...(last === undefined ? [] : [last]),
    ];
  };
  return { name, who, command, streams, isAsynchronous };
}

const STREAMED = { streams: true, isAsynchronous: true };

const FIRST = [
  FLOOR,
  worker('sockdiag: for await', 'ours', ['ours', 'for-await'], STREAMED),
  worker('sockdiag: batches()', 'ours', ['ours', 'batches'], STREAMED),
];

const BOTH = [
  ...FIRST,
  worker('sockdiag: toArray()', 'ours', ['ours', 'to-array'], { isAsynchronous: true }),
  worker('sockdiag: for', 'ours', ['ours', 'for'], { streams: true }),
];

const SIDE_BY_SIDE = [
  worker('sockdiag: for await, parallel: 2', 'parallel', ['parallel', 'for-await'], STREAMED),
  worker('sockdiag: batches(), parallel: 2', 'parallel', ['parallel', 'batches'], STREAMED),
  worker('summarize()', 'parallel', ['summarize', '1'], STREAMED),
  worker('summarize(), parallel: 2', 'parallel', ['summarize', '2'], STREAMED),
];

const OWN_PROC = [
  worker('sockdiag/proc: for await', 'own-proc', ['own-proc', 'for-await'], STREAMED),
  worker('sockdiag/proc: batches()', 'own-proc', ['own-proc', 'batches'], STREAMED),
  worker('sockdiag/proc: for', 'own-proc', ['own-proc', 'for'], { streams: true }),
];

const FILTERED = [
  ...FIRST,
  worker('for await + matcher', 'matcher', ['matcher', 'for-await'], STREAMED),
  worker('batches() + matcher', 'matcher', ['matcher', 'batches'], STREAMED),
  worker('ss -tan FILTER parsed', 'ss', ['ss'], { isAsynchronous: true }),
];

const COMMANDS = [
  worker('command: sockdiag', 'command', ['command', 'sockdiag'], { isAsynchronous: true }),
  worker('command: ss', 'command', ['command', 'ss'], { isAsynchronous: true }),
];

/** @type {Readonly<Record<Kind, readonly Contender[]>>} */
export const CONTENDERS = {
  tcp: [
    ...BOTH,
    ...SIDE_BY_SIDE,
    ...OWN_PROC,
    worker('/proc/net parsed', 'proc', ['proc']),
    worker('/proc/net split', 'peer', ['split']),
    worker('ss -tan parsed', 'ss', ['ss'], { isAsynchronous: true }),
    worker('systeminformation', 'peer', ['systeminformation'], { isAsynchronous: true }),
    worker('@stroncium/procfs', 'peer', ['procfs']),
    ...COMMANDS,
  ],
  'tcp-info': BOTH,
  metrics: [
    ...FIRST,
    worker('sockdiag/metrics: collect()', 'ours', ['metrics'], STREAMED),
    worker('exporter: a scrape', 'ours', ['scrape'], { isAsynchronous: true }),
  ],
  'tcp-none': FILTERED,
  'tcp-hundredth': FILTERED,
  'tcp-half': FILTERED,
  owners: [
    WALK,
    worker('sockdiag: owners()', 'ours', ['owners'], { isAsynchronous: true }),
    worker('sockdiag: owners({ bpf })', 'ours', ['owners', 'bpf'], { isAsynchronous: true }),
    worker('sockdiag: dump with owners', 'ours', ['ours', 'batches'], { isAsynchronous: true }),
    worker('ss -tanp parsed', 'ss', ['ss'], { isAsynchronous: true }),
    ...COMMANDS,
  ],
  lookup: [
    LOOKUP,
    LOOKUP_BY_DESCRIPTOR,
    worker('sockdiag: lookupTcpSync(socket)', 'ours', ['lookup', 'socket']),
    worker('sockdiag: lookupTcpSync(tuple)', 'ours', ['lookup', 'tuple']),
    worker('sockdiag: await lookupTcp(socket)', 'ours', ['lookup', 'promise'], { isAsynchronous: true }),
  ],
  unix: [
    ...BOTH,
    ...OWN_PROC,
    worker('/proc/net parsed', 'proc', ['proc']),
    worker('ss -xan parsed', 'ss', ['ss'], { isAsynchronous: true }),
  ],
};

/** @returns {string | undefined} why sockdiag cannot be measured, or nothing */
export function whyNotOurs() {
  const parts = ['../dist/index.js', '../build/Release/sockdiag.node'];
  const missing = parts.filter((part) => !existsSync(new URL(part, import.meta.url)));
  return missing.length === 0 ? undefined : `not built (${missing.join(', ')}): npm run build`;
}
