/** Runs the targets in TypeScript, each in a process of its own. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { bundled, CACHE } from './bundle.mjs';
import { run } from './process.mjs';

/** @typedef {import('./targets.mjs').ScriptTarget} ScriptTarget */
/** @typedef {import('./report.mjs').Report} Report */

const ADDON = join(import.meta.dirname, '../../build/Release/sockdiag.node');

/** So many outcomes are told, those that were seen most. */
const MOST_OUTCOMES = 4;

/** @type {Promise<string> | undefined} */
let program;

/**
 * @param {ScriptTarget} target
 * @param {import('./report.mjs').Limits} limits
 * @returns {Promise<Report>}
 */
export function runScript(target, limits) {
  return start(target, limits);
}

/**
 * @param {ScriptTarget} target
 * @param {string} input that was kept
 * @returns {Promise<Report>}
 */
export function againScript(target, input) {
  return start(target, { input, seed: 0 });
}

/**
 * @param {ScriptTarget} target
 * @param {object} order what main.ts is to do
 * @returns {Promise<Report>}
 */
async function start({ name }, order) {
  if (!existsSync(ADDON)) throw new Error('the addon is not built: npm run build:native');
  program ??= bundled('main');
  mkdirSync(join(CACHE, 'findings', name), { recursive: true });
  const keep = join(CACHE, 'findings', name, `found-${new Date().toISOString().replaceAll(':', '')}`);
  const began = Date.now();
  const words = ['--enable-source-maps', await program, JSON.stringify({ ...order, target: name, keep })];
  const env = { ...process.env, SOCKDIAG_ADDON: ADDON };
  const { status, stdout, stderr } = await run(
    process.execPath,
    words,
    join(CACHE, 'logs', `${name}.log`),
    env,
  );
  const seconds = (Date.now() - began) / 1000;
  const result = stdout === '' ? undefined : JSON.parse(stdout);
  if (result === undefined) {
    const message = `it ended with ${status}:\n${stderr.slice(-4000)}`;
    return { executions: 0, seconds, figures: 'no figures', finding: { message } };
  }
  const { executions, broken } = result;
  return { executions, seconds, figures: figuresOf(result), ...(broken && { finding: broken }) };
}

/** @param {{ outcomes: Record<string, number>, covered?: number }} result */
function figuresOf({ outcomes, covered = 0 }) {
  const all = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  const told = all.slice(0, MOST_OUTCOMES).map(([outcome, count]) => `${count} ${outcome}`);
  const others = all.length > MOST_OUTCOMES ? `, ${all.length - MOST_OUTCOMES} other outcomes` : '';
  return `${covered.toFixed(1)} % of its sources; ${told.join(', ')}${others}`;
}
