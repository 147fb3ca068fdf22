/**
 * What of a filter the kernel decides, and what is left for us. The kernel's part may let sockets through that the
 * filter does not want, never hold back one that it wants: then what is left, the remainder, decides.
 */
import type { SocketState } from '../record/state.js';
import { coarserThan } from './coarsen.js';
import { ALL_STATES, type Atom, type Condition, type Connective, join } from './condition.js';
import { conditionOf, type Lookup } from './condition-of.js';
import { gather, type Signed } from './gather.js';
import { leavesOf } from './leaves.js';
import { lower } from './lower.js';
import { type BytecodeOp, MAX_PROGRAM_LENGTH } from './program.js';
import { cgroupId, deviceIndex, noCgroup, noDevice } from './resolvers.js';
import type { End, Expression } from './tree.js';

/** What the kernel can be asked. Without a word on it, everything. */
export interface Features {
  /** S_EQ and D_EQ, since Linux 4.16; without them, ports are compared twice. */
  eq: boolean;
  /** DEV_COND, since Linux 4.8. */
  dev: boolean;
  /** MARK_COND, since Linux 4.9, for readers with CAP_NET_ADMIN in the network namespace. */
  mark: boolean;
  /** CGROUP_COND, since Linux 5.8, where the kernel has cgroups for sockets. */
  cgroup: boolean;
  /** The state mask: a dump of raw sockets does not look at it. */
  states: boolean;
  /** Programs at all, and ports in the request: a dump of SCTP sockets does not run any. */
  program: boolean;
}

export interface PlanOptions {
  features?: Partial<Features> | undefined;
  /** The index of a network interface; without it, in the namespace of this process. */
  device?: ((name: string) => number | undefined) | undefined;
  /** The id of a cgroup; without it, below where cgroup v2 is mounted. */
  cgroup?: ((path: string) => bigint | number | undefined) | undefined;
}

export interface Plan {
  /** To ask for; undefined for any, if the filter says nothing of states. NEW_SYN_RECV comes with SYN_RECV. */
  readonly states: readonly SocketState[] | undefined;
  /** For the header of the request, beside the program, since it is cheaper there; 0 for none. */
  readonly sport: number;
  readonly dport: number;
  /** For INET_DIAG_REQ_BYTECODE. */
  readonly program: Uint8Array | undefined;
  /** What is to be asked of each record; undefined if the kernel decides everything. */
  readonly remainder: Expression | undefined;
  /** Nothing can match: there is no need to ask. */
  readonly never: boolean;
  /** Why there is a remainder, in words. */
  readonly notes: readonly string[];
}

/**
 * Divides a filter over the sockets of an IP protocol.
 *
 * @throws SockDiagError ENODEV or ENOENT for a network interface or a cgroup that there is not.
 */
export function plan(expression: Expression, options: PlanOptions = {}): Plan {
  const features: Features = { ...ALL_FEATURES, ...defined(options.features) };
  const notes = new Set<string>();
  const lookup = lookupOf(options, features);
  const { kind, terms } = gather(expression, false);
  const signed = kind === 'and' ? terms : [{ term: expression, negated: false }];
  const conjuncts = signed.map(({ term, negated }) => ({
    term: { term, negated },
    condition: conditionOf(term, lookup, negated),
  }));
  if (conjuncts.some(({ condition }) => condition === false)) return NEVER;
  const states = statesOf(conjuncts, features);
  if (states?.length === 0) return NEVER;

  const pushes = conjuncts.map((conjunct) => pushOf(conjunct, features, notes));
  const pushed = fitting(pushes, features, notes);
  if (pushed === false) return NEVER;
  const rest = pushes.filter(({ exact }) => !exact).map(({ term }) => resolved(term, lookup));
  if (rest.some(hasAutobound)) notes.add(AUTOBOUND_NOTE);
  return {
    states,
    sport: pushed === true ? 0 : (portOf(pushed, 'src') ?? 0),
    dport: pushed === true ? 0 : (portOf(pushed, 'dst') ?? 0),
    program: pushed === true ? undefined : lower(pushed, features).assemble(),
    remainder: rest.length < 2 ? rest[0] : { kind: 'and', terms: rest },
    never: false,
    notes: [...notes],
  };
}

const ALL_FEATURES: Features = {
  eq: true,
  dev: true,
  mark: true,
  cgroup: true,
  states: true,
  program: true,
};

const NEVER: Plan = {
  states: [],
  sport: 0,
  dport: 0,
  program: undefined,
  remainder: undefined,
  never: true,
  notes: [],
};

const TIED_STATES_NOTE = 'states are tied to other terms by "or", and programs cannot see states';

const AUTOBOUND_NOTE =
  'autobound is left to user space too, which only sees whether a port is in the range that the kernel gives out';

function defined(features: Partial<Features> = {}): Partial<Features> {
  return Object.fromEntries(Object.entries(features).filter(([, has]) => has !== undefined));
}

function lookupOf({ device, cgroup }: PlanOptions, features: Features): Lookup {
  const has: Partial<Record<BytecodeOp, boolean>> = {
    DEV_COND: features.dev,
    MARK_COND: features.mark,
    CGROUP_COND: features.cgroup,
  };
  return {
    device: (name) => {
      if (typeof name === 'number') return name;
      const index = (device ?? deviceIndex)(name);
      if (index === undefined) throw noDevice(name, device === undefined);
      return index;
    },
    cgroup: (path) => {
      if (typeof path === 'number') return BigInt(path);
      const id = (cgroup ?? cgroupId)(path);
      if (id === undefined) throw noCgroup(path, cgroup === undefined);
      return BigInt(id);
    },
    can: (op) => has[op] ?? true,
  };
}

/** One of several terms that must all hold. */
interface Conjunct {
  readonly term: Signed;
  readonly condition: Condition;
}

/** The states that sockets can be in for which all conjuncts hold. */
function statesOf(conjuncts: readonly Conjunct[], features: Features): readonly SocketState[] | undefined {
  if (!features.states) return undefined;
  const hulls = conjuncts.map(({ condition }) => hullOf(condition));
  const states = ALL_STATES.filter((state) => hulls.every((hull) => hull.has(state)));
  // "In any state" is more than nothing said: it includes those that are not asked for otherwise.
  const leaves = conjuncts.map(({ term }) => [...leavesOf(term.term)]);
  const isSaid = leaves.some(
    (all) => all.every(({ kind }) => kind === 'state') || all.some(namesBoundInactive),
  );
  return isSaid || states.length < ALL_STATES.length ? states : undefined;
}

/** Who names it wants it, and unless it is asked for it does not come. */
function namesBoundInactive(leaf: Expression): boolean {
  return leaf.kind === 'state' && leaf.states.includes('BOUND_INACTIVE');
}

const EVERY_STATE: ReadonlySet<SocketState> = new Set(ALL_STATES);
const NO_STATE: ReadonlySet<SocketState> = new Set();

/** No socket that fits is in another state. */
function hullOf(condition: Condition): ReadonlySet<SocketState> {
  if (condition === false) return NO_STATE;
  if (condition === true) return EVERY_STATE;
  if (condition.kind === 'states') return condition.states;
  if (condition.kind !== 'and' && condition.kind !== 'or') return EVERY_STATE;
  const hulls = condition.parts.map(hullOf);
  const fits = condition.kind === 'and' ? 'every' : 'some';
  return new Set(ALL_STATES.filter((state) => hulls[fits]((hull) => hull.has(state))));
}

/** What of a conjunct goes into the program. */
interface Push {
  readonly term: Signed;
  /** It holds wherever the conjunct does. True for nothing. */
  pushed: Condition;
  /** Together with the states that are asked for, it is the conjunct. */
  exact: boolean;
}

function pushOf({ term, condition }: Conjunct, features: Features, notes: Set<string>): Push {
  if (condition === true || (features.states && isStates(condition))) {
    return { term, pushed: true, exact: true };
  }
  if (!features.program) {
    notes.add('the kernel runs no programs over these sockets');
    return { term, pushed: true, exact: false };
  }
  for (const why of obstacles(condition, features)) notes.add(why);
  return { term, pushed: relax(condition), exact: isPushable(condition) };
}

function isStates(condition: Condition): boolean {
  return typeof condition !== 'boolean' && condition.kind === 'states';
}

/** Why a condition is not wholly pushed. */
function obstacles(condition: Condition, features: Features): string[] {
  if (typeof condition === 'boolean') return [];
  if ('parts' in condition) return condition.parts.flatMap((part) => obstacles(part, features));
  if (condition.kind === 'opaque') return [condition.why];
  if (condition.kind !== 'states') return [];
  return [features.states ? TIED_STATES_NOTE : 'the kernel does not choose these sockets by their states'];
}

function isPushable(condition: Condition): boolean {
  if (typeof condition === 'boolean') return true;
  if ('parts' in condition) return condition.parts.every(isPushable);
  return condition.kind !== 'states' && condition.kind !== 'opaque';
}

/** With true for what cannot be pushed: negation stands at the tests alone, so that this only lets more through. */
function relax(condition: Condition): Condition {
  if (typeof condition === 'boolean') return condition;
  if ('parts' in condition) return join(condition.kind, condition.parts.map(relax));
  return isPushable(condition) ? condition : true;
}

/** All that is pushed, so little of it that the program is not too long; the rest is not exact any more. */
function fitting(pushes: Push[], features: Features, notes: Set<string>): Condition {
  const together = (): Condition =>
    join(
      'and',
      pushes.map(({ pushed }) => pushed),
    );
  const sizeOf = (condition: Condition): number =>
    typeof condition === 'boolean' ? 0 : lower(condition, features).length;
  const all = together();
  const size = sizeOf(all);
  if (size <= MAX_PROGRAM_LENGTH) return all;

  notes.add(
    `the program would be ${size} bytes long, and ${MAX_PROGRAM_LENGTH} is all that a request can hold`,
  );
  const sized = pushes.map((push) => ({ push, size: sizeOf(push.pushed) })).sort((a, b) => a.size - b.size);
  let left = MAX_PROGRAM_LENGTH;
  for (const { push, size } of sized) {
    if (size > left) {
      push.exact = false;
      push.pushed = coarserThan(push.pushed, (condition) => sizeOf(condition) <= left);
    }
    left -= sizeOf(push.pushed);
  }
  return together();
}

/** The port that an end of every socket that fits has, if it is but one. That 0 is none in a request does no harm. */
function portOf(condition: Connective | Atom, end: End): number | undefined {
  switch (condition.kind) {
    case 'ports': {
      const [range, ...more] = condition.ranges;
      if (condition.end !== end || range === undefined || more.length > 0) return undefined;
      return range[0] === range[1] ? range[0] : undefined;
    }
    case 'host':
      return condition.end === end && !condition.negated ? condition.port : undefined;
    case 'and':
      return condition.parts.map((part) => portOf(part, end)).find((port) => port !== undefined);
    case 'or': {
      const [first, ...others] = condition.parts.map((part) => portOf(part, end));
      return others.every((port) => port === first) ? first : undefined;
    }
    default:
      return undefined;
  }
}

function hasAutobound(expression: Expression): boolean {
  return [...leavesOf(expression)].some(({ kind }) => kind === 'autobound');
}

function hasName(expression: Expression): boolean {
  return (
    (expression.kind === 'dev' && typeof expression.device === 'string') ||
    (expression.kind === 'cgroup' && typeof expression.cgroup === 'string')
  );
}

/** With numbers for names, so that the records' numbers are compared with what the kernel's were. */
function resolved({ term, negated }: Signed, lookup: Lookup): Expression {
  if (![...leavesOf(term)].some(hasName)) return negated ? { kind: 'not', term } : term;
  if (term.kind === 'and' || term.kind === 'or' || term.kind === 'not') {
    const { kind, terms } = gather(term, negated);
    return { kind, terms: terms.map((inner) => resolved(inner, lookup)) };
  }
  const leaf = resolvedLeaf(term, lookup);
  return negated ? { kind: 'not', term: leaf } : leaf;
}

function resolvedLeaf(leaf: Expression, lookup: Lookup): Expression {
  if (leaf.kind === 'dev') return { ...leaf, device: lookup.device(leaf.device) };
  if (leaf.kind !== 'cgroup') return leaf;
  const id = Number(lookup.cgroup(leaf.cgroup));
  // An id that no number holds exactly stays a path.
  return Number.isSafeInteger(id) ? { ...leaf, cgroup: id } : leaf;
}
