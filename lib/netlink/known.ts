/**
 * Which sockets a reading has had already. The kernel walks over a table of sockets part by part, and goes on in a chain of
 * it by counting: where sockets are opened in front of that place, it gives some behind it a second time.
 */
import type { BatchMemory } from './batch.js';
import { CookieSet } from './cookie-set.js';
import type { Decode } from './reading.js';

/** Of one reading. */
export interface Known {
  /** Whether the socket of the record that starts at `at` is new; from now on it is not. */
  isNew(memory: BatchMemory, at: number): boolean;
}

/** Sockets are told apart by the cookie at `offset` in their record. */
export function byCookie(offset: number): () => Known {
  return () => new KnownCookies(offset);
}

/** By so many bytes of it, where several sockets may have one cookie. */
export function byBytes(offset: number, length: number): () => Known {
  return () => new KnownBytes(offset, length);
}

/** Decodes the first record of each socket only. */
export function once<T>(decode: Decode<T>, known: Known): Decode<T> {
  return (memory, row) =>
    known.isNew(memory, memory.words[row] as number) ? decode(memory, row) : undefined;
}

class KnownCookies implements Known {
  readonly #cookies = new CookieSet();
  readonly #offset: number;

  constructor(offset: number) {
    this.#offset = offset;
  }

  isNew(memory: BatchMemory, at: number): boolean {
    const cookie = at + this.#offset;
    return this.#cookies.add(memory.u32(cookie), memory.u32(cookie + 4));
  }
}

class KnownBytes implements Known {
  readonly #texts = new Set<string>();
  readonly #offset: number;
  readonly #length: number;

  constructor(offset: number, length: number) {
    this.#offset = offset;
    this.#length = length;
  }

  isNew(memory: BatchMemory, at: number): boolean {
    const start = at + this.#offset;
    const before = this.#texts.size;
    return this.#texts.add(memory.bytes.toString('latin1', start, start + this.#length)).size > before;
  }
}
