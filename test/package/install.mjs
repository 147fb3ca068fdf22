/** Packs the package and installs it as people do: `npm run test:package -- [options]`. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { exitOnSignals } from '../kernels/temporary.mjs';
import { checkContents } from './contents.mjs';
import { commandOf, MANAGERS, nodeProgram } from './managers.mjs';
import { emptyProject, packed } from './tools.mjs';

/** @typedef {import('./managers.mjs').Manager} Manager */

/** In milliseconds. */
const LIMIT = 120_000;

/** What a package manager says of a package that it would have to run something of, or that is not in order. */
const NOISE = /warn|error|gyp|script|deprecat|ignored|approve|blocked|rebuild|sockdiag@[^:]*:/i;

/** What yarn says by itself: of its own way to name what it says, and of the project, which has no licence. */
const USUAL = /^.*(No license field|YN0000|YN0085|YN0013|YN0019|[Dd]ownload).*$/gm;

/** Reads a dump in which there must be something, and names it. */
const READ = `
  const { createServer } = process.getBuiltinModule('node:net');
  const server = createServer().listen(0, '127.0.0.1', async () => {
    const { port } = server.address();
    const found = await dumpTcp({ states: ['LISTEN'], filter: 'sport = :' + port }).toArray();
    server.close();
    console.log(found.length === 1 && found[0].src === '127.0.0.1' ? 'found' : JSON.stringify(found));
  });`;

const PROGRAMS = {
  'by-import.mjs': `import { dumpTcp } from 'sockdiag';\n${READ}`,
  'by-require.cjs': `const { dumpTcp } = require('sockdiag');\n${READ}`,
};

async function main() {
  const { values } = parseArgs({
    options: {
      tarball: { type: 'string' },
      partial: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(`Usage: npm run test:package -- [--tarball FILE] [--partial] [--only NAME ...]

Installs the package into empty projects with ${MANAGERS.map(({ name }) => name).join(', ')},
and reads a dump there. There is no compiler, and no other program, in their PATH. With --partial, the package needs an addon for this platform only.`);
    return;
  }
  exitOnSignals();
  const managers = MANAGERS.filter(({ name }) => values.only?.some((part) => name.startsWith(part)) ?? true);
  if (managers.length === 0) throw new Error(`--only: there is no ${values.only?.join(' nor ')}`);
  const tarball = await packed(values);
  console.log(checkContents(tarball, { isPartial: values.partial }));
  const node = await nodeProgram();
  let failures = 0;
  for (const manager of managers) {
    const wrong = await tryManager(manager, tarball, node);
    console.log(
      `${manager.name}: ${wrong ?? 'installs silently, twice, and reads a dump, by import and by require'}`,
    );
    if (wrong !== undefined) failures++;
  }
  console.log(`${managers.length - failures} of ${managers.length} package managers`);
  if (failures > 0) process.exitCode = 1;
}

/**
 * @param {Manager} manager
 * @param {string} tarball
 * @param {string} node
 * @returns {Promise<string | undefined>} what is wrong
 */
async function tryManager(manager, tarball, node) {
  const project = emptyProject();
  for (const [name, text] of Object.entries({ ...PROGRAMS, ...manager.files }))
    writeFileSync(join(project, name), text);
  copyFileSync(tarball, join(project, 'sockdiag.tgz'));
  const command = await commandOf(manager, node);
  const within = surroundings(project, node);
  const add = [...command, ...manager.add, './sockdiag.tgz'];
  const ci = [...command, ...manager.ci];
  try {
    installs(add, within);
    reads(manager, command, node, within);
    // As on another machine: the lock is all that is left.
    for (const name of [
      'node_modules',
      '.pnp.cjs',
      '.pnp.loader.mjs',
      '.yarn/unplugged',
      '.yarn/install-state.gz',
    ]) {
      rmSync(join(project, name), { recursive: true, force: true });
    }
    installs(ci, within);
    reads(manager, command, node, within);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * @param {string} project
 * @param {string} node
 * @returns {{ cwd: string, env: NodeJS.ProcessEnv }} with Node and no other program, and nothing that was fetched before
 */
function surroundings(project, node) {
  const home = join(emptyProject(), 'home');
  const programs = join(home, 'programs');
  mkdirSync(programs, { recursive: true });
  symlinkSync(node, join(programs, 'node'));
  const env = {
    PATH: programs,
    HOME: home,
    // They tell of newer ones of themselves, and yarn makes its cache a part of the project where it thinks of CI.
    npm_config_update_notifier: 'false',
    YARN_ENABLE_GLOBAL_CACHE: 'true',
    ...proxies(),
  };
  return { cwd: project, env };
}

/** How this machine gets at the registry. @returns {NodeJS.ProcessEnv} */
function proxies() {
  const names =
    /^(https?_proxy|no_proxy|npm_config_registry|YARN_NPM_REGISTRY_SERVER|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}

/**
 * @param {readonly string[]} command
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} within
 */
function installs(command, within) {
  const output = ended(command, within);
  const noise = output.replace(USUAL, '').match(NOISE);
  if (noise !== null) throw new Error(`says '${noise[0]}':\n${output}`);
}

/**
 * @param {Manager} manager
 * @param {readonly string[]} command
 * @param {string} node
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} within
 */
function reads(manager, command, node, within) {
  const runner = manager.run === undefined ? [node] : [...command, ...manager.run];
  for (const name of Object.keys(PROGRAMS)) {
    const output = ended([...runner, name], within);
    if (output !== 'found\n') throw new Error(`${name} prints ${output}`);
  }
}

/**
 * @param {readonly string[]} command
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} within
 * @returns {string} all that it printed
 */
function ended([program = '', ...words], within) {
  const { error, status, signal, stdout, stderr } = spawnSync(program, words, {
    ...within,
    timeout: LIMIT,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${words.join(' ')} ends with ${status ?? signal}:\n${stdout}${stderr}`);
  return stdout + stderr;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
