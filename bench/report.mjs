/** The results as a person reads them: tables that are Markdown as well. */
import { isHeld, PROMISED } from './limits.mjs';
import { ratios, spread } from './statistics.mjs';
import { table } from './table.mjs';

/** @typedef {import('./measure.mjs').Result} Result */
/** @typedef {import('./runner.mjs').Measurement} Measurement */
/** @typedef {import('./statistics.mjs').Spread} Spread */

const BYTES_PER_MB = 1e6;
const NOTHING = '-';

const HEAD = ['way', 'sockets', 'ms', 'min … max', '× floor', 'min … max', 'MB', 'pause, ms'];

/** @param {Result} result */
export function resultText(result) {
  const { filter, expected, foreign, quiet, measurements, idlePause, differences } = result;
  const floor = /** @type {Measurement} */ (measurements[0]);
  const rows = measurements.map((measurement) => resultRow(measurement, floor, expected));
  return [
    `## ${titleOf(result)}`,
    '',
    ...(filter === undefined ? [] : [`\`${filter}\``, '']),
    ...table([HEAD, ...rows]),
    '',
    ...measurements.flatMap((measurement) => note(measurement, expected)),
    ...differences.map((difference) => `- DIFFERENT: ${difference}`),
    ...surroundings(foreign, quiet),
    ...(idlePause === undefined ? [] : [`- an idle event loop pauses for up to ${figure(idlePause)} ms`]),
    '',
  ].join('\n');
}

/** @param {Result} result */
function titleOf({ size: { kind, count }, filter, expected }) {
  if (filter === undefined) return `${count.toLocaleString('en')} ${kind} sockets`;
  return `${expected.toLocaleString('en')} of ${count.toLocaleString('en')} tcp sockets: ${kind}`;
}

/**
 * @param {Measurement} measurement
 * @param {Measurement} floor
 * @param {number} expected
 */
function resultRow(measurement, floor, expected) {
  const { name, rows, ms, memory, pauses } = measurement;
  const megabytes = memory.map((bytes) => bytes / BYTES_PER_MB);
  const found = rows === undefined ? NOTHING : rows.toLocaleString('en') + (rows === expected ? '' : ' !');
  const times = spread(ms.filter((value) => value !== undefined));
  const ratio = spread(ratios(ms, floor.ms));
  return [
    name,
    found,
    median(times),
    range(times),
    median(ratio),
    range(ratio),
    median(spread(megabytes)),
    median(spread(pauses)),
  ];
}

/**
 * @param {Measurement} measurement
 * @param {number} expected
 */
function note({ name, isSlow, reason, rows, ms }, expected) {
  const rounds = ms.filter((value) => value !== undefined).length;
  return [
    ...(rows === undefined || rows >= expected
      ? []
      : [`- ! ${name} loses ${(expected - rows).toLocaleString('en')} sockets`]),
    ...(rows === undefined || rows <= expected ? [] : [`- ! ${name} finds more sockets than it should`]),
    ...(reason === undefined ? [] : [`- ${name} skipped: ${reason}`]),
    ...(isSlow ? [`- ${name}: ${rounds} rounds`] : []),
  ];
}

/**
 * @param {number} foreign
 * @param {Result['quiet']} quiet
 */
function surroundings(foreign, { kept, passes, share }) {
  const had = `in which other processes had ${Math.round(100 * share)} % of the processors`;
  return [
    `- ${kept.length} rounds of ${passes}, ${had}`,
    ...(foreign === 0
      ? []
      : [`- ${foreign.toLocaleString('en')} TCP sockets of others are in the same table`]),
  ];
}

/** @param {import('./limits.mjs').Verdict[] | undefined} verdicts */
export function limitsText(verdicts) {
  const title = `## Promised limits, ${PROMISED.count.toLocaleString('en')} ${PROMISED.kind} sockets`;
  if (verdicts === undefined) return `${title}\n\nNot measured.\n`;
  const rows = verdicts.map((verdict) => [
    verdict.promise,
    `<= ${figure(verdict.limit)} ${verdict.unit}`,
    Number.isNaN(verdict.measured) ? 'not measured' : figure(verdict.measured),
    isHeld(verdict) ? 'held' : 'MISSED',
  ]);
  return [title, '', ...table([['promise', 'limit', 'measured', ''], ...rows]), ''].join('\n');
}

/** @param {Spread | undefined} values */
function median(values) {
  return values === undefined ? NOTHING : figure(values.median);
}

/** @param {Spread | undefined} values */
function range(values) {
  return values === undefined ? NOTHING : `${figure(values.min)} … ${figure(values.max)}`;
}

/** @param {number} value */
function figure(value) {
  if (value >= 100) return value.toLocaleString('en', { maximumFractionDigits: 0 });
  return value.toFixed(value >= 10 ? 1 : 2);
}
