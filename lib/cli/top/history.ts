/** The last rates of every row, for its sparklines: one byte a sample, as a hundred thousand rows have 64 each. */

/** Samples that are kept of each row. */
export const SAMPLES = 32;

/** Of a sample that is not there: before the row was, or where there is no counter. */
const NONE = 0;
/** So many steps double the rate: a step is an eighth more, which no sparkline shows, and 255 of them reach a terabyte. */
const STEPS = 6;
const MOST = 255;

function levelOf(rate: number): number {
  if (!(rate >= 0)) return NONE;
  return Math.min(1 + Math.round(Math.log2(rate + 1) * STEPS), MOST);
}

function rateOf(level: number): number {
  return level === NONE ? Number.NaN : 2 ** ((level - 1) / STEPS) - 1;
}

/** Rings with one hand: each round has a sample of every row that is there. */
export class History {
  #levels = new Uint8Array(0);
  #at = 0;

  grow(rows: number): void {
    const larger = new Uint8Array(rows * SAMPLES);
    larger.set(this.#levels);
    this.#levels = larger;
  }

  /** To the next round. */
  advance(): void {
    this.#at = (this.#at + 1) % SAMPLES;
  }

  /** Back to the last one: the next takes the place of this one. */
  retreat(): void {
    this.#at = (this.#at + SAMPLES - 1) % SAMPLES;
  }

  put(row: number, rate: number): void {
    this.#levels[row * SAMPLES + this.#at] = levelOf(rate);
  }

  clear(row: number): void {
    this.#levels.fill(NONE, row * SAMPLES, (row + 1) * SAMPLES);
  }

  /** The last rates, the newest at the end; NaN where there is none. */
  last(row: number, count: number): number[] {
    const many = Math.min(count, SAMPLES);
    return Array.from({ length: many }, (_, i) => {
      const at = (this.#at - (many - 1 - i) + SAMPLES) % SAMPLES;
      return rateOf(this.#levels[row * SAMPLES + at] as number);
    });
  }
}
