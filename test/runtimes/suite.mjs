/** The whole test suite under another Node, and what came of it, kept until the next commit. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';

import { CACHE } from './fetch.mjs';

/** @typedef {import('./runtimes.mjs').Runtime} Runtime */
/** @typedef {{ commit: string | undefined, version: string, count: string }} Kept */

const ROOT = join(import.meta.dirname, '../..');
const RESULTS = join(CACHE, 'results');

/**
 * What is tried; undefined where it is none that was committed. The table is written behind the tests, so that texts may
 * differ.
 *
 * @returns {string | undefined}
 */
function commitHere() {
  const git = (/** @type {string[]} */ ...words) =>
    execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' });
  const changed = git('status', '--porcelain')
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('.md'));
  return changed.length > 0 ? undefined : git('rev-parse', 'HEAD').trim();
}

/**
 * @param {Runtime} runtime
 * @param {string} version
 * @returns {string | undefined} how many tests passed; undefined if that is not known of this commit and this version
 */
export function keptCount({ name }, version) {
  const file = join(RESULTS, `${name}.json`);
  if (!existsSync(file)) return undefined;
  const kept = /** @type {Kept} */ (JSON.parse(readFileSync(file, 'utf8')));
  return kept.commit !== undefined && kept.commit === commitHere() && kept.version === version
    ? kept.count
    : undefined;
}

/**
 * @param {Runtime} runtime
 * @param {string} program
 * @param {string} version
 * @returns {Promise<string>} what passed
 * @throws {Error} if not all did
 */
export async function runSuite({ name }, program, version) {
  mkdirSync(RESULTS, { recursive: true });
  const commit = commitHere();
  const log = join(RESULTS, `${name}.log`);
  const output = await outputOf(program, log);
  // Written by test/reporter.ts.
  const count = /^(\d+) passed, (\d+) failed(, \d+ skipped)?$/m.exec(output);
  if (count?.[2] !== '0') throw new Error(`the test suite: ${count?.[0] ?? 'came to no end'}: see ${log}`);
  const told = `${count[1]} passed${count[3] ?? ''}`;
  writeFileSync(join(RESULTS, `${name}.json`), JSON.stringify({ commit, version, count: told }));
  return told;
}

/**
 * @param {string} program
 * @param {string} log
 */
async function outputOf(program, log) {
  const child = spawn(program, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd: ROOT,
    // Tests that look for node in PATH shall find this one.
    env: { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env['PATH']}`, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = createWriteStream(log);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      file.write(text);
      output += text;
    });
  }
  await once(child, 'close');
  file.end();
  return output;
}
