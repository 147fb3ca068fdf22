/** The order of things: what is measured when, with one population. */
import { readFileSync } from 'node:fs';
import { CONTENDERS, whyNotOurs } from './contenders.mjs';
import { floorCommand } from './floor-question.mjs';
import { installPeers } from './peers.mjs';
import { populate } from './population.mjs';
import { progress } from './progress.mjs';
import { undisturbed } from './quiet.mjs';
import { Runner } from './runner.mjs';
import { selectionOf } from './selections.mjs';
import { spread } from './statistics.mjs';

/** @typedef {import('./population.mjs').PopulationSize} PopulationSize */
/** @typedef {import('./runner.mjs').Measurement} Measurement */

/**
 * @typedef {object} Result
 * @property {PopulationSize} size
 * @property {string | undefined} filter
 * @property {number} expected sockets that should be read: all, or those that the filter wants
 * @property {Measurement[]} measurements the floor's first
 * @property {number} foreign TCP sockets of others, which every dump of TCP sockets walks over too
 * @property {import('./quiet.mjs').Quiet} quiet
 * @property {number | undefined} idlePause the longest pause of an event loop with nothing to do, milliseconds
 * @property {string[]} differences what was read, but not as it is
 */

/** How often, by the size of the population: small ones are quick, and need long to be compiled. */
const PLANS = [
  { upTo: 2000, warmUps: 25, rounds: 15 },
  { upTo: 50_000, warmUps: 4, rounds: 15 },
  { upTo: Number.POSITIVE_INFINITY, warmUps: 5, rounds: 25 },
];

const SLOW_ROUNDS = 2;

const PAUSES = 5;
const MEMORIES = 3;

/**
 * @param {PopulationSize} size
 * @param {number | undefined} rounds
 * @param {import('./programs.mjs').Programs} programs
 * @param {string} directory
 * @returns {Promise<Result>}
 */
export async function measure(size, rounds, programs, directory) {
  const plan = /** @type {typeof PLANS[0]} */ (PLANS.find(({ upTo }) => size.count <= upTo));
  const say = progress(`${size.kind}:${size.count}`);
  const before = tcpSockets();
  say('populating');
  const population = await populate(programs.populate, size, directory);
  const { filter, expected } = selectionOf(size, population.clients) ?? { expected: size.count };
  const floor = await floorCommand(programs, size, filter);
  const task = { kind: size.kind, filter, count: size.count, floor };
  const runners = CONTENDERS[size.kind].map(
    (contender) => new Runner(contender, [...population.inside, ...contender.command(task)]),
  );
  leaveOut(runners, filter);
  try {
    say('comparing what is read');
    const differences = await compare(runners, expected);
    await warmUp(runners, plan.warmUps, say);
    const quiet = await time(runners, rounds ?? plan.rounds, say);
    const idlePause = await pauses(runners, say);
    await memories(runners, say);
    const measurements = runners.map(({ measurement }) => measurement);
    return {
      size,
      filter,
      expected,
      foreign: size.kind === 'unix' ? 0 : foreignSockets(population, before),
      quiet,
      measurements,
      idlePause,
      differences,
    };
  } finally {
    say('ending');
    for (const runner of runners) await runner.end();
    await population.end();
    say('');
  }
}

/**
 * Sockets in the table that the population's are in, before they are.
 *
 * @param {import('./population.mjs').Population} population
 * @param {number} before TCP sockets on this machine
 */
function foreignSockets(population, before) {
  const entries = population.read('/proc/sys/net/ipv4/tcp_ehash_entries');
  // Negative where the table is another namespace's.
  return Number(entries) > 0 ? 0 : before;
}

/** TCP sockets on this machine, in whatever namespace. */
function tcpSockets() {
  const match = /^TCP: .*\balloc (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'latin1'));
  return Number(match?.[1] ?? 0);
}

/**
 * @param {readonly Runner[]} runners
 * @param {string | undefined} filter whose program the floor has from sockdiag
 */
function leaveOut(runners, filter) {
  const ours = whyNotOurs();
  const peers = runners.some(({ contender }) => contender.who === 'peer') ? installPeers() : undefined;
  for (const runner of runners) {
    const { who } = runner.contender;
    if (
      who === 'ours' ||
      who === 'parallel' ||
      who === 'own-proc' ||
      who === 'command' ||
      who === 'matcher' ||
      (who === 'floor' && filter !== undefined)
    )
      runner.leaveOut(ours);
    if (who === 'peer') runner.leaveOut(peers);
  }
}

/**
 * Fast but wrong would not count: all who make records must have read the same sockets.
 *
 * @param {readonly Runner[]} runners
 * @param {number} expected
 */
async function compare(runners, expected) {
  const differences = [];
  let first;
  // One of ours stands for all: they decode alike.
  for (const who of ['floor', 'proc', 'own-proc', 'ss', 'matcher', 'parallel', 'ours']) {
    const runner = runners.find(({ contender }) => contender.who === who);
    const answer = await runner?.ask(who === 'floor' ? 'count' : 'digest');
    await runner?.end();
    if (answer?.rows === undefined) continue;
    const { rows, digest } = answer;
    if (digest !== undefined) first ??= { who, digest };
    if (rows !== expected) differences.push(`${who}: ${rows} records of ${expected} sockets`);
    else if (digest !== undefined && digest !== first?.digest)
      differences.push(`${who}: other sockets than ${first?.who} has`);
  }
  return differences;
}

/**
 * @param {readonly Runner[]} runners
 * @param {number} times
 * @param {(text: string) => void} say
 */
async function warmUp(runners, times, say) {
  for (let i = 0; i < times; i++) {
    say(`warm-up ${i + 1} of ${times}`);
    for (const runner of runners) if (!runner.isSlow) await runner.warmUp();
  }
}

/**
 * All take part in each round, one behind the other, so that what disturbs the machine hits all alike; and each
 * round starts with another one, so that nobody is always behind the same.
 *
 * @param {readonly Runner[]} runners
 * @param {number} rounds
 * @param {(text: string) => void} say
 */
async function time(runners, rounds, say) {
  const fast = runners.filter(({ isSlow }) => !isSlow);
  const quiet = await undisturbed(rounds, pidsOf(fast), async (round) => {
    say(`round ${round + 1}`);
    for (let i = 0; i < fast.length; i++) {
      const runner = /** @type {Runner} */ (fast[(round + i) % fast.length]);
      await runner.time(round);
    }
  });
  for (const runner of fast) runner.keepRounds(quiet.kept);
  await timeSlow(runners, quiet.passes, say);
  return quiet;
}

/**
 * Apart from the others, whose rounds they would stretch; only the floor, the first of ours and the command are with them.
 *
 * @param {readonly Runner[]} runners
 * @param {number} first the first round
 * @param {(text: string) => void} say
 */
async function timeSlow(runners, first, say) {
  const slow = runners.filter(({ isSlow }) => isSlow);
  const company = ['floor', 'ours', 'command'].flatMap(
    (who) => runners.find(({ contender, isSlow }) => contender.who === who && !isSlow) ?? [],
  );
  for (let round = first; slow.length > 0 && round < first + SLOW_ROUNDS; round++) {
    say('slow ones');
    for (const runner of [...company, ...slow]) await runner.time(round);
  }
}

/**
 * @param {readonly Runner[]} runners
 * @param {(text: string) => void} say
 * @returns {Promise<number | undefined>} the pause of an event loop with nothing to do
 */
async function pauses(runners, say) {
  say('pauses');
  const workers = runners.filter(({ contender, isOut }) => contender.who !== 'floor' && !isOut);
  const fast = workers.filter(({ isSlow }) => !isSlow);
  /** @type {number[]} */
  const idle = [];
  const { kept } = await undisturbed(PAUSES, pidsOf(workers), async () => {
    idle.push((await fast[0]?.ask('idle'))?.ms);
    for (const runner of fast) await runner.pause();
  });
  for (const runner of fast) runner.keepPauses(kept);
  for (const runner of workers) if (runner.isSlow) await runner.pause();
  return spread(kept.flatMap((pass) => idle[pass] ?? []))?.median;
}

/** @param {readonly Runner[]} runners */
function pidsOf(runners) {
  return () => runners.flatMap(({ pid }) => pid ?? []);
}

/**
 * @param {readonly Runner[]} runners
 * @param {(text: string) => void} say
 */
async function memories(runners, say) {
  for (let i = 0; i < MEMORIES; i++) {
    say(`memory ${i + 1} of ${MEMORIES}`);
    for (const runner of runners) if (!runner.isSlow || i === 0) await runner.memory();
  }
}
