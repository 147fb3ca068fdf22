/** watch: what happens to sockets, from one dump to the next. */
import type { DiagMsg } from '../decode.js';
import type { DestroyedSocket } from '../events/record.js';
import { type Abortable, onAbort } from '../netlink/abort.js';
import { type Check, type Checks, checkOptions, checkSignal } from '../netlink/options.js';
import { DONE, SerialIterator } from '../netlink/serial-iterator.js';
import type { Change, EndEvent, FinalRecord } from './change.js';
import { eventsOf } from './events.js';
import { Ledger } from './ledger.js';

export interface WatchOptions<F extends FinalRecord = DestroyedSocket> {
  /**
   * From the start of one reading to the start of the next, milliseconds; 1000 if it is not given. A reading that takes
   * longer is followed by the next at once, and so is one whose changes were not all taken until then.
   */
  interval?: number | undefined;
  /** Ends the watching when it is aborted: the loop throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Gives the sockets of the first reading as `'opened'`. Without it, they are what later readings are compared with. */
  existing?: boolean | undefined;
  /**
   * The kernel's own word of the sockets that it destroys. With it, `'closed'` comes one reading earlier, and has the
   * `final` record. Without this, that is `watchDestroyed` for a dump of TCP or UDP sockets in one network namespace, where
   * the kernel can be listened to; `false` does without.
   *
   * It is read from the first reading on, and left with the watching. If it has `unref`, that is called: what keeps the
   * process is a call of `next` that waits.
   */
  events?: AsyncIterable<EndEvent<F>> | false | undefined;
}

/** Reads changes. Whoever takes them by hand and stops calls `return`. */
export interface ChangeIterator<T, F = unknown> extends AsyncIterableIterator<Change<T, F>>, AsyncDisposable {
  next(): Promise<IteratorResult<Change<T, F>, undefined>>;
  return(): Promise<IteratorResult<Change<T, F>, undefined>>;
  [Symbol.asyncIterator](): ChangeIterator<T, F>;
}

/** A dump, or whatever else gives the sockets in arrays, and gives them anew each time that it is asked. */
export interface Batches<T> {
  /** The sockets as they are now. */
  batches(): AsyncIterable<readonly T[]>;
}

const DEFAULT_INTERVAL = 1000;

/** Timers hold no more: they would fire at once. */
const LONGEST_INTERVAL = 0x7fff_ffff;

const checkInterval: Check = (value, name) => {
  const expected = `must be a number of milliseconds above 0, at most ${LONGEST_INTERVAL}`;
  if (typeof value !== 'number')
    throw new TypeError(`${name} is of the type ${typeof value}, but ${expected}`);
  if (!(value > 0 && value <= LONGEST_INTERVAL)) {
    throw new RangeError(`${name} is ${value}, but ${expected}`);
  }
};

const checkExisting: Check = (value, name) => {
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false`);
};

const checkEvents: Check = (value, name) => {
  if (value === false) return;
  if (typeof (value as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function') return;
  throw new TypeError(`${name} must be something that for await can read, or false`);
};

const CHECKS: Checks<WatchOptions<FinalRecord>> = {
  interval: checkInterval,
  signal: checkSignal,
  existing: checkExisting,
  events: checkEvents,
};

/**
 * What happens to the sockets of a dump, which is read again and again:
 *
 *     for await (const change of watch(dumpTcp({ show: ['info'] }), { interval: 1000 })) {
 *       if (change.type === 'changed') console.log(change.socket.src, change.rates?.bytesReceived);
 *     }
 *
 * A socket is `'opened'` when it is seen first, `'changed'` when its record differs from the last one, in more than what
 * passing time changes by itself (`expires`, and of `info` `lastDataSent`, `busyTime` and the like), and `'closed'` when
 * two readings in a row do not have it: one may miss a socket that is there. So a socket that was missed once is not
 * closed and opened again; but one that the first reading missed is `'opened'`. What comes and goes between two readings
 * is not seen. A connection that goes into TIME_WAIT changes; it is closed when that is over. A dump of netlink sockets
 * has in it the one that it is read with.
 *
 * Nothing is read ahead: the next reading starts when all changes of the last one are taken. What is kept is one record
 * for each socket, and the changes of one reading.
 *
 * Leaving the loop ends everything. What throws while a dump is read is thrown, behind the changes that were found before.
 *
 * @throws TypeError or RangeError for a wrong argument.
 */
export function watch<T extends DiagMsg, F extends FinalRecord = DestroyedSocket>(
  dump: Batches<T>,
  options?: WatchOptions<F>,
): ChangeIterator<T, F> {
  if (typeof (dump as Partial<Batches<T>> | null | undefined)?.batches !== 'function') {
    throw new TypeError('watch: the first argument must be a dump, as dumpTcp() and its likes make it');
  }
  return new Watching(dump, checkOptions<WatchOptions<F>>('watch', options, CHECKS));
}

class Watching<T extends DiagMsg, F extends FinalRecord>
  extends SerialIterator<Change<T, F>>
  implements ChangeIterator<T, F>, Abortable
{
  readonly #dump: Batches<T>;
  readonly #interval: number;
  readonly #signal: AbortSignal | undefined;
  /** Undefined for the kernel's own. */
  readonly #given: AsyncIterable<EndEvent<F>> | false | undefined;
  readonly #ledger: Ledger<T, F>;
  /** What the last reading found, and how much of it is taken. */
  #changes: Change<T, F>[] = [];
  #taken = 0;
  /** When the last reading started; undefined before the first. */
  #started: number | undefined;
  /** It is thrown once the changes are taken. */
  #failure: { error: unknown } | undefined;
  /** It was left, or has thrown. */
  #over = false;
  #reading: AsyncIterator<readonly T[]> | undefined;
  #events: AsyncIterator<EndEvent<F>> | undefined;
  #unhook: (() => void) | undefined;
  /** Ends what is waited for. */
  #wake: (() => void) | undefined;

  constructor(dump: Batches<T>, { interval, signal, existing, events }: WatchOptions<F>) {
    super();
    this.#dump = dump;
    this.#interval = interval ?? DEFAULT_INTERVAL;
    this.#signal = signal;
    this.#given = events;
    this.#ledger = new Ledger(existing ?? false);
  }

  override next(): Promise<IteratorResult<Change<T, F>, undefined>> {
    const change = this.pending === 0 ? this.#take() : undefined;
    return change === undefined ? super.next() : Promise.resolve({ done: false, value: change });
  }

  /** What waits is answered, and what was begun is ended; the next call throws the reason. */
  abort(): void {
    this.#failure = { error: this.#signal?.reason };
    this.#forget();
    ignore(this.#free());
  }

  protected async produce(): Promise<IteratorResult<Change<T, F>, undefined>> {
    while (!this.#over) {
      if (this.#signal?.aborted === true) this.abort();
      const change = this.#take();
      if (change !== undefined) return { done: false, value: change };
      if (this.#failure !== undefined) throw this.#leave(this.#failure);
      await this.#proceed();
    }
    return DONE;
  }

  close(): Promise<void> {
    this.#over = true;
    this.#forget();
    return this.#free();
  }

  #leave({ error }: { error: unknown }): unknown {
    ignore(this.close());
    return error;
  }

  #take(): Change<T, F> | undefined {
    const change = this.#changes[this.#taken];
    if (change === undefined) return undefined;
    this.#taken++;
    if (this.#taken === this.#changes.length) this.#drop();
    return change;
  }

  #drop(): void {
    this.#changes = [];
    this.#taken = 0;
  }

  #forget(): void {
    this.#drop();
    this.#ledger.clear();
  }

  /** Gives back all that is held. Events are not waited for: an end of theirs may wait for the next one to come. */
  async #free(): Promise<void> {
    const [reading, events] = [this.#reading, this.#events ?? this.#unread()];
    this.#reading = undefined;
    this.#events = undefined;
    this.#unhook?.();
    this.#unhook = undefined;
    this.#wake?.();
    ignore(events?.return?.());
    await reading?.return?.();
  }

  /** Events that were given are left, though nobody has begun to read them: they may hold something. */
  #unread(): AsyncIterator<EndEvent<F>> | undefined {
    return this.#started === undefined && this.#given ? this.#given[Symbol.asyncIterator]() : undefined;
  }

  #isStopped(): boolean {
    return this.#over || this.#failure !== undefined;
  }

  /** Goes on to the end of the next reading. */
  async #proceed(): Promise<void> {
    try {
      if (this.#started === undefined) this.#begin();
      else await this.#pause(this.#started + this.#interval - performance.now());
      if (!this.#isStopped()) await this.#read();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #begin(): void {
    if (this.#signal !== undefined) this.#unhook = onAbort(this.#signal, this);
    const source = this.#given === undefined ? eventsOf<F>(this.#dump) : this.#given || undefined;
    this.#events = source?.[Symbol.asyncIterator]();
    if (this.#events === undefined) return;
    (this.#events as { unref?: () => unknown }).unref?.();
    ignore(this.#listen(this.#events));
  }

  /** Others get their turn even if there is no time left to wait. */
  async #pause(rest: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<void>((resolve) => {
      if (rest > 0) timer = setTimeout(resolve, Math.ceil(rest));
      else setImmediate(resolve);
    });
    await this.#orWoken(passed);
    clearTimeout(timer);
  }

  async #read(): Promise<void> {
    this.#started = performance.now();
    this.#ledger.begin();
    const reading = this.#dump.batches()[Symbol.asyncIterator]();
    this.#reading = reading;
    for (;;) {
      const result = await this.#orWoken(reading.next());
      if (result === undefined || this.#isStopped()) return;
      if (result.done === true) break;
      this.#see(result.value, performance.now());
    }
    this.#reading = undefined;
    for (const change of this.#ledger.missing()) this.#changes.push(change);
  }

  #see(sockets: readonly T[], at: number): void {
    for (const socket of sockets) {
      const change = this.#ledger.see(socket, at);
      if (change !== undefined) this.#changes.push(change);
    }
  }

  /** Marks what is destroyed, for as long as anybody tells. */
  async #listen(events: AsyncIterator<EndEvent<F>>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await events.next();
        if (done === true || this.#isStopped()) return;
        if (value.type === 'destroyed') this.#ledger.destroyed(value.socket);
      }
    } catch (error) {
      if (this.#isStopped()) return;
      this.#failure = { error };
      ignore(this.#free());
    }
  }

  /** The promise's answer; undefined if we are woken before. There is one wait at a time. */
  #orWoken<R>(promise: Promise<R>): Promise<R | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      promise.then(resolve, reject);
    });
  }
}

/** Nobody waits for it, and there is nobody to tell that it failed. */
function ignore(promise: Promise<unknown> | undefined): void {
  promise?.catch(() => undefined);
}
