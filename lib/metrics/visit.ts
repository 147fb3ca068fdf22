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

/** A dump shows its records as they are decoded, and has none left then. */
function shown<T>(dump: Batches<T>, see: (record: T) => void): Batches<T> {
  if (!(dump instanceof Dump)) return dump;
  return narrowed(dump as Dump<T>, (record) => {
    see(record);
    return false;
  });
}
