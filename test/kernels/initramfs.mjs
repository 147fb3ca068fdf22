/** What a machine boots into: busybox, modules, `init.sh` and what that is to do. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { collectModules } from './modules.mjs';
import { BUSYBOX } from './tools.mjs';

/**
 * @typedef {object} Job
 * @property {readonly string[]} command
 * @property {Record<string, string>} env the command's whole environment
 * @property {string} cwd which the machine can write to
 * @property {string} results the folder that it puts the results into
 * @property {readonly string[]} modules to be carried
 * @property {string} root the folder that becomes the machine's root
 * @property {readonly string[] | 'all'} preload those to be loaded before the command
 */

/**
 * @param {import('./modules.mjs').KernelFiles} kernel
 * @param {Job} job
 */
export function makeInitramfs(kernel, job) {
  const { files, carried } = collectModules(kernel, job.modules);
  const preload = job.preload === 'all' ? carried : job.preload;
  const settings = { cwd: job.cwd, results: job.results, root: job.root, preload: preload.join(' ') };
  /** @type {Map<string, Buffer>} */
  const archive = new Map([
    ['init', readFileSync(join(import.meta.dirname, 'init.sh'))],
    ['settings', Buffer.from(assignments(settings).join('\n') + '\n')],
    ['command', Buffer.from(commandLine(job))],
    ['bin/busybox', readFileSync(join(job.root, BUSYBOX))],
  ]);
  for (const [path, data] of files) archive.set(`lib/modules/${kernel.release}/${path}`, data);
  return cpio(archive);
}

/** @param {Job} job */
function commandLine({ command, env, cwd }) {
  const words = ['/usr/bin/env', '-i', ...Object.entries(env).map((pair) => pair.join('=')), ...command];
  return `cd ${quote(cwd)} && exec ${words.map(quote).join(' ')} </dev/null\n`;
}

/** @param {Record<string, string>} values */
function assignments(values) {
  return Object.entries(values).map(([name, value]) => `${name}=${quote(value)}`);
}

/**
 * A word of a shell script.
 *
 * @param {string} text
 */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * An archive in the format that the kernel unpacks, cpio's "newc".
 *
 * @param {Map<string, Buffer>} files by their path
 */
function cpio(files) {
  const folders = new Set(Array.from(files.keys()).flatMap(parents));
  return Buffer.concat([
    ...Array.from(folders, (path) => member(path, 0o40755)),
    ...Array.from(files, ([path, data]) => member(path, 0o100755, data)),
    member('TRAILER!!!', 0),
  ]);
}

/**
 * @param {string} path
 * @returns {string[]} the folders above it, from the top
 */
function parents(path) {
  const folder = dirname(path);
  return folder === '.' ? [] : [...parents(folder), folder];
}

/**
 * @param {string} path
 * @param {number} mode
 * @param {Buffer} data
 */
function member(path, mode, data = Buffer.alloc(0)) {
  const nameSize = Buffer.byteLength(path) + 1;
  // Inode, mode, owner, group, links, time, size, device (two numbers each of its own and of what it is), name.
  const numbers = [0, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, nameSize, 0];
  const header = numbers.map((number) => number.toString(16).padStart(8, '0')).join('');
  return Buffer.concat([padded(Buffer.from(`070701${header}${path}\0`)), padded(data)]);
}

/** @param {Buffer} bytes */
function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
