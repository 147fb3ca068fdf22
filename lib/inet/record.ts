/** inet_diag_msg: a socket of an IP protocol, and the attributes that all of these have. */
import { type AttributeTable, attributeTable, padding } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { readCookie } from '../record/cookie.js';
import type { DiagRecord } from '../record/record.js';
import { readShutdown, type Shutdown } from '../record/shutdown.js';
import { readSkMeminfo, type SkMeminfo } from '../record/skmeminfo.js';
import { type SocketState, stateName } from '../record/state.js';
import { nameOf } from '../record/words.js';
import { readAddress4, readAddress6 } from './address.js';
import { AF_INET, type InetFamily } from './family.js';
import { type InetDiagMeminfo, readMeminfo } from './meminfo.js';
import { readSockopt, type Sockopt } from './sockopt.js';

export type InetProtocol = 'tcp' | 'udp' | 'udplite' | 'raw' | 'sctp' | 'dccp' | 'mptcp';

/**
 * What a TCP socket waits for: `'off'` nothing; `'on'` an acknowledgement, before it sends again;
 * `'keepalive'` to probe an idle peer, or to give up an orphan in FIN_WAIT2; `'timewait'` the end of TIME_WAIT;
 * `'persist'` to probe a peer whose window is closed; `'delack'` to send a delayed acknowledgement (Linux 7.1).
 */
export type Timer = 'off' | 'on' | 'keepalive' | 'timewait' | 'persist' | 'delack';

const TIMERS: readonly Timer[] = ['off', 'on', 'keepalive', 'timewait', 'persist', 'delack'];

export function timerName(number: number): Timer {
  return nameOf(TIMERS, number);
}

/** A socket of an IP protocol, as the kernel's `inet_diag_msg` tells it, and what all protocols can tell beside. */
export interface InetDiagMsg extends DiagRecord {
  /**
   * The socket's own family (`idiag_family`). An IPv4 connection of a dual-stack socket is `'inet6'`, and its
   * addresses read `::ffff:192.0.2.1`.
   */
  family: InetFamily;
  /** The protocol that was asked for (`sdiag_protocol`). */
  protocol: InetProtocol;
  /**
   * (`idiag_state`.) UDP and raw sockets are ESTABLISHED when connected, else CLOSE. TCP sockets in CLOSE are bound
   * and neither listening nor connected: they come only where BOUND_INACTIVE was asked for.
   */
  state: SocketState;
  /** Which timer runs (`idiag_timer`); always `'off'` for UDP. */
  timer: Timer;
  /**
   * How often the timer's act was repeated, a count (`idiag_retrans`): retransmissions for `'on'`, probes for
   * `'keepalive'` and `'persist'`, SYN-ACKs in SYN_RECV.
   */
  retrans: number;
  /** Local address, as text in the form of RFC 5952 (`idiag_src`); `0.0.0.0` or `::` for any. */
  src: string;
  /** Local port (`idiag_sport`); of a raw socket the number of its IP protocol. */
  sport: number;
  /** Remote address (`idiag_dst`); `0.0.0.0` or `::` where there is none. */
  dst: string;
  /** Remote port (`idiag_dport`); 0 where there is none. */
  dport: number;
  /** Index of the network interface that the socket is bound to (`idiag_if`); 0 for any. */
  ifindex: number;
  /**
   * 64 bits in lower-case hexadecimal, as `ss -e` prints behind `sk:` (`idiag_cookie`, SO_COOKIE). No two sockets
   * of one boot share one, while inode numbers are used again.
   */
  cookie: string;
  /** Until the timer fires, milliseconds (`idiag_expires`); 0 without a timer. */
  expires: number;
  /**
   * (`idiag_rqueue`.) TCP: bytes received and not yet read; for LISTEN connections that wait to be accepted.
   * UDP, raw and MPTCP: bytes of memory held by what is unread, overhead included.
   */
  rqueue: number;
  /**
   * (`idiag_wqueue`.) TCP: bytes sent or to be sent and not yet acknowledged; for LISTEN the backlog limit.
   * UDP, raw and MPTCP: bytes of memory held by what is unsent, overhead included.
   */
  wqueue: number;
  /**
   * The owner's user id as seen from the reader's user namespace, 65534 if it has none there (`idiag_uid`).
   * 0 for SYN_RECV and TIME_WAIT, and before Linux 6.17 for all that no descriptor refers to.
   */
  uid: number;
  /** The inode number of the socket's descriptors (`idiag_inode`); 0 if no descriptor refers to it. */
  inode: number;
  /** Absent for SYN_RECV and TIME_WAIT (`INET_DIAG_SHUTDOWN`). */
  shutdown?: Shutdown;
  /** IPV6_V6ONLY; for IPv6 sockets in LISTEN and CLOSE (`INET_DIAG_SKV6ONLY`). */
  skv6only?: boolean;
  /** SO_MARK, for readers with CAP_NET_ADMIN in the network namespace (`INET_DIAG_MARK`). */
  mark?: number;
  /** The cgroup v2 that the socket was made in: the inode number of its directory (`INET_DIAG_CGROUP_ID`; 5.8). */
  cgroupId?: number;
  /** Socket options (`INET_DIAG_SOCKOPT`; since Linux 5.10). */
  sockopt?: Sockopt;
  /** Memory in short; where `show` names it (`INET_DIAG_MEMINFO`). */
  meminfo?: InetDiagMeminfo;
  /** Memory in detail; where `show` names it (`INET_DIAG_SKMEMINFO`). */
  skmeminfo?: SkMeminfo;
  /** IP_TOS, 8 bits; where `show` names it (`INET_DIAG_TOS`). */
  tos?: number;
  /** IPV6_TCLASS, 8 bits; for IPv6 sockets, where `show` names it or `'classId'` (`INET_DIAG_TCLASS`). */
  tclass?: number;
  /**
   * The class of the net_cls cgroup, or SO_PRIORITY where there is none; where `show` names it or `'tclass'`
   * (`INET_DIAG_CLASS_ID`).
   */
  classId?: number;
}

/** What can be asked for of every protocol. */
export type InetShow = 'meminfo' | 'tos' | 'tclass' | 'classId' | 'skmeminfo';

/** With the bits of `idiag_ext`. */
export const INET_SHOW: Readonly<Record<InetShow, number>> = {
  meminfo: 0x01,
  tos: 0x10,
  tclass: 0x20,
  /** It comes with tclass. */
  classId: 0x20,
  skmeminfo: 0x40,
};

export const INET_ATTRIBUTES: AttributeTable<InetDiagMsg> = attributeTable<InetDiagMsg>({
  1: {
    size: 16,
    put: (record, memory, at, length) => {
      record.meminfo = readMeminfo(memory, at, length);
    },
  },
  5: {
    size: 1,
    put: (record, memory, at) => {
      record.tos = memory.u8(at);
    },
  },
  6: {
    size: 1,
    put: (record, memory, at) => {
      record.tclass = memory.u8(at);
    },
  },
  7: {
    size: 4,
    put: (record, memory, at, length) => {
      record.skmeminfo = readSkMeminfo(memory, at, length);
    },
  },
  8: {
    size: 1,
    put: (record, memory, at) => {
      record.shutdown = readShutdown(memory, at);
    },
  },
  11: {
    size: 1,
    put: (record, memory, at) => {
      record.skv6only = memory.u8(at) !== 0;
    },
  },
  14: padding,
  15: {
    size: 4,
    put: (record, memory, at) => {
      record.mark = memory.u32(at);
    },
  },
  17: {
    size: 4,
    put: (record, memory, at) => {
      record.classId = memory.u32(at);
    },
  },
  21: {
    size: 8,
    put: (record, memory, at) => {
      record.cgroupId = memory.u64(at);
    },
  },
  22: {
    size: 2,
    put: (record, memory, at, length) => {
      record.sockopt = readSockopt(memory, at, length);
    },
  },
});

/** Bytes of `inet_diag_msg`. */
export const INET_DIAG_MSG_LENGTH = 72;

/** Reads the fixed structure of the record in a row of the index. */
export function readInetDiagMsg(memory: BatchMemory, row: number, protocol: InetProtocol): InetDiagMsg {
  const at = memory.words[row] as number;
  const inet = memory.u8(at) === AF_INET;
  return {
    family: inet ? 'inet' : 'inet6',
    protocol,
    state: stateName(memory.u8(at + 1)),
    timer: timerName(memory.u8(at + 2)),
    retrans: memory.u8(at + 3),
    src: inet ? readAddress4(memory, at + 8) : readAddress6(memory, at + 8),
    sport: memory.port(at + 4),
    dst: inet ? readAddress4(memory, at + 24) : readAddress6(memory, at + 24),
    dport: memory.port(at + 6),
    ifindex: memory.u32(at + 40),
    cookie: readCookie(memory, at + 44),
    // Some kernels before 5.4 leave garbage here when no timer runs.
    expires: memory.u8(at + 2) === 0 ? 0 : memory.u32(at + 52),
    rqueue: memory.u32(at + 56),
    wqueue: memory.u32(at + 60),
    uid: memory.u32(at + 64),
    inode: memory.u32(at + 68),
  };
}
