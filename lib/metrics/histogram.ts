/** Histograms: how many of some values lie in which range. */

/** How many of some values lie in which range. */
export interface Histogram {
  /** The largest value of each range, ascending; behind the last of them there is one more range, without an end. */
  bounds: readonly number[];
  /** How many values lie in each range, one more than there are bounds. They are not added up, as Prometheus has them. */
  counts: readonly number[];
  /** Of all values. */
  sum: number;
  /** How many there are. */
  count: number;
}

/** Takes values, and keeps the histogram of them. */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    const bounds = this.#bounds;
    let range = 0;
    while (range < bounds.length && value > (bounds[range] as number)) range++;
    this.#counts[range] = (this.#counts[range] as number) + 1;
    this.#sum += value;
  }

  /** The values of another one with the same bounds. */
  addAll(other: Distribution): void {
    other.#counts.forEach((count, range) => {
      this.#counts[range] = (this.#counts[range] as number) + count;
    });
    this.#sum += other.#sum;
  }

  histogram(): Histogram {
    const counts = [...this.#counts];
    const count = counts.reduce((all, one) => all + one, 0);
    return { bounds: this.#bounds, counts, sum: this.#sum, count };
  }
}
