/** Runs the tests under sanitizers: `npm run test:sanitizers -- [options] [test ...]`. CONTRIBUTING.md says more. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { build } from '../../native/instrumented.mjs';
import { readReports } from './reports.mjs';
import { environmentOf, logsOf, prepare, SANITIZERS } from './sanitizers.mjs';

/** @typedef {import('./sanitizers.mjs').Sanitizer} Sanitizer */

const ROOT = join(import.meta.dirname, '../..');

/** Short, and loads the addon. */
const TRIAL = 'test/binding.test.ts';

const HELP = `Usage: npm run test:sanitizers -- [options] [test ...]

Runs all tests, or those that are named, with AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer in the addon,
and ends with 1 if a test fails or something is found.

  --thread  with ThreadSanitizer instead; if none is named, the tests of threads
  --short   so few tests that all of native/ is reached
  --help    print this`;

/** One sanitizer, at work. */
class Harness {
  /** @param {Sanitizer} sanitizer */
  constructor(sanitizer) {
    this.sanitizer = sanitizer;
    this.logs = logsOf(sanitizer);
    this.addon = build(sanitizer.kind);
    this.environment = environmentOf(sanitizer, this.addon);
  }

  /** What is done wrong on purpose must be found, in a process of its own and in one of vitest's. */
  tryFaults() {
    const { kind, faults } = this.sanitizer;
    for (const [fault, words] of Object.entries(faults)) {
      const env = { ...this.environment, SOCKDIAG_FAULT: fault };
      const script = `require(${JSON.stringify(this.addon)})`;
      this.#expect(words, fault, () => node(['-e', script], env, 'ignore'));
      this.#expect(words, `${fault}, in a test`, () => this.#vitest([TRIAL], env, 'ignore'));
    }
    const { passed, reports } = this.run([TRIAL], 'ignore');
    if (!passed || reports.findings.length > 0) {
      throw new Error(
        `${TRIAL} ${passed ? 'passes' : 'fails'}, and without a fault:\n${reports.findings.join('\n')}`,
      );
    }
    console.log(`${kind}: found what was done wrong on purpose: ${Object.keys(faults).join(', ')}`);
  }

  /**
   * @param {RegExp} words
   * @param {string} fault
   * @param {() => unknown} commit
   */
  #expect(words, fault, commit) {
    prepare(this.sanitizer);
    commit();
    const { findings } = readReports(this.logs, this.addon);
    if (findings.some((text) => words.test(text) && text.includes('faults.cc:'))) return;
    throw new Error(`nothing says that there was: ${fault}\n${findings.join('\n')}`);
  }

  /**
   * @param {readonly string[]} tests
   * @param {'inherit' | 'ignore'} output
   */
  run(tests, output) {
    prepare(this.sanitizer);
    const passed = this.#vitest(tests, this.environment, output) === 0;
    return { passed, reports: readReports(this.logs, this.addon) };
  }

  /**
   * @param {readonly string[]} tests
   * @param {NodeJS.ProcessEnv} env
   * @param {'inherit' | 'ignore'} output
   */
  #vitest(tests, env, output) {
    // With such an option, and only then, vitest's workers end by themselves: what is killed is not asked for leaks.
    const words = ['run', `--execArgv=--diagnostic-dir=${this.logs}`, ...tests];
    return node([join(ROOT, 'node_modules/vitest/vitest.mjs'), ...words], env, output);
  }
}

/**
 * @param {string[]} words
 * @param {NodeJS.ProcessEnv} env
 * @param {'inherit' | 'ignore'} output
 * @returns {number | null}
 */
function node(words, env, output) {
  // Where addresses are chosen at random over more bits than it knows of, ThreadSanitizer cannot begin.
  const command = ['-R', process.execPath, ...words];
  const { status, error } = spawnSync('setarch', command, {
    cwd: ROOT,
    env,
    stdio: ['ignore', output, output],
  });
  if (error !== undefined) throw error;
  return status;
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      thread: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const sanitizer = SANITIZERS[values.thread ? 'thread' : 'address'];
  const harness = new Harness(sanitizer);
  harness.tryFaults();
  const some = values.short ? sanitizer.short : sanitizer.tests;
  const { passed, reports } = harness.run(positionals.length > 0 ? positionals : some, 'inherit');
  tell(sanitizer.kind, reports);
  process.exitCode = passed && reports.findings.length === 0 ? 0 : 1;
}

/**
 * @param {string} kind
 * @param {import('./reports.mjs').Reports} reports
 */
function tell(kind, { findings, promises, foreign, unseen }) {
  for (const finding of findings) console.log(finding);
  const others = `${promises} of promises that their environment ended before, ${foreign} of Node's own`;
  console.log(
    `${kind}: ${findings.length} findings; besides: ${others}; ${unseen} processes were traced, and not asked for leaks`,
  );
}

try {
  main();
} catch (error) {
  console.error(`sanitizers: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}
