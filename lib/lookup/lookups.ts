/** lookupTcp, lookupUdp and their likes. */
import type dgram from 'node:dgram';
import type net from 'node:net';

import type { DccpDiagMsg, DccpShow } from '../inet/dccp.js';
import type { RawDiagMsg, RawShow } from '../inet/raw.js';
import type { SctpDiagMsg, SctpShow } from '../inet/sctp.js';
import type { InetTuple } from '../inet/sockid.js';
import type { TcpDiagMsg, TcpShow } from '../inet/tcp.js';
import type { UdpDiagMsg, UdpLiteDiagMsg, UdpShow } from '../inet/udp.js';
import { wordsOf } from '../netlink/request.js';
import { giveTurn } from '../netlink/turn.js';
import type { UnixDiagMsg } from '../unix/record.js';
import {
  find,
  findSync,
  type InetLookup,
  type InetRecord,
  type LookupOptions,
  lookupOptions,
  type Search,
} from './inet.js';
import type { InetNames } from './names.js';
import {
  DCCP_LOOKUP,
  RAW_LOOKUP,
  SCTP_LOOKUP,
  TCP_LOOKUP,
  TCP_LOOKUP_WITH_KEYS,
  UDP_LOOKUP,
  UDPLITE_LOOKUP,
} from './protocols.js';
import { findUnix } from './unix.js';
import { soughtOf } from './which.js';

/** BPF storages come in dumps only. */
export type TcpLookupShow = Exclude<TcpShow, 'skBpfStorages'>;

/**
 * A unix socket where a TCP socket could have been, with none of the properties that only TCP sockets have: what
 * `lookupTcp` answers for a connection or a server of Node's that is one.
 */
export type UnixInstead = UnixDiagMsg & { [K in Exclude<keyof TcpDiagMsg, keyof UnixDiagMsg>]?: undefined };

/** A connection or a server of Node's. */
export type LiveStream = net.Socket | net.Server;

const TCP_WORDS = wordsOf(TCP_LOOKUP.kind.show).filter(
  (word): word is TcpLookupShow => word !== 'skBpfStorages',
);

/** What is to be looked for, or what was found elsewhere. */
function soughtTcp(caller: string, which: unknown, given: unknown): Search<TcpDiagMsg, TcpShow> | Elsewhere {
  const options = lookupOptions(caller, given, TCP_WORDS);
  const lookup = options.show?.includes('md5sig') === true ? TCP_LOOKUP_WITH_KEYS : TCP_LOOKUP;
  const sought = soughtOf<TcpDiagMsg, TcpShow>(caller, lookup, which, options);
  if (sought.kind === 'inet') return sought.search;
  const found = sought.kind === 'unix' ? findUnix(sought, options.netns) : undefined;
  return { found: found as UnixInstead | undefined };
}

interface Elsewhere {
  found: UnixInstead | undefined;
}

/**
 * The TCP socket that a tuple, a record, or a connection or server of this program stands for: `lookupTcp(request.socket,
 * { show: ['info'] })`. Undefined if there is none: of an absent connection the kernel's own answer is its listener, which
 * is never given out. An address may be text, as of `sockdiag/name`: `'inet/127.0.0.1:8080'` for a listener, an array of
 * two for a connection's ends. A tuple without `dst` stands for the listener with that very address, or for one of a group of them.
 *
 * A connection or server of Node's may be a unix socket: then the answer is that. In another namespace than its own, it
 * is not found.
 *
 * The kernel answers inside the call that asks, within about a microsecond: so it is asked on this thread. Only of what may
 * be hidden behind others with the same address, listeners that are not found above all, a dump is made.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export async function lookupTcp(
  which: InetTuple | InetNames | TcpDiagMsg,
  options?: LookupOptions<TcpLookupShow>,
): Promise<TcpDiagMsg | undefined>;
export async function lookupTcp(
  which: InetTuple | InetNames | TcpDiagMsg | LiveStream,
  options?: LookupOptions<TcpLookupShow>,
): Promise<TcpDiagMsg | UnixInstead | undefined>;
export async function lookupTcp(
  which: InetTuple | InetNames | TcpDiagMsg | LiveStream,
  options?: LookupOptions<TcpLookupShow>,
): Promise<TcpDiagMsg | UnixInstead | undefined> {
  const turn = giveTurn();
  if (turn !== undefined) await turn;
  const sought = soughtTcp('lookupTcp', which, options);
  return 'found' in sought ? sought.found : find(sought);
}

/**
 * As `lookupTcp`, without a promise. Where a dump must be made, that is made on this thread too.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export function lookupTcpSync(
  which: InetTuple | InetNames | TcpDiagMsg,
  options?: LookupOptions<TcpLookupShow>,
): TcpDiagMsg | undefined;
export function lookupTcpSync(
  which: InetTuple | InetNames | TcpDiagMsg | LiveStream,
  options?: LookupOptions<TcpLookupShow>,
): TcpDiagMsg | UnixInstead | undefined;
export function lookupTcpSync(
  which: InetTuple | InetNames | TcpDiagMsg | LiveStream,
  options?: LookupOptions<TcpLookupShow>,
): TcpDiagMsg | UnixInstead | undefined {
  const sought = soughtTcp('lookupTcpSync', which, options);
  return 'found' in sought ? sought.found : findSync(sought);
}

/** The lookup of a protocol whose sockets Node has none of that could be another. */
async function lookup<R extends InetRecord, S extends string>(
  caller: string,
  how: InetLookup<R, S>,
  which: unknown,
  options: unknown,
): Promise<R | undefined> {
  const turn = giveTurn();
  if (turn !== undefined) await turn;
  const sought = soughtOf(caller, how, which, lookupOptions(caller, options, wordsOf(how.kind.show)));
  if (sought.kind === 'unix') throw new TypeError(`${caller}: the socket is a unix socket, for lookupUnix`);
  return sought.kind === 'inet' ? find(sought.search) : undefined;
}

/**
 * The UDP socket that a tuple, a record, or a socket of this program stands for. Undefined if there is none. A tuple
 * without `dst` stands for a socket that is not connected and is bound to that very address, or for one of a group.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export async function lookupUdp(
  which: InetTuple | InetNames | UdpDiagMsg | dgram.Socket,
  options?: LookupOptions<UdpShow>,
): Promise<UdpDiagMsg | undefined> {
  return lookup('lookupUdp', UDP_LOOKUP, which, options);
}

/**
 * The UDP-Lite socket that a tuple or a record stands for. Undefined if there is none.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export async function lookupUdpLite(
  which: InetTuple | InetNames | UdpLiteDiagMsg,
  options?: LookupOptions<UdpShow>,
): Promise<UdpLiteDiagMsg | undefined> {
  return lookup('lookupUdpLite', UDPLITE_LOOKUP, which, options);
}

/**
 * The raw IP socket that a tuple, whose `sport` is the number of the IP protocol, or a record stands for. Undefined if
 * there is none.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export async function lookupRaw(
  which: InetTuple | InetNames | RawDiagMsg,
  options?: LookupOptions<RawShow>,
): Promise<RawDiagMsg | undefined> {
  return lookup('lookupRaw', RAW_LOOKUP, which, options);
}

/**
 * The SCTP association that a tuple or a record stands for. Undefined if there is none; endpoints cannot be looked up.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export async function lookupSctp(
  which: InetTuple | InetNames | SctpDiagMsg,
  options?: LookupOptions<SctpShow>,
): Promise<SctpDiagMsg | undefined> {
  return lookup('lookupSctp', SCTP_LOOKUP, which, options);
}

/**
 * The DCCP socket that a tuple or a record stands for. Undefined if there is none.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export async function lookupDccp(
  which: InetTuple | InetNames | DccpDiagMsg,
  options?: LookupOptions<DccpShow>,
): Promise<DccpDiagMsg | undefined> {
  return lookup('lookupDccp', DCCP_LOOKUP, which, options);
}
