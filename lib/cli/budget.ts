/** How many cells `ss` keeps before it prints them: of a large table, later lines may so be wider than earlier ones. */

/** It keeps them in so many pieces of memory, of so many bytes, and prints when another one would be needed. */
const PIECES = 4;
const PIECE = (1 << 20) - 16;
const LENGTH = 2;

/** Of a cell of so many bytes. */
export function costOf(length: number): number {
  return LENGTH + ((length + 1) & ~1);
}

export class Budget {
  #full = 0;
  /** What is left of the piece that is being filled. */
  #left = PIECE - LENGTH;

  get isSpent(): boolean {
    return this.#full >= PIECES;
  }

  /** A row that has place in the piece that is being filled, by what its cells cost; false if it has not, and nothing is taken. */
  takes(cost: number): boolean {
    if (cost > this.#left) return false;
    this.#left -= cost;
    return true;
  }

  /** A cell takes its length, in two bytes, and its bytes, to an even number; none lies in two pieces. */
  spend(length: number): void {
    this.#take((length + 1) & ~1, LENGTH);
    // Of the next cell, for which there is place before it comes.
    this.#take(LENGTH, 0);
  }

  #take(size: number, before: number): void {
    if (size > this.#left) {
      this.#full += 1;
      this.#left = PIECE - before;
    }
    this.#left -= size;
  }

  clear(): void {
    this.#full = 0;
    this.#left = PIECE - LENGTH;
  }
}
