/** The dumps of /proc/net. */
import { INET_FAMILIES, type InetFamily } from '../inet/family.js';
import { INET_SHOW, type InetShow } from '../inet/record.js';
import { TCP, type TcpShow } from '../inet/tcp.js';
import type { Dump } from '../netlink/dump.js';
import { anyOf, type Checks, oneOf, someOf } from '../netlink/options.js';
import { wordsOf } from '../netlink/request.js';
import { NETLINK_PROTOCOL_WORDS, NETLINK_SHOW_WORDS, type NetlinkShow } from '../netlink-family/dump.js';
import type { NetlinkProtocol } from '../netlink-family/record.js';
import { PACKET_SHOW_WORDS, type PacketShow } from '../packet/dump.js';
import type { SocketState } from '../record/state.js';
import { UNIX_SHOW_WORDS, UNIX_STATES, type UnixShow } from '../unix/dump.js';
import type { UnixState } from '../unix/record.js';
import { icmpTable, type ProcIcmpMsg } from './icmp.js';
import {
  type ProcInetWish,
  type ProcTcpMsg,
  type ProcUdpLiteMsg,
  type ProcUdpMsg,
  tcpTable,
  udpLiteTable,
  udpTable,
} from './inet.js';
import { netlinkTable, type ProcNetlinkMsg } from './netlink.js';
import {
  checkTold,
  FILTER_CHECKS,
  filteredDump,
  type ProcFilterOptions,
  procOptions,
  procStatesCheck,
} from './options.js';
import { type ProcPacketMsg, packetTable } from './packet.js';
import { PFKEY_TABLE, type PfKeyMsg } from './pfkey.js';
import { type ProcRawMsg, rawTable } from './raw.js';
import type { ProcRecord } from './record.js';
import { type ProcOptions, type Table, tableDump } from './table.js';
import { type ProcUnixMsg, unixTable } from './unix.js';

/** What the dumps of IP sockets accept. */
export interface ProcInetOptions<S extends string> extends ProcFilterOptions {
  /** Sockets of this family only; without it, of both. */
  family?: InetFamily | undefined;
  /** Exactly these states; without it, all. Sockets that are merely bound are not in the text. */
  states?: readonly Exclude<SocketState, 'BOUND_INACTIVE'>[] | undefined;
  /**
   * As of a dump of netlink: what the text does not tell stays absent. It tells some of `'info'` for TCP, and of
   * `'skmeminfo'` for the others.
   */
  show?: readonly S[] | undefined;
}

export type ProcTcpOptions = ProcInetOptions<TcpShow>;

export type ProcDatagramOptions = ProcInetOptions<InetShow>;

/** What is asked of IP sockets. */
interface InetWish<T, S extends string> {
  caller: string;
  table: (wish: ProcInetWish) => Table<T>;
  words: readonly S[];
}

function inetDump<T extends ProcRecord, S extends string>(
  { caller, table, words }: InetWish<T, S>,
  options: ProcInetOptions<S> | undefined,
): Dump<T> {
  const checked = procOptions<ProcInetOptions<S>>(caller, options, {
    ...FILTER_CHECKS,
    family: oneOf(INET_FAMILIES),
    states: procStatesCheck,
    show: anyOf(words),
  });
  checkTold(caller, checked.filter);
  return filteredDump(table(checked), checked);
}

const INET_WORDS: readonly InetShow[] = wordsOf(INET_SHOW);

/**
 * The TCP sockets of a network namespace, from /proc/net/tcp and tcp6.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpTcp(options?: ProcTcpOptions): Dump<ProcTcpMsg> {
  return inetDump({ caller: 'dumpTcp', table: tcpTable, words: wordsOf(TCP.show) }, options);
}

/**
 * The UDP sockets of a network namespace, from /proc/net/udp and udp6.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpUdp(options?: ProcDatagramOptions): Dump<ProcUdpMsg> {
  return inetDump({ caller: 'dumpUdp', table: udpTable, words: INET_WORDS }, options);
}

/**
 * The UDP-Lite sockets of a network namespace, from /proc/net/udplite and udplite6. Linux 7.1 has none any more.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpUdpLite(options?: ProcDatagramOptions): Dump<ProcUdpLiteMsg> {
  return inetDump({ caller: 'dumpUdpLite', table: udpLiteTable, words: INET_WORDS }, options);
}

/**
 * The raw IP sockets of a network namespace, from /proc/net/raw and raw6.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpRaw(options?: ProcDatagramOptions): Dump<ProcRawMsg> {
  return inetDump({ caller: 'dumpRaw', table: rawTable, words: INET_WORDS }, options);
}

/**
 * The ping sockets of a network namespace, from /proc/net/icmp and icmp6: those of `socket(AF_INET, SOCK_DGRAM,
 * IPPROTO_ICMP)`. Only here: netlink tells of none.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpIcmp(options?: ProcDatagramOptions): Dump<ProcIcmpMsg> {
  return inetDump({ caller: 'dumpIcmp', table: icmpTable, words: INET_WORDS }, options);
}

export interface ProcUnixOptions extends ProcFilterOptions {
  /** Exactly these states; without it, all. */
  states?: readonly UnixState[] | undefined;
  /** As of a dump of netlink. The text tells `'name'`. */
  show?: readonly UnixShow[] | undefined;
}

/**
 * The unix-domain sockets of a network namespace, from /proc/net/unix, with the server's ends of connections that wait to
 * be accepted.
 *
 * The text does not tell a line break in a name from the end of a line. A record starts where a line does as the kernel
 * writes it, and all else belongs to the name; but whoever may make sockets may give one such a name that another socket
 * seems to be there.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpUnix(options?: ProcUnixOptions): Dump<ProcUnixMsg> {
  const checked = procOptions<ProcUnixOptions>('dumpUnix', options, {
    ...FILTER_CHECKS,
    states: someOf(UNIX_STATES),
    show: anyOf(UNIX_SHOW_WORDS),
  });
  return filteredDump(unixTable(checked), checked);
}

export interface ProcPacketOptions extends ProcFilterOptions {
  /** As of a dump of netlink. The text tells `uid` and some of `info`, which is `'info'`, and of `'meminfo'`. */
  show?: readonly PacketShow[] | undefined;
}

/**
 * The packet sockets of a network namespace, from /proc/net/packet.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpPacket(options?: ProcPacketOptions): Dump<ProcPacketMsg> {
  const checks: Checks<ProcPacketOptions> = { ...FILTER_CHECKS, show: anyOf(PACKET_SHOW_WORDS) };
  const checked = procOptions<ProcPacketOptions>('dumpPacket', options, checks);
  return filteredDump(packetTable(checked), checked);
}

export interface ProcNetlinkOptions extends ProcFilterOptions {
  /** Sockets of this protocol only; without it, of all, those without a name included. */
  protocol?: NetlinkProtocol | undefined;
  /** As of a dump of netlink. The text tells some of `'meminfo'`, `'groups'` and `'flags'`. */
  show?: readonly NetlinkShow[] | undefined;
}

/**
 * The netlink sockets of a network namespace that have an address, from /proc/net/netlink, which loses none of them
 * however many there are.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpNetlink(options?: ProcNetlinkOptions): Dump<ProcNetlinkMsg> {
  const checked = procOptions<ProcNetlinkOptions>('dumpNetlink', options, {
    ...FILTER_CHECKS,
    protocol: oneOf(NETLINK_PROTOCOL_WORDS),
    show: anyOf(NETLINK_SHOW_WORDS),
  });
  return filteredDump(netlinkTable(checked), checked);
}

/**
 * The PF_KEY sockets of a network namespace, from /proc/net/pfkey, or from /proc/net/pf_key where KLIPS has it. Netlink
 * tells of none.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`, `ENOENT` where the kernel has neither.
 */
export function dumpPfKey(options?: ProcOptions): Dump<PfKeyMsg> {
  return tableDump(PFKEY_TABLE, procOptions<ProcOptions>('dumpPfKey', options));
}
