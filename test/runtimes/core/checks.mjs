/** Checks with names: each passes, fails, or is told as one that cannot be made here. */
import process from 'node:process';

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {'passed' | 'failed' | 'not here'} result
 * @property {string} [reason] why it failed, or cannot be made
 */

/** For one check. Milliseconds. */
const LIMIT = 60_000;

class NotHere extends Error {}

/** @type {Outcome[]} */
export const outcomes = [];

/**
 * Ends a check that cannot be made in this runtime, or on this machine.
 *
 * @param {string} reason
 * @returns {never}
 */
export function notHere(reason) {
  throw new NotHere(reason);
}

/**
 * @param {string} name
 * @param {() => unknown} act
 */
export async function check(name, act) {
  const outcome = await outcomeOf(name, act);
  outcomes.push(outcome);
  console.log(outcome.result === 'passed' ? `ok: ${name}` : `${outcome.result}: ${name}: ${outcome.reason}`);
}

/**
 * @param {string} name
 * @param {() => unknown} act
 * @returns {Promise<Outcome>}
 */
async function outcomeOf(name, act) {
  const { promise, end } = limit();
  try {
    await Promise.race([(async () => act())(), promise]);
    return { name, result: 'passed' };
  } catch (error) {
    if (error instanceof NotHere) return { name, result: 'not here', reason: error.message };
    return { name, result: 'failed', reason: error instanceof Error ? `${error.stack}` : String(error) };
  } finally {
    end();
  }
}

/** What comes to no end must not keep all others from being told. */
function limit() {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const promise = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took more than ${LIMIT / 1000} s`)), LIMIT);
  });
  return { promise, end: () => clearTimeout(timer) };
}

/**
 * The last line: for the program that started this one. Ends the process, whatever is left open.
 *
 * @param {object} about
 */
export function end(about) {
  console.log(JSON.stringify({ ...about, outcomes }));
  process.exit(outcomes.some(({ result }) => result === 'failed') ? 1 : 0);
}
