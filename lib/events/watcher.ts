/** Reads what a native listener has heard, event by event. */
import type { NativeEvents, NativeFailure, NativeListener } from '../binding.js';
import { onAbort } from '../netlink/abort.js';
import { BatchMemory } from '../netlink/batch.js';
import type { Decode } from '../netlink/reading.js';
import { DONE, SerialIterator } from '../netlink/serial-iterator.js';
import type { DestroyedSocket } from './record.js';

/** A socket that was destroyed. */
export interface SocketDestroyed {
  /** Tells it from the other kind of event. */
  type: 'destroyed';
  /** Its final record. */
  socket: DestroyedSocket;
}

/** The place where events were lost. Who keeps a table of sockets makes a dump now, and takes out what is not in it. */
export interface EventsLost {
  /** Tells it from the other kind of event. */
  type: 'lost';
  /**
   * `'queue'`: nobody read, and as many events as `queue` says waited already. `'kernel'`: they came faster than they
   * could be received, and the kernel's own memory for them was full (ENOBUFS).
   */
  reason: 'queue' | 'kernel';
  /**
   * How many, of those that the kernel's part of the filter let through. Always there for `'queue'`; for `'kernel'`
   * where it is known (SO_MEMINFO), and where they were not counted with those lost shortly before.
   */
  count?: number;
}

/** What a watcher gives. */
export type DestroyedEvent = SocketDestroyed | EventsLost;

/**
 * The ends of sockets, from the call of `watchDestroyed` on. Leaving a loop over it closes it, and so does an abort; a
 * watcher that is left to the garbage collector is closed some time.
 */
export interface DestroyedWatcher extends AsyncIterableIterator<DestroyedEvent>, AsyncDisposable {
  /** Several calls need not wait for each other, and are answered in their order. */
  next(): Promise<IteratorResult<DestroyedEvent, undefined>>;
  /** Closes the watcher. */
  return(): Promise<IteratorResult<DestroyedEvent, undefined>>;
  [Symbol.asyncIterator](): DestroyedWatcher;
  /** Closes the socket, and forgets what was not read. Calls of `next` that wait are answered with the end. */
  close(): void;
  /** Undoes `unref`. */
  ref(): this;
  /** From now on the process may end though a call of `next` waits. Without such a call, a watcher never keeps it. */
  unref(): this;
}

export interface WatcherOptions {
  /** Not if the signal was aborted before. */
  listener: NativeListener | undefined;
  decode: Decode<DestroyedSocket>;
  errorOf: (failure: NativeFailure) => Error;
  signal: AbortSignal | undefined;
}

export class Watcher extends SerialIterator<DestroyedEvent> implements DestroyedWatcher {
  readonly #listener: NativeListener | undefined;
  readonly #decode: Decode<DestroyedSocket>;
  readonly #errorOf: WatcherOptions['errorOf'];
  readonly #signal: AbortSignal | undefined;
  #unhook: (() => void) | undefined;
  #memory: BatchMemory | undefined;
  /** Where the next record's row is in the index. */
  #row = 0;
  /** Records of this batch that are not taken yet. */
  #left = 0;
  /** What was lost before them. */
  #losses: DestroyedEvent[] = [];
  /** What comes behind them, instead of more. */
  #trouble: { error: unknown } | undefined;
  #closed = false;
  /** Whether events were asked for already. */
  #started = false;

  constructor({ listener, decode, errorOf, signal }: WatcherOptions) {
    super();
    this.#listener = listener;
    this.#decode = decode;
    this.#errorOf = errorOf;
    this.#signal = signal;
    if (signal === undefined) return;
    if (signal.aborted) this.abort();
    else this.#unhook = onAbort(signal, this);
  }

  override next(): Promise<IteratorResult<DestroyedEvent, undefined>> {
    const value = this.pending === 0 ? this.#take() : undefined;
    return value === undefined ? super.next() : Promise.resolve({ done: false, value });
  }

  close(): undefined {
    if (this.#closed) return;
    this.#trouble = undefined;
    this.#end();
  }

  ref(): this {
    if (!this.#closed) this.#listener?.keepAlive(true);
    return this;
  }

  unref(): this {
    if (!this.#closed) this.#listener?.keepAlive(false);
    return this;
  }

  /** Every call from now on is answered with the signal's reason, those that wait as well. */
  abort(): void {
    if (this.#closed) return;
    this.#trouble = { error: this.#signal?.reason };
    this.#end();
  }

  protected async produce(): Promise<IteratorResult<DestroyedEvent, undefined>> {
    for (;;) {
      const value = this.#take();
      if (value !== undefined) return { done: false, value };
      if (this.#trouble !== undefined) throw this.#fail(this.#trouble);
      if (this.#closed) return DONE;
      await this.#advance();
    }
  }

  /** A failure closes the watcher as soon as it is told. */
  #fail(trouble: { error: unknown }): unknown {
    if (!this.#closed) this.#end();
    return trouble.error;
  }

  #take(): DestroyedEvent | undefined {
    const loss = this.#losses.shift();
    if (loss !== undefined) return loss;
    while (this.#left > 0) {
      const socket = this.#decodeNext();
      if (socket !== undefined) return { type: 'destroyed', socket };
    }
    return undefined;
  }

  /** The next record, if it is one to give out. A filter that cannot decide ends the watcher. */
  #decodeNext(): DestroyedSocket | undefined {
    const memory = this.#memory as BatchMemory;
    const row = this.#row;
    this.#row += 2 + (memory.words[row + 1] as number);
    this.#left--;
    try {
      return this.#decode(memory, row);
    } catch (error) {
      this.#left = 0;
      this.#trouble = { error };
      return undefined;
    }
  }

  async #advance(): Promise<void> {
    // Others get their turn after each batch, even if the next one is there already.
    if (this.#started) await new Promise((resolve) => setImmediate(resolve));
    this.#started = true;
    if (this.#closed) return;
    const events = await (this.#listener as NativeListener).next();
    if (!this.#closed) this.#accept(events);
  }

  #accept({ records, dropped, overrun, buffer, index, failure }: NativeEvents): void {
    if (dropped) this.#losses.push({ type: 'lost', reason: 'queue', count: dropped });
    if (overrun !== undefined) {
      this.#losses.push({ type: 'lost', reason: 'kernel', ...(overrun > 0 && { count: overrun }) });
    }
    if (failure !== undefined) this.#trouble = { error: this.#errorOf(failure) };
    if (buffer === undefined) return;
    // The next batch may come in the same memory.
    if (this.#memory?.buffer !== buffer) this.#memory = new BatchMemory(buffer);
    this.#row = index as number;
    this.#left = records;
  }

  #end(): void {
    this.#closed = true;
    this.#left = 0;
    this.#losses = [];
    this.#memory = undefined;
    this.#unhook?.();
    this.#unhook = undefined;
    this.#listener?.close();
  }
}
