/** One reading of a dump: batches from wherever they come, decoded record by record. */
import type { NativeBatch, NativeFailure } from '../binding.js';
import type { InetFamily } from '../inet/family.js';
import type { InetProtocol } from '../inet/record.js';
import { onAbort } from './abort.js';
import { BatchMemory } from './batch.js';
import type { Netns } from './netns.js';

/** Reads the record in a row of the index; undefined if it is none, or none to give out. */
export type Decode<T> = (memory: BatchMemory, row: number) => T | undefined;

/** Where the batches of one reading come from. */
export interface Source<T> {
  next(): Promise<NativeBatch>;
  nextSync(): NativeBatch;
  /** For the records of the batch that came last. */
  readonly decode: Decode<T>;
  /** The messages that ask for what comes, framed as they are sent. */
  requests(): Uint8Array;
  errorOf(failure: NativeFailure): Error;
  /** Gives everything back: at once, or by the time that the promise resolves. */
  close(): Promise<void> | undefined;
}

/** Nothing more comes. */
export const END: NativeBatch = { records: 0, finished: true };

/** What of the batches is read. At a glance, a record is one object for all sockets, and may lack fields: see `InetGlance`. */
export type Use = 'records' | 'glances' | 'messages';

/** What a dump reads. */
export interface Query<T> {
  /** For one reading. Nothing is asked before the first batch is. */
  open(use: Use): Source<T>;
  signal?: AbortSignal | undefined;
  /** Where the sockets are; undefined of a recording. */
  origin?: Origin | undefined;
}

/** Where the sockets of a dump are, and which they may be. */
export interface Origin {
  netns: Netns | readonly Netns[] | undefined;
  /** What ends the reading. */
  signal: AbortSignal | undefined;
  /** Of IP sockets. */
  protocol?: InetProtocol | undefined;
  /** Of IP sockets; without it, of both families. */
  family?: InetFamily | undefined;
}

/**
 * Records are decoded when each is wanted. The next batch is put into the memory of the last one, so all of that must
 * have been decoded before.
 */
export class Reading<T> {
  readonly #source: Source<T>;
  readonly #signal: AbortSignal | undefined;
  #decode: Decode<T>;
  #memory: BatchMemory | undefined;
  /** Bytes of messages in it. */
  #size = 0;
  /** Where the next record's row is in the index. */
  #row = 0;
  #failure: NativeBatch['failure'];
  /** What a record was instead. */
  #thrown: { error: unknown } | undefined;
  #unhook: (() => void) | undefined;
  /** The first batch was asked for. */
  #started = false;
  /** The last batch is here. */
  #finished = false;
  /** It was read to its end, or left. */
  #over = false;
  /** Records of this batch that are not taken yet. */
  left = 0;

  constructor(query: Query<T>, use: Use = 'records') {
    this.#source = query.open(use);
    this.#decode = this.#source.decode;
    this.#signal = query.signal;
  }

  /** Goes on to the next batch; false at the end. */
  async advance(): Promise<boolean> {
    const trouble = this.#trouble();
    if (trouble !== undefined) {
      await this.close();
      throw trouble.error;
    }
    // Others get their turn after each batch, even if the next one is there already.
    if (this.#started && !this.#isOver()) await new Promise((resolve) => setImmediate(resolve));
    if (!this.#isOver()) {
      this.#start();
      this.#accept(await this.#source.next());
      if (!this.#over) return true;
    }
    await this.close();
    return false;
  }

  advanceSync(): boolean {
    const trouble = this.#trouble();
    if (trouble !== undefined) {
      this.close();
      throw trouble.error;
    }
    if (!this.#isOver()) {
      this.#start();
      this.#accept(this.#source.nextSync());
      return true;
    }
    this.close();
    return false;
  }

  /** The next record of this batch, if it is one to give out. There must be one left. */
  take(): T | undefined {
    try {
      return this.#decodeNext();
    } catch (error) {
      // A loop that an error ends does not close what it reads.
      this.close();
      throw error;
    }
  }

  /** All records of this batch that are left; an error that one of them is waits until those before it are taken. */
  takeAll(): T[] {
    const records: T[] = [];
    try {
      while (this.left > 0) {
        const record = this.#decodeNext();
        if (record !== undefined) records.push(record);
      }
    } catch (error) {
      this.left = 0;
      this.#thrown = { error };
    }
    return records;
  }

  /** The messages of this batch, instead of its records. */
  takeRaw(): Uint8Array {
    this.left = 0;
    const size = this.#size;
    this.#size = 0;
    return this.#memory?.copy(0, size) ?? new Uint8Array();
  }

  /** The messages that ask for what comes. */
  requests(): Uint8Array {
    return this.#source.requests();
  }

  #decodeNext(): T | undefined {
    const memory = this.#memory as BatchMemory;
    const row = this.#row;
    this.#row += 2 + (memory.words[row + 1] as number);
    this.left--;
    return this.#decode(memory, row);
  }

  /** Gives everything back; when the promise resolves, the socket is closed. */
  close(): Promise<void> | undefined {
    if (this.#over) return this.#source.close();
    this.#over = true;
    this.left = 0;
    this.#failure = undefined;
    this.#memory = undefined;
    this.#unhook?.();
    this.#unhook = undefined;
    return this.#source.close();
  }

  /** Nothing more is given out, and what waits is answered soon. */
  abort(): void {
    this.left = 0;
    this.#source.close();
  }

  #isOver(): boolean {
    return this.#over || this.#finished;
  }

  /** What has to be thrown before anything more is read. */
  #trouble(): { error: unknown } | undefined {
    if (this.#over) return undefined;
    if (this.#signal?.aborted === true) return { error: this.#signal.reason };
    if (this.#thrown !== undefined) return this.#thrown;
    return this.#failure === undefined ? undefined : { error: this.#source.errorOf(this.#failure) };
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    if (this.#signal !== undefined) this.#unhook = onAbort(this.#signal, this);
  }

  /** A failure waits until the records that came before it are taken. */
  #accept(batch: NativeBatch): void {
    if (this.#over || this.#signal?.aborted === true) return;
    this.#failure = batch.failure;
    this.#finished = batch.finished && batch.failure === undefined;
    this.#size = 0;
    if (batch.buffer === undefined) return;
    if (this.#memory?.buffer !== batch.buffer) this.#memory = new BatchMemory(batch.buffer);
    this.#decode = this.#source.decode;
    this.#row = batch.index as number;
    this.#size = this.#row << 2;
    this.left = batch.records;
  }
}
