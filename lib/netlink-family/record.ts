/** netlink_diag_msg: a netlink socket. */
import { attributeTable, readAttributes } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { byCookie, type Known } from '../netlink/known.js';
import { LITTLE_ENDIAN } from '../netlink/protocol.js';
import { type Members, structure, type UnknownTail } from '../netlink/structure.js';
import { readCookie } from '../record/cookie.js';
import type { DiagRecord } from '../record/record.js';
import { readSkMeminfo, type SkMeminfo } from '../record/skmeminfo.js';
import { stateName } from '../record/state.js';
import { type SocketType, typeName } from '../record/type.js';
import { flagsReader, nameOf } from '../record/words.js';

/** The two are alike. */
export type NetlinkType = Extract<SocketType, 'raw' | 'dgram'>;

export type NetlinkState = 'ESTABLISHED' | 'CLOSE';

/** NETLINK_*: what the socket talks about, and with which part of the kernel. */
export type NetlinkProtocol =
  | 'route'
  | 'unused'
  | 'usersock'
  | 'firewall'
  | 'sock_diag'
  | 'nflog'
  | 'xfrm'
  | 'selinux'
  | 'iscsi'
  | 'audit'
  | 'fib_lookup'
  | 'connector'
  | 'netfilter'
  | 'ip6_fw'
  | 'dnrtmsg'
  | 'kobject_uevent'
  | 'generic'
  | 'scsitransport'
  | 'ecryptfs'
  | 'rdma'
  | 'crypto'
  | 'smc';

/** By the kernel's number. */
export const NETLINK_PROTOCOLS: readonly (NetlinkProtocol | undefined)[] = [
  'route',
  'unused',
  'usersock',
  'firewall',
  'sock_diag',
  'nflog',
  'xfrm',
  'selinux',
  'iscsi',
  'audit',
  'fib_lookup',
  'connector',
  'netfilter',
  'ip6_fw',
  'dnrtmsg',
  'kobject_uevent',
  'generic',
  undefined,
  'scsitransport',
  'ecryptfs',
  'rdma',
  'crypto',
  'smc',
];

/** What a netlink socket does, and its options. The object is frozen, and shared between records. */
export interface NetlinkFlags {
  /** A dump that was asked for through the socket has not come to its end. */
  readonly cbRunning: boolean;
  /** NETLINK_PKTINFO */
  readonly pktinfo: boolean;
  /** NETLINK_BROADCAST_ERROR */
  readonly broadcastError: boolean;
  /** NETLINK_NO_ENOBUFS */
  readonly noEnobufs: boolean;
  /** NETLINK_LISTEN_ALL_NSID */
  readonly listenAllNsid: boolean;
  /** NETLINK_CAP_ACK */
  readonly capAck: boolean;
  /** The bits that this version has no name for, where one of them is set. */
  readonly unknown?: number;
}

const readFlags: (bits: number) => NetlinkFlags = flagsReader([
  'cbRunning',
  'pktinfo',
  'broadcastError',
  'noEnobufs',
  'listenAllNsid',
  'capAck',
]);

/** `netlink_diag_ring`: a ring of frames that the socket shared with its process, before Linux 4.6. */
export interface NetlinkRing extends UnknownTail {
  /** Size of a block, bytes (`ndr_block_size`). */
  blockSize: number;
  /** Blocks, a count (`ndr_block_nr`). */
  blockNr: number;
  /** Size of a frame, bytes (`ndr_frame_size`). */
  frameSize: number;
  /** Frames, a count (`ndr_frame_nr`). */
  frameNr: number;
}

/** A netlink socket, as the kernel's `netlink_diag_msg` tells it. It does not tell the owner. */
export interface NetlinkDiagMsg extends DiagRecord {
  /** (`ndiag_family`.) */
  family: 'netlink';
  /** (`ndiag_type`.) The kernel's own sockets are `'dgram'`. */
  type: NetlinkType;
  /** (`ndiag_protocol`.) */
  protocol: NetlinkProtocol;
  /**
   * ESTABLISHED after connect(2), else CLOSE (`ndiag_state`). To the kernel a socket that is not connected any more is
   * another thing than one that never was; here both are CLOSE.
   */
  state: NetlinkState;
  /**
   * The address of the socket within its protocol and network namespace (`ndiag_portid`); 0 for the kernel's own, and
   * for one that has joined a multicast group and has no address.
   */
  portid: number;
  /** The port id that it is connected to (`ndiag_dst_portid`); 0 is the kernel's, and stands where there is none. */
  dstPortid: number;
  /** The multicast group that it is connected to, by number (`ndiag_dst_group`); 0 for none. */
  dstGroup: number;
  /** The inode number of the socket's descriptors (`ndiag_ino`). The kernel's own sockets have one too. */
  inode: number;
  /** 64 bits in lower-case hexadecimal (`ndiag_cookie`, SO_COOKIE). No two sockets of one boot share one. */
  cookie: string;
  /** Memory in detail (`NETLINK_DIAG_MEMINFO`, which holds the SK_MEMINFO array). */
  meminfo?: SkMeminfo;
  /**
   * The multicast groups that it has joined, by their numbers, the lowest first (`NETLINK_DIAG_GROUPS`). Absent for a
   * socket that never joined any.
   */
  groups?: number[];
  /** Where `show` names `'ringCfg'`; Linux 4.6 has no rings any more (`NETLINK_DIAG_RX_RING`). */
  rxRing?: NetlinkRing;
  /** Likewise (`NETLINK_DIAG_TX_RING`). */
  txRing?: NetlinkRing;
  /** (`NETLINK_DIAG_FLAGS`.) */
  flags?: NetlinkFlags;
}

const RING_LENGTH = 16;

const readRing = structure(
  RING_LENGTH,
  (members: Members): NetlinkRing => ({
    blockSize: members.u32(0),
    blockNr: members.u32(4),
    frameSize: members.u32(8),
    frameNr: members.u32(12),
  }),
);

/**
 * The numbers of the bits that are set, counted from 1. They are in the kernel's unsigned longs, of which the lowest
 * byte comes last on a big-endian machine.
 */
export function readGroups(
  memory: BatchMemory,
  at: number,
  length: number,
  littleEndian: boolean = LITTLE_ENDIAN,
): number[] {
  const longest = length % 8 === 0 ? 7 : 3;
  const swap = littleEndian ? 0 : longest;
  const groups: number[] = [];
  for (let i = 0; i < length; i++) {
    const byte = memory.u8(at + (i ^ swap));
    for (let bit = 0; byte >>> bit !== 0; bit++) {
      if (((byte >>> bit) & 1) === 1) groups.push(8 * i + bit + 1);
    }
  }
  return groups;
}

const ATTRIBUTES = attributeTable<NetlinkDiagMsg>({
  0: {
    size: 4,
    put: (record, memory, at, length) => {
      record.meminfo = readSkMeminfo(memory, at, length);
    },
  },
  1: {
    size: 0,
    element: 4,
    put: (record, memory, at, length) => {
      record.groups = readGroups(memory, at, length);
    },
  },
  2: {
    size: RING_LENGTH,
    put: (record, memory, at, length) => {
      record.rxRing = readRing(memory, at, length);
    },
  },
  3: {
    size: RING_LENGTH,
    put: (record, memory, at, length) => {
      record.txRing = readRing(memory, at, length);
    },
  },
  4: {
    size: 4,
    put: (record, memory, at) => {
      record.flags = readFlags(memory.u32(at));
    },
  },
});

/** Bytes of `netlink_diag_msg`. */
export const NETLINK_DIAG_MSG_LENGTH = 28;
/** The kernel walks all sockets of a protocol, and then those of them that have joined a multicast group. */
export const byNetlinkCookie: () => Known = byCookie(20);

/** NETLINK_UNCONNECTED: what connect(2) to AF_UNSPEC leaves. A socket that was never connected has TCP_CLOSE. */
const UNCONNECTED = 0;

/** Reads the record in a row of the index. */
export function readNetlinkDiagMsg(memory: BatchMemory, row: number): NetlinkDiagMsg {
  const at = memory.words[row] as number;
  const state = memory.u8(at + 3);
  const record: NetlinkDiagMsg = {
    family: 'netlink',
    type: typeName(memory.u8(at + 1)) as NetlinkType,
    protocol: nameOf(NETLINK_PROTOCOLS, memory.u8(at + 2)),
    state: state === UNCONNECTED ? 'CLOSE' : (stateName(state) as NetlinkState),
    portid: memory.u32(at + 4),
    dstPortid: memory.u32(at + 8),
    dstGroup: memory.u32(at + 12),
    inode: memory.u32(at + 16),
    cookie: readCookie(memory, at + 20),
  };
  return readAttributes(record, memory, row, ATTRIBUTES);
}
