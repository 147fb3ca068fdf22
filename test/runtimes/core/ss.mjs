/** What ss(8) says of the same sockets. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { dumpTcp, dumpUnix } from 'sockdiag';

import { check, notHere } from './checks.mjs';
import { command } from './runtime.mjs';

/** @typedef {() => Promise<string[]>} Look gives a line a socket */

const COMMAND = join(
  dirname(fileURLToPath(import.meta.resolve('sockdiag/package.json'))),
  'dist/cli/main.js',
);

/** Where others have moved between one look and the next. */
const ATTEMPTS = 5;

/** @param {string | undefined} ss its path */
export async function checkAgainstSs(ss) {
  await check('every TCP socket is as ss tells it', () => {
    const ours = async () => (await dumpTcp().toArray()).map(tcpLine);
    return compare(ss, '-taen', ours, tcpLineOfSs);
  });
  await check('every unix socket is as ss tells it', () => {
    const ours = async () => (await dumpUnix().toArray()).map(unixLine);
    return compare(ss, '-xan', ours, unixLineOfSs);
  });
  await check('the command prints what ss prints', () => {
    const ours = async () => linesOf(await outputOf(...command(COMMAND, ['-tuxanH'])));
    return compare(ss, '-tuxan', ours, (line) => line);
  });
}

/**
 * @param {string | undefined} ss
 * @param {string} options
 * @param {Look} ours
 * @param {(line: string) => string} read a line of ss
 */
async function compare(ss, options, ours, read) {
  if (ss === undefined) notHere('ss(8) was not named');
  const theirs = async () => linesOf(await outputOf(ss, [`${options}H`])).map(read);
  let found = await differences(ours, theirs);
  for (let left = ATTEMPTS - 1; found.length > 0 && left > 0; left--) found = await differences(ours, theirs);
  assert.deepEqual(found, []);
}

/**
 * Others open and close sockets meanwhile: what was the same before and after ss looked, ss has seen, and what ss has
 * seen was there before or after.
 *
 * @param {Look} ours
 * @param {Look} theirs
 */
async function differences(ours, theirs) {
  const before = new Set(await ours());
  const told = new Set(await theirs());
  const after = new Set(await ours());
  assert.ok(before.size > 5);
  const unknown = [...before].filter((line) => after.has(line) && !told.has(line));
  const strange = [...told].filter((line) => !before.has(line) && !after.has(line));
  return [...unknown.map((line) => `only here: ${line}`), ...strange.map((line) => `only ss: ${line}`)];
}

/**
 * By a file: the runtime's pipes to another process are sockets, too.
 *
 * @param {string} file
 * @param {readonly string[]} words
 */
async function outputOf(file, words) {
  const path = join(tmpdir(), `sockdiag-core-output-${process.pid}`);
  const descriptor = openSync(path, 'w+');
  try {
    const child = spawn(file, words, { stdio: ['ignore', descriptor, 'ignore'] });
    const [status] = await once(child, 'close');
    assert.equal(status, 0);
    return readFileSync(path, 'utf8');
  } finally {
    closeSync(descriptor);
    rmSync(path);
  }
}

/** @param {string} text */
function linesOf(text) {
  // The columns are as wide as what is in them.
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().replace(/ +/g, ' '));
}

/** @type {Record<string, string>} */
const STATES = { ESTABLISHED: 'ESTAB', CLOSE: 'UNCONN', FIN_WAIT1: 'FIN-WAIT-1', FIN_WAIT2: 'FIN-WAIT-2' };

/** @param {string} state */
const stateOf = (state) => STATES[state] ?? state.replace('_', '-');

/** @param {import('sockdiag').TcpDiagMsg} record */
function tcpLine({ state, rqueue, wqueue, sport, dport, cookie }) {
  return `${stateOf(state)} ${rqueue} ${wqueue} ${sport} ${dport} ${cookie}`;
}

/** @param {string} line */
function tcpLineOfSs(line) {
  const [state, rqueue, wqueue, near = '', far = ''] = line.split(' ');
  const port = (/** @type {string} */ end) => end.slice(end.lastIndexOf(':') + 1).replace('*', '0');
  return `${state} ${rqueue} ${wqueue} ${port(near)} ${port(far)} ${/ sk:([0-9a-f]+)/.exec(line)?.[1]}`;
}

/** @param {import('sockdiag').UnixDiagMsg} record */
function unixLine({ type, state, rqueue, wqueue, inode, peer = 0 }) {
  return `${type.slice(0, 3)} ${stateOf(state)} ${rqueue} ${wqueue} ${inode} ${peer}`;
}

/** @param {string} line */
function unixLineOfSs(line) {
  const [, type, state, queues, inode, peer] =
    /^u_(\w+) (\S+) (\d+ \d+) .*?(\d+) \S+ (\d+)$/.exec(line) ?? [];
  return `${type} ${state} ${queues} ${inode} ${peer}`;
}
