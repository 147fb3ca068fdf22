/** What a command line asks of the kernel: its dumps, in the order of `ss`. */
import type { DiagMsg } from '../decode.js';
import { dumpDccp } from '../inet/dccp.js';
import { type InetQuestion, inetDump } from '../inet/dump.js';
import { dumpMptcp } from '../inet/mptcp.js';
import { dumpRaw } from '../inet/raw.js';
import type { InetProtocol } from '../inet/record.js';
import { decodeSctp, SCTP, type SctpShow } from '../inet/sctp.js';
import { dumpTcp, TCP, type TcpShow, tcpDump } from '../inet/tcp.js';
import { dumpUdp, UDP } from '../inet/udp.js';
import { type Dump, type DumpOptions, narrowed } from '../netlink/dump.js';
import type { Netns } from '../netlink/netns.js';
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
import { askedFields, inetShow, netlinkShow, packetShow, unixShow } from './asked.js';
import type { Direct } from './direct.js';
import { mayLoad, type Values } from './options.js';
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
  // As ss has them: those of IPv4 come first.
  tcp: (options) => tcpDump(options, false) as Dump<DiagMsg>,
  mptcp: dumpMptcp as AnyDump,
  dccp: dumpDccp as AnyDump,
  sctp: dumpSctp,
};

/** What one handler in the kernel is asked, for one kind of sockets or several. */
export interface Part {
  kinds: readonly Kind[];
  dump: Dump<DiagMsg>;
}

/** How dumps are to be read. */
export interface Ways {
  /** From /proc/net, if the system does not support netlink for it. */
  fallback?: 'proc' | undefined;
  /** Without records, where these are not needed. */
  direct?: Direct | undefined;
  /** Instead of what the command line names. */
  netns?: readonly Netns[] | undefined;
  /** Each record with those who hold its socket. */
  owners?: DumpOptions['owners'];
  /** TCP sockets of both families as they come, which is cheaper. */
  mixed?: boolean | undefined;
  /** These in so many parts, side by side. */
  parallel?: number | undefined;
}

/** Kinds of IP sockets that have a table in /proc/net. */
const TABLES: readonly Kind[] = ['raw', 'udp', 'tcp'];

export function* dumpsOf(plan: Plan, values: Values, ways: Ways = {}): Generator<Part> {
  const { kinds, states } = plan;
  const { fallback, direct, netns = values.net, owners = ownersOf(values), mixed, parallel } = ways;
  const common = {
    ...(plan.filter !== undefined && { filter: plan.filter }),
    ...(netns !== undefined && { netns }),
    ...(owners && { owners }),
    ...(values.consistent && { consistent: true }),
  };
  const orElse = { ...common, ...(fallback !== undefined && { fallback }) };
  const isUnconnected = states.includes('CLOSE');
  const wanted = (family: Kind): readonly Kind[] => (isUnconnected && kinds.includes(family) ? [family] : []);
  yield* part(wanted('netlink'), () => netlinkDump(orElse, values));
  yield* typed(kinds, 'packet_', isUnconnected, () => packetDump(orElse, plan, values));
  const ofUnix = those<UnixState>(['ESTABLISHED', 'CLOSE', 'LISTEN'], states);
  yield* typed(kinds, 'unix_', ofUnix.length > 0, () => unixDump(orElse, ofUnix, plan, values));
  const inet = function* (...protocols: Kind[]): Generator<Part> {
    for (const kind of protocols) {
      const isThere =
        kinds.includes(kind) && (hasBound(kind) || states.some((state) => state !== 'BOUND_INACTIVE'));
      const from = TABLES.includes(kind) ? orElse : common;
      yield* part(isThere ? [kind] : [], () =>
        inetKindDump(kind, { ...from, ...inetOptions(kind, plan, values) }, { direct, mixed, parallel }),
      );
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

function inetKindDump(kind: Kind, options: object, { direct, mixed, parallel }: Ways): Dump<DiagMsg> {
  if (mixed && kind === 'tcp') return dumpTcp({ ...options, parallel }) as Dump<DiagMsg>;
  if (direct !== undefined && kind === 'tcp') return inetDump(TCP, direct(kind), options);
  if (direct !== undefined && kind === 'udp') return inetDump(UDP, direct(kind), options);
  return (INET_DUMPS[kind] as AnyDump)(options);
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

/** Of fields, what they need; else in JSON, all that is told without being asked for; in a table, what stands in it. */
function packetDump(common: object, { filter }: Plan, values: Values): Dump<DiagMsg> {
  const fields = askedFields(values);
  const { extended, bpf } = values;
  const inTable = ['info', 'meminfo', ...(extended ? ['ringCfg', 'fanout'] : []), ...(bpf ? ['filter'] : [])];
  const show = fields === undefined ? inTable : packetShow(fields, filter !== undefined);
  return (dumpPacket as AnyDump)({ ...common, ...(!isWhole(values) && { show }) });
}

function netlinkDump(common: object, values: Values): Dump<DiagMsg> {
  const fields = askedFields(values);
  const inTable = values.extended ? ['meminfo', 'groups'] : ['meminfo'];
  const show = fields === undefined ? inTable : netlinkShow(fields);
  return (dumpNetlink as AnyDump)({ ...common, ...(!isWhole(values) && { show }) });
}

function unixDump(
  common: object,
  states: readonly UnixState[],
  { filter }: Plan,
  values: Values,
): Dump<DiagMsg> {
  const fields = askedFields(values);
  const inTable = [
    'name',
    'peer',
    'rqlen',
    ...(values.memory ? ['meminfo'] : []),
    ...(values.extended ? ['vfs', 'icons'] : []),
  ];
  const show = fields === undefined ? inTable : unixShow(fields, filter !== undefined);
  return (dumpUnix as AnyDump)({ ...common, states, ...(!isWhole(values) && { show }) });
}

/** Whether records need them, and how they are found: a table finds out by itself, once for all dumps. */
function ownersOf(values: Values): DumpOptions['owners'] {
  const fields = askedFields(values);
  const isAsked =
    fields === undefined ? values.json === true && values.processes === true : fields.includes('owners');
  return isAsked && (mayLoad(values) ? 'bpf' : true);
}

/** Records are printed with all that is in them. */
function isWhole({ json, fields }: Values): boolean {
  return json === true && fields === undefined;
}

const TCP_INFO: readonly TcpShow[] = ['info', 'cong', 'vegasinfo', 'dctcpinfo', 'bbrinfo', 'ulpInfo'];

/** What `ss -i` tells. */
const INFO: Partial<Readonly<Record<Kind, readonly string[]>>> = {
  tcp: TCP_INFO,
  mptcp: ['info'],
  sctp: ['info'],
};

function inetOptions(kind: Kind, { states, family }: Plan, values: Values): object {
  const fields = askedFields(values);
  const show = [
    ...(fields === undefined ? [] : inetShow(fields, kind as InetProtocol)),
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
