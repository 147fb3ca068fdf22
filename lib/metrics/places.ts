/** The values of a label, which are so many and no more. */

/** Stands for all values that have no place. */
export const OTHER = 'other';

/** A value takes the place of another one that occurs less than half as often: of two that are alike, neither comes and goes. */
const STRONGER = 2;

/** Of so many values without a place for each that may have one, it is known how often they occur. */
const RIVALS = 2;

/**
 * Who comes first has a place, and keeps it as long as the value occurs in each summary, and none occurs much more often: so a
 * series does not go over to `other` and back while others come and go.
 */
export class Places {
  readonly #limit: number;
  /** By value, the last round in which it occurred. */
  readonly #rounds = new Map<string, number>();
  #round = 0;
  #rivals: Rivals;

  constructor(limit: number) {
    this.#limit = limit;
    this.#rivals = new Rivals(limit * RIVALS);
  }

  /** The value itself, or what stands for it. */
  of(value: string): string {
    const last = this.#rounds.get(value);
    if (last === this.#round) return value;
    if (last === undefined && this.#rounds.size >= this.#limit) {
      this.#rivals.see(value);
      return OTHER;
    }
    this.#rounds.set(value, this.#round);
    return value;
  }

  /** Gives free the places of values that did not occur in this round. */
  sweep(): void {
    for (const [value, last] of this.#rounds) if (last !== this.#round) this.#rounds.delete(value);
  }

  nextRound(): void {
    this.#round++;
    this.#rivals = new Rivals(this.#limit * RIVALS);
  }

  /** Has those without a place take free ones, and those of values that occurred much less often: here is how often. */
  contest(counts: ReadonlyMap<string, number>): void {
    const placed = [...this.#rounds.keys()].map((value) => ({ value, count: counts.get(value) ?? 0 }));
    const weakest = placed.sort((a, b) => b.count - a.count);
    for (const { value, count } of this.#rivals.strongest()) {
      if (this.#rounds.size >= this.#limit) {
        const last = weakest.pop();
        if (last === undefined || count <= STRONGER * last.count) return;
        this.#rounds.delete(last.value);
      }
      this.#rounds.set(value, this.#round);
    }
  }
}

/**
 * Finds who occurs most among any number of values, by the method of Misra and Gries: each count is too low by at most the
 * number of all, divided by the number of those that are counted.
 */
class Rivals {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  see(value: string): void {
    const counts = this.#counts;
    const count = counts.get(value);
    if (count !== undefined) counts.set(value, count + 1);
    else if (counts.size < this.#most) counts.set(value, 1);
    else for (const [other, its] of counts) its === 1 ? counts.delete(other) : counts.set(other, its - 1);
  }

  strongest(): { value: string; count: number }[] {
    const all = [...this.#counts].map(([value, count]) => ({ value, count }));
    return all.sort((a, b) => b.count - a.count);
  }
}
