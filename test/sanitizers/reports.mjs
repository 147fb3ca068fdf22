/** Reads what the sanitizers have written, and tells what is ours from what is Node's. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Reports
 * @property {string[]} findings
 * @property {number} promises that were never kept, and leaked
 * @property {number} foreign leaks and races in which no code of ours has a part
 * @property {number} unseen processes that were not asked for leaks
 */

/** A frame, in the addon. */
const OURS = /\(\S*sockdiag\.node\+(0x[0-9a-f]+)\)/;

/**
 * What allocates is behind so many frames of a library's at most. Behind more of them, it is a collection of garbage, or
 * something else of Node's own, that came about while we called it.
 */
const NEAR = 4;

/**
 * A promise that is pending when its environment ends, as that of a worker that is terminated, keeps eight bytes: Node-API
 * frees them when the promise is kept or broken, neither of which can be done by then.
 */
const PROMISE = /in Napi::Promise::Deferred::Deferred/;

/** What is wrong wherever it is: memory that is not there, and what the language leaves undefined. */
const ERROR = /ERROR: AddressSanitizer|runtime error:/;

/** One of several in a file, each of which is somebody's. */
const BLAME = /(?:Direct|Indirect) leak of|WARNING: ThreadSanitizer/;

/** LeakSanitizer stops all threads of a process, as a debugger does, and strace is there already. */
const TRACED = /LeakSanitizer has encountered a fatal error/;

/**
 * @param {string} folder
 * @param {string} addon
 * @returns {Reports}
 */
export function readReports(folder, addon) {
  const texts = readdirSync(folder)
    .filter((name) => name.startsWith('node.'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const errors = texts.filter((text) => ERROR.test(text));
  const blocks = texts.filter((text) => !ERROR.test(text)).flatMap(blocksOf);
  const ours = blocks.filter(isOurs).map((block) => withLines(block, addon));
  const promises = ours.filter((block) => PROMISE.test(block)).length;
  return {
    findings: [
      ...errors.map((text) => withLines(text, addon)),
      ...ours.filter((block) => !PROMISE.test(block)),
    ],
    promises,
    foreign: blocks.length - ours.length,
    unseen: texts.filter((text) => TRACED.test(text)).length,
  };
}

/** @param {string} text */
function blocksOf(text) {
  const separator = text.includes('WARNING: ThreadSanitizer') ? /^=+$/m : /\n\n/;
  return text.split(separator).filter((block) => BLAME.test(block));
}

/** @param {string} block */
function isOurs(block) {
  // Of a race, any frame counts: what Node does alone is not looked at.
  if (block.includes('WARNING: ThreadSanitizer')) return OURS.test(block);
  return [...block.matchAll(/^ +#(\d+) .*$/gm)].some(
    ([frame, depth]) => Number(depth) <= NEAR && OURS.test(frame),
  );
}

/**
 * Puts functions and lines in the place of our addresses.
 *
 * @param {string} text
 * @param {string} addon
 */
function withLines(text, addon) {
  return text.replace(new RegExp(OURS, 'g'), (frame, address) => {
    const { stdout } = spawnSync('addr2line', ['-Cfpe', addon, address], { encoding: 'utf8' });
    return stdout ? `in ${stdout.trim()}` : frame;
  });
}
