/** `sockdiag wait`: ends when there is a socket that is asked for, or when there is none any more. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { DiagMsg } from '../decode.js';
import { secondsOf, type Values, type Words } from './options.js';
import type { Batches } from './output.js';
import { beginsWithStates } from './plan.js';

/** Milliseconds from one look to the next: more often than people see, and seldom enough to cost nothing. */
const PAUSE = 100;

/** The words of `wait` as those of a dump. @throws RangeError */
export function waitingFor({ values, filter }: Words): Words {
  const { listen } = values;
  if (listen === undefined) return { values, filter };
  if (beginsWithStates(filter)) {
    throw new RangeError('--listen says which state, LISTEN: no filter can name others in front of it');
  }
  const port = `sport = :${listen}`;
  return {
    values: { ...values, tcp: true, listening: true },
    filter: filter === '' ? port : `${port} and (${filter})`,
  };
}

/** Milliseconds; without a limit, for ever. @throws RangeError */
export function limitOf({ timeout }: Values): number {
  if (timeout === undefined) return Number.POSITIVE_INFINITY;
  const seconds = secondsOf(timeout);
  if (Number.isFinite(seconds)) return seconds * 1000;
  throw new RangeError(`--timeout is '${timeout}', but must be a number of seconds`);
}

/** The sockets that came, or none when they are gone; undefined when the time is up. It looks at least once. */
export async function waitFor(
  look: () => Promise<Batches>,
  { isGone, limit }: { isGone: boolean; limit: number },
): Promise<readonly DiagMsg[] | undefined> {
  const end = performance.now() + limit;
  for (;;) {
    const found = await firstOf(await look());
    if ((found.length === 0) === isGone) return found;
    const left = end - performance.now();
    if (left <= 0) return undefined;
    await sleep(Math.min(PAUSE, left));
  }
}

async function firstOf(batches: Batches): Promise<readonly DiagMsg[]> {
  for await (const records of batches) if (records.length > 0) return records;
  return [];
}
