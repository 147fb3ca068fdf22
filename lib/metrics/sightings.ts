/** When sockets were seen first, of which there may be a million. */

import { hashOf } from '../netlink/cookie-set.js';
import { cookieWords } from '../record/cookie.js';

/** A cookie, in two numbers of 32 bits. */
export type Halves = readonly [low: number, high: number];

/** Of a table; numbers are a cookie's halves and a time. */
const FIELDS = 3;
const FIRST_CAPACITY = 1024;

/** A full table is given up: what is not in it has no time that is known. */
const MOST_SOCKETS = 2_000_000;

/** Cookies with a time each, by open addressing; zero is the cookie of none. */
class Times {
  #rows = new Uint32Array(FIELDS * FIRST_CAPACITY);
  #size = 0;

  get(low: number, high: number): number | undefined {
    const at = placeOf(this.#rows, low, high);
    return (this.#rows[at] as number) === 0 && (this.#rows[at + 1] as number) === 0
      ? undefined
      : this.#rows[at + 2];
  }

  set(low: number, high: number, time: number): void {
    if ((low | high) === 0 || this.#size >= MOST_SOCKETS) return;
    if (this.#size * FIELDS * 2 > this.#rows.length) this.#grow();
    const at = placeOf(this.#rows, low, high);
    if (((this.#rows[at] as number) | (this.#rows[at + 1] as number)) === 0) this.#size++;
    this.#rows[at] = low;
    this.#rows[at + 1] = high;
    this.#rows[at + 2] = time;
  }

  #grow(): void {
    const before = this.#rows;
    const rows = new Uint32Array(2 * before.length);
    for (let i = 0; i < before.length; i += FIELDS) {
      if (((before[i] as number) | (before[i + 1] as number)) === 0) continue;
      rows.set(before.subarray(i, i + FIELDS), placeOf(rows, before[i] as number, before[i + 1] as number));
    }
    this.#rows = rows;
  }
}

/** Where a cookie is, or would be. */
function placeOf(rows: Uint32Array, low: number, high: number): number {
  const capacity = rows.length / FIELDS;
  let row = hashOf(low, high) & (capacity - 1);
  for (;;) {
    const at = row * FIELDS;
    if (rows[at] === low && rows[at + 1] === high) return at;
    if (((rows[at] as number) | (rows[at + 1] as number)) === 0) return at;
    row = (row + 1) & (capacity - 1);
  }
}

/**
 * A dump after the other says which sockets there are. Those that the last one did not have are forgotten with it. Times are
 * in seconds, to a tenth.
 */
export class Sightings {
  #last = new Times();
  #next: Times | undefined;

  /** Of a dump that has begun. */
  see(cookie: string | Halves, now: number): void {
    const [low, high] = typeof cookie === 'string' ? cookieWords(cookie) : cookie;
    this.#next ??= new Times();
    this.#next.set(low, high, this.#last.get(low, high) ?? Math.round(now * 10));
  }

  /** The dump has ended; one that was left in its midst knows nothing of those that it did not come to. */
  end(isWhole: boolean): void {
    if (isWhole && this.#next !== undefined) this.#last = this.#next;
    this.#next = undefined;
  }

  /** When a socket was seen first; undefined if it never was. */
  first(cookie: string): number | undefined {
    const [low, high] = cookieWords(cookie);
    const time = this.#last.get(low, high) ?? this.#next?.get(low, high);
    return time === undefined ? undefined : time / 10;
  }
}

/** Of a record, or of a glance, which has it as the kernel does; undefined of one of /proc, which has none. */
export function cookieOf(record: object): string | Halves | undefined {
  const {
    cookie,
    cookieLow,
    cookieHigh = 0,
  } = record as { cookie?: string; cookieLow?: number; cookieHigh?: number };
  return cookieLow === undefined ? cookie : [cookieLow, cookieHigh];
}
