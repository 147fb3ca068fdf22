/** What has to be gone when the benchmark ends, in whatever way it ends: processes and temporary files. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** @type {Set<number>} process groups, by the id of their leader */
const groups = new Set();

/** @type {Set<string>} */
const directories = new Set();

/** @returns {string} a directory that does not outlive this process */
export function temporaryDirectory() {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'sockdiag-bench-'));
  directories.add(directory);
  return directory;
}

/**
 * Starts a program as the leader of a process group, so that what it starts itself can be ended with it.
 *
 * @param {readonly string[]} command
 * @param {Record<string, string>} environment added to this process's own
 */
export function startGroup(command, environment = {}) {
  const child = spawn(/** @type {string} */ (command[0]), command.slice(1), {
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid !== undefined) {
    groups.add(pid);
    child.once('exit', () => endGroup(pid));
  }
  return child;
}

/** @param {number} pid */
export function endGroup(pid) {
  if (!groups.delete(pid)) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

function endAll() {
  for (const pid of groups) endGroup(pid);
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  directories.clear();
}

/** To be called once, before anything is started. */
export function cleanUpAtExit() {
  process.on('exit', endAll);
  const signals = /** @type {const} */ ({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 });
  for (const [signal, number] of Object.entries(signals)) {
    process.on(signal, () => process.exit(128 + number));
  }
}
