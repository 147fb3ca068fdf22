/** Readings that ask another way if the first one is refused. */
import type { NativeBatch, NativeFailure } from '../binding.js';
import type { Decode, Source } from './reading.js';

/** The other way. */
export interface Retry<T> {
  /** Whether it is for such a refusal. */
  isFor(failure: NativeFailure): boolean;
  open(): Source<T>;
}

/** Asks another source if the first one has nothing but a failure of some kind to give. */
export class RetryingSource<T> implements Source<T> {
  #source: Source<T>;
  #retry: Retry<T> | undefined;

  constructor(source: Source<T>, retry: Retry<T>) {
    this.#source = source;
    this.#retry = retry;
  }

  get decode(): Decode<T> {
    return this.#source.decode;
  }

  async next(): Promise<NativeBatch> {
    const batch = await this.#source.next();
    return this.#gaveUp(batch) ? this.#source.next() : batch;
  }

  nextSync(): NativeBatch {
    const batch = this.#source.nextSync();
    return this.#gaveUp(batch) ? this.#source.nextSync() : batch;
  }

  requests(): Uint8Array {
    return this.#source.requests();
  }

  errorOf(failure: NativeFailure): Error {
    return this.#source.errorOf(failure);
  }

  close(): Promise<void> | undefined {
    this.#retry = undefined;
    return this.#source.close();
  }

  /** Whether the first batch is a refusal, and another source is in place. */
  #gaveUp({ failure, records }: NativeBatch): boolean {
    const retry = this.#retry;
    this.#retry = undefined;
    if (retry === undefined || failure === undefined || records > 0 || !retry.isFor(failure)) return false;
    this.#source.close();
    this.#source = retry.open();
    return true;
  }
}
