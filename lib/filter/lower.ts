/**
 * From an expression to instructions, in two steps: into a condition, in which negation stands at the tests alone and
 * which is short, and from there into a program.
 */
import { SOCKET_STATES, type SocketState } from '../record/state.js';
import { Assembler, type Label, type PortOp, type Test } from './program.js';
import type { Comparison, End, Expression, Host, HostPattern, InetPattern, Prefix, State } from './tree.js';

/** Always, never, or when a socket fits. Neither a connective nor a set of ports is empty or holds only one thing. */
export type Condition = boolean | Connective | Atom;

export interface Connective {
  readonly kind: 'and' | 'or';
  readonly parts: readonly (Connective | Atom)[];
}

export type Atom = PortSet | StateSet | HostAtom | OtherAtom | Opaque;

/** From the first to the last, both of them included. */
export type Range = readonly [first: number, last: number];

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
export interface HostAtom {
  readonly kind: 'host';
  readonly end: End;
  readonly family: 'inet' | 'inet6';
  /** The address as a number; behind the prefix, all bits are 0. */
  readonly value: bigint;
  readonly length: number;
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

/** What a device or cgroup stands for, and what the kernel can be asked. */
export interface Lookup {
  device(device: string | number): number;
  cgroup(cgroup: string | number): bigint;
  /** Whether the kernel can be asked for a test of this operation. */
  can(op: OtherAtom['test']['op']): boolean;
}

/** The states that sockets are asked by. */
export const ALL_STATES: readonly SocketState[] = SOCKET_STATES.filter((state) => state !== 'NEW_SYN_RECV');

/** The condition of an expression, or of its opposite, over the sockets of IP protocols. */
export function conditionOf(expression: Expression, lookup: Lookup, negated = false): Condition {
  switch (expression.kind) {
    case 'and':
    case 'or':
    case 'not': {
      const { kind, terms } = gather(expression, negated);
      const parts = terms.map((term) => conditionOf(term.term, lookup, term.negated));
      return join(kind, parts);
    }
    case 'state':
      return stateSet(statesOf(expression, negated));
    case 'port':
      return portSet(expression.end, rangesOf(expression.comparison, expression.port, negated));
    case 'host':
      return hostCondition(expression, (expression.equality === '!=') !== negated);
    case 'dev': {
      const ifindex = lookup.device(expression.device);
      return other(lookup, { op: 'DEV_COND', ifindex }, (expression.equality === '!=') !== negated);
    }
    case 'fwmark': {
      const { mark, mask } = expression;
      const opposite = (expression.equality === '!=') !== negated;
      // Bits outside of the mask are never set, and with an empty mask there is nothing to look at.
      if ((mark & ~mask) !== 0) return opposite;
      if (mask === 0) return !opposite;
      return other(lookup, { op: 'MARK_COND', mark, mask }, opposite);
    }
    case 'cgroup': {
      const id = lookup.cgroup(expression.cgroup);
      const opposite = (expression.equality === '!=') !== negated;
      // No cgroup has this id; but it is what the kernel takes for that of TIME_WAIT and SYN_RECV.
      if (id === 0n) return opposite;
      return other(lookup, { op: 'CGROUP_COND', id }, opposite);
    }
    case 'autobound':
      return other(lookup, { op: 'AUTO' }, negated);
  }
}

/** An expression or its opposite. */
export interface Signed {
  readonly term: Expression;
  readonly negated: boolean;
}

/**
 * The terms of a connective, with those of the same kind inside of it: not by recursion, since a builder nests as deep
 * as its chain is long.
 */
export function gather(expression: Expression, negated: boolean): { kind: 'and' | 'or'; terms: Signed[] } {
  let kind: 'and' | 'or' | undefined;
  const terms: Signed[] = [];
  const stack: Signed[] = [{ term: expression, negated }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { term, negated } = next;
    if (term.kind === 'not') {
      stack.push({ term: term.term, negated: !negated });
      continue;
    }
    if (term.kind !== 'and' && term.kind !== 'or') {
      terms.push(next);
      continue;
    }
    const own = negated === (term.kind === 'and') ? 'or' : 'and';
    // One of a single term is of either kind.
    if (term.terms.length !== 1) kind ??= own;
    if (term.terms.length !== 1 && own !== kind) terms.push(next);
    else for (const inner of term.terms.toReversed()) stack.push({ term: inner, negated });
  }
  return { kind: kind ?? 'and', terms };
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

// Sets of states

export function stateSet(states: readonly SocketState[]): Condition {
  if (states.length === 0) return false;
  return states.length === ALL_STATES.length || { kind: 'states', states: new Set(states) };
}

function statesOf({ states }: State, negated: boolean): readonly SocketState[] {
  const set = new Set<SocketState>(states.map((state) => (state === 'NEW_SYN_RECV' ? 'SYN_RECV' : state)));
  return ALL_STATES.filter((state) => set.has(state) !== negated);
}

// Sets of ports

const LAST_PORT = 0xffff;

export function portSet(end: End, ranges: readonly Range[]): Condition {
  const [first] = ranges;
  if (first === undefined) return false;
  return (first[0] === 0 && first[1] === LAST_PORT) || { kind: 'ports', end, ranges };
}

function rangesOf(comparison: Comparison, port: number | undefined, negated: boolean): readonly Range[] {
  const ranges = satisfying(comparison, port).filter(([first, last]) => first <= last);
  return negated ? complement(ranges) : ranges;
}

function satisfying(comparison: Comparison, port: number | undefined): Range[] {
  // Every port is equal to `*`.
  const [low, high] = port === undefined ? [0, LAST_PORT] : [port, port];
  switch (comparison) {
    case '=':
      return [[low, high]];
    case '!=':
      return [
        [0, low - 1],
        [high + 1, LAST_PORT],
      ];
    case '>=':
      return [[low, LAST_PORT]];
    case '<=':
      return [[0, high]];
    case '>':
      return [[high + 1, LAST_PORT]];
    case '<':
      return [[0, low - 1]];
  }
}

/** Ranges that ascend and do not touch. Up to so many ports between two of them are taken in as well. */
export function union(ranges: readonly Range[], between = 0): readonly Range[] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before === undefined || first > before[1] + 1 + between) merged.push([first, last]);
    else before[1] = Math.max(before[1], last);
  }
  return merged;
}

function complement(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST_PORT) gaps.push([next, LAST_PORT]);
  return gaps;
}

// Addresses

function hostCondition({ end, host }: Host, negated: boolean): Condition {
  // It says nothing of these sockets, whether it is asked for or its opposite: the latter is the matcher's affair.
  if (!isInet(host))
    return negated && { kind: 'opaque', why: `not ${host.family}: says nothing of IP sockets` };
  const prefixes = host.addresses ?? (host.family === undefined ? undefined : [anyOf(host.family)]);
  if (prefixes === undefined) return portSet(end, rangesOf('=', host.port, negated));
  const atoms = prefixes.map((prefix): HostAtom => {
    const { family, length } = prefix;
    return { kind: 'host', end, family, length, value: numberOf(prefix), port: host.port, negated };
  });
  return join(negated ? 'and' : 'or', atoms);
}

/** The others are of families that no socket of an IP protocol is of. */
function isInet(host: HostPattern): host is InetPattern {
  return host.family === undefined || host.family === 'inet' || host.family === 'inet6';
}

function anyOf(family: 'inet' | 'inet6'): Prefix {
  return { family, bytes: new Array<number>(bitsOf(family) / 8).fill(0), length: 0 };
}

export function bitsOf(family: 'inet' | 'inet6'): number {
  return family === 'inet' ? 32 : 128;
}

function numberOf({ family, bytes, length }: Prefix): bigint {
  const rest = BigInt(bitsOf(family) - length);
  return (BigInt(`0x${Buffer.from(bytes).toString('hex')}`) >> rest) << rest;
}

/** Without those that others contain, and with two halves put together to a whole. */
function mergePrefixes(atoms: readonly HostAtom[]): HostAtom[] {
  const merged: HostAtom[] = [];
  for (const atom of atoms.toSorted(byPrefix)) {
    const before = merged.at(-1);
    if (before !== undefined && leading(atom, before.length) === leading(before, before.length)) continue;
    let whole = atom;
    for (let half = merged.at(-1); half !== undefined && areHalves(half, whole); half = merged.at(-1)) {
      merged.pop();
      whole = { ...half, length: half.length - 1 };
    }
    merged.push(whole);
  }
  return merged;
}

function byPrefix(a: HostAtom, b: HostAtom): number {
  if (a.value !== b.value) return a.value < b.value ? -1 : 1;
  return a.length - b.length;
}

/** The lower first. */
function areHalves(low: HostAtom, high: HostAtom): boolean {
  return low.length === high.length && (leading(low, low.length) ^ leading(high, high.length)) === 1n;
}

function leading({ family, value }: HostAtom, length: number): bigint {
  return value >> BigInt(bitsOf(family) - length);
}

// Others

function other(lookup: Lookup, test: OtherAtom['test'], negated: boolean): Condition {
  if (lookup.can(test.op)) return { kind: 'other', test, negated };
  return { kind: 'opaque', why: `the kernel has no ${test.op}, or not for us` };
}

// Instructions

export interface LowerOptions {
  /** Without S_EQ and D_EQ, as before Linux 4.16, a port is compared twice. */
  readonly eq: boolean;
}

/** Where a part of a program leads, and which of the two places comes directly behind it. */
interface Exits {
  readonly yes: Label;
  readonly no: Label;
  readonly next: Label;
}

/** The program of a condition in which nothing is left that the kernel cannot be asked. */
export function lower(condition: Connective | Atom, { eq }: LowerOptions): Assembler {
  const assembler = new Assembler();
  const { accept, reject } = assembler;
  new Lowering(assembler, eq).condition(condition, { yes: accept, no: reject, next: accept });
  return assembler;
}

/** From so many ranges on, half of them are passed over at once. */
const SEARCHED_RANGES = 32;

class Lowering {
  readonly #assembler: Assembler;
  readonly #eq: boolean;

  constructor(assembler: Assembler, eq: boolean) {
    this.#assembler = assembler;
    this.#eq = eq;
  }

  condition(condition: Connective | Atom, exits: Exits): void {
    switch (condition.kind) {
      case 'and':
      case 'or':
        this.#each(condition.kind, condition.parts, exits, (part, inner) => this.condition(part, inner));
        return;
      case 'ports':
        this.#ports(condition, exits);
        return;
      case 'host':
        this.#test(hostTest(condition), condition.negated, exits);
        return;
      case 'other':
        this.#test(condition.test, condition.negated, exits);
        return;
      default:
        throw new Error(`the kernel has no test for ${condition.kind}`);
    }
  }

  /** The first that decides leads out; each of the others leads to the one behind it. */
  #each<T>(
    kind: 'and' | 'or',
    parts: readonly T[],
    exits: Exits,
    one: (part: T, exits: Exits) => void,
  ): void {
    for (const part of parts.slice(0, -1)) {
      const next: Label = {};
      one(part, kind === 'and' ? { yes: next, no: exits.no, next } : { yes: exits.yes, no: next, next });
      this.#assembler.place(next);
    }
    one(parts.at(-1) as T, exits);
  }

  #test(test: Test, negated: boolean, { yes, no, next }: Exits): void {
    const [held, failed] = negated ? [no, yes] : [yes, no];
    this.#assembler.test(test, failed);
    if (held !== next) this.#assembler.jump(held);
  }

  /** Either in one of the ranges, or in none of those between them, whichever is less. */
  #ports({ end, ranges }: PortSet, exits: Exits): void {
    const gaps = complement(ranges);
    if (this.#costOf(gaps) < this.#costOf(ranges)) {
      this.#inRanges(end, gaps, { yes: exits.no, no: exits.yes, next: exits.next });
    } else {
      this.#inRanges(end, ranges, exits);
    }
  }

  #costOf(ranges: readonly Range[]): number {
    return ranges.reduce((cost, [first, last]) => cost + this.#testsOf('src', first, last).length, 0);
  }

  #inRanges(end: End, ranges: readonly Range[], exits: Exits): void {
    if (ranges.length <= SEARCHED_RANGES) {
      this.#each('or', ranges, exits, ([first, last], inner) => {
        const tests = this.#testsOf(end, first, last);
        this.#each('and', tests, inner, (test, its) => this.#test(test, false, its));
      });
      return;
    }
    const middle = ranges.length >> 1;
    const lower: Label = {};
    const [port] = ranges[middle] as Range;
    this.#assembler.test({ op: portOp(end, 'GE'), port }, lower);
    this.#inRanges(end, ranges.slice(middle), { ...exits, next: lower });
    this.#assembler.place(lower);
    this.#inRanges(end, ranges.slice(0, middle), exits);
  }

  /** All of these hold for a port of the range. */
  #testsOf(end: End, first: number, last: number): readonly Test[] {
    if (first === last && this.#eq) return [{ op: portOp(end, 'EQ'), port: first }];
    const tests: Test[] = [];
    if (first > 0) tests.push({ op: portOp(end, 'GE'), port: first });
    if (last < LAST_PORT) tests.push({ op: portOp(end, 'LE'), port: last });
    return tests;
  }
}

function portOp(end: End, comparison: 'GE' | 'LE' | 'EQ'): PortOp {
  return `${end === 'src' ? 'S' : 'D'}_${comparison}`;
}

function hostTest({ end, family, value, length, port }: HostAtom): Test {
  const digits = value.toString(16).padStart(bitsOf(family) / 4, '0');
  const address = Uint8Array.from(Buffer.from(digits, 'hex'));
  const number = family === 'inet' ? 2 : 10;
  return { op: end === 'src' ? 'S_COND' : 'D_COND', host: { family: number, length, port, address } };
}
