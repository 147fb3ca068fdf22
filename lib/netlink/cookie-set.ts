/**
 * A set of cookies, which are numbers of 64 bits, of which there may be millions: a Set of strings takes several times the memory.
 * The kernel numbers sockets one by one, when they are dumped first, and so mostly in the order of a dump: thirty-two neighbours
 * are a page, and the next cookie is mostly on that of the one before.
 */

/** Tables in it: each grows by itself, so that it is never all moved at once. A power of two. */
const TABLES = 64;
const TABLE_SHIFT = 32 - Math.log2(TABLES);

/** Of a table, at first; in pages. */
const FIRST_CAPACITY = 16;
/** Quarters of a table that may be taken. */
const MOST_TAKEN = 3;

/** Of cookies on a page. */
const PAGE_SHIFT = 5;
const PAGE_MASK = (1 << PAGE_SHIFT) - 1;

/** The numbers of a page: the halves of its own, and a bit for each of its cookies, of which one at least is set. */
const FIELDS = 3;
const BITS = 2;

/** The golden ratio's fraction, and another odd number: they spread what differs in few bits over all of them. */
const SPREAD_LOW = 0x9e3779b1;
const SPREAD_HIGH = 0x85ebca77;

/** Of all 32 bits. */
export function hashOf(low: number, high: number): number {
  const mixed = Math.imul(low, SPREAD_LOW) ^ Math.imul(high, SPREAD_HIGH);
  return Math.imul(mixed ^ (mixed >>> 15), SPREAD_LOW) >>> 0;
}

export class CookieSet {
  readonly #tables: (Table | undefined)[] = new Array(TABLES).fill(undefined);
  /** The last page, by its halves, and where its bits are. */
  #low = -1;
  #high = -1;
  #words = new Int32Array(0);
  #at = 0;

  /** Adds one by its halves; whether it was not there yet. Zero is the cookie of a socket that has none, and never is. */
  add(low: number, high: number): boolean {
    if ((low | high) === 0) return true;
    const page = low >>> PAGE_SHIFT;
    if (page !== this.#low || high !== this.#high) this.#turnTo(page, high);
    const words = this.#words;
    const before = words[this.#at] as number;
    const bit = 1 << (low & PAGE_MASK);
    words[this.#at] = before | bit;
    return (before & bit) === 0;
  }

  #turnTo(low: number, high: number): void {
    const hash = hashOf(low, high);
    const index = hash >>> TABLE_SHIFT;
    let table = this.#tables[index];
    if (table === undefined) {
      table = new Table();
      this.#tables[index] = table;
    }
    this.#at = table.place(low, high, hash) + BITS;
    this.#words = table.words;
    this.#low = low;
    this.#high = high;
  }
}

/** Pages, by open addressing: where no bit is set is none. */
class Table {
  words = new Int32Array(FIELDS * FIRST_CAPACITY);
  #capacity = FIRST_CAPACITY;
  #size = 0;

  /** Where a page is, which is given room if there was none: a bit of it has to be set then. */
  place(low: number, high: number, hash: number): number {
    let at = this.#find(low, high, hash);
    if (this.words[at + BITS] !== 0) return at;
    this.#size += 1;
    if (this.#size * 4 > this.#capacity * MOST_TAKEN) {
      this.#grow();
      at = this.#find(low, high, hash);
    }
    this.words[at] = low;
    this.words[at + 1] = high;
    return at;
  }

  /** The upper bits of the hash have chosen the table. */
  #find(low: number, high: number, hash: number): number {
    const { words } = this;
    const signed = high | 0;
    const mask = this.#capacity - 1;
    let place = hash & mask;
    for (;;) {
      const at = place * FIELDS;
      if (words[at + BITS] === 0 || (words[at] === low && words[at + 1] === signed)) return at;
      place = (place + 1) & mask;
    }
  }

  #grow(): void {
    const before = this.words;
    this.#capacity *= 2;
    this.words = new Int32Array(FIELDS * this.#capacity);
    for (let i = 0; i < before.length; i += FIELDS) {
      const bits = before[i + BITS] as number;
      if (bits === 0) continue;
      const low = before[i] as number;
      const high = before[i + 1] as number;
      const at = this.#find(low, high, hashOf(low, high));
      this.words[at] = low;
      this.words[at + 1] = high;
      this.words[at + BITS] = bits;
    }
  }
}
