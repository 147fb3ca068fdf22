/** The values of several labels together. */
import type { Label } from './labels.js';
import { OTHER, Places } from './places.js';
import type { Countable, LabelValues } from './summary.js';

/** Of several labels, so many times as many sets are kept as one label may have values. */
const TIMES = 20;

/** Labels, and who has a place among the values of each: what summaries that follow each other have in common. */
export class PlacedLabels {
  readonly labels: readonly Label[];
  readonly places: readonly Places[];
  /** How many sets of several values there may be. */
  readonly most: number;
  /** The values of all that have no place. */
  readonly others: LabelValues;

  constructor(labels: readonly Label[], limit: number) {
    this.labels = labels;
    this.places = labels.map(() => new Places(limit));
    this.most = labels.length > 1 ? limit * TIMES : Number.POSITIVE_INFINITY;
    this.others = Object.fromEntries(labels.map(({ name }) => [name, OTHER]));
  }
}

/** On the way through the values of one label after the other. */
interface Node<S> {
  readonly next: Map<string, Node<S>>;
  /** Where it comes from, and by which value; absent at the root. */
  readonly before?: Node<S>;
  readonly value?: string;
  set: S | undefined;
}

/** Keeps one thing for all sockets with the same values. */
export class LabelSets<S> {
  readonly #placed: PlacedLabels;
  readonly #make: (values: LabelValues) => S;
  readonly #root: Node<S> = { next: new Map(), set: undefined };
  #nodes = 0;
  #others: S | undefined;

  constructor(placed: PlacedLabels, make: (values: LabelValues) => S) {
    this.#placed = placed;
    this.#make = make;
  }

  of(record: Countable): S {
    const { labels, places } = this.#placed;
    let node = this.#root;
    for (let i = 0; i < labels.length; i++) {
      const value = (labels[i] as Label).of(record);
      // Who has a node has a place already, in this round.
      const next =
        node.next.get(value) ?? this.#nodeBehind(node, value === '' ? '' : (places[i] as Places).of(value));
      if (next === undefined) return this.#ofOthers();
      node = next;
    }
    node.set ??= this.#newSet(node);
    return node.set;
  }

  /** That of values that are placed already. */
  ofValues(values: LabelValues): S {
    let node = this.#root;
    for (const { name } of this.#placed.labels) {
      const next = this.#nodeBehind(node, values[name] as string);
      if (next === undefined) return this.#ofOthers();
      node = next;
    }
    node.set ??= this.#newSet(node);
    return node.set;
  }

  /** Undefined where there are as many sets as may be. */
  #nodeBehind(node: Node<S>, value: string): Node<S> | undefined {
    const known = node.next.get(value);
    if (known !== undefined) return known;
    if (this.#nodes >= this.#placed.most) return undefined;
    this.#nodes++;
    const next: Node<S> = { next: new Map(), before: node, value, set: undefined };
    node.next.set(value, next);
    return next;
  }

  #newSet(end: Node<S>): S {
    const values: string[] = [];
    // A label is asked once for each socket: another answer would be in the place of this one.
    for (let node = end; node.before !== undefined; node = node.before) values.unshift(node.value as string);
    // Without labels there are no others either: all are one.
    if (values.every((value) => value === OTHER)) return this.#ofOthers();
    const named = this.#placed.labels.map(({ name }, i) => [name, values[i] as string]);
    return this.#make(Object.fromEntries(named));
  }

  #ofOthers(): S {
    this.#others ??= this.#make(this.#placed.others);
    return this.#others;
  }
}
