/** The records that a command line asks for. */
import type { DiagMsg } from '../decode.js';
import { dumpDccp } from '../inet/dccp.js';
import { type InetQuestion, inetDump } from '../inet/dump.js';
import { dumpMptcp } from '../inet/mptcp.js';
import { dumpRaw } from '../inet/raw.js';
import { decodeSctp, SCTP, type SctpShow } from '../inet/sctp.js';
import { dumpTcp, type TcpShow } from '../inet/tcp.js';
import { dumpUdp } from '../inet/udp.js';
import { type Dump, narrowed } from '../netlink/dump.js';
import { isUnsupported } from '../netlink/errors.js';
import { dumpNetlink } from '../netlink-family/dump.js';
import { dumpPacket } from '../packet/dump.js';
import type { SocketState } from '../record/state.js';
import { dumpTipc } from '../tipc/dump.js';
import { asSocketState, TIPC_STATES } from '../tipc/state.js';
import { dumpUnix } from '../unix/dump.js';
import type { UnixState } from '../unix/record.js';
import { dumpVsock } from '../vsock/dump.js';
import type { VsockState } from '../vsock/record.js';
import { dumpXdp } from '../xdp/dump.js';
import type { Values } from './options.js';
import { hasBound, type Kind, type Plan } from './plan.js';

type AnyDump = (options: object) => Dump<DiagMsg>;

/**
 * By states, of which the kernel makes two kinds: where LISTEN is asked for, it gives endpoints that listen; where any but
 * LISTEN and CLOSE is, all associations, each behind its endpoint.
 */
const dumpSctp: AnyDump = (options) =>
  inetDump(SCTP, decodeSctp, options as InetQuestion<SctpShow>) as Dump<DiagMsg>;

const INET_DUMPS: Partial<Readonly<Record<Kind, AnyDump>>> = {
  raw: dumpRaw as AnyDump,
  udp: dumpUdp as AnyDump,
  tcp: dumpTcp as AnyDump,
  mptcp: dumpMptcp as AnyDump,
  dccp: dumpDccp as AnyDump,
  sctp: dumpSctp,
};

/** Those who are told of a failure that does not end it all. */
export type Complain = (error: Error) => void;

/** In batches, kind after kind. */
export function readRecords(plan: Plan, values: Values, complain: Complain): AsyncGenerator<DiagMsg[]> {
  return readEach(plan, values, complain, (dump) => dump.batches());
}

/** Likewise, as the kernel's messages. */
export function readMessages(plan: Plan, values: Values, complain: Complain): AsyncGenerator<Uint8Array> {
  return readEach(plan, values, complain, (dump) => answered(dump.raw()));
}

/** Nothing of a dump that the kernel refuses, which is its request and an error: no recording has to hold that. */
async function* answered(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const refused = 2;
  const held: Uint8Array[] = [];
  for await (const bytes of messages) {
    held.push(bytes);
    if (held.length > refused) yield* held.splice(0);
  }
  yield* held;
}

/**
 * Of several kinds, one that this system does not have is complained of if it was named, and the others are read all the
 * same.
 */
async function* readEach<T>(
  plan: Plan,
  values: Values,
  complain: Complain,
  read: (dump: Dump<DiagMsg>) => AsyncIterable<T>,
): AsyncGenerator<T> {
  for (const { kinds, dump } of dumpsOf(plan, values)) {
    try {
      yield* read(dump);
    } catch (error) {
      const isAll = plan.kinds.every((kind) => kinds.includes(kind));
      if (isAll || !isUnsupported(error) || isClosed(error)) throw error;
      if (kinds.some((kind) => plan.named.includes(kind))) complain(error as Error);
    }
  }
}

/** There is no sock_diag at all. */
function isClosed(error: unknown): boolean {
  return (error as { unsupported?: string }).unsupported === 'sock_diag';
}

/** What one handler in the kernel is asked, for one kind of sockets or several. */
interface Part {
  kinds: readonly Kind[];
  dump: Dump<DiagMsg>;
}

function* dumpsOf(plan: Plan, values: Values): Generator<Part> {
  const { kinds, states } = plan;
  const common = {
    ...(plan.filter !== undefined && { filter: plan.filter }),
    ...(values.net !== undefined && { netns: values.net }),
    ...(values.processes && { owners: true }),
  };
  const isUnconnected = states.includes('CLOSE');
  const wanted = (family: Kind): readonly Kind[] => (isUnconnected && kinds.includes(family) ? [family] : []);
  yield* part(wanted('netlink'), () => netlinkDump(common, values));
  yield* typed(kinds, 'packet_', isUnconnected, () => packetDump(common, values));
  const ofUnix = those<UnixState>(['ESTABLISHED', 'CLOSE', 'LISTEN'], states);
  yield* typed(kinds, 'unix_', ofUnix.length > 0, () => unixDump(common, ofUnix, values));
  const inet = function* (...protocols: Kind[]): Generator<Part> {
    for (const kind of protocols) {
      const isThere =
        kinds.includes(kind) && (hasBound(kind) || states.some((state) => state !== 'BOUND_INACTIVE'));
      const make = INET_DUMPS[kind] as AnyDump;
      yield* part(isThere ? [kind] : [], () => make({ ...common, ...inetOptions(kind, plan, values) }));
    }
  };
  yield* inet('raw', 'udp', 'tcp', 'dccp', 'sctp');
  const ofVsock = those<VsockState>(['ESTABLISHED', 'SYN_SENT', 'CLOSE', 'LISTEN', 'CLOSING'], states);
  yield* typed(kinds, 'vsock_', ofVsock.length > 0, () =>
    (dumpVsock as AnyDump)({ ...common, states: ofVsock }),
  );
  const ofTipc = TIPC_STATES.filter((state) => states.includes(asSocketState(state)));
  const isTipc = kinds.includes('tipc') && ofTipc.length > 0;
  yield* part(isTipc ? ['tipc'] : [], () => (dumpTipc as AnyDump)({ ...common, states: ofTipc }));
  yield* part(wanted('xdp'), () => (dumpXdp as AnyDump)(common));
  yield* inet('mptcp');
}

/** Those states of a family that are asked for. */
function those<S extends SocketState>(all: readonly S[], asked: readonly SocketState[]): readonly S[] {
  return all.filter((state) => asked.includes(state));
}

function* part(kinds: readonly Kind[], make: () => Dump<DiagMsg>): Generator<Part> {
  if (kinds.length > 0) yield { kinds, dump: make() };
}

/** One dump of all types, of which some are left out. */
function* typed(
  kinds: readonly Kind[],
  prefix: 'packet_' | 'unix_' | 'vsock_',
  isWanted: boolean,
  make: () => Dump<DiagMsg>,
): Generator<Part> {
  const own = isWanted ? kinds.filter((kind) => kind.startsWith(prefix)) : [];
  const types = own.map((kind) => kind.slice(prefix.length));
  yield* part(own, () =>
    narrowed(
      make(),
      (record) => 'type' in record && (types.includes(record.type) || record.type === 'packet'),
    ),
  );
}

/** In JSON, all that is told without being asked for; in a table, what stands in it. */
function packetDump(common: object, { json, extended, bpf }: Values): Dump<DiagMsg> {
  const show = ['info', 'meminfo', ...(extended ? ['ringCfg', 'fanout'] : []), ...(bpf ? ['filter'] : [])];
  return (dumpPacket as AnyDump)({ ...common, ...(json !== true && { show }) });
}

function netlinkDump(common: object, { json, extended }: Values): Dump<DiagMsg> {
  const show = extended ? ['meminfo', 'groups'] : ['meminfo'];
  return (dumpNetlink as AnyDump)({ ...common, ...(json !== true && { show }) });
}

function unixDump(
  common: object,
  states: readonly UnixState[],
  { json, memory, extended }: Values,
): Dump<DiagMsg> {
  const show = [
    'name',
    'peer',
    'rqlen',
    ...(memory ? ['meminfo'] : []),
    ...(extended ? ['vfs', 'icons'] : []),
  ];
  return (dumpUnix as AnyDump)({ ...common, states, ...(json !== true && { show }) });
}

const TCP_INFO: readonly TcpShow[] = ['info', 'cong', 'vegasinfo', 'dctcpinfo', 'bbrinfo', 'ulpInfo'];

/** What `ss -i` tells. */
const INFO: Partial<Readonly<Record<Kind, readonly string[]>>> = {
  tcp: TCP_INFO,
  mptcp: ['info'],
  sctp: ['info'],
};

function inetOptions(kind: Kind, { states, family }: Plan, values: Values): object {
  const show = [
    ...(values.info ? (INFO[kind] ?? []) : []),
    ...(values.memory ? ['skmeminfo'] : []),
    ...(values.tos ? ['tos', 'tclass', 'classId'] : []),
  ];
  return {
    ...(family !== undefined && { family }),
    show,
    ...(kind !== 'raw' && { states }),
  };
}
