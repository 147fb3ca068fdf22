/** The values of several labels together. */
import type { DiagMsg } from '../decode.js';
import type { Label } from './labels.js';
import { OTHER, Places } from './places.js';
import type { LabelValues } from './summary.js';

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

  /** Gives free the places of values that did not occur since the last call. */
  nextRound(): void {
    for (const places of this.places) places.nextRound();
  }
}

/** On the way through the values of one label after the other. */
interface Node<S> {
  readonly next: Map<string, Node<S>>;
  set: S | undefined;
}

const newNode = <S>(): Node<S> => ({ next: new Map(), set: undefined });

/** Keeps one thing for all sockets with the same values. */
export class LabelSets<S> {
  readonly #placed: PlacedLabels;
  readonly #make: (values: LabelValues) => S;
  readonly #root: Node<S> = newNode();
  #nodes = 0;
  #others: S | undefined;

  constructor(placed: PlacedLabels, make: (values: LabelValues) => S) {
    this.#placed = placed;
    this.#make = make;
  }

  of(record: DiagMsg): S {
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
    node.set ??= this.#newSet(labels.map((label) => label.of(record)));
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
    node.set ??= this.#newSet(Object.values(values));
    return node.set;
  }

  /** Undefined where there are as many sets as may be. */
  #nodeBehind(node: Node<S>, value: string): Node<S> | undefined {
    const known = node.next.get(value);
    if (known !== undefined) return known;
    if (this.#nodes >= this.#placed.most) return undefined;
    this.#nodes++;
    const next = newNode<S>();
    node.next.set(value, next);
    return next;
  }

  #newSet(given: readonly string[]): S {
    const { labels, places } = this.#placed;
    const values = given.map((value, i) =>
      value === '' || value === OTHER ? value : (places[i] as Places).of(value),
    );
    // Without labels there are no others either: all are one.
    if (values.every((value) => value === OTHER)) return this.#ofOthers();
    return this.#make(Object.fromEntries(labels.map(({ name }, i) => [name, values[i] as string])));
  }

  #ofOthers(): S {
    this.#others ??= this.#make(this.#placed.others);
    return this.#others;
  }
}
