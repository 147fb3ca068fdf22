/** Tries sockdiag in other runtimes: `npm run test:runtimes -- [options]`. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { exitOnSignals, withTemporaryFolder } from '../kernels/temporary.mjs';
import { getRuntime } from './fetch.mjs';
import { install, packedWithAddons } from './project.mjs';
import { hasSuite, RUNTIMES } from './runtimes.mjs';
import { keptCount, runSuite } from './suite.mjs';
import { tableOf, writeTable } from './table.mjs';
import { missingPackages } from './tools.mjs';
import { Core } from './try.mjs';

/** @typedef {import('./runtimes.mjs').Runtime} Runtime */
/** @typedef {import('./table.mjs').Row} Row */

const HELP = `Usage: npm run test:runtimes -- [options]

Packs sockdiag, installs the tarball into an empty folder, and runs test/runtimes/core.mjs there in each runtime, which is
fetched from npm. Wants the addons of npm run prebuilds.

  --runtime NAME   in this one only; may be given several times:
                   ${RUNTIMES.map(({ name }) => name).join(', ')}
  --suite          run the whole test suite under each Node, too, each of which takes as long as npm test
  --tarball FILE   try this one
  --refresh        look for newer versions
  --write          put the table into the README
  --help           print this`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      runtime: { type: 'string', multiple: true },
      suite: { type: 'boolean', default: false },
      tarball: { type: 'string' },
      refresh: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.write && values.runtime !== undefined)
    throw new Error('--write wants all of them, without --runtime');
  return values;
}

async function main() {
  const { help, runtime: names, ...options } = readOptions();
  if (help) {
    console.log(HELP);
    return;
  }
  const runtimes = chooseRuntimes(names);
  checkMachine(runtimes);
  exitOnSignals();
  await withTemporaryFolder(join(tmpdir(), 'sockdiag-runtimes-'), async (folder) => {
    const project = join(folder, 'project');
    mkdirSync(project);
    install(await packedWithAddons(options), project);
    const core = new Core(project, folder);
    const rows = [];
    for (const runtime of runtimes) rows.push(await tryRuntime(runtime, core, options));
    tell(rows, options.write);
  });
}

/** @param {string[] | undefined} names */
function chooseRuntimes(names) {
  const unknown = names?.find((name) => !RUNTIMES.some((runtime) => runtime.name === name));
  if (unknown !== undefined) throw new Error(`--runtime: there is no '${unknown}'; --help names them`);
  return RUNTIMES.filter(({ name }) => names?.includes(name) ?? true);
}

/** @param {readonly Runtime[]} runtimes */
function checkMachine(runtimes) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('runs on Linux on x64 only');
  const packages = missingPackages(runtimes);
  if (packages.length === 0) return;
  const line = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  throw new Error(`${packages.join(', ')} not installed. On Debian:\n\n  ${line}\n`);
}

/**
 * @param {Runtime} runtime
 * @param {Core} core
 * @param {{ suite: boolean, refresh: boolean }} options
 * @returns {Promise<Row | undefined>} undefined if it failed
 */
async function tryRuntime(runtime, core, { suite, refresh }) {
  try {
    const { file, version } = getRuntime(runtime, refresh);
    const tried = core.try(runtime, file);
    tellOutcomes(runtime, tried);
    const count =
      suite && hasSuite(runtime) ? await runSuite(runtime, file, version) : keptCount(runtime, version);
    return { runtime, tried, suite: count };
  } catch (error) {
    console.log(`${runtime.name}  failed: ${/** @type {Error} */ (error).message}`);
    process.exitCode = 1;
    return undefined;
  }
}

/**
 * @param {Runtime} runtime
 * @param {import('./try.mjs').Tried} tried
 */
function tellOutcomes({ name }, { version, addon, outcomes }) {
  const passed = outcomes.filter(({ result }) => result === 'passed').length;
  console.log(`${name}  ${version}  ${addon}  ${passed} of ${outcomes.length} checks passed`);
  for (const { name: check, result, reason } of outcomes) {
    if (result !== 'passed') console.log(`  ${result}: ${check}: ${reason}`);
    if (result === 'failed') process.exitCode = 1;
  }
}

/**
 * @param {readonly (Row | undefined)[]} rows
 * @param {boolean} write
 */
function tell(rows, write) {
  const whole = rows.filter((row) => row !== undefined);
  console.log(`\n${tableOf(whole)}`);
  if (!write) return;
  if (process.exitCode === 1) throw new Error('the README stays as it is, since not all is well');
  writeTable(whole);
}

try {
  await main();
} catch (error) {
  console.error(`test:runtimes: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 2;
}
