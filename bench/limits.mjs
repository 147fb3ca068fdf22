/** What sockdiag promises, and whether it held. */
import { CONTENDERS } from './contenders.mjs';
import { ratios, spread } from './statistics.mjs';

/** @typedef {import('./measure.mjs').Result} Result */
/** @typedef {import('./runner.mjs').Measurement} Measurement */
/** @typedef {{ promise: string, limit: number, measured: number, unit: string }} Verdict */

/** The population that the promises are about. */
export const PROMISED = { kind: 'tcp', count: 100_000 };

const FOR_AWAIT = 'sockdiag: for await';
const BATCHES = 'sockdiag: batches()';
const SUMMARIZE = 'summarize(), parallel: 2';
const PROC = '/proc/net parsed';
const OWN_PROC = 'sockdiag/proc: batches()';
const SPLIT = '/proc/net split';
const COMMAND = 'command: sockdiag';
const SS = 'command: ss';

const TIMES = [
  { name: FOR_AWAIT, other: 'floor (C)', limit: 1.15, unit: '× floor' },
  { name: BATCHES, other: 'floor (C)', limit: 1.05, unit: '× floor' },
  { name: SUMMARIZE, other: 'floor (C)', limit: 0.8, unit: '× floor' },
  { name: FOR_AWAIT, other: PROC, limit: 1 / 5, unit: `× ${PROC}` },
  { name: OWN_PROC, other: SPLIT, limit: 0.6, unit: `× ${SPLIT}` },
  { name: COMMAND, other: SS, limit: 1, unit: '× ss -tan' },
];

/** Of a population with `show: ['info']`, the same size. */
const TIMES_WITH_INFO = [{ name: FOR_AWAIT, other: 'floor (C)', limit: 1.25, unit: '× floor' }];

/** Of one whose sockets are summed up, the same size. */
const TIMES_OF_METRICS = [
  { name: 'sockdiag/metrics: collect()', other: 'floor (C)', limit: 1.3, unit: '× floor' },
  { name: 'exporter: a scrape', other: 'floor (C)', limit: 1.3, unit: '× floor' },
];

const OWNERS = 'sockdiag: owners()';
const SS_P = 'ss -tanp parsed';

/** Of a population whose owners are looked for, the same size. */
const TIMES_OF_OWNERS = [
  { name: OWNERS, other: 'walk (C)', limit: 1.3, unit: '× walk' },
  { name: OWNERS, other: SS_P, limit: 1 / 10, unit: `× ${SS_P}` },
  { name: COMMAND, other: SS, limit: 1 / 10, unit: '× ss -tanp' },
];

/** Of a namespace with as many sockets, and as many lookups: of a connection by what a program has of it. */
const TIMES_OF_LOOKUPS = [
  {
    name: 'sockdiag: lookupTcpSync(socket)',
    other: 'lookup by descriptor (C)',
    limit: 2,
    unit: '× lookup by descriptor',
  },
];

const MEMORY_MB = 32;
const PAUSE_MS = 5;

const BYTES_PER_MB = 1e6;

/**
 * @param {readonly Result[]} results
 * @returns {Verdict[] | undefined} nothing if that population was not measured
 */
export function verdicts(results) {
  const plain = measurementsOf(results, PROMISED.kind);
  const withInfo = measurementsOf(results, 'tcp-info');
  const metrics = measurementsOf(results, 'metrics');
  const owners = measurementsOf(results, 'owners');
  const lookups = measurementsOf(results, 'lookup');
  if ([plain, withInfo, metrics, owners, lookups].every((each) => each === undefined)) return undefined;
  return [
    ...(plain === undefined ? [] : [...timeVerdicts(plain, TIMES, ''), ...resourceVerdicts(plain)]),
    ...(withInfo === undefined ? [] : timeVerdicts(withInfo, TIMES_WITH_INFO, ', with info')),
    ...(metrics === undefined ? [] : timeVerdicts(metrics, TIMES_OF_METRICS, '')),
    ...(owners === undefined ? [] : timeVerdicts(owners, TIMES_OF_OWNERS, '')),
    ...(lookups === undefined ? [] : timeVerdicts(lookups, TIMES_OF_LOOKUPS, '')),
  ];
}

/**
 * @param {readonly Result[]} results
 * @param {string} kind
 */
function measurementsOf(results, kind) {
  const result = results.find(({ size }) => size.kind === kind && size.count === PROMISED.count);
  return result && new Map(result.measurements.map((measurement) => [measurement.name, measurement]));
}

/**
 * @param {Map<string, Measurement>} byName
 * @param {typeof TIMES} limits
 * @param {string} what
 */
function timeVerdicts(byName, limits, what) {
  return limits.flatMap(({ name, other, limit, unit }) => {
    const values = ratios(byName.get(name)?.ms ?? [], byName.get(other)?.ms ?? []);
    return verdict(`${name}: time${what}`, limit, values, unit);
  });
}

/** @param {Map<string, Measurement>} byName */
function resourceVerdicts(byName) {
  const ours = CONTENDERS.tcp.filter(({ who }) => who === 'ours');
  return ours.flatMap(({ name, streams, isAsynchronous }) => {
    const { memory = [], pauses = [] } = byName.get(name) ?? {};
    const megabytes = memory.map((bytes) => bytes / BYTES_PER_MB);
    return [
      ...(streams ? verdict(`${name}: peak memory`, MEMORY_MB, megabytes, 'MB') : []),
      ...(isAsynchronous ? verdict(`${name}: longest pause`, PAUSE_MS, pauses, 'ms') : []),
    ];
  });
}

/**
 * @param {string} promise
 * @param {number} limit
 * @param {readonly number[]} values
 * @param {string} unit
 * @returns {Verdict[]}
 */
function verdict(promise, limit, values, unit) {
  const measured = spread(values)?.median;
  return [{ promise, limit, measured: measured ?? Number.NaN, unit }];
}

/** @param {Verdict} verdict */
export function isHeld({ limit, measured }) {
  return measured <= limit;
}
