/** What the tests of the package as it is published need: itself, projects without anything, and tools from the registry. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

import { pack } from '../../lib/pack.mjs';

export const ROOT = path.join(import.meta.dirname, '../..');

/** It stays: the next run needs no registry. */
const CACHE = path.join(ROOT, '.cache/packages');

/** Of what a program prints. */
const MOST_OUTPUT = 64 * 1024 * 1024;

/**
 * The package as npm publishes it. The addon is not built for it.
 *
 * @param {{ tarball?: string | undefined }} [options] one that there is already
 * @returns {Promise<string>} its path
 */
export async function packed({ tarball } = {}) {
  if (tarball !== undefined) return path.resolve(tarball);
  await run('npm', ['run', '--silent', 'build:lib'], ROOT);
  return pack(temporaryFolder());
}

/** @returns {string} a directory that nothing is installed in, which is removed when this process ends */
export function emptyProject() {
  return asProject(temporaryFolder());
}

/**
 * A package of the registry, with its dependencies.
 *
 * @param {string} name
 * @param {string} version
 * @returns {Promise<string>} its directory
 */
export async function fetched(name, version) {
  const place = path.join(CACHE, `${name.replace('/', '+')}@${version}`);
  if (!existsSync(place)) {
    mkdirSync(CACHE, { recursive: true });
    // It is put into its place when it is whole.
    const folder = asProject(temporaryFolder(path.join(CACHE, 'new-')));
    await install(folder, [`${name}@${version}`]);
    renameSync(folder, place);
  }
  return path.join(place, 'node_modules', name);
}

/**
 * @param {string} folder of a project
 * @param {readonly string[]} packages
 */
export async function install(folder, packages) {
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages];
  await run('npm', words, folder);
}

/**
 * Runs a program that must not fail.
 *
 * @param {string} command
 * @param {readonly string[]} words
 * @param {string} cwd
 * @returns {Promise<string>} what it printed
 */
export async function run(command, words, cwd) {
  const { passed, stdout, stderr } = await tried(command, words, cwd);
  if (!passed) throw new Error(`${command} ${words.join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Runs a program that may fail.
 *
 * @param {string} command
 * @param {readonly string[]} words
 * @param {string} cwd
 * @returns {Promise<{ passed: boolean, stdout: string, stderr: string }>}
 */
export function tried(command, words, cwd) {
  return new Promise((resolve, reject) => {
    execFile(command, words, { cwd, maxBuffer: MOST_OUTPUT }, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') reject(error);
      else resolve({ passed: error === null, stdout, stderr });
    });
  });
}

/** What is removed when this process ends, if it is still there. @type {string[]} */
const temporary = [];
process.once('exit', () => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
});

/** @param {string} prefix of its path */
function temporaryFolder(prefix = path.join(tmpdir(), 'sockdiag-package-')) {
  const folder = mkdtempSync(prefix);
  temporary.push(folder);
  return folder;
}

/** Without a manifest npm would install into the first project further up. @param {string} folder */
function asProject(folder) {
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  return folder;
}
