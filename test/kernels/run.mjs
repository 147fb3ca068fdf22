/** Runs a command under other kernels: `npm run test:kernels -- [options] [-- COMMAND ...]`. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { AbsentFromArchive } from './archive.mjs';
import { getKernel } from './get.mjs';
import { KERNELS } from './kernels.mjs';
import { exitOnSignals } from './temporary.mjs';
import { missingPackages } from './tools.mjs';
import { LATE, MachineError, runInKernel } from './vm.mjs';

/** @typedef {import('./kernels.mjs').Kernel} Kernel */
/** @typedef {{ command: string[], env: Record<string, string> }} Job */

const ROOT = join(import.meta.dirname, '../..');
const GUEST = join(import.meta.dirname, 'guest');

/** For a kernel, from power on. Milliseconds. */
const LIMIT = 600_000;

const HELP = `Usage: npm run test:kernels -- [options] [-- COMMAND ...]

Runs COMMAND (default: the tests in test/kernels/guest/) under other kernels, each in a machine of its own. Needs root.

  --kernel NAME  under this kernel only (${KERNELS.map(({ name }) => name).join(', ')}); may be given several times
  --refresh      ask the archive for newer ones
  --record       keep the replies as fixtures, in test/fixtures/linux-NAME
  --help         print this`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kernel: { type: 'string', multiple: true },
      refresh: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const kernels = chooseKernels(values.kernel);
  const command = positionals.length > 0 ? positionals : guestTests();
  checkMachine();
  exitOnSignals();
  for (const kernel of kernels) {
    const env = values.record ? { SOCKDIAG_RECORD: `test/fixtures/linux-${kernel.name}` } : {};
    if (!(await tryKernel(kernel, values.refresh, { command, env }))) process.exitCode = 1;
  }
}

/** @param {string[] | undefined} names */
function chooseKernels(names) {
  const unknown = names?.find((name) => !KERNELS.some((kernel) => kernel.name === name));
  if (unknown !== undefined) throw new Error(`--kernel: there is no '${unknown}' in kernels.mjs`);
  return KERNELS.filter(({ name }) => names?.includes(name) ?? true);
}

/** Named one by one: what Node makes of a folder depends on its version. */
function guestTests() {
  const names = existsSync(GUEST) ? readdirSync(GUEST).filter((name) => name.endsWith('.test.mjs')) : [];
  if (names.length === 0) throw new Error(`there are no tests in ${GUEST}`);
  return [process.execPath, '--test', '--test-reporter=spec', ...names.map((name) => join(GUEST, name))];
}

function checkMachine() {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('runs on Linux on x64 only');
  const packages = missingPackages();
  if (packages.length > 0) {
    const line = `apt-get install --no-install-recommends ${packages.join(' ')}`;
    throw new Error(`${packages.join(', ')} not installed. On Debian:\n\n  ${line}\n`);
  }
  if (process.getuid?.() !== 0) throw new Error('needs root: the machines use the files of this one');
}

/**
 * @param {Kernel} kernel
 * @param {boolean} refresh
 * @param {Job} job
 * @returns {Promise<boolean>} whether there is nothing to complain of
 */
async function tryKernel(kernel, refresh, job) {
  try {
    const folder = await getKernel(kernel, { refresh });
    return await tryCommand(kernel, folder, job);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    const absent = kernel.mayBeAbsent === true && error instanceof AbsentFromArchive;
    console.log(`${kernel.name}  ${absent ? 'skipped' : 'failed'}: ${message}`);
    return absent;
  }
}

/**
 * @param {Kernel} kernel
 * @param {string} folder
 * @param {Job} job
 */
async function tryCommand({ name }, folder, job) {
  const release = basename(folder).slice(name.length + 1);
  const start = performance.now();
  const { passed, why } = await runCommand(folder, job);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${name}  ${release}  ${passed ? 'passed' : `failed (${why})`}  ${seconds} s`);
  return passed;
}

/**
 * Runs the command and passes on its output, and what the kernel said if the command came to no end.
 *
 * @param {string} folder
 * @param {Job} job
 */
async function runCommand(folder, { command, env }) {
  try {
    const result = await runInKernel(folder, command, { preload: 'all', timeout: LIMIT, cwd: ROOT, env });
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
