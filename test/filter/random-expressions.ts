/** Random filters, with every term, operator and way to put them together. */
import { parseAddress, prefixOf } from '../../lib/filter/addresses.js';
import { stateTerm } from '../../lib/filter/states.js';
import type {
  Comparison,
  End,
  Equality,
  Expression,
  HostPattern,
  InetPattern,
  Prefix,
  Term,
} from '../../lib/filter/tree.js';
import { SOCKET_STATES } from '../../lib/record/state.js';
import {
  ADDRESSES_4,
  ADDRESSES_6,
  CGROUP_IDS,
  CGROUP_PATHS,
  CIDS,
  DEVICE_NAMES,
  ETHERTYPES,
  IFINDEXES,
  MARKS,
  NETLINK_NUMBERS,
  PORTIDS,
  PORTS,
  type Random,
  VSOCK_PORTS,
} from './random-choice.js';

export interface Shape {
  /** How deep connectives may nest; 0 for a single term. Without it, 4. */
  depth?: number;
  /** The terms to choose from; without it, all. */
  terms?: readonly Term['kind'][];
  /** The families of host patterns to choose from; without it, all. */
  families?: readonly Family[];
  /** Whether a host may have several addresses, as a name can. Without it, yes. */
  several?: boolean;
}

type Family = 'inet' | 'unix' | 'link' | 'netlink' | 'vsock';

const TERMS: readonly Term['kind'][] = [
  'state',
  'host',
  'host',
  'host',
  'port',
  'port',
  'dev',
  'fwmark',
  'cgroup',
  'autobound',
];

const FAMILIES: readonly Family[] = ['inet', 'inet', 'inet', 'inet', 'unix', 'link', 'netlink', 'vsock'];
const ENDS: readonly End[] = ['src', 'dst'];
const EQUALITIES: readonly Equality[] = ['=', '=', '!='];
const COMPARISONS: readonly Comparison[] = ['=', '!=', '>=', '<=', '>', '<'];

/** A filter of any shape, or of the one that is asked for. Names in it are those of `NAMES`. */
export function randomExpression(random: Random, shape: Shape = {}): Expression {
  const depth = shape.depth ?? 4;
  const inner = { ...shape, depth: depth - 1 };
  if (depth <= 0 || random.chance(0.25)) return randomTerm(random, shape);
  if (random.chance(0.25)) return { kind: 'not', term: randomExpression(random, inner) };
  const length = random.pick([0, 1, 2, 2, 2, 2, 2, 2, 3, 3, 4]);
  const terms = Array.from({ length }, () => randomExpression(random, inner));
  return { kind: random.pick(['and', 'or'] as const), terms };
}

function randomTerm(random: Random, shape: Shape): Term {
  const kind = random.pick(shape.terms ?? TERMS);
  const end = random.pick(ENDS);
  const equality = random.pick(EQUALITIES);
  switch (kind) {
    case 'state':
      return stateTerm(random.chance(0.1) ? SOCKET_STATES : random.some(SOCKET_STATES));
    case 'host':
      return { kind, end, equality, host: randomHost(random, shape) };
    case 'port':
      return { kind, end, comparison: random.pick(COMPARISONS), ...maybe(random, 0.95, 'port', PORTS) };
    case 'dev':
      return { kind, equality, device: random.pick([...DEVICE_NAMES, ...IFINDEXES]) };
    case 'fwmark':
      return { kind, equality, mark: random.pick(MARKS), mask: random.pick([0xffffffff, ...MARKS]) };
    case 'cgroup':
      return { kind, equality, cgroup: random.pick([...CGROUP_PATHS, ...CGROUP_IDS]) };
    case 'autobound':
      return { kind };
  }
}

/** An object with one of the values, or an empty one. */
function maybe<K extends string, V>(
  random: Random,
  probability: number,
  name: K,
  values: readonly V[],
): { [name in K]?: V } {
  const result: { [name in K]?: V } = {};
  if (random.chance(probability)) result[name] = random.pick(values);
  return result;
}

/** As they can be written: a glob of `*` is any name, and so has none. */
const GLOBS = ['/run/*', '/RUN/?', '@*', '@[0-9a-f]????', '/[!t]*', '*b*', '/run/a', '?*', '\\@abc'];

function randomHost(random: Random, shape: Shape): HostPattern {
  const family = random.pick(shape.families ?? FAMILIES);
  switch (family) {
    case 'inet':
      return randomInet(random, shape);
    case 'unix':
      return { family, ...maybe(random, 0.9, 'glob', GLOBS) };
    case 'link':
      return {
        family,
        ...maybe(random, 0.6, 'protocol', ETHERTYPES),
        ...maybe(random, 0.4, 'device', [...DEVICE_NAMES, ...IFINDEXES.slice(1)]),
      };
    case 'netlink':
      return {
        family,
        ...maybe(random, 0.6, 'protocol', NETLINK_NUMBERS),
        ...maybe(random, 0.6, 'portid', PORTIDS),
      };
    case 'vsock':
      return { family, ...maybe(random, 0.6, 'cid', CIDS), ...maybe(random, 0.6, 'port', VSOCK_PORTS) };
  }
}

function randomInet(random: Random, { several = true }: Shape): InetPattern {
  const port = maybe(random, 0.3, 'port', PORTS);
  const family = random.pick(['inet', 'inet6', undefined] as const);
  const given = family === undefined ? {} : { family };
  if (random.chance(0.15)) return { ...given, ...port };
  const length = several && random.chance(0.2) ? random.pick([2, 3, 5]) : 1;
  const addresses = Array.from({ length }, () =>
    randomPrefix(random, family ?? random.pick(['inet', 'inet6'] as const)),
  );
  return { ...given, addresses, ...port };
}

/** Often all of an address, or a length at which something changes. */
function randomPrefix(random: Random, family: 'inet' | 'inet6'): Prefix {
  const bits = family === 'inet' ? 32 : 128;
  const address = parseAddress(random.pick<string>(family === 'inet' ? ADDRESSES_4 : ADDRESSES_6)) as Prefix;
  const edges = family === 'inet' ? [0, 8, 24, 31] : [0, 10, 32, 64, 80, 96, 104, 120, 127];
  const length = random.chance(0.5) ? bits : random.chance(0.6) ? random.pick(edges) : random.below(bits + 1);
  return prefixOf(address.bytes, length);
}
