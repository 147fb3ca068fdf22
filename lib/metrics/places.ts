/** The values of a label, which are so many and no more. */

/** Stands for all values that have no place. */
export const OTHER = 'other';

/**
 * Who comes first has a place, and keeps it as long as the value occurs in each summary: so a series does not go over to
 * `other` and back while others come and go.
 */
export class Places {
  readonly #limit: number;
  /** By value, the last round in which it occurred. */
  readonly #rounds = new Map<string, number>();
  #round = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value itself, or what stands for it. */
  of(value: string): string {
    const last = this.#rounds.get(value);
    if (last === this.#round) return value;
    if (last === undefined && this.#rounds.size >= this.#limit) return OTHER;
    this.#rounds.set(value, this.#round);
    return value;
  }

  /** Gives free the places of values that did not occur since the last call. */
  nextRound(): void {
    for (const [value, last] of this.#rounds) if (last !== this.#round) this.#rounds.delete(value);
    this.#round++;
  }
}
