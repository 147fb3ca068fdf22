/** How the exporter reads TCP sockets where there are many. */
import { availableParallelism } from 'node:os';
import type { Collection } from '../../metrics/collector.js';

/**
 * Of fewer, what two readers save is not worth what they cost: of 20,000, an eighth of the time for a third more of the
 * processor's; of 40,000, a quarter for a quarter.
 */
export const MANY = 30_000;

/** Whether there are many, as far as the last collection tells. */
export class Crowd {
  readonly #processors: number;
  #isLarge = false;

  constructor(processors: number = availableParallelism()) {
    this.#processors = processors;
  }

  see({ dumps }: Collection): void {
    this.#isLarge = dumps.some(({ dump, sockets }) => dump === 'tcp' && sockets >= MANY);
  }

  /** In how many parts they are to be read. This process has nothing else to do meanwhile. */
  get parts(): number {
    return this.#isLarge && this.#processors > 1 ? 2 : 1;
  }
}
