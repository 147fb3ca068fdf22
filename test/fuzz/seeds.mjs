/**
 * Makes the corpus anew, of recorded messages and tables and of what runs have found since: `node test/fuzz/seeds.mjs`. With
 * `--capture`, the sockets of this kernel are recorded before, for which it wants root, iproute2 and python3.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { bundled, CACHE } from './bundle.mjs';
import { corpusOf, merge, workOf } from './native.mjs';
import { NATIVE } from './targets.mjs';

const ROOT = join(import.meta.dirname, '../..');

/**
 * @param {string} command
 * @param {string[]} words
 */
function run(command, words) {
  const env = { ...process.env, SOCKDIAG_ADDON: 'build' };
  const { status } = spawnSync(command, words, { cwd: ROOT, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}`);
}

const { values } = parseArgs({ options: { capture: { type: 'boolean', default: false } } });
if (values.capture) {
  const version = release().split('.').slice(0, 2).join('.');
  const file = join(import.meta.dirname, `corpus/decoders/linux-${version}.netlink`);
  const record = [process.execPath, await bundled('capture'), file];
  run('unshare', ['--net', 'python3', join(import.meta.dirname, 'capture.py'), ...record]);
}
const seeds = join(CACHE, 'seeds');
rmSync(seeds, { recursive: true, force: true });
run(process.execPath, [await bundled('seeds'), seeds]);
for (const target of NATIVE) {
  mkdirSync(workOf(target), { recursive: true });
  rmSync(corpusOf(target), { recursive: true, force: true });
  console.log(`${target.name}: ${await merge(target, [join(seeds, target.name), workOf(target)])} inputs`);
}
