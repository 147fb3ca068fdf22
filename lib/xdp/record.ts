/** xdp_diag_msg: a socket that takes packets past the network stack. */
import { attributeTable, readAttributes } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { byCookie, type Known } from '../netlink/known.js';
import { type Members, structure, type UnknownTail } from '../netlink/structure.js';
import { readCookie } from '../record/cookie.js';
import type { DiagRecord } from '../record/record.js';
import { readSkMeminfo, type SkMeminfo } from '../record/skmeminfo.js';
import { type SocketType, typeName } from '../record/type.js';
import { readStats, XDP_STATS_LENGTH, type XdpStats } from './stats.js';
import { readUmem, XDP_UMEM_LENGTH, type XdpUmem } from './umem.js';

export type XdpType = Extract<SocketType, 'raw'>;

/** `xdp_diag_info`: what the socket is bound to. */
export interface XdpInfo extends UnknownTail {
  /** Index of the network interface (`ifindex`); 0 for none yet. */
  ifindex: number;
  /** The interface's queue (`queue_id`). */
  queueId: number;
}

/** `xdp_diag_ring`. */
export interface XdpRing extends UnknownTail {
  /** Descriptors that it has room for, a count (`entries`). */
  entries: number;
}

/** An XDP socket, as the kernel's `xdp_diag_msg` tells it. */
export interface XdpDiagMsg extends DiagRecord {
  /** (`xdiag_family`.) */
  family: 'xdp';
  /** Always `'raw'` (`xdiag_type`). */
  type: XdpType;
  /** The inode number of the socket's descriptors (`xdiag_ino`). */
  inode: number;
  /** 64 bits in lower-case hexadecimal (`xdiag_cookie`, SO_COOKIE). No two sockets of one boot share one. */
  cookie: string;
  /** (`XDP_DIAG_INFO`.) */
  info?: XdpInfo;
  /** The owner's user id as seen from the reader's user namespace; comes with `info` (`XDP_DIAG_UID`). */
  uid?: number;
  /** The ring of what was received; absent without one (`XDP_DIAG_RX_RING`). */
  rxRing?: XdpRing;
  /** The ring of what is to be sent; absent without one (`XDP_DIAG_TX_RING`). */
  txRing?: XdpRing;
  /** The memory for packets; absent without any (`XDP_DIAG_UMEM`). */
  umem?: XdpUmem;
  /** The ring of free room for packets; comes with `umem`, where there is one (`XDP_DIAG_UMEM_FILL_RING`). */
  umemFillRing?: XdpRing;
  /** The ring of what was sent; comes with `umem`, where there is one (`XDP_DIAG_UMEM_COMPLETION_RING`). */
  umemCompletionRing?: XdpRing;
  /** Memory in detail (`XDP_DIAG_MEMINFO`, which holds the SK_MEMINFO array). */
  meminfo?: SkMeminfo;
  /** What was lost (`XDP_DIAG_STATS`; since Linux 5.9). */
  stats?: XdpStats;
}

const INFO_LENGTH = 8;
const RING_LENGTH = 4;

const readInfo = structure(
  INFO_LENGTH,
  (members: Members): XdpInfo => ({ ifindex: members.u32(0), queueId: members.u32(4) }),
);

const readRing = structure(RING_LENGTH, (members: Members): XdpRing => ({ entries: members.u32(0) }));

const ATTRIBUTES = attributeTable<XdpDiagMsg>({
  1: {
    size: INFO_LENGTH,
    put: (record, memory, at, length) => {
      record.info = readInfo(memory, at, length);
    },
  },
  2: {
    size: 4,
    put: (record, memory, at) => {
      record.uid = memory.u32(at);
    },
  },
  3: {
    size: RING_LENGTH,
    put: (record, memory, at, length) => {
      record.rxRing = readRing(memory, at, length);
    },
  },
  4: {
    size: RING_LENGTH,
    put: (record, memory, at, length) => {
      record.txRing = readRing(memory, at, length);
    },
  },
  5: {
    size: XDP_UMEM_LENGTH,
    put: (record, memory, at, length) => {
      record.umem = readUmem(memory, at, length);
    },
  },
  6: {
    size: RING_LENGTH,
    put: (record, memory, at, length) => {
      record.umemFillRing = readRing(memory, at, length);
    },
  },
  7: {
    size: RING_LENGTH,
    put: (record, memory, at, length) => {
      record.umemCompletionRing = readRing(memory, at, length);
    },
  },
  8: {
    size: 4,
    put: (record, memory, at, length) => {
      record.meminfo = readSkMeminfo(memory, at, length);
    },
  },
  9: {
    size: XDP_STATS_LENGTH,
    put: (record, memory, at, length) => {
      record.stats = readStats(memory, at, length);
    },
  },
});

/** Bytes of `xdp_diag_msg`. */
export const XDP_DIAG_MSG_LENGTH = 16;
export const byXdpCookie: () => Known = byCookie(8);

/** Reads the record in a row of the index. */
export function readXdpDiagMsg(memory: BatchMemory, row: number): XdpDiagMsg {
  const at = memory.words[row] as number;
  const record: XdpDiagMsg = {
    family: 'xdp',
    type: typeName(memory.u8(at + 1)) as XdpType,
    inode: memory.u32(at + 4),
    cookie: readCookie(memory, at + 8),
  };
  return readAttributes(record, memory, row, ATTRIBUTES);
}
