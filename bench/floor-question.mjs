/** The floor's command line: what it is told to ask, so that its requests are those of sockdiag. */
import path from 'node:path';
import { whyNotOurs } from './contenders.mjs';
import { isFiltered } from './selections.mjs';

/** @typedef {import('./population.mjs').Kind} Kind */
/** @typedef {import('./population.mjs').UnfilteredKind} UnfilteredKind */

/** The bit of INET_DIAG_INFO. */
const INFO = '0x02';

/** That of INET_DIAG_SKMEMINFO with it. */
const INFO_AND_SKMEMINFO = '0x42';

/** What sockdiag asks for by default: all attributes, UNIX_DIAG_UID being the last. */
const UNIX_SHOW = '0x7f';

/** Those from TCP_ESTABLISHED (1) to TCP_NEW_SYN_RECV (12), a bit each, as sockdiag asks for them. */
const USUAL_STATES = 0x1ffe;

/** @type {Readonly<Record<Exclude<UnfilteredKind, 'owners' | 'lookup'>, readonly string[]>>} */
const QUESTIONS = {
  tcp: ['tcp'],
  'tcp-info': ['tcp', INFO],
  metrics: ['tcp', INFO_AND_SKMEMINFO],
  unix: ['unix', UNIX_SHOW],
};

/**
 * @param {import('./programs.mjs').Programs} programs
 * @param {import('./population.mjs').PopulationSize} size
 * @param {string | undefined} filter
 * @returns {Promise<readonly string[]>}
 */
export async function floorCommand({ floor, walk, lookup, populate }, { kind, count }, filter) {
  if (kind === 'lookup') return [lookup, String(count)];
  // It is /proc that is asked, and the floor is to walk over it.
  return kind === 'owners' ? [walk, path.basename(populate)] : [floor, ...(await question(kind, filter))];
}

/**
 * @param {Exclude<Kind, 'owners' | 'lookup'>} kind
 * @param {string | undefined} filter
 * @returns {Promise<readonly string[]>}
 */
async function question(kind, filter) {
  if (!isFiltered(kind)) return QUESTIONS[kind];
  // It is sockdiag that makes the program.
  return whyNotOurs() === undefined ? ['tcp', '0', ...(await planned(filter ?? ''))] : ['tcp'];
}

/** @param {string} filter */
async function planned(filter) {
  const { parse, plan } = await import('../dist/filter/index.js');
  const { states, sport, dport, program, remainder, never } = plan(parse(filter));
  if (never || remainder !== undefined) throw new Error(`the kernel does not decide all of '${filter}'`);
  if (states !== undefined)
    throw new Error(`'${filter}' chooses states, and others than the usual are not asked for`);
  return [USUAL_STATES, sport, dport, ...wordsOf(program)].map(String);
}

/** @param {Uint8Array | undefined} program */
function wordsOf(program = new Uint8Array()) {
  return Array.from(new Uint32Array(program.slice().buffer), (word) => word.toString(16));
}
