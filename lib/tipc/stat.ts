/** TIPC_NLA_SOCK_STAT: what is held up in a TIPC socket. */
import {
  type AttributeTable,
  attributeTable,
  readNested,
  type UnknownAttributes,
} from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';

/** Queues of a socket, and what they wait for (`TIPC_NLA_SOCK_STAT`). */
export interface TipcStat extends UnknownAttributes {
  /** Messages that were received and not yet read, a count (`TIPC_NLA_SOCK_STAT_RCVQ`). */
  rcvq: number;
  /** Messages that wait to be sent, a count (`TIPC_NLA_SOCK_STAT_SENDQ`). */
  sendq: number;
  /** Sending waits for a link that is congested (`TIPC_NLA_SOCK_STAT_LINK_CONG`). */
  linkCong: boolean;
  /** Sending waits for the peer, which has not read enough (`TIPC_NLA_SOCK_STAT_CONN_CONG`). */
  connCong: boolean;
  /** Messages that were refused because too many were unread, a count (`TIPC_NLA_SOCK_STAT_DROP`). */
  drop: number;
}

/** They count from 0. */
const ATTRIBUTES: AttributeTable<TipcStat> = attributeTable<TipcStat>({
  0: {
    size: 4,
    put: (stat, memory, at) => {
      stat.rcvq = memory.u32(at);
    },
  },
  1: {
    size: 4,
    put: (stat, memory, at) => {
      stat.sendq = memory.u32(at);
    },
  },
  2: {
    size: 0,
    put: (stat) => {
      stat.linkCong = true;
    },
  },
  3: {
    size: 0,
    put: (stat) => {
      stat.connCong = true;
    },
  },
  4: {
    size: 4,
    put: (stat, memory, at) => {
      stat.drop = memory.u32(at);
    },
  },
});

export function readStat(memory: BatchMemory, at: number, length: number): TipcStat {
  return readNested({ linkCong: false, connCong: false } as TipcStat, memory, at, length, ATTRIBUTES);
}
