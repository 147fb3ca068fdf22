/**
 * Builds the addon once more, with what a compiler adds to look at it while it runs: `node native/instrumented.mjs KIND`.
 * Such an addon is for tests, and stays in .cache/.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import process from 'node:process';

import { headers } from './headers.mjs';

const ROOT = join(import.meta.dirname, '..');

/** In each sanitized addon, to see that what is wrong there is found. */
const FAULTS = join(ROOT, 'test/sanitizers/faults.cc');

/**
 * What each is compiled and linked with. An error ends the process: what goes on after one says nothing.
 *
 * @type {Record<string, readonly string[]>}
 */
const KINDS = {
  address: [
    '-fsanitize=address,undefined',
    // As libraries, the one would take the other's settings for its own, and write elsewhere.
    '-static-libubsan',
    '-fno-sanitize-recover=all',
    '-fno-omit-frame-pointer',
    '-O1',
    '-g',
  ],
  thread: ['-fsanitize=thread', '-fno-omit-frame-pointer', '-O1', '-g'],
  // Of several threads, each counts; and a line is what it is in the source.
  coverage: ['--coverage', '-fprofile-update=atomic', '-O0', '-g'],
};

/** @param {string} kind */
const folderOf = (kind) => join(ROOT, '.cache/instrumented', kind);

/** @param {string} kind */
export const addonOf = (kind) => join(folderOf(kind), 'build/Release/sockdiag.node');

/** @param {string} kind where the compiler has left what it says of each source */
export const objectsOf = (kind) => join(folderOf(kind), 'build/Release/obj.target/sockdiag/native');

/**
 * @param {string} kind
 * @returns {string} the path of the addon
 */
export function build(kind) {
  const flags = KINDS[kind];
  if (flags === undefined)
    throw new Error(`there is no '${kind}'; there are: ${Object.keys(KINDS).join(', ')}`);
  const folder = folderOf(kind);
  mkdirSync(folder, { recursive: true });
  // node-gyp builds where binding.gyp is, and nowhere else.
  for (const name of ['native', 'binding.gyp', 'node_modules']) link(name, folder);
  // What is linked in besides is nothing that make looks at.
  for (const file of [addonOf(kind), join(folder, 'build/Release/obj.target/sockdiag.node')])
    rmSync(file, { force: true });
  const faults = kind === 'coverage' ? [] : [compiled(FAULTS, flags, folder)];
  const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const words = [nodeGyp, '-C', folder, 'configure', 'build', '--loglevel=warn', '--jobs=max'];
  // What is built with g++ is looked at with gcov and libasan of the same version.
  const env = { ...headers(), ...process.env, CC: 'gcc', CXX: 'g++' };
  run(process.execPath, words, {
    ...env,
    CXXFLAGS: flags.join(' '),
    LDFLAGS: [...flags, ...faults].join(' '),
  });
  return addonOf(kind);
}

/**
 * @param {string} name
 * @param {string} folder
 */
function link(name, folder) {
  rmSync(join(folder, name), { force: true });
  symlinkSync(relative(folder, join(ROOT, name)), join(folder, name));
}

/**
 * @param {string} source
 * @param {readonly string[]} flags
 * @param {string} folder
 * @returns {string} the path of the object
 */
function compiled(source, flags, folder) {
  const object = join(folder, 'faults.o');
  run('g++', ['-std=c++17', '-fPIC', ...flags, '-c', source, '-o', object], process.env);
  return object;
}

/**
 * @param {string} command
 * @param {string[]} words
 * @param {NodeJS.ProcessEnv} env
 */
function run(command, words, env) {
  const { status, stdout, error } = spawnSync(command, words, {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} cannot build it: ${error?.message ?? stdout}`);
}

if (process.argv[1] === import.meta.filename) {
  try {
    console.log(build(process.argv[2] ?? ''));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
