/** What a summary tells of sockets. All of it is plain data. */
import type { DiagMsg } from '../decode.js';
import type { InetFamily } from '../inet/family.js';
import type { ProcMsg } from '../proc/msg.js';
import type { Histogram } from './histogram.js';

/** The records that can be counted: of all dumps, those of `sockdiag/proc` included. */
export type Countable = DiagMsg | ProcMsg;

/** The values of the labels that were chosen, by the names of these. */
export type LabelValues = Readonly<Record<string, string>>;

/** Of which sockets a number is. */
export interface SocketKind {
  /** As of the records. */
  family: Countable['family'];
  /** The protocol, as `'tcp'`; of families whose records have none, the type of the socket, as `'stream'`. */
  protocol: string;
  /** Those of the labels that were chosen. */
  labels: LabelValues;
}

/** The memory of sockets, whose records must have it: `skmeminfo` of IP sockets, `meminfo` of others. Bytes. */
export interface MemorySummary {
  /** What was received and not yet read (`rmemAlloc`). */
  rmemAlloc: number;
  /** What is queued for sending (`wmemQueued`). */
  wmemQueued: number;
  /** What is reserved and not yet used (`fwdAlloc`). */
  fwdAlloc: number;
  /** Options and filters (`optmem`). */
  optmem: number;
  /** What arrived while a process held the lock of the socket (`backlog`). */
  backlog: number;
  /** Packets that were dropped for want of room by the sockets that are there now, a count (`drops`). */
  drops: number;
}

/** Sockets of a kind, in a state. */
export interface SocketsSummary extends SocketKind {
  /** That of the records; `'CLOSE'` for families whose sockets have none. */
  state: string;
  /** How many there are. */
  count: number;
  /** `rqueue` of all of them: bytes; 0 for LISTEN, where it would be none. */
  rqueue: number;
  /** `wqueue`, likewise. */
  wqueue: number;
  /** Absent if no record had it. */
  memory?: MemorySummary;
}

/** Those who listen at an address. */
export interface ListenerSummary extends SocketKind {
  /** Where they listen: an IP address, the name of a unix socket (empty for none), or `'other'` beyond the limit. */
  address: string;
  /** Of IP sockets; absent for all others, and for `'other'`. */
  port?: number;
  /** How many sockets: more than one with SO_REUSEPORT, or in several network namespaces. */
  sockets: number;
  /** Connections that wait to be accepted, of all these sockets. */
  queue: number;
  /** How many may wait: what listen(2) was given, at most net.core.somaxconn. */
  limit: number;
  /** Of how many sockets the queue is full: the kernel drops who comes next. */
  full: number;
}

/** TCP connections whose records have `info`. */
export interface TcpSummary {
  /** As of the records. */
  family: InetFamily;
  /** Those of the labels that were chosen. */
  labels: LabelValues;
  /** Smoothed round-trip times, seconds (`info.rtt`); of those who have one. */
  rtt: Histogram;
  /** Of the bytes that were sent, the part that was sent again: 0 to 1 (`info.bytesRetrans`); of those who have sent. */
  retransmission: Histogram;
  /** Congestion windows, segments (`info.sndCwnd`). */
  congestionWindow: Histogram;
  /** How fast data was delivered of late, bytes a second (`info.deliveryRate`); of those of whom it is known. */
  deliveryRate: Histogram;
}

/** What there is, in numbers. */
export interface Summary {
  /** By family, protocol, state and the labels that were chosen. */
  sockets: SocketsSummary[];
  /** By address and port, family, protocol and the labels. */
  listeners: ListenerSummary[];
  /** By family and the labels. */
  tcp: TcpSummary[];
}
