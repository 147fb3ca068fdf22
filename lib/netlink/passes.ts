/** Readings that ask several times, one pass behind the other. */
import type { NativeBatch, NativeFailure } from '../binding.js';
import type { Decode, Source } from './reading.js';

/** Gives what all passes give. A failure of one ends it. */
export class PassesSource<T> implements Source<T> {
  readonly #left: (() => Source<T>)[];
  #source: Source<T>;

  /** `others` are opened when it is their turn. */
  constructor(first: Source<T>, others: readonly (() => Source<T>)[]) {
    this.#source = first;
    this.#left = [...others];
  }

  get decode(): Decode<T> {
    return this.#source.decode;
  }

  async next(): Promise<NativeBatch> {
    return this.#afterwards(await this.#source.next());
  }

  nextSync(): NativeBatch {
    return this.#afterwards(this.#source.nextSync());
  }

  /** Of the first one: the others ask the same. */
  requests(): Uint8Array {
    return this.#source.requests(); // untested: raw() reads others
  }

  errorOf(failure: NativeFailure): Error {
    return this.#source.errorOf(failure);
  }

  close(): Promise<void> | undefined {
    this.#left.length = 0;
    return this.#source.close();
  }

  /** At the end of a pass that is not the last one, the next is due. Its records are decoded with the same decoder. */
  #afterwards(batch: NativeBatch): NativeBatch {
    if (!batch.finished || batch.failure !== undefined) return batch;
    const open = this.#left.shift();
    if (open === undefined) return batch;
    this.#source.close();
    this.#source = open();
    return { ...batch, finished: false };
  }
}
