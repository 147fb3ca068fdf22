/** Programs that run beside each other, and end together when this one is told to. */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

const ROOT = join(import.meta.dirname, '../..');

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
let stopped = false;

/** Whether it is to end: what runs says what it has found so far, and nothing else is begun. */
export const isStopped = () => stopped;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopped = true;
    for (const child of running) child.kill('SIGINT');
  });
}

/**
 * Runs one at the root of the repository.
 *
 * @param {string} command
 * @param {string[]} words
 * @param {string} log a file for what it says on its standard error
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ status: number | null, stdout: string, stderr: string }>}
 */
export function run(command, words, log, env = process.env) {
  mkdirSync(dirname(log), { recursive: true });
  // A group of its own: Ctrl-C comes to it from here alone, and not twice.
  const child = spawn(command, words, { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const file = createWriteStream(log);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (part) => {
    stdout += part;
  });
  child.stderr.on('data', (part) => {
    stderr += part;
    file.write(part);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      running.delete(child);
      file.end();
      resolve({ status, stdout, stderr });
    });
  });
}
