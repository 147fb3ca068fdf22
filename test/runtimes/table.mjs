/** What ran, as a table: on the terminal, and in the README. */
import { release } from 'node:os';

import { TARGETS } from '../../native/targets.mjs';
import { writeMarked } from '../marked.mjs';
import { RUNTIMES } from './runtimes.mjs';

/** @typedef {import('./runtimes.mjs').Runtime} Runtime */
/** @typedef {import('./try.mjs').Tried} Tried */
/** @typedef {{ runtime: Runtime, tried: Tried, suite: string | undefined }} Row */

/** @param {readonly Row[]} rows */
export function tableOf(rows) {
  const date = new Date().toISOString().slice(0, 10);
  const [kernel] = release().split('-');
  return [
    `Run on ${date} under Linux ${kernel} on x64, the core with the packed tarball:`,
    '',
    '| runtime | version | addon | core | whole test suite |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(lineOf),
    ...TARGETS.filter(hasNoRuntime).map(
      ({ arch, libc }) => `| none | | ${arch}, ${libc} | not run | not run |`,
    ),
    '',
    ...rows.flatMap(notes),
  ].join('\n');
}

/** @param {import('../../native/targets.mjs').Target} target */
function hasNoRuntime({ arch, libc }) {
  return !RUNTIMES.some((runtime) => runtime.arch === arch && runtime.libc === libc);
}

/** @param {Row} row */
function lineOf({ runtime: { title, arch, libc }, tried: { version, outcomes }, suite }) {
  const passed = outcomes.filter(({ result }) => result === 'passed').length;
  return `| ${title} | ${version} | ${arch}, ${libc} | ${passed} of ${outcomes.length} | ${suite ?? 'not run'} |`;
}

/**
 * Of those that are not all.
 *
 * @param {Row} row
 */
function notes({ runtime: { title }, tried: { outcomes } }) {
  const reasons = outcomes.flatMap(({ result, reason }) => (result === 'not here' ? [reason] : []));
  if (reasons.length === 0) return [];
  return [`What cannot be checked in ${title}: ${[...new Set(reasons)].join('; ')}.`, ''];
}

/** @param {readonly Row[]} rows */
export function writeTable(rows) {
  writeMarked('README.md', 'runtimes', tableOf(rows));
}
