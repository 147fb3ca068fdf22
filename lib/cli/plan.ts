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
  'dccp',
  'sctp',
  'vsock_stream',
  'vsock_dgram',
  'vsock_seqpacket',
  'tipc',
  'xdp',
  'mptcp',
] as const;

export type Kind = (typeof KINDS)[number];

const INET: readonly Kind[] = ['raw', 'udp', 'tcp', 'mptcp', 'dccp', 'sctp'];
const UNIX: readonly Kind[] = ['unix_dgram', 'unix_stream', 'unix_seqpacket'];
const PACKET: readonly Kind[] = ['packet_raw', 'packet_dgram'];
const VSOCK: readonly Kind[] = ['vsock_stream', 'vsock_dgram', 'vsock_seqpacket'];

/** Words of -A. */
export const QUERIES: Readonly<Record<string, readonly Kind[]>> = {
  ...Object.fromEntries(KINDS.map((kind) => [kind, [kind]])),
  all: KINDS,
  inet: INET,
  unix: UNIX,
  packet: PACKET,
  vsock: VSOCK,
  u_dgr: ['unix_dgram'],
  u_str: ['unix_stream'],
  u_seq: ['unix_seqpacket'],
  p_raw: ['packet_raw'],
  p_dgr: ['packet_dgram'],
  v_str: ['vsock_stream'],
  v_dgr: ['vsock_dgram'],
  v_seq: ['vsock_seqpacket'],
};

export interface Plan {
  /** In the order of printing. */
  kinds: readonly Kind[];
  /** Undefined for both. */
  family: InetFamily | undefined;
  /** Without the states that the filter begins with, which hold instead of these. */
  states: readonly SocketState[];
  filter: Expression | undefined;
  /** Those that were asked for by their own name: that this system does not have one is an error. */
  named: readonly Kind[];
  /** Something was said of which sockets. */
  isChosen: boolean;
  /** Whether the queues are shown. */
  hasQueues: boolean;
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
const BOUND: readonly SocketState[] = ['BOUND_INACTIVE'];
const ALL: readonly SocketState[] = SOCKET_STATES.filter((state) => state !== 'BOUND_INACTIVE');

/** @throws RangeError for a family or a kind that there is not, FilterSyntaxError. */
export function planOf({ values, filter }: Words): Plan {
  const kinds = kindsOf(values);
  const expression = filter === '' ? undefined : parse(filter);
  return {
    kinds: kinds ?? KINDS,
    family: familyOf(values),
    states: statesOf(values, filter),
    filter: expression,
    named: namedKinds(values),
    isChosen: kinds !== undefined || filter !== '',
    hasQueues: values['no-queues'] !== true,
  };
}

/** With what is shown of it if nothing is said of states. */
export const FAMILIES: Readonly<Record<string, { kinds: readonly Kind[]; states: readonly SocketState[] }>> =
  {
    inet: { kinds: INET, states: CONNECTED },
    inet6: { kinds: INET, states: CONNECTED },
    unix: { kinds: UNIX, states: CONNECTED },
    link: { kinds: PACKET, states: ['CLOSE'] },
    netlink: { kinds: ['netlink'], states: ['CLOSE'] },
    vsock: { kinds: VSOCK, states: CONNECTED },
    tipc: { kinds: ['tipc'], states: ['ESTABLISHED', 'LISTEN', 'CLOSE'] },
    xdp: { kinds: ['xdp'], states: ['CLOSE'] },
  };

/** Options that name a family, with its name. */
const FAMILY_FLAGS = [
  ['unix', 'unix'],
  ['packet', 'link'],
  ['ipv4', 'inet'],
  ['ipv6', 'inet6'],
  ['vsock', 'vsock'],
  ['tipc', 'tipc'],
  ['xdp', 'xdp'],
] as const;

/** @throws RangeError */
function familiesOf(values: Values): (typeof FAMILIES)[string][] {
  const flagged = FAMILY_FLAGS.filter(([flag]) => values[flag]).map(([, name]) => name);
  return [...flagged, ...(values.family === undefined ? [] : [values.family])].map((name) => {
    const family = Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined;
    if (family !== undefined) return family;
    throw new RangeError(`there is no family '${name}', only ${Object.keys(FAMILIES).join(', ')}`);
  });
}

/** Those that have an option of their own. */
function flaggedKinds(values: Values): readonly Kind[] {
  return INET.filter((kind) => values[kind as 'tcp']);
}

/** Undefined where none is named. A family stands for all of its kinds, but where some of them are named. */
function kindsOf(values: Values): readonly Kind[] | undefined {
  const named = [...flaggedKinds(values), ...queried(queriesOf(values))];
  const whole = familiesOf(values).filter(({ kinds }) => !kinds.some((kind) => named.includes(kind)));
  const all = [...named, ...whole.flatMap(({ kinds }) => kinds)];
  if (all.length > 0) return KINDS.filter((kind) => all.includes(kind));
  if (queriesOf(values).length === 0) return undefined;
  throw new RangeError('--query leaves no kind of sockets');
}

/** A family is named with its kinds where all of them have one handler in the kernel. */
function namedKinds(values: Values): readonly Kind[] {
  return [
    ...flaggedKinds(values),
    ...queried(queriesOf(values).filter((word) => word !== 'all' && word !== 'inet')),
    ...familiesOf(values)
      .filter(({ kinds }) => kinds !== INET)
      .flatMap(({ kinds }) => kinds),
  ];
}

function queriesOf({ query, socket }: Values): string[] {
  return [query, socket].flatMap((words) => words?.split(',') ?? []);
}

/** What has an exclamation mark is taken out of what stands before it. */
function queried(words: readonly string[]): readonly Kind[] {
  const found = new Set<Kind>();
  for (const word of words) {
    if (word.startsWith('!')) for (const kind of kindsCalled(word.slice(1))) found.delete(kind);
    else for (const kind of kindsCalled(word)) found.add(kind);
  }
  return [...found];
}

function kindsCalled(word: string): readonly Kind[] {
  const kinds = Object.hasOwn(QUERIES, word) ? QUERIES[word] : undefined;
  if (kinds !== undefined) return kinds;
  throw new RangeError(`there are no sockets of the kind '${word}', only ${Object.keys(QUERIES).join(', ')}`);
}

function familyOf({ ipv4, ipv6, family }: Values): InetFamily | undefined {
  const four = ipv4 === true || family === 'inet';
  const six = ipv6 === true || family === 'inet6';
  if (four === six) return undefined;
  return four ? 'inet' : 'inet6';
}

/** These hold for all that follows, instead of what options say. */
export function beginsWithStates(filter: string): boolean {
  return /^\s*(?:state|excl(?:ude)?)\b/.test(filter);
}

function statesOf(values: Values, filter: string): readonly SocketState[] {
  // The filter itself says which of them; those that are bound only where it names them, since they cost another walk.
  if (beginsWithStates(filter)) {
    return /\bbound-inactive\b/i.test(filter) ? SOCKET_STATES : ALL;
  }
  const asked = [
    ...(values.all ? ALL : []),
    ...(values.listening ? WAITING : []),
    ...(values['bound-inactive'] ? BOUND : []),
  ];
  const wanted = asked.length === 0 ? usualStates(values) : asked;
  return SOCKET_STATES.filter((state) => wanted.includes(state));
}

/** Of what has an option of its own, and of families, those that each usually is in; else, as of -A, connections. */
function usualStates(values: Values): readonly SocketState[] {
  if (queriesOf(values).length > 0) return CONNECTED;
  const named = flaggedKinds(values).flatMap((kind) =>
    kind === 'udp' || kind === 'raw' ? (['ESTABLISHED'] as const) : CONNECTED,
  );
  const states = [...named, ...familiesOf(values).flatMap((family) => family.states)];
  return states.length === 0 ? CONNECTED : states;
}

/** Those of whose ends the kernel tells. */
export function protocolsOf({ kinds }: Plan): ('tcp' | 'udp')[] {
  return (['tcp', 'udp'] as const).filter((kind) => kinds.includes(kind));
}

/** Of these all are meant that are in a recording: what the kernel gives does not go by the state of each. */
export function hasAllStates(kind: Kind): boolean {
  return kind === 'raw' || kind === 'sctp';
}

/** Those of which the kernel tells, beside all others, the ones that are merely bound. */
export function hasBound(kind: Kind): boolean {
  return kind === 'tcp' || kind === 'mptcp' || kind === 'dccp';
}

/** Whether there is more than one kind, and more than one state, to tell apart; and whether queues are told. */
export function columnsOf({ kinds, states, filter, hasQueues }: Plan): {
  netid: boolean;
  state: boolean;
  queues: boolean;
} {
  const chosen = filter === undefined ? undefined : plan(filter, { device: () => 0 }).states;
  const few = chosen?.filter((state) => states.includes(state)) ?? states;
  const distinct = new Set(few.map((state) => (state === 'NEW_SYN_RECV' ? 'SYN_RECV' : state)));
  return { netid: kinds.length > 1, state: distinct.size !== 1, queues: hasQueues };
}
