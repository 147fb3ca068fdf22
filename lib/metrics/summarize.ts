/** summarize: what there is, in numbers. */
import { type Checks, checkOptions, checkSignal, show, wholeFrom } from '../netlink/options.js';
import type { Batches } from '../watch/watch.js';
import { PlacedLabels } from './label-sets.js';
import { checkLabels, type Label, type LabelName, labelsOf } from './labels.js';
import { Places } from './places.js';
import type { Countable, Summary } from './summary.js';
import { Tally } from './tally.js';
import { visit } from './visit.js';

/** How sockets are told apart. */
export interface LabelOptions {
  /** What sockets are told apart by, beside family, protocol and state. At most five; none if it is not given. */
  labels?: readonly (LabelName | Label)[] | undefined;
  /**
   * How many values a label may have; 50 if it is not given. Sockets with any other count under `'other'`. Those that come
   * first have places: a dump begins with those who listen. From one collection to the next, a value that occurs more than
   * twice as often as one of these takes its place. Of several labels together, at most 20 times as many sets of values are
   * kept.
   */
  limit?: number | undefined;
  /** How many addresses of listeners are told by themselves; 200 if it is not given. All others count under `'other'`. */
  listeners?: number | undefined;
}

export interface SummarizeOptions extends LabelOptions {
  /** Ends the reading when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export const LABEL_CHECKS: Checks<LabelOptions> = {
  labels: checkLabels,
  limit: wholeFrom(1),
  listeners: wholeFrom(1),
};

const DEFAULT_LIMIT = 50;
const DEFAULT_LISTENERS = 200;

/** Makes one summary after the other, in which the same values have places. */
export class Summarizer {
  readonly #placed: PlacedLabels;
  readonly #addresses: Places;
  /** Whether a glance at each socket is enough for it. */
  readonly atAGlance: boolean;

  constructor({ labels = [], limit = DEFAULT_LIMIT, listeners = DEFAULT_LISTENERS }: LabelOptions) {
    this.#placed = new PlacedLabels(labelsOf(labels), limit);
    // Somebody's own function may look at any field.
    this.atAGlance = labels.every((label) => typeof label === 'string');
    this.#addresses = new Places(listeners);
  }

  tally(): Tally {
    return new Tally({ placed: this.#placed, addresses: this.#addresses });
  }

  /**
   * What tallies there are has been taken. Where all sockets were read, places change hands.
   *
   * @param all that of all sockets, if all were read
   */
  nextRound(all?: Tally): void {
    const { places } = this.#placed;
    if (all !== undefined) {
      const occurrences = all.occurrences();
      for (const one of [...places, this.#addresses]) one.sweep();
      for (const [i, one] of places.entries()) one.contest(occurrences[i] as Map<string, number>);
    }
    for (const one of [...places, this.#addresses]) one.nextRound();
  }
}

/**
 * Counts sockets while it reads them, and keeps none: what it takes does not depend on how many there are.
 *
 *     const { sockets } = await summarize(dumpTcp(), { labels: ['local_port'] });
 *
 * What is not in the records is not in the summary either: for `tcp`, of `dumpTcp` the option `show: ['info']` is needed;
 * for `memory`, `'skmeminfo'`.
 *
 * @param dumps one dump, or several, which are read one after the other.
 * @throws TypeError or RangeError for a wrong argument; what reading a dump throws.
 */
export async function summarize<T extends Countable>(
  dumps: Batches<T> | readonly Batches<T>[],
  options?: SummarizeOptions,
): Promise<Summary> {
  const { signal, ...labels } = checkOptions<SummarizeOptions>('summarize', options, {
    ...LABEL_CHECKS,
    signal: checkSignal,
  });
  const all = Array.isArray(dumps) ? (dumps as readonly Batches<T>[]) : [dumps as Batches<T>];
  for (const dump of all) checkDump('summarize', dump);
  const summarizer = new Summarizer(labels);
  const { atAGlance } = summarizer;
  const tally = summarizer.tally();
  for (const dump of all) await visit(dump, { see: (record) => tally.add(record), atAGlance, signal });
  return tally.summary();
}

/** @throws TypeError for what is no dump. */
export function checkDump(caller: string, dump: unknown): void {
  if (typeof (dump as Partial<Batches<unknown>> | null | undefined)?.batches === 'function') return;
  throw new TypeError(`${caller}: ${show(dump)} is no dump, as dumpTcp() and its likes make it`);
}
