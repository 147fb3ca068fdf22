/** What the kernel tells of a socket that was destroyed: a part of inet_diag_msg, and tcp_info. */
import { readAddress4, readAddress6 } from '../inet/address.js';
import { AF_INET, type InetFamily } from '../inet/family.js';
import { LEAST_TCP_INFO, readTcpInfo, type TcpInfo } from '../inet/tcp-info.js';
import {
  type Attribute,
  type AttributeTable,
  attributeTable,
  readAttributes,
  type UnknownAttributes,
} from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import type { Decode } from '../netlink/reading.js';
import { readCookie } from '../record/cookie.js';
import { stateName } from '../record/state.js';

/**
 * The final record of a socket. What a dump tells beside, the kernel does not tell at the end: neither owner nor inode,
 * timer, options, mark or cgroup. Remember them from a dump, by the cookie.
 */
export interface DestroyedInet extends UnknownAttributes {
  /**
   * The socket's own family (`idiag_family`). An IPv4 connection of a dual-stack socket is `'inet6'`, and its
   * addresses read `::ffff:192.0.2.1`.
   */
  family: InetFamily;
  /** (`INET_DIAG_PROTOCOL`.) */
  protocol: 'tcp' | 'udp';
  /** (`idiag_state`.) CLOSE; ESTABLISHED for a UDP socket that was connected. */
  state: 'CLOSE' | 'ESTABLISHED';
  /**
   * Local address, as text in the form of RFC 5952 (`idiag_src`); `0.0.0.0` or `::` for any. The kernel forgets it, as it
   * does `dport`, when this end aborts a connection and did not bind it.
   */
  src: string;
  /**
   * Local port (`idiag_sport`): the last one that it was bound to. 0 if it never was; such sockets come only where the
   * filter asks for `sport = 0`.
   */
  sport: number;
  /** Remote address (`idiag_dst`); `0.0.0.0` or `::` where there was none. */
  dst: string;
  /**
   * Remote port (`idiag_dport`); 0 where there was none. The kernel forgets it when this end aborts a connection
   * (SO_LINGER of 0 seconds, SOCK_DESTROY), so that no filter by `dport` finds that.
   */
  dport: number;
  /** Index of the network interface that the socket was bound to (`idiag_if`); 0 for any. */
  ifindex: number;
  /**
   * 64 bits in lower-case hexadecimal, as `ss -e` prints behind `sk:` (`idiag_cookie`, SO_COOKIE): the same as in an
   * earlier dump.
   */
  cookie: string;
}

/** The final record of a TCP socket: a connection, or a listener. */
export interface DestroyedTcp extends DestroyedInet {
  /** (`INET_DIAG_PROTOCOL`.) */
  protocol: 'tcp';
  /** (`idiag_state`.) */
  state: 'CLOSE';
  /**
   * Bytes that were received and never read (`idiag_rqueue`). The peer's end of the stream counts as one if it came and
   * nobody read as far.
   */
  rqueue: number;
  /**
   * How the connection did, from its beginning to its end, unless `show` leaves it out (`INET_DIAG_INFO`). When this end
   * aborts a connection, the kernel sets most of its counters back to 0.
   */
  info?: TcpInfo;
}

/** The final record of a UDP socket. */
export interface DestroyedUdp extends DestroyedInet {
  /** (`INET_DIAG_PROTOCOL`.) */
  protocol: 'udp';
}

/** The final record of a socket. */
export type DestroyedSocket = DestroyedTcp | DestroyedUdp;

/** By IPPROTO_*. */
const PROTOCOLS: Readonly<Record<number, DestroyedSocket['protocol']>> = { 6: 'tcp', 17: 'udp' };

const info: Attribute<DestroyedTcp> = {
  size: LEAST_TCP_INFO,
  put: (record, memory, at, length) => {
    record.info = readTcpInfo(memory, at, length);
  },
};

const leftOut: Attribute<UnknownAttributes> = { size: 0, put: () => undefined };

/** `idiag_wqueue` is left out: of UDP it is always -1, of aborted connections what the kernel happened to leave in it. */
const attributes = (withInfo: boolean): AttributeTable<DestroyedTcp> =>
  attributeTable<DestroyedTcp>({
    2: withInfo ? info : leftOut,
    10: {
      size: 1,
      put: (record, memory, at) => {
        record.protocol = (PROTOCOLS[memory.u8(at)] ?? `unknown_${memory.u8(at)}`) as 'tcp';
      },
    },
  });

function decoder(table: AttributeTable<DestroyedTcp>): Decode<DestroyedSocket> {
  return (memory, row) => {
    const at = memory.words[row] as number;
    const record = readAttributes(readDestroyed(memory, at) as DestroyedTcp, memory, row, table);
    if (record.protocol === 'tcp') record.rqueue = memory.u32(at + 56);
    return record;
  };
}

function readDestroyed(memory: BatchMemory, at: number): Omit<DestroyedInet, 'protocol'> {
  const inet = memory.u8(at) === AF_INET;
  return {
    family: inet ? 'inet' : 'inet6',
    state: stateName(memory.u8(at + 1)) as DestroyedSocket['state'],
    src: inet ? readAddress4(memory, at + 8) : readAddress6(memory, at + 8),
    sport: memory.port(at + 4),
    dst: inet ? readAddress4(memory, at + 24) : readAddress6(memory, at + 24),
    dport: memory.port(at + 6),
    ifindex: memory.u32(at + 40),
    cookie: readCookie(memory, at + 44),
  };
}

export const decodeDestroyed: Decode<DestroyedSocket> = decoder(attributes(true));
export const decodeDestroyedWithoutInfo: Decode<DestroyedSocket> = decoder(attributes(false));
