/** sockdiag as who installs it has it: from its tarball, in a folder that was empty before. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { fileOf, TARGETS } from '../../native/targets.mjs';
import { packed, ROOT } from '../package/tools.mjs';

/** What other kernels sent. */
export const RECORDINGS = join(ROOT, 'test/fixtures/linux-6.12');

/**
 * @param {{ tarball?: string | undefined }} options
 * @returns {Promise<string>} the tarball that is given, or what would be published
 */
export function packedWithAddons({ tarball }) {
  const missing = TARGETS.map(fileOf).find((file) => !existsSync(join(ROOT, 'prebuilds', file)));
  if (tarball === undefined && missing !== undefined) {
    throw new Error(`there is no prebuilds/${missing}: npm run prebuilds`);
  }
  return packed({ tarball });
}

/**
 * @param {string} tarball
 * @param {string} project an empty folder
 */
export function install(tarball, project) {
  // Without the prefix, npm would look for a project in the folders above.
  const words = ['install', '--prefix', project, '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', [...words, tarball], project);
  for (const name of ['core.mjs', 'core']) {
    cpSync(join(import.meta.dirname, name), join(project, name), { recursive: true });
  }
}

/**
 * What becomes of the recordings in Node here, for all other runtimes to come to the same.
 *
 * @param {string} project
 * @returns {string} a file
 */
export function decodeRecordings(project) {
  const file = join(project, 'expected.json');
  run(process.execPath, ['core.mjs', '--write', '--recordings', RECORDINGS, '--expected', file], project);
  return file;
}

/**
 * A folder that has a program and nothing else: what is in PATH.
 *
 * @param {string} folder
 * @param {string} command
 * @param {string} file
 */
export function onlyInPath(folder, command, file) {
  mkdirSync(folder);
  symlinkSync(file, join(folder, command));
  return folder;
}

/**
 * @param {string} program
 * @param {readonly string[]} words
 * @param {string} cwd
 */
function run(program, words, cwd) {
  return execFileSync(program, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
