/** Reads dumps without keeping what they give. */
import { Dump, shown } from '../netlink/dump.js';
import type { Batches } from '../watch/watch.js';

export interface Visit<T> {
  /** Whoever it is shown to keeps nothing of it. */
  see(record: T): void;
  /** It needs no more of it than a glance has. */
  atAGlance: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Shows each record to somebody.
 *
 * @throws what reading the dump throws; the signal's reason as soon as it is aborted, whatever is waited for.
 */
export async function visit<T>(dump: Batches<T>, { see, atAGlance, signal }: Visit<T>): Promise<void> {
  signal?.throwIfAborted();
  // A dump shows its records as they are decoded, and has none left then.
  const batches =
    dump instanceof Dump ? shown(dump as Dump<T>, see, atAGlance ? 'glances' : 'records') : dump;
  const reading = batches.batches()[Symbol.asyncIterator]();
  let leave = (): void => undefined;
  const left = new Promise<undefined>((resolve) => {
    leave = () => resolve(undefined);
  });
  signal?.addEventListener('abort', leave, { once: true });
  let isOver = false;
  try {
    for (let next = await Promise.race([reading.next(), left]); next !== undefined; ) {
      signal?.throwIfAborted();
      isOver = next.done === true;
      if (isOver) return;
      for (const record of next.value as readonly T[]) see(record);
      next = await Promise.race([reading.next(), left]);
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', leave);
    if (!isOver) await reading.return?.();
  }
}
