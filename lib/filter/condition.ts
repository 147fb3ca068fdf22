/**
 * Conditions: what a filter asks of IP sockets, with negation at the tests alone, and short, since sets of one thing
 * are put together to one.
 */
import type { SocketState } from '../record/state.js';
import { mergePrefixes, type PrefixNumber } from './prefixes.js';
import type { Test } from './program.js';
import { complement, LAST_PORT, type Range, union } from './ranges.js';
import { FILTER_STATES } from './states.js';
import type { End } from './tree.js';

/** Always, never, or when a socket fits. Neither a connective nor a set of ports is empty or holds only one thing. */
export type Condition = boolean | Connective | Atom;

export interface Connective {
  readonly kind: 'and' | 'or';
  readonly parts: readonly (Connective | Atom)[];
}

export type Atom = PortSet | StateSet | HostAtom | OtherAtom | Opaque;

/** The port of an end lies in one of the ranges, which ascend and do not touch. */
export interface PortSet {
  readonly kind: 'ports';
  readonly end: End;
  readonly ranges: readonly Range[];
}

/** The state is one of these, which no program can see. NEW_SYN_RECV is not among them: its sockets are SYN_RECV. */
export interface StateSet {
  readonly kind: 'states';
  readonly states: ReadonlySet<SocketState>;
}

/** The address of an end starts with the bits of a prefix, and its port, if one is given, is that. */
export interface HostAtom extends PrefixNumber {
  readonly kind: 'host';
  readonly end: End;
  readonly port: number | undefined;
  readonly negated: boolean;
}

export interface OtherAtom {
  readonly kind: 'other';
  readonly test: Extract<Test, { op: 'AUTO' | 'DEV_COND' | 'MARK_COND' | 'CGROUP_COND' }>;
  readonly negated: boolean;
}

/** Something that the kernel cannot be asked. */
export interface Opaque {
  readonly kind: 'opaque';
  /** In words. */
  readonly why: string;
}

/** The states that sockets are asked by. */
export const ALL_STATES: readonly SocketState[] = FILTER_STATES;

export function stateSet(states: readonly SocketState[]): Condition {
  if (states.length === 0) return false;
  return states.length === ALL_STATES.length || { kind: 'states', states: new Set(states) };
}

export function portSet(end: End, ranges: readonly Range[]): Condition {
  const [first] = ranges;
  if (first === undefined) return false;
  return (first[0] === 0 && first[1] === LAST_PORT) || { kind: 'ports', end, ranges };
}

/** All of the parts, or one of them. Sets of one thing become one set. */
export function join(kind: 'and' | 'or', parts: readonly Condition[]): Condition {
  const neutral = kind === 'and';
  const flat: (Connective | Atom)[] = [];
  for (const part of parts) {
    if (part === !neutral) return !neutral;
    if (typeof part === 'boolean') continue;
    if (part.kind !== kind) flat.push(part);
    else for (const inner of part.parts) flat.push(inner);
  }
  const merged = merge(kind, flat);
  if (typeof merged === 'boolean') return merged;
  if (merged.length === 0) return neutral;
  return merged.length === 1 ? (merged[0] as Connective | Atom) : { kind, parts: merged };
}

type Parts = (Connective | Atom)[];

function merge(kind: 'and' | 'or', parts: Parts): Parts | boolean {
  const groups = new Map<unknown, Parts>();
  for (const part of parts) {
    const key = groupOf(kind, part);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [part]);
    else group.push(part);
  }
  const merged: Parts = [];
  for (const group of groups.values()) {
    for (const result of unite(kind, group)) {
      if (result === (kind === 'or')) return result;
      if (typeof result !== 'boolean') merged.push(result);
    }
  }
  return merged;
}

/** What can be put together has the same; what cannot, one of its own. */
function groupOf(kind: 'and' | 'or', part: Connective | Atom): unknown {
  if (part.kind === 'states') return 'states';
  if (part.kind === 'ports') return part.end;
  // Not one and not the other is the opposite of one or the other, and so for prefixes it is the same.
  if (part.kind === 'host' && part.negated === (kind === 'and')) {
    return `${part.end} ${part.family} ${part.port}`;
  }
  return part;
}

function unite(kind: 'and' | 'or', group: Parts): Condition[] {
  const [first] = group as [Connective | Atom];
  if (group.length === 1) return [first];
  if (first.kind === 'states') {
    const sets = (group as StateSet[]).map(({ states }) => states);
    const within = (state: SocketState) => (set: ReadonlySet<SocketState>) => set.has(state);
    return [
      stateSet(ALL_STATES.filter((s) => (kind === 'and' ? sets.every(within(s)) : sets.some(within(s))))),
    ];
  }
  if (first.kind === 'ports') {
    const sets = (group as PortSet[]).map(({ ranges }) => ranges);
    if (kind === 'or') return [portSet(first.end, union(sets.flat()))];
    return [portSet(first.end, complement(union(sets.flatMap(complement))))];
  }
  return mergePrefixes(group as HostAtom[]);
}
