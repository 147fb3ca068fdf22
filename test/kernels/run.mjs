/** Runs the tests, or a command, under other kernels: `npm run test:kernels -- [options] [-- COMMAND ...]`. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { fileOf } from '../../native/targets.mjs';
import { getRuntime } from '../runtimes/fetch.mjs';
import { RUNTIMES } from '../runtimes/runtimes.mjs';
import { AbsentFromArchive } from './archive.mjs';
import { getKernel, rootOf } from './get.mjs';
import { KERNELS } from './kernels.mjs';
import { tableOf, writeTable } from './table.mjs';
import { exitOnSignals } from './temporary.mjs';
import { missingPackages } from './tools.mjs';
import { LATE, MachineError, runInKernel } from './vm.mjs';

/** @typedef {import('./kernels.mjs').Kernel} Kernel */
/** @typedef {import('./table.mjs').Column} Column */
/** @typedef {ReturnType<typeof readOptions>} Options */

/**
 * @typedef {object} Outcome
 * @property {boolean} passed whether there is nothing to complain of
 * @property {string} line what became of it
 * @property {Column} [column] what the tests have seen
 */

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache/kernels');

/** Of test/kernels/guest, in this order: the last ones destroy sockets of the world, and leave others behind. */
const TESTS = ['families', 'many', 'names', 'proc', 'single', 'events'];
const BESIDE_SS = 'words';

/** For a kernel, from power on. Milliseconds. */
const LIMIT = 600_000;

const HELP = `Usage: npm run test:kernels -- [options] [-- COMMAND ...]

Runs the tests in test/kernels/guest/ under other kernels, each in a machine of its own, and prints a table of what was
seen; or COMMAND, in which 'node' is the kernel's own. Needs root, and for kernels of arm64 the addon of
'npm run prebuilds -- linux-arm64-glibc'.

  --kernel NAME  under this kernel only (${KERNELS.map(({ name }) => name).join(', ')}); may be given several times
  --quick        the kernels of this machine's processor only, and without comparing the command with ss, which takes
                 longest: what .ci/run does
  --refresh      ask the archive for newer ones
  --record       keep the replies as fixtures, in test/fixtures/linux-NAME
  --write        put the table into docs/kernels.md
  --help         print this`;

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kernel: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      refresh: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const isPart = values.kernel !== undefined || values.quick || positionals.length > 0;
  if (values.write && isPart) throw new Error('--write wants all kernels, and the tests');
  return { ...values, command: positionals };
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(HELP);
    return;
  }
  const kernels = chooseKernels(options);
  checkMachine(kernels);
  exitOnSignals();
  const outcomes = await sideBySide(kernels, (kernel) => tryKernel(kernel, options));
  for (const { line } of outcomes) console.log(line);
  const columns = outcomes.flatMap(({ column }) => column ?? []);
  if (columns.length > 0) console.log(`\n${tableOf(columns)}`);
  if (outcomes.some(({ passed }) => !passed)) process.exitCode = 1;
  if (!options.write) return;
  if (outcomes.some(({ column }) => column === undefined) || process.exitCode === 1)
    throw new Error('docs/kernels.md stays as it is, since not all is well, or not all are there');
  writeTable(columns);
}

/** @param {Options} options */
function chooseKernels({ kernel: names, quick }) {
  const unknown = names?.find((name) => !KERNELS.some((kernel) => kernel.name === name));
  if (unknown !== undefined) throw new Error(`--kernel: there is no '${unknown}' in kernels.mjs`);
  return KERNELS.filter(({ name, arch }) => names?.includes(name) ?? (!quick || arch === process.arch));
}

/** @param {readonly Kernel[]} kernels */
function checkMachine(kernels) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('runs on Linux on x64 only');
  const packages = missingPackages(new Set(kernels.map(({ arch }) => arch)));
  if (packages.length > 0) {
    const line = `apt-get install --no-install-recommends ${packages.join(' ')}`;
    throw new Error(`${packages.join(', ')} not installed. On Debian:\n\n  ${line}\n`);
  }
  if (process.getuid?.() !== 0) throw new Error('needs root: the machines use the files of this one');
  for (const { arch } of kernels.filter((kernel) => kernel.arch !== process.arch)) {
    const addon = `prebuilds/${fileOf({ arch, libc: 'glibc' })}`;
    if (!existsSync(join(ROOT, addon)))
      throw new Error(`there is no ${addon}: npm run prebuilds -- linux-${arch}-glibc`);
  }
}

/**
 * As many at a time as there are processors, each of which a machine keeps busy.
 *
 * @param {readonly Kernel[]} kernels
 * @param {(kernel: Kernel) => Promise<Outcome>} attempt
 * @returns {Promise<Outcome[]>} in the order of the kernels
 */
async function sideBySide(kernels, attempt) {
  /** @type {Outcome[]} */
  const outcomes = [];
  const left = kernels.entries();
  const work = async () => {
    for (const [index, kernel] of left) outcomes[index] = await attempt(kernel);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return outcomes;
}

/**
 * @param {Kernel} kernel
 * @param {Options} options
 * @returns {Promise<Outcome>}
 */
async function tryKernel(kernel, options) {
  try {
    const folder = await getKernel(kernel, { refresh: options.refresh });
    return await tryCommand(kernel, folder, options);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    const absent = kernel.mayBeAbsent === true && error instanceof AbsentFromArchive;
    return { passed: absent, line: `${kernel.name}  ${absent ? 'skipped' : 'failed'}: ${message}` };
  }
}

/**
 * @param {Kernel} kernel
 * @param {string} folder
 * @param {Options} options
 * @returns {Promise<Outcome>}
 */
async function tryCommand(kernel, folder, options) {
  const { name } = kernel;
  const release = basename(folder).slice(name.length + 1);
  const file = join(CACHE, `${name}.report.json`);
  rmSync(file, { force: true });
  if (options.record) rmSync(join(ROOT, recordingsOf(name)), { recursive: true, force: true });
  const start = performance.now();
  const { passed, why } = await runCommand(kernel, folder, options, file);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const line = `${name}  ${release}  ${passed ? 'passed' : `failed (${why})`}  ${seconds} s`;
  if (!existsSync(file)) return { passed, line };
  return { passed, line, column: { kernel, report: JSON.parse(readFileSync(file, 'utf8')) } };
}

/** @param {string} name */
function recordingsOf(name) {
  return `test/fixtures/linux-${name}`;
}

/**
 * Runs the command and passes on its output, and what the kernel said if the command came to no end.
 *
 * @param {Kernel} kernel
 * @param {string} folder
 * @param {Options} options
 * @param {string} report the file that the tests write what they saw to
 */
async function runCommand(kernel, folder, options, report) {
  const { arch } = kernel;
  const root = kernel.root === undefined ? '/' : rootOf(folder);
  const env = environmentOf(kernel, options, report);
  try {
    const machine = { preload: /** @type {const} */ ('all'), timeout: LIMIT, cwd: ROOT, env, arch, root };
    const result = await runInKernel(folder, commandFor(kernel, options), machine);
    passOn(result);
    const late = result.status === LATE;
    if (late) process.stderr.write(result.console);
    return { passed: result.status === 0, why: late ? 'took too long' : `status ${result.status}` };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    passOn(error.output);
    process.stderr.write(error.message);
    return { passed: false, why: 'no result' };
  }
}

/**
 * @param {Kernel} kernel
 * @param {Options} options
 */
function commandFor({ arch, isBesideSs = false }, { command, quick }) {
  const tests = isBesideSs && !quick ? [...TESTS, BESIDE_SS] : TESTS;
  const own = ['node', '--test-reporter=spec', 'test/kernels/guest/all.mjs', ...tests];
  const node = nodeFor(arch);
  return (command.length > 0 ? command : own).map((word) => (word === 'node' ? node : word));
}

/**
 * @param {Kernel} kernel
 * @param {Options} options
 * @param {string} report
 * @returns {Record<string, string>}
 */
function environmentOf({ name, arch }, { record }, report) {
  return {
    SOCKDIAG_KERNEL: name,
    SOCKDIAG_REPORT: report,
    // What is tested is what was just built, where that runs.
    ...(arch === process.arch && { SOCKDIAG_ADDON: 'build' }),
    ...(record && { SOCKDIAG_RECORD: recordingsOf(name) }),
  };
}

/**
 * This very Node, or for another processor one of npm's.
 *
 * @param {Kernel['arch']} arch
 */
function nodeFor(arch) {
  if (arch === process.arch) return process.execPath;
  const runtime = RUNTIMES.find((one) => one.command === 'node' && one.arch === arch && one.libc === 'glibc');
  if (runtime === undefined) throw new Error(`there is no Node for ${arch} in test/runtimes/runtimes.mjs`);
  return getRuntime(runtime, false).file;
}

/** @param {{ stdout: string, stderr: string }} output */
function passOn({ stdout, stderr }) {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
}

try {
  await main();
} catch (error) {
  console.error(`test:kernels: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 2;
}
