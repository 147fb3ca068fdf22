// The program's side of `injector.cc`: chooses the call that fails, or is held up, by the file that both have mapped.
import { openSync, readSync, writeSync } from 'node:fs';
import process from 'node:process';

const NAME = 32;
const FILE = openSync(process.env.SOCKDIAG_FAULTS, 'r+');
const ACTIONS = { count: 0, fail: 1, hold: 2 };

/** Places of the numbers behind the name. */
const COUNT = 4;
const REACHED = 5;
const RELEASED = 6;
const CLOCK = 8;

function numberAt(place) {
  const number = new Uint32Array(1);
  readSync(FILE, number, 0, 4, NAME + 4 * place);
  return number[0];
}

/**
 * From now on, calls of the name are counted; and the one whose number is `at` fails with `errno`, or is held up for so many
 * milliseconds at most.
 */
export function arm(name, action = 'count', { at = 0, errno = 0, lasting = false, limit = 5000 } = {}) {
  disarm();
  const numbers = Uint32Array.of(ACTIONS[action], at, Number(lasting), errno, 0, 0, 0, limit);
  writeSync(FILE, numbers, 0, numbers.byteLength, NAME);
  writeSync(FILE, name.padEnd(NAME, '\0'), 0);
}

/** Lets everything be. Answers how often the call was made. */
export function disarm() {
  release();
  writeSync(FILE, '\0'.repeat(NAME), 0);
  return numberAt(COUNT);
}

/** Sets the clock on the wall so many seconds forward, or back, of what it is in truth. */
export function setClock(seconds) {
  writeSync(FILE, Int32Array.of(seconds), 0, 4, NAME + 4 * CLOCK);
}

/** Whether the call is made, and waits. */
export function isReached() {
  return numberAt(REACHED) === 1;
}

/** Lets it go on. */
export function release() {
  writeSync(FILE, Uint32Array.of(1), 0, 4, NAME + 4 * RELEASED);
}
