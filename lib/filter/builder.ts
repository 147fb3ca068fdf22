/** Makes filters in code: the same trees as `parse` makes of their texts. */
import { oneOf } from '../netlink/options.js';
import { SOCKET_STATES, type SocketState } from '../record/state.js';
import { cgroupPath } from './cgroups.js';
import { conjunction, disjunction, negation } from './combine.js';
import { isDeviceName, MOST_IFINDEX } from './devices.js';
import { readHost, refuseNames } from './hosts.js';
import { Operand } from './operand.js';
import { readPort } from './ports.js';
import { stateTerm } from './states.js';
import type {
  Autobound,
  Cgroup,
  Comparison,
  Dev,
  Device,
  End,
  Equality,
  Expression,
  Fwmark,
  Host,
  Not,
  Port,
  State,
} from './tree.js';

/** A term that tells whether something is equal. Called itself, it is `eq`. */
export interface EqualityBuilder<Arguments extends readonly unknown[], T> {
  (...args: Arguments): T;
  /** `=` */
  eq(...args: Arguments): T;
  /** `!=` */
  ne(...args: Arguments): T;
}

/** A term that compares numbers. Called itself, it is `eq`. */
export interface ComparisonBuilder<Arguments extends readonly unknown[], T>
  extends EqualityBuilder<Arguments, T> {
  /** `>=` */
  ge(...args: Arguments): T;
  /** `<=` */
  le(...args: Arguments): T;
  /** `>` */
  gt(...args: Arguments): T;
  /** `<` */
  lt(...args: Arguments): T;
}

function equalities<A extends readonly unknown[], T>(
  make: (equality: Equality, ...args: A) => T,
): EqualityBuilder<A, T> {
  const eq = (...args: A) => make('=', ...args);
  return Object.assign((...args: A) => eq(...args), { eq, ne: (...args: A) => make('!=', ...args) });
}

function comparisons<A extends readonly unknown[], T>(
  make: (comparison: Comparison, ...args: A) => T,
): ComparisonBuilder<A, T> {
  return Object.assign(equalities<A, T>(make), {
    ge: (...args: A) => make('>=', ...args),
    le: (...args: A) => make('<=', ...args),
    gt: (...args: A) => make('>', ...args),
    lt: (...args: A) => make('<', ...args),
  });
}

/** Every one of them holds; without any, always true. */
export function and(...terms: readonly Expression[]): Expression {
  terms.forEach((term, i) => void checkExpression(term, `and: argument ${i + 1}`));
  return conjunction(terms);
}

/** One of them holds; without any, never true. */
export function or(...terms: readonly Expression[]): Expression {
  terms.forEach((term, i) => void checkExpression(term, `or: argument ${i + 1}`));
  return disjunction(terms);
}

export function not(term: Expression): Not {
  checkExpression(term, 'not: the argument');
  return negation(term);
}

const KINDS: ReadonlySet<unknown> = new Set<Expression['kind']>([
  'and',
  'or',
  'not',
  'state',
  'host',
  'port',
  'dev',
  'fwmark',
  'cgroup',
  'autobound',
]);

function checkExpression(value: unknown, name: string): void {
  if (typeof value === 'object' && value !== null && KINDS.has((value as Partial<Expression>).kind)) return;
  throw new TypeError(
    `${name} is ${show(value)}, but must be an expression, as parse() and these functions make`,
  );
}

/** The socket is in one of the states. */
export function state(...names: readonly [SocketState, ...SocketState[]]): State {
  if ((names as readonly unknown[]).length === 0) {
    throw new TypeError('state: there must be at least one state: nothing would match');
  }
  names.forEach((name, i) => void oneOf(SOCKET_STATES)(name, `state: argument ${i + 1}`));
  return stateTerm(names);
}

/**
 * The host at the local end, as in a filter's text: `'10/8'`, `'[::1]:443'`, `'unix:/run/*'`. What is no host is a
 * `FilterSyntaxError`, and so is a host name. Behind `unix:` blanks and all other signs stand as they are.
 */
export const src: EqualityBuilder<[host: string], Host> = hosts('src');

/** The host at the other end, likewise. */
export const dst: EqualityBuilder<[host: string], Host> = hosts('dst');

function hosts(end: End): EqualityBuilder<[host: string], Host> {
  return equalities((equality, host) => {
    if (typeof host !== 'string')
      throw new TypeError(`${end}: the host is ${show(host)}, but must be a string`);
    return { kind: 'host', end, equality, host: readHost(new Operand(host), refuseNames) };
  });
}

/** The local port: a number, the name of a service, or `'*'` for any. */
export const sport: ComparisonBuilder<[port: number | string], Port> = ports('sport', 'src');

/** The port at the other end, likewise. */
export const dport: ComparisonBuilder<[port: number | string], Port> = ports('dport', 'dst');

function ports(name: string, end: End): ComparisonBuilder<[port: number | string], Port> {
  return comparisons((comparison, port) => {
    if (typeof port === 'string') {
      const number = readPort(new Operand(port));
      return { kind: 'port', end, comparison, ...(number !== undefined && { port: number }) };
    }
    checkNumber(port, 0xffff, `${name}: the port`, "a number, the name of a service or '*'");
    return { kind: 'port', end, comparison, port };
  });
}

/** The interface that the socket is bound to, by its name or its index. */
export const dev: EqualityBuilder<[device: Device], Dev> = equalities((equality, device) => {
  if (typeof device !== 'string') {
    checkNumber(device, MOST_IFINDEX, 'dev: the interface', 'a name or an index');
  } else if (!isDeviceName(device)) {
    throw new TypeError(`dev: the interface is ${show(device)}, which is no name that one can have`);
  }
  return { kind: 'dev', equality, device };
});

/** The socket's mark, as far as the mask goes: without one, all of it. */
export const fwmark: EqualityBuilder<[mark: number, mask?: number], Fwmark> = equalities(
  (equality, mark, mask = 0xffff_ffff) => {
    checkNumber(mark, 0xffff_ffff, 'fwmark: the mark', 'a number');
    checkNumber(mask, 0xffff_ffff, 'fwmark: the mask', 'a number');
    return { kind: 'fwmark', equality, mark, mask };
  },
);

/** The socket's cgroup, or one above it: by its path from the root of the hierarchy on, or by its id. */
export const cgroup: EqualityBuilder<[pathOrId: string | number], Cgroup> = equalities(
  (equality, pathOrId) => {
    if (typeof pathOrId !== 'string') {
      checkNumber(pathOrId, Number.MAX_SAFE_INTEGER, 'cgroup: the cgroup', 'a path or an id');
      return { kind: 'cgroup', equality, cgroup: pathOrId };
    }
    const path = cgroupPath(pathOrId);
    if (path !== undefined) return { kind: 'cgroup', equality, cgroup: path };
    throw new TypeError(`cgroup: the path is ${show(pathOrId)}, but must begin with /`);
  },
);

/** The kernel chose the local port, not bind(2). */
export function autobound(): Autobound {
  return { kind: 'autobound' };
}

/** A TypeError for what is no number, a RangeError for one that is out of range or no integer. */
function checkNumber(value: unknown, most: number, name: string, what: string): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${name} is ${show(value)}, but must be ${what}`);
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(`${name} is ${value}, but must be an integer from 0 to ${most}`);
}

/** A value, short enough to stand in a message. */
function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
