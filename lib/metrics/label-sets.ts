/** The values of several labels together. */
import type { DiagMsg } from '../decode.js';
import type { Label } from './labels.js';
import { OTHER, Places } from './places.js';
import type { LabelValues } from './summary.js';

/** What sockets with the same values have in common. There is one object for the same values. */
export interface LabelSet {
  readonly id: number;
  readonly values: LabelValues;
}

/** Of the ways that lead through the values of one label after the other. */
interface Node {
  readonly next: Map<string, Node>;
  /** Absent at the root. */
  readonly before?: Node;
  readonly value?: string;
  set: LabelSet | undefined;
}

/** Of several labels, so many times as many sets are kept as one label may have values. */
const TIMES = 20;

export class LabelSets {
  readonly #labels: readonly Label[];
  readonly #places: readonly Places[];
  readonly #most: number;
  readonly #root: Node = { next: new Map(), set: undefined };
  #nodes = 0;
  #ids = 0;
  readonly #others: LabelSet;

  constructor(labels: readonly Label[], limit: number) {
    this.#labels = labels;
    this.#places = labels.map(() => new Places(limit));
    this.#most = limit * TIMES;
    const others = Object.fromEntries(labels.map(({ name }) => [name, OTHER]));
    this.#others = { id: this.#ids++, values: others };
  }

  /** The values of all that have no place. */
  get others(): LabelValues {
    return this.#others.values;
  }

  of(record: DiagMsg): LabelSet {
    let node = this.#root;
    for (let i = 0; i < this.#labels.length; i++) {
      const value = (this.#labels[i] as Label).of(record);
      const next = this.#nodeBehind(node, value === '' ? value : (this.#places[i] as Places).of(value));
      if (next === undefined) return this.#others;
      node = next;
    }
    node.set ??= this.#newSet(node);
    return node.set;
  }

  /** Gives free the places of values that did not occur since the last call, and all sets. */
  nextRound(): void {
    for (const places of this.#places) places.nextRound();
    this.#root.next.clear();
    this.#nodes = 0;
  }

  /** Undefined where there are as many sets as may be. */
  #nodeBehind(node: Node, value: string): Node | undefined {
    const known = node.next.get(value);
    if (known !== undefined) return known;
    if (this.#labels.length > 1 && this.#nodes >= this.#most) return undefined;
    this.#nodes++;
    const next: Node = { next: new Map(), before: node, value, set: undefined };
    node.next.set(value, next);
    return next;
  }

  #newSet(end: Node): LabelSet {
    const values: string[] = [];
    // A label is asked once for each socket: another answer would be in the place of this one.
    for (let node = end; node.before !== undefined; node = node.before) values.unshift(node.value as string);
    if (values.every((value) => value === OTHER)) return this.#others;
    const named = this.#labels.map(({ name }, i) => [name, values[i] as string]);
    return { id: this.#ids++, values: Object.fromEntries(named) };
  }
}
