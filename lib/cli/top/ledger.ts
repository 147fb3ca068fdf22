/** Rows by their keys, from one refresh to the next: what is shown of them and sorted by, in flat arrays. */
import { History } from './history.js';

/** What is measured of a row, each a number; NaN where there is none. */
export const MEASURES = [
  /** Sockets. */
  'count',
  /** Bytes a second that the peer acknowledged, and that were received. */
  'tx',
  'rx',
  /** Round-trip time, microseconds. */
  'rtt',
  /** Segments sent again: ever, and a second. */
  'retrans',
  'resent',
  'rqueue',
  'wqueue',
] as const;

export type Measure = (typeof MEASURES)[number];

/** Rows there is room for at first, and how many times as many when that is not enough: what is not used is little. */
const FEWEST = 64;
const GROWTH = 1.2;

type Numbers = Float64Array | Float32Array | Uint32Array | Uint16Array | Uint8Array;
/** Arrays that grow with the rows. */
export type Arrays = Record<string, Numbers>;

/** The arrays are what the rows have beside their measures. */
export class Ledger<A extends Arrays = Record<never, never>> {
  readonly measures: Record<Measure, Float32Array> = Object.fromEntries(
    MEASURES.map((measure) => [measure, new Float32Array(0)]),
  ) as never;
  readonly arrays: A;
  readonly sent: History = new History();
  readonly received: History = new History();
  readonly #rows = new Map<string, number>();
  readonly #free: number[] = [];
  /** By row; of one that is free, what it was. */
  readonly #keys: string[] = [];
  /** The round in which a row was seen last. */
  #seen = new Uint32Array(0);
  #round = 0;

  /** The arrays are empty at first. */
  constructor(arrays: A) {
    this.arrays = arrays;
  }

  get size(): number {
    return this.#rows.size;
  }

  keyOf(row: number): string {
    return this.#keys[row] as string;
  }

  find(key: string): number | undefined {
    return this.#rows.get(key);
  }

  begin(): void {
    this.#round += 1;
    this.sent.advance();
    this.received.advance();
  }

  /** Of a round that was not completed, what was seen is kept, and so are all others. */
  cancel(): void {
    this.sent.retreat();
    this.received.retreat();
  }

  /** The row of a key; a new one has NaN and 0 everywhere. */
  rowOf(key: string): number {
    return this.#rows.get(key) ?? this.#add(key);
  }

  /** Notes that the row is there in this round; false if that is known. */
  see(row: number): boolean {
    if (this.#seen[row] === this.#round) return false;
    this.#seen[row] = this.#round;
    return true;
  }

  /** Forgets the rows that were not there in this round. */
  end(): void {
    for (const [key, row] of this.#rows) {
      if (this.#seen[row] === this.#round) continue;
      this.#rows.delete(key);
      this.#free.push(row);
    }
  }

  /** Those that a test keeps. */
  rows(keeps: (row: number) => boolean = () => true): Uint32Array {
    const found = new Uint32Array(this.#rows.size);
    let count = 0;
    for (const row of this.#rows.values()) if (keeps(row)) found[count++] = row;
    return found.subarray(0, count);
  }

  #add(key: string): number {
    const row = this.#free.pop() ?? this.#keys.length;
    if (row >= this.#seen.length) this.#grow(Math.ceil(Math.max(FEWEST, row * GROWTH)));
    this.#keys[row] = key;
    this.#rows.set(key, row);
    for (const measure of MEASURES) this.measures[measure][row] = Number.NaN;
    for (const array of Object.values(this.arrays)) array[row] = 0;
    this.sent.clear(row);
    this.received.clear(row);
    return row;
  }

  #grow(rows: number): void {
    for (const measure of MEASURES) this.measures[measure] = grown(this.measures[measure], rows);
    for (const [name, array] of Object.entries(this.arrays)) {
      (this.arrays as Arrays)[name] = grown(array, rows);
    }
    this.#seen = grown(this.#seen, rows);
    this.sent.grow(rows);
    this.received.grow(rows);
  }
}

function grown<N extends Numbers>(array: N, length: number): N {
  const larger = new (array.constructor as new (length: number) => N)(length);
  larger.set(array);
  return larger;
}
