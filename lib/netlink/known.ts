/**
 * Which sockets a reading has had already. The kernel walks over a table of sockets part by part, and goes on in a chain of
 * it by counting: where sockets are opened in front of that place, it gives some behind it a second time.
 */
import type { BatchMemory } from './batch.js';
import { CookieSet } from './cookie-set.js';
import type { Decode } from './reading.js';

/** Of one reading. */
export interface Known {
  /** Whether the socket of the record in a row of the index is new; from now on it is not. */
  isNew(memory: BatchMemory, row: number): boolean;
}

/** Sockets are told apart by the cookie at `offset` in their record. */
export function byCookie(offset: number): () => Known {
  return () => new KnownCookies(offset);
}

/** The bytes of a cookie, for a text; undefined for zero, which is that of a socket that has none. */
export function cookieText(memory: BatchMemory, at: number): string | undefined {
  if ((memory.u32(at) | memory.u32(at + 4)) === 0) return undefined;
  return memory.bytes.toString('latin1', at, at + 8);
}

/** By a text that is made of it, where several sockets may have one cookie; without one, it is new. */
export function byText(textOf: (memory: BatchMemory, row: number) => string | undefined): () => Known {
  return () => new KnownTexts(textOf);
}

/** By so many bytes of it. */
export function byBytes(offset: number, length: number): () => Known {
  return byText((memory, row) => {
    const start = (memory.words[row] as number) + offset;
    return memory.bytes.toString('latin1', start, start + length);
  });
}

/** Decodes the first record of each socket only. */
export function once<T>(decode: Decode<T>, known: Known): Decode<T> {
  return (memory, row) => (known.isNew(memory, row) ? decode(memory, row) : undefined);
}

class KnownCookies implements Known {
  readonly #cookies = new CookieSet();
  readonly #offset: number;

  constructor(offset: number) {
    this.#offset = offset;
  }

  isNew(memory: BatchMemory, row: number): boolean {
    const cookie = (memory.words[row] as number) + this.#offset;
    return this.#cookies.add(memory.u32(cookie), memory.u32(cookie + 4));
  }
}

class KnownTexts implements Known {
  readonly #texts = new Set<string>();
  readonly #textOf: (memory: BatchMemory, row: number) => string | undefined;

  constructor(textOf: (memory: BatchMemory, row: number) => string | undefined) {
    this.#textOf = textOf;
  }

  isNew(memory: BatchMemory, row: number): boolean {
    const text = this.#textOf(memory, row);
    if (text === undefined) return true;
    const before = this.#texts.size;
    return this.#texts.add(text).size > before;
  }
}
