/** Reads dumps without keeping what they give. */
import { Dump, narrowed } from '../netlink/dump.js';
import type { Batches } from '../watch/watch.js';

/**
 * Shows each record to somebody. Of a dump, none is kept beyond that: a hundred thousand are as cheap as one.
 *
 * @throws what reading the dump throws; the signal's reason as soon as it is aborted, whatever is waited for.
 */
export async function visit<T>(
  dump: Batches<T>,
  see: (record: T) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const reading = shown(dump, see).batches()[Symbol.asyncIterator]();
  // What throws has ended by itself, as for a loop.
  let isOver = true;
  try {
    for (;;) {
      const next = await orAborted(reading.next(), signal);
      isOver = next?.done === true;
      signal?.throwIfAborted();
      if (next === undefined || isOver) return;
      for (const record of next.value) see(record);
      isOver = true;
    }
  } finally {
    if (!isOver) await left(reading, dump instanceof Dump || signal?.aborted !== true);
  }
}

/** The promise's answer; undefined as soon as the signal is aborted, if that is earlier. */
export function orAborted<R>(
  promise: PromiseLike<R>,
  signal: AbortSignal | undefined,
): Promise<R | undefined> {
  // Not by Promise.race with one promise of the signal's: that would hold all answers for as long as it waits.
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined);
    signal?.addEventListener('abort', leave, { once: true });
    const answered = (): void => signal?.removeEventListener('abort', leave);
    promise.then(
      (answer) => {
        answered();
        resolve(answer);
      },
      (error) => {
        answered();
        reject(error);
      },
    );
    if (signal?.aborted === true) leave();
  });
}

/** A generator that waits for something is not left before that comes, and it may never come; a dump is. */
async function left(reading: AsyncIterator<unknown>, isWaitedFor: boolean): Promise<void> {
  const end = Promise.resolve(reading.return?.()).catch(() => undefined);
  if (isWaitedFor) await end;
}

/** A dump shows its records as they are decoded, and has none left then. */
function shown<T>(dump: Batches<T>, see: (record: T) => void): Batches<T> {
  if (!(dump instanceof Dump)) return dump;
  return narrowed(dump as Dump<T>, (record) => {
    see(record);
    return false;
  });
}
