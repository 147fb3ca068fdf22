/** Who is measured. */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./population.mjs').Kind} Kind */

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {'floor' | 'ours' | 'proc' | 'ss' | 'peer'} who
 * @property {(kind: Kind, floor: string) => string[]} command of its long-lived process
 * @property {boolean} streams holds no more than a part of the sockets at a time
 * @property {boolean} isAsynchronous lets the event loop turn while it reads
 */

/** What sockdiag asks for by default: all attributes, UNIX_DIAG_UID being the last. */
const UNIX_SHOW = '0x7f';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** The bit of INET_DIAG_INFO. */
const INFO = '0x02';

/** @type {Readonly<Record<Kind, readonly string[]>>} what the floor asks for */
const QUESTIONS = { tcp: ['tcp'], 'tcp-info': ['tcp', INFO], unix: ['unix', UNIX_SHOW] };

/** @type {Contender} */
const FLOOR = {
  name: 'floor (C)',
  who: 'floor',
  command: (kind, floor) => [floor, ...QUESTIONS[kind]],
  streams: true,
  isAsynchronous: false,
};

/**
 * @param {string} name
 * @param {Contender['who']} who
 * @param {readonly string[]} subject as the worker takes it: the module, and the way where there are several
 * @param {{ streams?: boolean, isAsynchronous?: boolean }} [traits]
 * @returns {Contender}
 */
function worker(name, who, [module = '', ...way], { streams = false, isAsynchronous = false } = {}) {
  const command = (/** @type {Kind} */ kind) => [process.execPath, WORKER, module, kind, ...way];
  return { name, who, command, streams, isAsynchronous };
}

const BOTH = [
  FLOOR,
  worker('sockdiag: for await', 'ours', ['ours', 'for-await'], { streams: true, isAsynchronous: true }),
  worker('sockdiag: batches()', 'ours', ['ours', 'batches'], { streams: true, isAsynchronous: true }),
  worker('sockdiag: toArray()', 'ours', ['ours', 'to-array'], { isAsynchronous: true }),
  worker('sockdiag: for', 'ours', ['ours', 'for'], { streams: true }),
];

/** @type {Readonly<Record<Kind, readonly Contender[]>>} */
export const CONTENDERS = {
  tcp: [
    ...BOTH,
    worker('/proc/net parsed', 'proc', ['proc']),
    worker('ss -tan parsed', 'ss', ['ss'], { isAsynchronous: true }),
    worker('systeminformation', 'peer', ['systeminformation'], { isAsynchronous: true }),
    worker('@stroncium/procfs', 'peer', ['procfs']),
  ],
  'tcp-info': BOTH,
  unix: [
    ...BOTH,
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
