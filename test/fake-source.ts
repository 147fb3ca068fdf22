/** A source of batches that are there already, which tells how it was used. */
import type { NativeBatch, NativeFailure } from '../lib/binding.js';
import { END, type Source } from '../lib/netlink/reading.js';

export class FakeSource implements Source<string> {
  readonly decode: () => string;
  readonly #name: string;
  readonly #batches: NativeBatch[];
  asked = 0;
  closed = 0;

  constructor(name: string, ...batches: readonly NativeBatch[]) {
    this.#name = name;
    this.decode = () => name;
    this.#batches = [...batches];
  }

  async next(): Promise<NativeBatch> {
    return this.nextSync();
  }

  nextSync(): NativeBatch {
    this.asked += 1;
    return (this.closed === 0 && this.#batches.shift()) || END;
  }

  requests(): Uint8Array {
    return Buffer.from(this.#name);
  }

  errorOf({ text }: NativeFailure): Error {
    return new Error(`${this.#name}: ${text}`);
  }

  close(): undefined {
    this.closed += 1;
  }
}
