/** Observations of what there is now, of which nothing stays when it is gone. */
import type { MeterAttributes, MeterResult } from './instrument.js';

/** By instrument, the attributes that were observed, by their text. */
type Observed<I> = Map<I, Map<string, MeterAttributes>>;

/**
 * An SDK goes on telling the last value of what is not observed any more: sockets that were in CLOSE_WAIT once would be
 * there for ever. So what was observed the last time and is not now is observed once more, as 0.
 */
export class Observations<I> {
  #last: Observed<I> = new Map();
  #now: Observed<I> = new Map();

  observe(result: MeterResult<I>, instrument: I, value: number, attributes: MeterAttributes): void {
    result.observe(instrument, value, attributes);
    const all = this.#now.get(instrument) ?? new Map<string, MeterAttributes>();
    this.#now.set(instrument, all.set(JSON.stringify(attributes), attributes));
  }

  /** All that there is has been observed. */
  end(result: MeterResult<I>): void {
    for (const [instrument, all] of this.#last) {
      const known = this.#now.get(instrument);
      for (const [key, attributes] of all)
        if (known?.has(key) !== true) result.observe(instrument, 0, attributes);
    }
    this.#last = this.#now;
    this.#now = new Map();
  }
}
