/** AbortSignals that do not keep alive what listens to them. */

/** What can be told of an abort. */
export interface Abortable {
  abort(): void;
}

/** Who is to be told of a signal. */
interface Audience {
  targets: Set<WeakRef<Abortable>>;
  listener: () => void;
}

/**
 * One listener a signal, however many there are to tell: a signal may serve for the whole life of a process and
 * for many dumps at once, and Node warns of more than ten listeners.
 */
const audiences = new WeakMap<AbortSignal, Audience>();

/** Forgets those who went away without a word. */
const abandoned = new FinalizationRegistry<() => void>((forget) => forget());

/** Calls `target.abort()` when the signal is aborted, as long as the target lives. The answer undoes it. */
export function onAbort(signal: AbortSignal, target: Abortable): () => void {
  const { targets, listener } = audiences.get(signal) ?? listen(signal);
  const weak = new WeakRef(target);
  targets.add(weak);
  const forget = () => {
    if (!targets.delete(weak) || targets.size > 0) return;
    signal.removeEventListener('abort', listener);
    audiences.delete(signal);
  };
  abandoned.register(target, forget, weak);
  return () => {
    abandoned.unregister(weak);
    forget();
  };
}

function listen(signal: AbortSignal): Audience {
  const targets = new Set<WeakRef<Abortable>>();
  const listener = () => {
    for (const target of targets) target.deref()?.abort();
  };
  const audience = { targets, listener };
  audiences.set(signal, audience);
  signal.addEventListener('abort', listener, { once: true });
  return audience;
}
