/**
 * What it takes to import sockdiag, and the first call: `npm run bench:import`. Each in a process of its own, since that is what
 * it is about; beside Node's own start, which is measured in the same rounds.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { PLAIN_ENVIRONMENT } from './environment.mjs';
import { describeMachine, machineText } from './machine.mjs';
import { ratios, spread } from './statistics.mjs';
import { table } from './table.mjs';

/** What is promised of the first, in milliseconds. */
const MOST = 10;

/** What a process of its own is told to do, and tells the time of. */
const WAYS = {
  sockdiag: ['sockdiag'],
  'sockdiag/filter': ['sockdiag/filter'],
  'sockdiag/metrics': ['sockdiag/metrics'],
  'sockdiag/name': ['sockdiag/name'],
  'sockdiag/proc': ['sockdiag/proc'],
  'sockdiag, and the first record of a dump': ['sockdiag', 'dump'],
  'a module without anything': ['data:text/javascript,'],
};

/** From outside. */
const START = "Node's start and end";

const PROCESS = fileURLToPath(new URL('import-process.mjs', import.meta.url));

function main() {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '21' }, check: { type: 'boolean', default: false } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is ${values.rounds}, but must be 1 or more`);
  const figures = measure(rounds);
  console.log(`${machineText(describeMachine())}\n`);
  console.log(report(figures).join('\n'));
  const median = spread(figures.get('sockdiag') ?? [])?.median ?? Number.NaN;
  const isKept = median < MOST;
  console.log(
    `\nto import sockdiag: less than ${MOST} ms: ${isKept ? 'kept' : 'MISSED'} (${median.toFixed(1)})`,
  );
  if (values.check && !isKept) process.exitCode = 1;
}

/**
 * @param {number} rounds
 * @returns {Map<string, number[]>} milliseconds by way, of each round
 */
function measure(rounds) {
  const figures = new Map([...Object.keys(WAYS), START].map((name) => [name, /** @type {number[]} */ ([])]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, words] of Object.entries(WAYS)) figures.get(name)?.push(Number(run(PROCESS, ...words)));
    const before = performance.now();
    run('--eval', '');
    figures.get(START)?.push(performance.now() - before);
  }
  return figures;
}

/** @param {readonly string[]} words */
function run(...words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    env: PLAIN_ENVIRONMENT,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** @param {Map<string, number[]>} figures */
function report(figures) {
  const start = figures.get(START) ?? [];
  const rows = [...figures].map(([name, values]) => {
    const { median = 0, min = 0, max = 0 } = spread(values) ?? {};
    const ratio = spread(ratios(values, start))?.median ?? 0;
    return [name, ratio.toFixed(2), median.toFixed(1), min.toFixed(1), max.toFixed(1)];
  });
  return table([['what', "× Node's start", 'median, ms', 'min', 'max'], ...rows]);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
