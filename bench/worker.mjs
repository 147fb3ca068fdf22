/**
 * Reads sockets in one way, whenever it is told to: the long-lived process of a contender.
 *
 *   node worker.mjs SUBJECT tcp|tcp-info|metrics|owners|lookup|unix [WAY [FILTER|COUNT]]
 *
 * A line of standard input is a question; its answer is a line of JSON.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { digest } from './digest.mjs';

const IDLE_MS = 300;

const [name, kind, way, filter] = process.argv.slice(2);

/** @returns {Promise<import('./subjects/subject.mjs').Subject>} */
async function load() {
  const { create } = await import(`./subjects/${name}.mjs`);
  return create(kind, way, filter);
}

/** @param {import('./subjects/subject.mjs').Subject} subject */
async function timed(subject) {
  const start = performance.now();
  const result = subject.run();
  const rows = typeof result === 'number' ? result : await result;
  return { ms: performance.now() - start, rows };
}

/**
 * The longest time between two turns of the event loop while something happens.
 *
 * @param {() => unknown} happen
 */
async function longestPause(happen) {
  let last = 0;
  let longest = 0;
  let isOver = false;
  function turn() {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  }
  await nextTurn();
  last = performance.now();
  setImmediate(turn);
  await happen();
  await nextTurn();
  isOver = true;
  await nextTurn();
  return longest;
}

/** @type {Record<string, (subject: import('./subjects/subject.mjs').Subject) => Promise<object>>} */
const ANSWERS = {
  run: timed,
  pause: async (subject) => ({ ms: await longestPause(() => subject.run()) }),
  idle: async () => ({ ms: await longestPause(() => delay(IDLE_MS)) }),
  tiny: async (subject) => {
    await subject.tiny?.();
    return {};
  },
  digest: async (subject) => (subject.records === undefined ? {} : digest(await subject.records())),
};

const loading = load();
// Told to whoever asks.
loading.catch(() => {});

for await (const question of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await /** @type {Function} */ (ANSWERS[question])(await loading);
  } catch (error) {
    answer = { error: String(/** @type {Error} */ (error).message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
