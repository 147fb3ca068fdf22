/** A command under another kernel. */
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { makeInitramfs } from './initramfs.mjs';
import { runMachine } from './machine.mjs';
import { findKernel, MODULES } from './modules.mjs';
import { withTemporaryFolder } from './temporary.mjs';

/**
 * @typedef {object} Options
 * @property {number} [timeout] milliseconds from power on
 * @property {readonly string[] | 'all'} [preload] modules to load before the command; others load when the kernel
 *   asks for them, if they have an alias: Debian takes those of vsock, tipc and dccp away
 * @property {readonly string[]} [modules] to be carried; those that the kernel lacks are passed over
 * @property {number} [memory] MiB
 * @property {Record<string, string>} [env] beside PATH, HOME and LANG
 * @property {string} [cwd] where the command runs, and which it can write to
 * @property {'x64' | 'arm64'} [arch] the kernel's processor, as Node calls it
 * @property {string} [root] a folder with programs for it; this machine's own files without it
 */

/**
 * @typedef {object} Result
 * @property {string} stdout
 * @property {string} stderr
 * @property {number} status `LATE` if the command did not end in time
 * @property {string} console the end of what the kernel said
 */

const TIMEOUT = 300_000;

/** The system's own, without what version managers put before it: a script that looks for python3 takes ten seconds there. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The status of a command that did not end in time, as timeout(1) has it. */
export const LATE = 124;

/** The machine died, or did not come up. The message has the end of its console. */
export class MachineError extends Error {
  /**
   * @param {string} message
   * @param {{ stdout: string, stderr: string }} output what the command had written
   */
  constructor(message, output) {
    super(message);
    this.output = output;
  }
}

/**
 * Runs a command under a kernel. It sees the files of this machine, or of another root with nothing but `cwd`; what it changes outside of `cwd` is gone with
 * the machine. There is no network but the loopback device.
 *
 * @param {string} kernelDir from `getKernel()`
 * @param {readonly string[]} command
 * @param {Options} [options]
 * @returns {Promise<Result>}
 */
export async function runInKernel(kernelDir, command, options = {}) {
  const { timeout = TIMEOUT, preload = [], modules = MODULES, memory = 1024, arch = 'x64' } = options;
  const kernel = findKernel(kernelDir);
  const cwd = realpathSync(options.cwd ?? process.cwd());
  const env = { PATH, HOME: '/root', LANG: 'C.UTF-8', ...options.env };
  return withTemporaryFolder(join(realpathSync(tmpdir()), 'sockdiag-vm-'), async (folder) => {
    const root = realpathSync(options.root ?? '/');
    const job = { command, env, cwd, results: folder, modules, preload, root };
    writeFileSync(join(folder, 'initramfs'), makeInitramfs(kernel, job));
    return readResult(folder, await runMachine({ arch, image: kernel.image, folder, memory }, timeout));
  });
}

/**
 * @param {string} folder
 * @param {import('./machine.mjs').End} end
 * @returns {Result}
 */
function readResult(folder, { late, console, complaint }) {
  const [started, status, stdout, stderr] = ['started', 'status', 'stdout', 'stderr'].map((name) => {
    const file = join(folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  });
  const output = { stdout: stdout ?? '', stderr: stderr ?? '' };
  // It is written last.
  if (status?.endsWith('\n')) return { ...output, status: Number(status), console };
  if (late && started !== undefined) return { ...output, status: LATE, console };
  const what = late ? 'took too long to start' : 'ended before the command did';
  throw new MachineError(`the machine ${what}:\n${console}${complaint}`, output);
}
