/** What a command line asks for: which tables, in the order of `ss`, and which states. */
import { parse } from '../filter/parser.js';
import { plan } from '../filter/plan.js';
import type { Expression } from '../filter/tree.js';
import type { InetFamily } from '../inet/family.js';
import { SOCKET_STATES, type SocketState } from '../record/state.js';
import type { Values, Words } from './options.js';

/** What can be asked for by itself, in the order of printing. */
export const KINDS = [
  'netlink',
  'packet_raw',
  'packet_dgram',
  'unix_dgram',
  'unix_stream',
  'unix_seqpacket',
  'raw',
  'udp',
  'tcp',
  'mptcp',
  'dccp',
  'sctp',
] as const;

export type Kind = (typeof KINDS)[number];

const INET: readonly Kind[] = ['raw', 'udp', 'tcp', 'mptcp', 'dccp', 'sctp'];
const UNIX: readonly Kind[] = ['unix_dgram', 'unix_stream', 'unix_seqpacket'];
const PACKET: readonly Kind[] = ['packet_raw', 'packet_dgram'];

/** Words of -A. */
export const QUERIES: Readonly<Record<string, readonly Kind[]>> = {
  ...Object.fromEntries(KINDS.map((kind) => [kind, [kind]])),
  all: KINDS,
  inet: INET,
  unix: UNIX,
  packet: PACKET,
};

export interface Plan {
  /** In the order of printing. */
  kinds: readonly Kind[];
  /** Undefined for both. */
  family: InetFamily | undefined;
  /** Without the states that the filter begins with, which hold instead of these. */
  states: readonly SocketState[];
  filter: Expression | undefined;
  /** All of them were named, one by one: that this system does not have one is an error. */
  isNamed: boolean;
  /** Something was said of which sockets. */
  isChosen: boolean;
}

/** Those that are neither waiting nor on their way in or out. */
const IDLE: readonly SocketState[] = [
  'LISTEN',
  'CLOSE',
  'TIME_WAIT',
  'SYN_RECV',
  'NEW_SYN_RECV',
  'BOUND_INACTIVE',
];
const CONNECTED: readonly SocketState[] = SOCKET_STATES.filter((state) => !IDLE.includes(state));
const WAITING: readonly SocketState[] = ['LISTEN', 'CLOSE'];
const ALL: readonly SocketState[] = SOCKET_STATES.filter((state) => state !== 'BOUND_INACTIVE');
const UNCONNECTED: readonly SocketState[] = ['CLOSE'];

/** @throws RangeError for a family or a kind that there is not, FilterSyntaxError. */
export function planOf({ values, filter }: Words): Plan {
  const kinds = kindsOf(values);
  const expression = filter === '' ? undefined : parse(filter);
  return {
    kinds: kinds ?? KINDS,
    family: familyOf(values),
    states: statesOf(values, kinds, filter),
    filter: expression,
    isNamed: INET.some((kind) => values[kind as 'tcp']) || kinds?.length === 1,
    isChosen: kinds !== undefined || filter !== '',
  };
}

export const FAMILIES: Readonly<Record<string, readonly Kind[]>> = {
  inet: INET,
  inet6: INET,
  unix: UNIX,
  link: PACKET,
  netlink: ['netlink'],
};

/** Undefined where none is named. A family stands for all of its kinds, but where some of them are named. */
function kindsOf(values: Values): readonly Kind[] | undefined {
  const named = [
    ...INET.filter((kind) => values[kind as 'tcp']),
    ...[values.query, values.socket].flatMap(queried),
  ];
  const families = [
    ...(values.unix ? [UNIX] : []),
    ...(values.packet ? [PACKET] : []),
    ...(values.ipv4 || values.ipv6 ? [INET] : []),
    ...(values.family === undefined ? [] : [familyKinds(values.family)]),
  ];
  const whole = families.filter((family) => !family.some((kind) => named.includes(kind)));
  const all = [...named, ...whole.flat()];
  return all.length === 0 ? undefined : KINDS.filter((kind) => all.includes(kind));
}

function familyKinds(name: string): readonly Kind[] {
  const kinds = Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined;
  if (kinds !== undefined) return kinds;
  throw new RangeError(`there is no family '${name}', only ${Object.keys(FAMILIES).join(', ')}`);
}

function queried(words: string | undefined): readonly Kind[] {
  return (words?.split(',') ?? []).flatMap((word) => {
    const kinds = Object.hasOwn(QUERIES, word) ? QUERIES[word] : undefined;
    if (kinds !== undefined) return kinds;
    throw new RangeError(
      `there are no sockets of the kind '${word}', only ${Object.keys(QUERIES).join(', ')}`,
    );
  });
}

function familyOf({ ipv4, ipv6, family }: Values): InetFamily | undefined {
  const four = ipv4 === true || family === 'inet';
  const six = ipv6 === true || family === 'inet6';
  if (four === six) return undefined;
  return four ? 'inet' : 'inet6';
}

/** These hold for all that follows, instead of what options say. */
export function beginsWithStates(filter: string): boolean {
  return /^\s*(?:state|exclude)\b/.test(filter);
}

function statesOf(
  { all, listening, packet, family }: Values,
  kinds: readonly Kind[] | undefined,
  filter: string,
): readonly SocketState[] {
  if (all || beginsWithStates(filter)) return ALL;
  if (listening) return WAITING;
  // Whoever asks for nothing but these, in their way, means those that there are.
  const isLink = packet || family === 'link' || family === 'netlink';
  const isOnly = kinds?.every((kind) => kind === 'netlink' || PACKET.includes(kind)) === true;
  if (isLink && isOnly) return UNCONNECTED;
  return kinds?.every((kind) => kind === 'udp' || kind === 'raw') === true ? ['ESTABLISHED'] : CONNECTED;
}

/** Those of whose ends the kernel tells. */
export function protocolsOf({ kinds }: Plan): ('tcp' | 'udp')[] {
  return (['tcp', 'udp'] as const).filter((kind) => kinds.includes(kind));
}

/** Of these the kernel gives sockets in all states, whatever is asked for, and so does `ss`. */
export function hasAllStates(kind: Kind): boolean {
  return kind === 'raw' || kind === 'sctp';
}

/** Whether there is more than one kind, and more than one state, to tell apart. */
export function columnsOf({ kinds, states, filter }: Plan): { netid: boolean; state: boolean } {
  const chosen = filter === undefined ? undefined : plan(filter, { device: () => 0 }).states;
  const few = chosen?.filter((state) => states.includes(state)) ?? states;
  const distinct = new Set(few.map((state) => (state === 'NEW_SYN_RECV' ? 'SYN_RECV' : state)));
  return { netid: kinds.length > 1, state: distinct.size !== 1 };
}
