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
 * - `for await (const sockets of dump.batches())` gives arrays of up to about a thousand, with the
 *   least work for this thread;
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

/**
 * One reading of a dump: batches from the native reader, decoded record by record, when each is wanted. The next
 * batch is put into the memory of the last one, so all of that must have been decoded before.
 */
class Reading<T> {
  readonly #query: Query<T>;
  readonly #Reader: Binding['Reader'];
  #reader: NativeReader | undefined;
  #memory: BatchMemory | undefined;
  /** Where the next record's row is in the index. */
  #row = 0;
  #failure: NativeBatch['failure'];
  #unhook: (() => void) | undefined;
  /** The last batch is here. */
  #finished = false;
  /** It was read to its end, or left. */
  #over = false;
  /** Records of this batch that are not taken yet. */
  left = 0;

  constructor(query: Query<T>) {
    this.#query = query;
    this.#Reader = loadBinding().Reader;
  }

  /** Goes on to the next batch that has records; false at the end. */
  async advance(): Promise<boolean> {
    while (!this.#over) {
      const trouble = this.#trouble();
      if (trouble !== undefined) {
        await this.close();
        throw trouble.error;
      }
      if (this.#finished) break;
      // Others get their turn after each batch, even if the next one is there already.
      if (this.#reader !== undefined) await new Promise((resolve) => setImmediate(resolve));
      if (this.#over) break;
      this.#accept(await this.#open().next());
      if (this.left > 0) return true;
    }
    await this.close();
    return false;
  }

  advanceSync(): boolean {
    while (!this.#over) {
      const trouble = this.#trouble();
      if (trouble !== undefined) {
        this.close();
        throw trouble.error;
      }
      if (this.#finished) break;
      this.#accept(this.#open().nextSync());
      if (this.left > 0) return true;
    }
    this.close();
    return false;
  }

  /** The next record of this batch. There must be one left. */
  take(): T {
    const memory = this.#memory as BatchMemory;
    const row = this.#row;
    this.#row += 2 + (memory.words[row + 1] as number);
    this.left--;
    return this.#query.decode(memory, row);
  }

  /** All records of this batch that are left. */
  takeAll(): T[] {
    const records: T[] = [];
    while (this.left > 0) records.push(this.take());
    return records;
  }

  /** Gives everything back; when the promise resolves, the socket is closed. */
  close(): Promise<void> | undefined {
    this.#over = true;
    this.left = 0;
    this.#failure = undefined;
    this.#memory = undefined;
    this.#unhook?.();
    this.#unhook = undefined;
    const reader = this.#reader;
    this.#reader = undefined;
    return reader?.close();
  }

  /** Nothing more is given out, and what waits is answered soon. */
  abort(): void {
    this.left = 0;
    this.#reader?.close();
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

  /** A failure waits until the records that came before it are taken. */
  #accept(batch: NativeBatch): void {
    if (this.#over || this.#query.signal?.aborted === true) return;
    this.#failure = batch.failure;
    this.#finished = batch.finished && batch.failure === undefined;
    if (batch.buffer === undefined) return;
    if (this.#memory?.buffer !== batch.buffer) this.#memory = new BatchMemory(batch.buffer);
    this.#row = batch.index as number;
    this.left = batch.records;
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
    return (await this.reading.advance()) ? { done: false, value: this.reading.takeAll() } : DONE;
  }
}

class RecordIterator<T> extends SerialIterator<T, T> {
  override next(): Promise<IteratorResult<T, undefined>> {
    if (this.pending > 0 || this.reading.left === 0) return super.next();
    return Promise.resolve({ done: false, value: this.reading.take() });
  }

  protected async produce(): Promise<IteratorResult<T, undefined>> {
    if (this.reading.left === 0 && !(await this.reading.advance())) return DONE;
    return { done: false, value: this.reading.take() };
  }
}

class SyncRecordIterator<T> implements IterableIterator<T>, Disposable {
  readonly #reading: Reading<T>;

  constructor(reading: Reading<T>) {
    this.#reading = reading;
  }

  next(): IteratorResult<T, undefined> {
    if (this.#reading.left === 0 && !this.#reading.advanceSync()) return DONE;
    return { done: false, value: this.#reading.take() };
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
