/**
 * The command beside ss, for sockets that few kernels have: the same lines, letter for letter. What may differ is in
 * docs/ss.md. Runs inside a machine: npm run test:kernels. Its name comes behind those of the others, some of which want to
 * find no sockets but their own, and not what is left of closed ones.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { before, describe, test } from 'node:test';
import { theWorld } from '../world.mjs';
import { KERNEL } from './kernel.mjs';

const COMMAND = 'dist/cli/main.js';

/** @type {Record<string, string[]>} by the ledger's kinds */
const WORDS = {
  vsock: ['--vsock', '--vsock -a', '-f vsock -l', '--vsock -aem', '-a --vsock state established'],
  tipc: ['--tipc', '--tipc -a', '--tipc -l', '--tipc -ae', '--tipc -a --tipcinfo', '--tipc -aepO --tipcinfo'],
  xdp: ['--xdp', '-f xdp -a', '-A xdp -a', '--xdp -m', '--xdp -em', '--xdp -ep', '--xdp -aeH'],
  sctp: ['-Sn', '-Sln', '-San', '-Sa', '-Slni', '-Sani', '-Sanemi', '-SaniO', '-Sane', '-4San', '-6Sanp'],
  mptcp: ['-Mn', '-Man', '-Mani', '-ManiO', '-Manemi', '-Manp'],
  raw: ['-wa', '-wan', '-waneH', '-wanm', '-wani', '-w'],
};

/** @param {string} text */
function still(text) {
  return (
    text
      // Of a type that ss has no word for.
      .replaceAll(/^\?\?\? {2}/gm, 'v_seq')
      // What moves between one look and the next.
      .replaceAll(/timer:\((\w+),[^)]*\)/g, 'timer:($1)')
      .replaceAll(/ overerr:\d+/g, '')
      .replaceAll(/ +/g, ' ')
  );
}

/**
 * @param {string} program
 * @param {readonly string[]} words
 */
function run(program, words) {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

describe(`under ${KERNEL.name}`, () => {
  before(theWorld);

  for (const all of Object.values(WORDS)) {
    for (const words of all) {
      test(`ss ${words}`, () => {
        const list = words.split(' ');
        const theirs = still(run('ss', list));
        const ours = still(run(process.execPath, [COMMAND, ...list]));
        // Nothing but a heading would be the same for both.
        if (words.includes('a')) assert.ok(theirs.trimEnd().split('\n').length > 1);
        assert.equal(ours, theirs);
      });
    }
  }
});
