/** A set of cookies, which are numbers of 64 bits, of which there may be millions: a Set of strings takes several times the memory. */

/** Tables in it: each grows by itself, so that it is never all moved at once. A power of two. */
const TABLES = 64;
const TABLE_SHIFT = 32 - Math.log2(TABLES);

/** Of a table, at first; in numbers. */
const FIRST_CAPACITY = 16;
/** Quarters of a table that may be taken. */
const MOST_TAKEN = 3;

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

  /** Adds one by its halves; whether it was not there yet. Zero is the cookie of a socket that has none, and never is. */
  add(low: number, high: number): boolean {
    if ((low | high) === 0) return true;
    const hash = hashOf(low, high);
    const index = hash >>> TABLE_SHIFT;
    let table = this.#tables[index];
    if (table === undefined) {
      table = new Table();
      this.#tables[index] = table;
    }
    return table.add(low, high, hash);
  }
}

/** Of open addressing, where nothing is zero. */
class Table {
  /** The two halves of each number, one behind the other. */
  #halves = new Uint32Array(2 * FIRST_CAPACITY);
  #size = 0;

  add(low: number, high: number, hash: number): boolean {
    const halves = this.#halves;
    const at = placeOf(halves, low, high, hash);
    if ((halves[at] as number) === low && (halves[at + 1] as number) === high) return false;
    halves[at] = low;
    halves[at + 1] = high;
    this.#size += 1;
    if (this.#size * 8 > halves.length * MOST_TAKEN) this.#grow();
    return true;
  }

  #grow(): void {
    const before = this.#halves;
    const halves = new Uint32Array(2 * before.length);
    for (let i = 0; i < before.length; i += 2) {
      const low = before[i] as number;
      const high = before[i + 1] as number;
      if ((low | high) === 0) continue;
      const at = placeOf(halves, low, high, hashOf(low, high));
      halves[at] = low;
      halves[at + 1] = high;
    }
    this.#halves = halves;
  }
}

/** Where a number is in a table, or would be. The upper bits of its hash have chosen the table. */
function placeOf(halves: Uint32Array, low: number, high: number, hash: number): number {
  const mask = halves.length - 1;
  let at = (hash << 1) & mask;
  while (
    ((halves[at] as number) !== low || (halves[at + 1] as number) !== high) &&
    ((halves[at] as number) | (halves[at + 1] as number)) !== 0
  ) {
    at = (at + 2) & mask;
  }
  return at;
}
