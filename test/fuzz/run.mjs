/** Fuzzes: `npm run fuzz -- [options] [target ...]`. CONTRIBUTING.md says what to do with a finding. */
import { randomInt } from 'node:crypto';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { againNative, runNative } from './native.mjs';
import { isStopped } from './process.mjs';
import { printReport } from './report.mjs';
import { againScript, runScript } from './scripts.mjs';
import { NATIVE, SCRIPTS } from './targets.mjs';

/** How it ends. */
const FOUND = 1;
const TROUBLE = 2;
const INTERRUPTED = 130;

const WIDTH = 16;
const LIST = [...NATIVE, ...SCRIPTS].map(({ name, about }) => `  ${name.padEnd(WIDTH)} ${about}`).join('\n');

const HELP = `Usage: npm run fuzz -- [options] [target ...]

Tries each target, or all of them, with inputs that nobody would make, and ends with 1 if one of them breaks a promise.

  --seconds N   so long each (60)
  --runs N      so many inputs each, instead
  --jobs N      so many targets beside each other (1)
  --seed N      where chance begins; without it, elsewhere each time
  --input FILE  tries one input that was kept, of the target that is named
  --help        print this

Targets:
${LIST}`;

/** @typedef {{ name: string, run(limits: import('./report.mjs').Limits): Promise<import('./report.mjs').Report>,
 *   again(input: string): Promise<import('./report.mjs').Report> }} Target */

/** @type {Target[]} */
const TARGETS = [
  ...NATIVE.map((target) => ({
    name: target.name,
    run: (/** @type {import('./report.mjs').Limits} */ limits) => runNative(target, limits),
    again: (/** @type {string} */ input) => againNative(target, input),
  })),
  ...SCRIPTS.map((target) => ({
    name: target.name,
    run: (/** @type {import('./report.mjs').Limits} */ limits) => runScript(target, limits),
    again: (/** @type {string} */ input) => againScript(target, input),
  })),
];

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      runs: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      seed: { type: 'string' },
      input: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const targets = chosen(positionals);
  const { input } = values;
  if (input !== undefined && targets.length !== 1) throw new Error('--input: name the target that it is for');
  const limits = {
    seconds: values.runs === undefined ? count('seconds', values.seconds ?? '60') : undefined,
    runs: values.runs === undefined ? undefined : count('runs', values.runs),
    seed: values.seed === undefined ? randomInt(1, 2 ** 31) : count('seed', values.seed),
  };
  const found = await Promise.all(
    Array.from({ length: count('jobs', values.jobs) }, () => work(targets, limits, input)),
  );
  process.exitCode = found.includes(true) ? FOUND : isStopped() ? INTERRUPTED : 0;
}

/**
 * Takes one target after the other from those that are left.
 *
 * @param {Target[]} left
 * @param {import('./report.mjs').Limits} limits
 * @param {string | undefined} input
 * @returns {Promise<boolean>} whether something was found
 */
async function work(left, limits, input) {
  let hasFound = false;
  for (let target = left.shift(); target !== undefined && !isStopped(); target = left.shift()) {
    const report = await (input === undefined ? target.run(limits) : target.again(input));
    printReport(target.name, report);
    hasFound ||= report.finding !== undefined;
  }
  return hasFound;
}

/** @param {string[]} names */
function chosen(names) {
  const unknown = names.find((name) => !TARGETS.some((target) => target.name === name));
  if (unknown !== undefined) throw new Error(`there is no target '${unknown}'; there are:\n${LIST}`);
  return TARGETS.filter(({ name }) => names.length === 0 || names.includes(name));
}

/**
 * @param {string} option
 * @param {string} text
 */
function count(option, text) {
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new Error(`--${option}: '${text}' is no count`);
}

try {
  await main();
} catch (error) {
  // What was told to end did not fail.
  if (!isStopped()) console.error(`fuzz: ${error instanceof Error ? error.message : error}`);
  process.exitCode = isStopped() ? INTERRUPTED : TROUBLE;
}
