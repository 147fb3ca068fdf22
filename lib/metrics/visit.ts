/** Reads dumps without keeping what they give. */
import { Dump, shown } from '../netlink/dump.js';
import type { Batches } from '../watch/watch.js';

export interface Visit<T> {
  /** Whoever it is shown to keeps nothing of it. */
  see(record: T): void;
  /** It needs no more of it than a glance has. */
  atAGlance: boolean;
  signal?: AbortSignal | undefined;
  /** Is told when a dump has given everything back, if the signal is aborted: that may wait for the kernel. */
  leaving?: (end: Promise<unknown>) => void;
}

/**
 * Shows each record to somebody.
 *
 * @throws what reading the dump throws; the signal's reason as soon as it is aborted, whatever is waited for.
 */
export async function visit<T>(
  dump: Batches<T>,
  { see, atAGlance, signal, leaving }: Visit<T>,
): Promise<void> {
  signal?.throwIfAborted();
  // A dump shows its records as they are decoded, and has none left then.
  const batches =
    dump instanceof Dump ? shown(dump as Dump<T>, see, atAGlance ? 'glances' : 'records') : dump;
  const reading = batches.batches()[Symbol.asyncIterator]();
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
    if (!isOver) {
      const end = Promise.resolve(reading.return?.()).catch(() => undefined);
      if (signal?.aborted !== true) await end;
      // A generator that waits for something is not left before that comes, and it may never come.
      else if (dump instanceof Dump) leaving?.(end);
    }
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
