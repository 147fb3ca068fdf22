/** Builds the targets in C++ with libFuzzer, and runs them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { CACHE } from './bundle.mjs';
import { run } from './process.mjs';

/** @typedef {import('./targets.mjs').NativeTarget} NativeTarget */
/** @typedef {import('./report.mjs').Report} Report */

/** Debian's name of the compiler goes without a version if its package `clang` is there, too. */
const COMPILERS = ['clang++', ...[14, 15, 16, 17, 18, 19, 20, 21].map((version) => `clang++-${version}`)];

const FLAGS = [
  '-std=c++17',
  '-O2',
  '-g',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Inative',
  '-fno-sanitize-recover=all',
];

/** Little is kept of memory that was given back: the more, the slower, and with the input that was found all can be had. */
const FAST = { ASAN_OPTIONS: 'malloc_context_size=2:quarantine_size_mb=4' };

/** Seconds, for one input, and for making one smaller. */
const MOST_SECONDS = 10;
const REDUCING = 10;

/** What libFuzzer ends with when it is interrupted. */
const INTERRUPTED = 72;

/** @param {NativeTarget} target */
export const corpusOf = ({ name }) => join(import.meta.dirname, 'corpus', name);

/** @param {NativeTarget} target where what is found on the way is kept */
export const workOf = ({ name }) => join(CACHE, 'corpus', name);

/**
 * @param {NativeTarget} target
 * @returns {Promise<string>} the path of the program
 */
async function built({ name, sources }) {
  const compiler = COMPILERS.find((command) => spawnSync(command, ['--version']).error === undefined);
  if (compiler === undefined) throw new Error('there is no clang++: on Debian, apt-get install clang');
  const program = join(CACHE, 'native', name);
  mkdirSync(join(CACHE, 'native'), { recursive: true });
  const log = join(CACHE, 'logs', `${name}.build.log`);
  // The target itself has nothing to be reached, and to count that would take a fifth of the time.
  const own = ['-fsanitize=address,undefined', '-c', `test/fuzz/${name}_fuzz.cc`, '-o', `${program}.o`];
  const all = ['-fsanitize=fuzzer,address,undefined', ...sources, `${program}.o`, '-o', program];
  const compiled = await run(compiler, [...FLAGS, ...own], log);
  const { status, stderr } = compiled.status === 0 ? await run(compiler, [...FLAGS, ...all], log) : compiled;
  if (status === 0) return program;
  const lacks = /libclang_rt\.\S+|-lclang_rt\S*/.exec(stderr);
  if (lacks === null) throw new Error(`${name} cannot be built:\n${stderr}`);
  throw new Error(`${compiler} has no libFuzzer (${lacks[0]}): on Debian, apt-get install libclang-rt-dev`);
}

/**
 * @param {NativeTarget} target
 * @param {import('./report.mjs').Limits} limits
 * @returns {Promise<Report>}
 */
export async function runNative(target, { seconds, runs, seed }) {
  const program = await built(target);
  const findings = join(CACHE, 'findings', target.name);
  for (const folder of [findings, workOf(target), corpusOf(target)]) mkdirSync(folder, { recursive: true });
  const began = Date.now();
  const limit = runs === undefined ? `-max_total_time=${seconds}` : `-runs=${runs}`;
  const words = [
    ...[limit, `-seed=${seed}`, `-max_len=${target.longest}`, '-len_control=0', `-timeout=${MOST_SECONDS}`],
    ...['-print_final_stats=1', '-rss_limit_mb=1024', `-artifact_prefix=${findings}/`],
    ...[workOf(target), corpusOf(target)],
  ];
  const log = join(CACHE, 'logs', `${target.name}.log`);
  const { status, stderr } = await run(program, words, log, { ...FAST, ...process.env });
  const report = reportOf(stderr, (Date.now() - began) / 1000);
  if (status === 0 || status === INTERRUPTED) return report;
  return { ...report, finding: await findingOf(program, stderr, status) };
}

/**
 * @param {NativeTarget} target
 * @param {string} input that was kept
 * @returns {Promise<Report>}
 */
export async function againNative(target, input) {
  const program = await built(target);
  const { status, stderr } = await run(program, [input], join(CACHE, 'logs', `${target.name}.log`));
  const finding = status === 0 ? undefined : { message: messageIn(stderr, status), kept: input };
  return { executions: 1, seconds: 0, figures: 'one input that was kept', finding };
}

/**
 * @param {string} text what libFuzzer printed
 * @param {number} seconds
 * @returns {Report}
 */
function reportOf(text, seconds) {
  const last = [...text.matchAll(/^#(\d+)\t\w+ .*cov: (\d+) ft: (\d+) corp: (\S+)/gm)].at(-1);
  const counted = /^stat::number_of_executed_units: (\d+)/m.exec(text)?.[1] ?? last?.[1] ?? '0';
  const figures =
    last === undefined ? 'no figures' : `${last[2]} edges, ${last[3]} features, corpus ${last[4]}`;
  return { executions: Number(counted), seconds, figures };
}

/**
 * What was wrong, in libFuzzer's words or in those of a promise, without the stack.
 *
 * @param {string} text
 * @param {number | null} status
 */
function messageIn(text, status) {
  const lines = text.match(/^.*(?:BROKEN PROMISE|runtime error:|ERROR: (?:Address|libFuzzer|Leak)\S*:).*$/gm);
  return lines?.join('\n') ?? `it ended with ${status}:\n${text.slice(-2000)}`;
}

/**
 * @param {string} program
 * @param {string} text
 * @param {number | null} status
 */
async function findingOf(program, text, status) {
  const kept = /Test unit written to (\S+)/.exec(text)?.[1];
  const message = messageIn(text, status);
  if (kept === undefined) return { message };
  const smaller = `${kept}.min`;
  const words = ['-minimize_crash=1', `-max_total_time=${REDUCING}`, `-exact_artifact_path=${smaller}`, kept];
  await run(program, words, join(CACHE, 'logs/minimize.log'));
  return { message, kept: statSync(smaller, { throwIfNoEntry: false }) === undefined ? kept : smaller };
}

/**
 * Puts what of these inputs adds to the corpus into it.
 *
 * @param {NativeTarget} target
 * @param {string[]} folders
 */
export async function merge(target, folders) {
  const program = await built(target);
  const corpus = corpusOf(target);
  mkdirSync(corpus, { recursive: true });
  const words = ['-set_cover_merge=1', `-max_len=${target.longest}`, corpus, ...folders];
  const { status, stderr } = await run(program, words, join(CACHE, 'logs/merge.log'));
  if (status !== 0) throw new Error(`${target.name} cannot be merged:\n${stderr.slice(-2000)}`);
  return readdirSync(corpus).length;
}
