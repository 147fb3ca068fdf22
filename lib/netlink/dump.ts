/** Dump: a query for sockets, and the four ways to read its answer. */
import {
  type Binding,
  loadBinding,
  type NativeBatch,
  type NativeReader,
  type NativeRequest,
} from '../binding.js';
import { onAbort } from './abort.js';
import { BatchMemory } from './batch.js';
import { errorOf, type Subject } from './errors.js';
import type { Netns } from './options.js';

/** What every dump accepts. */
export interface DumpOptions {
  /** Ends the reading when it is aborted: the loop throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * The network namespace to look into, instead of the process's own: a name under /run/netns, a path, a process
   * id, or `{ fd }` with an open descriptor. Needs CAP_SYS_ADMIN.
   */
  netns?: Netns | undefined;
}

/** Reads the record in a row of the index. */
export type Decode<T> = (memory: BatchMemory, row: number) => T;

/** All that a dump asks for. */
export interface Query<T> {
  /** Answered one behind the other. */
  requests: NativeRequest[];
  /** What each request is for. */
  subjects: Subject[];
  decode: Decode<T>;
  signal: AbortSignal | undefined;
  netns: string;
}

/**
 * A query for sockets. Nothing happens until it is read, and to read it again asks again:
 *
 * - `for await (const socket of dump)` is the usual way: the kernel works on the next sockets, on another
 *   thread, while the loop looks at these;
 * - `for await (const sockets of dump.batches())` gives arrays of up to some thousands, the fastest way;
 * - `await dump.toArray()` gives all of them;
 * - `for (const socket of dump)` reads on this thread, for scripts.
 *
 * Leaving a loop frees what the dump holds. A dump is not a snapshot: sockets come and go while it is read.
 */
export class Dump<T> implements AsyncIterable<T>, Iterable<T> {
  readonly #query: Query<T>;

  /** Dumps are made by `dumpTcp` and its likes. */
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

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/** One reading of a dump: batches from the native reader, decoded. */
class Reading<T> {
  readonly #query: Query<T>;
  readonly #Reader: Binding['Reader'];
  #reader: NativeReader | undefined;
  #memory: BatchMemory | undefined;
  #failure: NativeBatch['failure'];
  #unhook: (() => void) | undefined;
  /** Left or aborted: what was read before is not given out any more. */
  stopped = false;
  /** There is nothing behind what was given out. */
  over = false;

  constructor(query: Query<T>) {
    this.#query = query;
    this.#Reader = loadBinding().Reader;
  }

  /** The next batch, not empty; or undefined at the end. */
  async next(): Promise<T[] | undefined> {
    while (!this.over) {
      const trouble = this.#trouble();
      if (trouble !== undefined) {
        await this.close();
        throw trouble.error;
      }
      const records = this.#accept(await this.#open().next());
      if (records !== undefined) return records;
    }
    return undefined;
  }

  nextSync(): T[] | undefined {
    while (!this.over) {
      const trouble = this.#trouble();
      if (trouble !== undefined) {
        this.close();
        throw trouble.error;
      }
      const records = this.#accept(this.#open().nextSync());
      if (records !== undefined) return records;
    }
    return undefined;
  }

  /** Gives everything back; when the promise resolves, the socket is closed. */
  close(): Promise<void> | undefined {
    this.stopped = true;
    return this.#release();
  }

  #release(): Promise<void> | undefined {
    this.over = true;
    this.#failure = undefined;
    this.#unhook?.();
    this.#unhook = undefined;
    this.#memory = undefined;
    const reader = this.#reader;
    this.#reader = undefined;
    return reader?.close();
  }

  /** What has to be thrown before anything more is read. */
  #trouble(): { error: unknown } | undefined {
    const { signal, subjects, netns } = this.#query;
    if (signal?.aborted === true) return { error: signal.reason };
    if (this.#failure === undefined) return undefined;
    return { error: errorOf(this.#failure, subjects[this.#failure.request] as Subject, netns) };
  }

  #open(): NativeReader {
    if (this.#reader === undefined) {
      this.#reader = new this.#Reader(this.#query.requests, this.#query.netns);
      if (this.#query.signal !== undefined) this.#unhook = onAbort(this.#query.signal, this);
    }
    return this.#reader;
  }

  /** Nothing more is given out, and what waits is answered soon. */
  abort(): void {
    this.stopped = true;
    this.#reader?.close();
  }

  /** Decodes a batch; undefined if it has nothing to give. A failure waits until what came before it is read. */
  #accept(batch: NativeBatch): T[] | undefined {
    if (this.over) return undefined;
    this.#failure = batch.failure;
    if (this.stopped) return undefined;
    const records = batch.records === 0 ? undefined : this.#decode(batch);
    if (batch.finished && batch.failure === undefined) this.#release();
    return records;
  }

  #decode(batch: NativeBatch): T[] {
    const buffer = batch.buffer as ArrayBuffer;
    if (this.#memory?.buffer !== buffer) this.#memory = new BatchMemory(buffer);
    const memory = this.#memory;
    const { decode } = this.#query;
    const records: T[] = [];
    let row = batch.index as number;
    for (let i = 0; i < batch.records; i++) {
      records.push(decode(memory, row));
      row += 2 + (memory.words[row + 1] as number);
    }
    return records;
  }
}

/** Answers calls of `next` in their order, one after the other, though they need not wait for each other. */
abstract class SerialIterator<T, R> implements DumpIterator<R> {
  protected readonly reading: Reading<T>;
  /** Calls that are not answered yet. */
  protected pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(reading: Reading<T>) {
    this.reading = reading;
  }

  protected abstract produce(): Promise<IteratorResult<R, undefined>>;

  next(): Promise<IteratorResult<R, undefined>> {
    this.pending++;
    const result = this.#last.then(() => this.produce()).finally(() => this.pending--);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    await this.reading.close();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

class BatchIterator<T> extends SerialIterator<T, T[]> {
  protected async produce(): Promise<IteratorResult<T[], undefined>> {
    const value = await this.reading.next();
    return value === undefined ? DONE : { done: false, value };
  }
}

class RecordIterator<T> extends SerialIterator<T, T> {
  #records: T[] = [];
  #position = 0;

  override next(): Promise<IteratorResult<T, undefined>> {
    if (this.pending === 0 && this.#hasRecord()) return Promise.resolve(this.#take());
    return super.next();
  }

  protected async produce(): Promise<IteratorResult<T, undefined>> {
    if (!this.#hasRecord()) {
      this.#records = (await this.reading.next()) ?? [];
      this.#position = 0;
    }
    return this.#hasRecord() ? this.#take() : DONE;
  }

  #hasRecord(): boolean {
    return this.#position < this.#records.length && !this.reading.stopped;
  }

  #take(): IteratorYieldResult<T> {
    return { done: false, value: this.#records[this.#position++] as T };
  }
}

class SyncRecordIterator<T> implements IterableIterator<T>, Disposable {
  readonly #reading: Reading<T>;
  #records: T[] = [];
  #position = 0;

  constructor(reading: Reading<T>) {
    this.#reading = reading;
  }

  next(): IteratorResult<T, undefined> {
    if (this.#position === this.#records.length) {
      this.#records = this.#reading.nextSync() ?? [];
      this.#position = 0;
      if (this.#records.length === 0) return DONE;
    }
    return { done: false, value: this.#records[this.#position++] as T };
  }

  return(): IteratorResult<T, undefined> {
    this.#records = [];
    this.#position = 0;
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
