/** Random filters about sockets that there are, so that they fit some of them and others not. */
import { parseAddress, prefixOf } from '../../lib/filter/addresses.js';
import { stateTerm } from '../../lib/filter/states.js';
import type {
  Comparison,
  End,
  Equality,
  Expression,
  Host,
  InetPattern,
  Prefix,
  Term,
} from '../../lib/filter/tree.js';
import type { InetDiagMsg } from '../../lib/index.js';
import { SOCKET_STATES, type SocketState } from '../../lib/record/state.js';
import type { Random } from './random.js';

export interface LiveFilter {
  expression: Expression;
  /** What stands in front of the rest, as `ss` wants it; undefined for nothing. */
  states: readonly SocketState[] | undefined;
  rest: Expression;
}

const DEPTH = 3;

const TERMS: readonly Term['kind'][] = [
  ...(['host', 'host', 'host', 'host', 'host', 'host'] as const),
  ...(['port', 'port', 'port', 'port', 'port', 'port'] as const),
  ...(['fwmark', 'fwmark', 'fwmark', 'dev', 'dev', 'cgroup', 'cgroup', 'autobound'] as const),
];
const ENDS: readonly End[] = ['src', 'dst'];
const EQUALITIES: readonly Equality[] = ['=', '=', '=', '!='];
const COMPARISONS: readonly Comparison[] = ['=', '!=', '>=', '<=', '>', '<'];

/** A socket in NEW_SYN_RECV is told as SYN_RECV. */
const STATES = SOCKET_STATES.filter((state) => state !== 'NEW_SYN_RECV');

/** Those that most sockets are in come as often as the others together. */
const LIKELY: readonly SocketState[] = ['ESTABLISHED', 'LISTEN', 'CLOSE', 'FIN_WAIT2', 'TIME_WAIT'];

export function liveFilter(random: Random, sockets: readonly InetDiagMsg[]): LiveFilter {
  const rest = liveExpression(random, sockets, random.below(DEPTH + 1));
  if (!random.chance(0.35)) return { expression: rest, states: undefined, rest };
  const { states } = stateTerm([...random.some(STATES), ...random.some(LIKELY)]);
  const others = STATES.filter((state) => !states.includes(state));
  const term: Expression = random.chance(0.5)
    ? { kind: 'state', states }
    : { kind: 'not', term: { kind: 'state', states: others } };
  return { expression: { kind: 'and', terms: [term, rest] }, states, rest };
}

function liveExpression(random: Random, sockets: readonly InetDiagMsg[], depth: number): Expression {
  if (depth === 0) return liveTerm(random, random.pick(sockets));
  if (random.chance(0.25)) return { kind: 'not', term: liveExpression(random, sockets, depth - 1) };
  const length = random.pick([2, 2, 2, 3]);
  const terms = Array.from({ length }, () =>
    liveExpression(random, sockets, Math.max(0, depth - 1 - random.below(2))),
  );
  return { kind: random.pick(['and', 'or'] as const), terms };
}

function liveTerm(random: Random, socket: InetDiagMsg): Term {
  const kind = random.chance(0.05) ? 'state' : random.pick(TERMS);
  const end = random.pick(ENDS);
  const equality = random.pick(EQUALITIES);
  switch (kind) {
    case 'state':
      return stateTerm([socket.state as SocketState, ...random.some(LIKELY)]);
    case 'host':
      return { kind, end, equality, host: liveHost(random, socket, end) };
    case 'port':
      return { kind, end, comparison: random.pick(COMPARISONS), port: portOf(socket, end) };
    case 'dev':
      return { kind, equality, device: socket.ifindex };
    case 'fwmark': {
      const mask = random.pick([0xffff_ffff, 0xffff_ffff, 0xff, 1, 0x8000_0000]);
      return { kind, equality, mark: ((socket.mark ?? 0) & mask) >>> 0, mask };
    }
    case 'cgroup':
      return { kind, equality, cgroup: socket.cgroupId ?? 1 };
    case 'autobound':
      return { kind };
  }
}

function portOf(socket: InetDiagMsg, end: End): number {
  return end === 'src' ? socket.sport : socket.dport;
}

function liveHost(random: Random, socket: InetDiagMsg, end: End): Host['host'] {
  const port = random.chance(0.25) ? { port: portOf(socket, end) } : {};
  if (random.chance(0.1)) return { ...port, ...(random.chance(0.6) && { family: socket.family }) };
  const addresses = [livePrefix(random, socket[end])];
  if (random.chance(0.1)) addresses.push(livePrefix(random, socket[end === 'src' ? 'dst' : 'src']));
  const pattern: InetPattern = { addresses, ...port };
  const families = new Set(addresses.map(({ family }) => family));
  return families.size === 1 && random.chance(0.15) ? { ...pattern, family: addresses[0]?.family } : pattern;
}

const MAPPED: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The address, or its other form where it has one; all of it, or some of its bits. */
function livePrefix(random: Random, text: string): Prefix {
  let { bytes } = parseAddress(text) as Prefix;
  if (random.chance(0.3)) {
    if (bytes.length === 4) bytes = [...MAPPED, ...bytes];
    else if (MAPPED.every((byte, i) => bytes[i] === byte)) bytes = bytes.slice(12);
  }
  const bits = 8 * bytes.length;
  const length = random.chance(0.4) ? bits : random.chance(0.5) ? bits - random.below(9) : random.below(bits);
  return prefixOf(bytes, length);
}
