/** Readings whose parts are read side by side, each on a socket and a thread of its own. */
import type { NativeBatch, NativeFailure } from '../binding.js';
import { BatchMemory } from './batch.js';
import { type Decode, END, type Source } from './reading.js';

/** How an answer can be had in parts. */
export interface Split<P> {
  /** What the record in a row of the index tells of where to split; undefined if nothing. */
  sample(memory: BatchMemory, row: number): number | undefined;
  /** As many parts as wanted, or fewer, that together have the whole; none, if it cannot be divided. */
  into(samples: readonly number[], wanted: number): readonly P[];
}

/** What is read in parts. */
export interface Divisible<T> {
  /** The whole, where it was read before: the inode number of the network namespace, if it was named. */
  whole(netns?: number): Source<T>;
  sample: Split<unknown>['sample'];
  /** Likewise. */
  parts(samples: readonly number[], netns: number | undefined): readonly Source<T>[];
}

/** Of so many samples, the one in the middle is mostly within a twentieth of where the middle is. */
const ENOUGH = 128;

interface Part<T> {
  readonly source: Source<T>;
  /** What it is asked for now. */
  pending: Promise<NativeBatch>;
  hasBegun: boolean;
}

/**
 * Begins with the whole, whose first sockets tell whether there are more, and where to split them: from then on all is read anew, in
 * parts, and in one again if these cannot be opened. What comes a second time by that is known to the decoder. On the calling thread there
 * is nothing to be had from parts: there it is the whole that is read.
 *
 * The parts take turns, which keeps them abreast: one that runs ahead waits, and leaves its processor to the thread that decodes.
 */
export class ParallelSource<T> implements Source<T> {
  /** Undefined once it is no more to be divided. */
  #divisible: Divisible<T> | undefined;
  readonly #samples: number[] = [];
  /** What gave the batch that came last. */
  #current: Source<T>;
  /** Those that have more, the next one first. */
  #parts: Part<T>[] = [];
  /** The part whose batch came last, if it has more: asked when that is decoded, whose memory it takes for the next one. */
  #again: Part<T> | undefined;
  /** Where they are read: the inode number, if it was named. */
  #netns: number | undefined;
  #closed = false;
  readonly #closing: (Promise<void> | undefined)[] = [];

  constructor(divisible: Divisible<T>) {
    this.#divisible = divisible;
    this.#current = divisible.whole();
  }

  get decode(): Decode<T> {
    return this.#current.decode;
  }

  async next(): Promise<NativeBatch> {
    if (this.#again !== undefined || this.#parts.length > 0) return this.#nextOfParts();
    const batch = await this.#current.next();
    if (!batch.finished && batch.failure === undefined) this.#look(batch);
    return batch;
  }

  nextSync(): NativeBatch {
    return this.#current.nextSync();
  }

  requests(): Uint8Array {
    return this.#current.requests(); // untested: raw() reads others
  }

  errorOf(failure: NativeFailure): Error {
    return this.#current.errorOf(failure);
  }

  close(): Promise<void> | undefined {
    this.#closed = true;
    this.#closeParts();
    this.#closing.push(this.#current.close());
    const closing = this.#closing.filter((each) => each !== undefined);
    return closing.length === 0 ? undefined : Promise.all(closing).then(() => undefined);
  }

  /** Goes over to parts as soon as it can be told which. */
  #look(batch: NativeBatch): void {
    const divisible = this.#divisible;
    if (divisible === undefined || this.#closed) return;
    this.#gather(batch, divisible.sample);
    if (this.#samples.length < ENOUGH) return;
    const sources = divisible.parts(this.#samples, batch.netns);
    if (sources.length < 2) {
      this.#divisible = undefined;
      return;
    }
    this.#netns = batch.netns;
    this.#parts = sources.map((source) => ({ source, pending: ask(source), hasBegun: false }));
    this.#closing.push(this.#current.close());
  }

  #gather({ buffer, index, records }: NativeBatch, sampleOf: Divisible<T>['sample']): void {
    if (buffer === undefined) return;
    const memory = new BatchMemory(buffer);
    let row = index as number;
    for (let i = 0; i < records; i++) {
      const sample = sampleOf(memory, row);
      if (sample !== undefined) this.#samples.push(sample);
      row += 2 + (memory.words[row + 1] as number);
    }
  }

  async #nextOfParts(): Promise<NativeBatch> {
    const before = this.#again;
    if (before !== undefined) {
      this.#again = undefined;
      before.pending = ask(before.source);
      this.#parts.push(before);
    }
    const part = this.#parts[0] as Part<T>;
    const batch = await part.pending;
    if (isWant(batch.failure) && !part.hasBegun && !this.#closed) return this.#inOneAgain();
    part.hasBegun = true;
    this.#parts.shift();
    this.#current = part.source;
    if (!batch.finished || batch.failure !== undefined) this.#again = part;
    else this.#closing.push(part.source.close());
    return { ...batch, finished: batch.finished && this.#parts.length === 0 };
  }

  /** What the system lacks for all parts, descriptors for one, it may have for the whole. */
  async #inOneAgain(): Promise<NativeBatch> {
    this.#closeParts();
    await Promise.all(this.#closing.splice(0));
    const divisible = this.#divisible as Divisible<T>;
    this.#divisible = undefined;
    this.#current = divisible.whole(this.#netns);
    if (this.#closed) return END;
    return this.#current.next();
  }

  #closeParts(): void {
    for (const { source } of this.#parts) this.#closing.push(source.close());
    this.#parts = [];
  }
}

/** Whether it is the system that fails, and not the kernel that answers. */
function isWant(failure: NativeFailure | undefined): boolean {
  return failure?.kind === 'system';
}

/** Nobody may wait for it any more when it fails. */
function ask<T>(source: Source<T>): Promise<NativeBatch> {
  const answer = source.next();
  answer.catch(() => undefined);
  return answer;
}
