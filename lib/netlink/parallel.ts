/** Readings whose parts are read side by side, each on a socket and a thread of its own. */
import type { NativeBatch, NativeFailure } from '../binding.js';
import { BatchMemory } from './batch.js';
import { type Decode, END, type Source } from './reading.js';

/** Sources that together have what one has; none, if there is no use in it. */
export type Split<T> = (sample: readonly T[]) => readonly Source<T>[];

/** One of them. */
interface Part<T> {
  readonly source: Source<T>;
  /** What it is asked for now. */
  pending: Promise<Answer<T>> | undefined;
}

interface Answer<T> {
  readonly part: Part<T>;
  readonly batch: NativeBatch;
}

/**
 * Reads the first batch of the whole, which tells what there is, and where to split it. If there is more, it is read anew, by
 * parts. On the calling thread there is nothing to be had by that: then it is the whole that is read.
 */
export class ParallelSource<T> implements Source<T> {
  readonly #whole: Source<T>;
  #split: Split<T> | undefined;
  /** Those that have more. The longer ago that one was heard, the further to the front. */
  #parts: Part<T>[] = [];
  #current: Source<T>;
  #closed = false;

  constructor(whole: Source<T>, split: Split<T>) {
    this.#whole = whole;
    this.#current = whole;
    this.#split = split;
  }

  get decode(): Decode<T> {
    return this.#current.decode;
  }

  async next(): Promise<NativeBatch> {
    if (this.#split !== undefined) return this.#first();
    return this.#parts.length === 0 ? this.#whole.next() : this.#nextOfParts();
  }

  nextSync(): NativeBatch {
    return this.#whole.nextSync();
  }

  requests(): Uint8Array {
    return this.#whole.requests();
  }

  errorOf(failure: NativeFailure): Error {
    return this.#current.errorOf(failure);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      [this.#whole, ...this.#parts.map(({ source }) => source)].map((source) => source.close()),
    );
  }

  async #first(): Promise<NativeBatch> {
    const split = this.#split as Split<T>;
    this.#split = undefined;
    const batch = await this.#whole.next();
    if (this.#closed || batch.finished || batch.failure !== undefined) return batch;
    const sources = split(recordsOf(batch, this.#whole.decode));
    if (sources.length === 0) return batch;
    await this.#whole.close();
    if (this.#closed) return END;
    this.#parts = sources.map((source) => ({ source, pending: undefined }));
    return this.#nextOfParts();
  }

  /** The memory of the batch that was given out last is that of its part: it is asked for the next one only now. */
  async #nextOfParts(): Promise<NativeBatch> {
    for (const part of this.#parts) part.pending ??= ask(part);
    const { part, batch } = await Promise.race(
      this.#parts.map(({ pending }) => pending as Promise<Answer<T>>),
    );
    part.pending = undefined;
    this.#current = part.source;
    this.#parts = this.#parts.filter((other) => other !== part);
    if (batch.failure !== undefined || !batch.finished) this.#parts.push(part);
    else await part.source.close();
    return { ...batch, finished: batch.finished && this.#parts.length === 0 };
  }
}

function ask<T>(part: Part<T>): Promise<Answer<T>> {
  const answer = part.source.next().then((batch) => ({ part, batch }));
  // Nobody may wait for it any more when it fails.
  answer.catch(() => undefined);
  return answer;
}

/** All that are in it. */
function recordsOf<T>({ buffer, index, records }: NativeBatch, decode: Decode<T>): T[] {
  const found: T[] = [];
  if (buffer === undefined) return found;
  const memory = new BatchMemory(buffer);
  let row = index as number;
  for (let i = 0; i < records; i++) {
    const record = decode(memory, row);
    if (record !== undefined) found.push(record);
    row += 2 + (memory.words[row + 1] as number);
  }
  return found;
}
