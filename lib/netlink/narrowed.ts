/** Dumps that give out only some of their records. */
import type { NativeBatch, NativeFailure } from '../binding.js';
import type { Decode, Source } from './reading.js';

/** What another source gives, but for records that are not wanted. */
export class NarrowedSource<T> implements Source<T> {
  readonly #source: Source<T>;
  readonly #keeps: (record: T) => boolean;
  /** What the other source decodes with, and what is around that. */
  #inner: Decode<T> | undefined;
  #outer: Decode<T> = () => undefined;

  constructor(source: Source<T>, keeps: (record: T) => boolean) {
    this.#source = source;
    this.#keeps = keeps;
  }

  get decode(): Decode<T> {
    const { decode } = this.#source;
    if (decode !== this.#inner) {
      this.#inner = decode;
      this.#outer = (memory, row) => {
        const record = decode(memory, row);
        return record !== undefined && this.#keeps(record) ? record : undefined;
      };
    }
    return this.#outer;
  }

  next(): Promise<NativeBatch> {
    return this.#source.next();
  }

  nextSync(): NativeBatch {
    return this.#source.nextSync();
  }

  requests(): Uint8Array {
    return this.#source.requests();
  }

  errorOf(failure: NativeFailure): Error {
    return this.#source.errorOf(failure);
  }

  close(): Promise<void> | undefined {
    return this.#source.close();
  }
}
