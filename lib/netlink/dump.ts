/** Dump: a query for sockets, and the four ways to read its answer. */
// Every entry leads here. The declarations need Node's types and `AsyncDisposable`, which the `types` and `lib` of whoever
// compiles them need not have: by themselves, those of TypeScript 6 and 7 have neither.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
import type { Filter } from '../filter/option.js';
import { NarrowedSource } from './narrowed.js';
import type { Netns } from './netns.js';
import { type Origin, type Query, Reading } from './reading.js';
import { DONE, SerialIterator } from './serial-iterator.js';

/** What every dump accepts. */
export interface DumpOptions {
  /** Ends the reading when it is aborted: the loop throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * The network namespace to look into, instead of the process's own: a name under /run/netns, a path, a process
   * id, `{ fd }` with an open descriptor, or one that `namespaces` found. Needs CAP_SYS_ADMIN, but for the own one.
   *
   * An array is for several, one after the other, each once however often it is named. Every record is stamped with the
   * one that it came from, as `netns`. Those that `namespaces` found and that nothing leads to any more are passed over;
   * whatever else cannot be entered is an error.
   */
  netns?: Netns | readonly Netns[] | undefined;
  /**
   * Only sockets that this fits: `'dport = :443 and not dst 10.0.0.0/8'`, the language of ss(8), or a tree of
   * `sockdiag/filter`. Of IP sockets the kernel itself does what it can, and copies out no others.
   */
  filter?: Filter | undefined;
  /**
   * Looks for the processes that hold each socket, and puts them into its record as `owners`. All processes are looked at
   * once, before the first socket is asked for: one that was opened in between seems to have no owner. See `owners` for
   * what that takes, and which processes may be read; `'bpf'` is its `bpf`. `raw()` has no use for it.
   */
  owners?: boolean | 'bpf' | undefined;
}

/** What dumps accept whose records tell sockets apart. */
export interface ConsistentOptions {
  /**
   * Asks twice, and gives what either answer has: the second time only what was not there the first time. A single answer
   * can miss sockets that were there all the time, while others are closed: see `Dump`. Nothing tells which, and a second
   * answer misses others. It takes twice the time. `raw()` has no use for it, and /proc/net, as a `fallback`, is read once.
   */
  consistent?: boolean | undefined;
}

/** Where the sockets of a dump are; undefined of a recording, and of what is no dump. */
export let originOf: (dump: Dump<unknown>) => Origin | undefined;

/** The same dump without the records that a test does not keep. Its `raw()` has them still. */
export let narrowed: <T>(dump: Dump<T>, keeps: (record: T) => boolean) => Dump<T>;

/**
 * Reads all records of a dump, shows each to somebody, and keeps none: a hundred thousand are as cheap as one. At a glance,
 * it is faster, where whoever looks needs no more than is in one: see `Use`.
 */
export let shown: <T>(dump: Dump<T>, see: (record: T) => void, use: 'records' | 'glances') => Dump<T>;

/**
 * A query for sockets. Nothing happens until it is read, and to read it again asks again:
 *
 * - `for await (const socket of dump)` is the usual way: the kernel works on the next sockets, on another
 *   thread, while the loop looks at these;
 * - `for await (const sockets of dump.batches())` gives arrays of up to about a thousand, with the
 *   least work for this thread;
 * - `await dump.toArray()` gives all of them;
 * - `for (const socket of dump)` reads on this thread, for scripts;
 * - `for await (const bytes of dump.raw())` gives the kernel's own messages, for `decode` to read later.
 *
 * Leaving a loop frees what the dump holds.
 *
 * A dump is not a snapshot: sockets come and go while it is read. The kernel answers in parts, and goes on by counting in a
 * chain of its table: where others are opened in front of that place meanwhile, it gives some sockets twice, and where others are
 * closed there, it leaves some out. What comes twice is given once; `consistent: true` is for what is left out.
 */
export class Dump<T> implements AsyncIterable<T>, Iterable<T> {
  readonly #query: Query<T>;

  static {
    originOf = (dump) => (Object(dump) === dump && #query in dump ? dump.#query.origin : undefined);
    narrowed = (dump, keeps) => {
      const query = dump.#query;
      return new Dump({ ...query, open: (use) => new NarrowedSource(query.open(use), keeps) });
    };
    shown = (dump, see, use) => {
      const query = dump.#query;
      const keepsNone = (record: Parameters<typeof see>[0]): boolean => {
        see(record);
        return false;
      };
      return new Dump({ ...query, open: () => new NarrowedSource(query.open(use), keepsNone) });
    };
  }

  /**
   * Dumps are made by `dumpTcp` and its likes.
   *
   * @internal
   */
  constructor(query: Query<T>) {
    this.#query = query;
  }

  [Symbol.asyncIterator](): DumpIterator<T> {
    return new RecordIterator(new Reading(this.#query));
  }

  [Symbol.iterator](): IterableIterator<T> & Disposable {
    return new SyncRecordIterator(new Reading(this.#query));
  }

  /** The sockets in arrays, each as many as came from the kernel together, and never empty. */
  batches(): DumpIterator<T[]> {
    return new BatchIterator(new Reading(this.#query));
  }

  /**
   * The kernel's own messages, behind those that ask for them. All parts of one reading, one behind the other, are a
   * recording, which `decode` reads. What of a filter the kernel does not decide is not applied to it. A recording does
   * not tell network namespaces apart: reading one of an array of them throws a TypeError, and so does reading one of
   * `sockdiag/proc`, where there are no messages.
   */
  raw(): DumpIterator<Uint8Array> {
    return new RawIterator(new Reading(this.#query, 'messages'));
  }

  /** All sockets. */
  async toArray(): Promise<T[]> {
    const all: T[] = [];
    for await (const batch of this.batches()) for (const record of batch) all.push(record);
    return all;
  }
}

/** Reads a dump once. Whoever takes items by hand and stops before the end calls `return`. */
export interface DumpIterator<T> extends AsyncIterableIterator<T>, AsyncDisposable {
  next(): Promise<IteratorResult<T, undefined>>;
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): DumpIterator<T>;
}

/** Gives what is made of a reading. */
abstract class ReadingIterator<T, R> extends SerialIterator<R> implements DumpIterator<R> {
  protected readonly reading: Reading<T>;

  constructor(reading: Reading<T>) {
    super();
    this.reading = reading;
  }

  close(): Promise<void> | undefined {
    return this.reading.close();
  }
}

class BatchIterator<T> extends ReadingIterator<T, T[]> {
  protected async produce(): Promise<IteratorResult<T[], undefined>> {
    while (await this.reading.advance()) {
      const records = this.reading.takeAll();
      if (records.length > 0) return { done: false, value: records };
    }
    return DONE;
  }
}

class RawIterator<T> extends ReadingIterator<T, Uint8Array> {
  #asked = false;

  protected async produce(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#asked) {
      const value = this.reading.requests();
      this.#asked = true;
      return { done: false, value };
    }
    while (await this.reading.advance()) {
      const bytes = this.reading.takeRaw();
      if (bytes.length > 0) return { done: false, value: bytes };
    }
    return DONE;
  }
}

class RecordIterator<T> extends ReadingIterator<T, T> {
  override next(): Promise<IteratorResult<T, undefined>> {
    if (this.pending === 0 && this.reading.left > 0) {
      try {
        const value = this.reading.take();
        if (value !== undefined) return Promise.resolve({ done: false, value });
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return super.next();
  }

  protected async produce(): Promise<IteratorResult<T, undefined>> {
    do {
      while (this.reading.left > 0) {
        const value = this.reading.take();
        if (value !== undefined) return { done: false, value };
      }
    } while (await this.reading.advance());
    return DONE;
  }
}

class SyncRecordIterator<T> implements IterableIterator<T>, Disposable {
  readonly #reading: Reading<T>;

  constructor(reading: Reading<T>) {
    this.#reading = reading;
  }

  next(): IteratorResult<T, undefined> {
    do {
      while (this.#reading.left > 0) {
        const value = this.#reading.take();
        if (value !== undefined) return { done: false, value };
      }
    } while (this.#reading.advanceSync());
    return DONE;
  }

  return(): IteratorResult<T, undefined> {
    this.#reading.close();
    return DONE;
  }

  [Symbol.iterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.return();
  }
}
