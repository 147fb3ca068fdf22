/** packet_diag_msg: a packet socket, which sees frames as devices do. */
import { attributeTable, readArray, readAttributes } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { byCookie, type Known } from '../netlink/known.js';
import { type Members, structure, type UnknownTail } from '../netlink/structure.js';
import { readCookie } from '../record/cookie.js';
import type { DiagRecord } from '../record/record.js';
import { readSkMeminfo, type SkMeminfo } from '../record/skmeminfo.js';
import { type SocketType, typeName } from '../record/type.js';
import { flagsReader, nameOf } from '../record/words.js';

/** `'raw'` sees the link-layer header, `'dgram'` does not, and `'packet'` is the old SOCK_PACKET. */
export type PacketType = Extract<SocketType, 'raw' | 'dgram' | 'packet'>;

/** The layout of the frames in a ring: TPACKET_V1 to TPACKET_V3. */
export type PacketVersion = 'v1' | 'v2' | 'v3';

const VERSIONS: readonly PacketVersion[] = ['v1', 'v2', 'v3'];

/** What a packet socket does, and its options. The object is frozen, and shared between records. */
export interface PacketFlags {
  /** It is bound to a protocol, and the device that it is bound to is up: it receives. */
  readonly running: boolean;
  /** PACKET_AUXDATA */
  readonly auxdata: boolean;
  /** PACKET_ORIGDEV */
  readonly origdev: boolean;
  /** PACKET_VNET_HDR, or PACKET_VNET_HDR_SZ of any size. */
  readonly vnethdr: boolean;
  /** PACKET_LOSS */
  readonly loss: boolean;
  /** The bits that this version has no name for, where one of them is set. */
  readonly unknown?: number;
}

const readFlags: (bits: number) => PacketFlags = flagsReader([
  'running',
  'auxdata',
  'origdev',
  'vnethdr',
  'loss',
]);

/** `packet_diag_info`: how a packet socket is set up. */
export interface PacketInfo extends UnknownTail {
  /** Index of the network interface that the socket is bound to (`pdi_index`); 0 for any, -1 for one that is gone. */
  index: number;
  /** Layout of the frames in a ring, `'v1'` without any (`pdi_version`, PACKET_VERSION). */
  version: PacketVersion;
  /** Bytes kept free before each packet in a ring (`pdi_reserve`, PACKET_RESERVE). */
  reserve: number;
  /**
   * (`pdi_copy_thresh`, PACKET_COPY_THRESH.) If not 0, a packet that is too large for its frame in the ring is queued
   * whole beside it.
   */
  copyThresh: number;
  /** Which clock stamps the packets in a ring: SOF_TIMESTAMPING_* bits (`pdi_tstamp`, PACKET_TIMESTAMP). */
  tstamp: number;
  /** (`pdi_flags`.) */
  flags: PacketFlags;
}

/** What a membership lets through: frames to one `'multicast'` or `'unicast'` address, or to any. */
export type PacketMclistType = 'multicast' | 'promisc' | 'allmulti' | 'unicast';

const MCLIST_TYPES: readonly PacketMclistType[] = ['multicast', 'promisc', 'allmulti', 'unicast'];

/** `packet_diag_mclist`: a membership that the socket has with a network interface (PACKET_ADD_MEMBERSHIP). */
export interface PacketMclist {
  /** Index of the network interface (`pdmc_index`). */
  index: number;
  /** How often the socket has joined, a count (`pdmc_count`). */
  count: number;
  /** (`pdmc_type`, PACKET_MR_*.) */
  type: PacketMclistType;
  /** Length of the address as it was given, bytes (`pdmc_alen`). */
  alen: number;
  /** The link-layer address, `alen` bytes (`pdmc_addr`); nothing or zeros for `'promisc'` and `'allmulti'`. */
  addr: Uint8Array;
}

/** `packet_diag_ring`: a ring of frames that the socket shares with its process (PACKET_RX_RING, PACKET_TX_RING). */
export interface PacketRing extends UnknownTail {
  /** Size of a block, bytes, whole pages (`pdr_block_size`). */
  blockSize: number;
  /** Blocks, a count (`pdr_block_nr`). */
  blockNr: number;
  /** Size of a frame, bytes (`pdr_frame_size`). */
  frameSize: number;
  /** Frames, a count (`pdr_frame_nr`). */
  frameNr: number;
  /** Until a block that is not full is handed over, milliseconds (`pdr_retire_tmo`); 0 but for `'v3'`. */
  retireTmo: number;
  /** Bytes that each block has for the process's own use (`pdr_sizeof_priv`); 0 but for `'v3'`. */
  sizeofPriv: number;
  /** TP_FT_REQ_* bits, of which there is 1: fill in the packets' hash (`pdr_features`); 0 but for `'v3'`. */
  features: number;
}

/**
 * How packets are dealt out (PACKET_FANOUT_*): by the flow's `'hash'`, in turn (`'lb'`), by the processor, to the next
 * socket when one is full (`'rollover'`), at random, by the device's queue (`'qm'`), by a classic or extended BPF
 * program.
 */
export type PacketFanoutType = 'hash' | 'lb' | 'cpu' | 'rollover' | 'rnd' | 'qm' | 'cbpf' | 'ebpf';

const FANOUT_TYPES: readonly PacketFanoutType[] = [
  'hash',
  'lb',
  'cpu',
  'rollover',
  'rnd',
  'qm',
  'cbpf',
  'ebpf',
];

/** A group of sockets among which packets are dealt out (PACKET_FANOUT). The kernel tells nothing of its flags. */
export interface PacketFanout {
  /** The group's number in its network namespace, 16 bits. */
  id: number;
  /** How packets are shared out. */
  type: PacketFanoutType;
}

/** `sock_filter`: an instruction of classic BPF. */
export interface SockFilter {
  /** What it does, 16 bits. */
  code: number;
  /** Instructions to leap over if the condition holds, a count. */
  jt: number;
  /** Instructions to leap over if it does not, a count. */
  jf: number;
  /** Its operand, 32 bits. */
  k: number;
}

/** A packet socket, as the kernel's `packet_diag_msg` tells it. */
export interface PacketDiagMsg extends DiagRecord {
  /** (`pdiag_family`.) */
  family: 'packet';
  /** (`pdiag_type`.) */
  type: PacketType;
  /** The ethertype that is received (`pdiag_num`, ETH_P_*): 0x0003 for all of them, 0 for none. */
  num: number;
  /** The inode number of the socket's descriptors (`pdiag_ino`). */
  inode: number;
  /** 64 bits in lower-case hexadecimal (`pdiag_cookie`, SO_COOKIE). No two sockets of one boot share one. */
  cookie: string;
  /** (`PACKET_DIAG_INFO`.) */
  info?: PacketInfo;
  /** The owner's user id as seen from the reader's user namespace; comes with `info` (`PACKET_DIAG_UID`). */
  uid?: number;
  /** Memberships; where `show` names it (`PACKET_DIAG_MCLIST`). Empty without any. */
  mclist?: PacketMclist[];
  /** The ring for what is received; absent without one (`PACKET_DIAG_RX_RING`). */
  rxRing?: PacketRing;
  /** The ring for what is sent; absent without one (`PACKET_DIAG_TX_RING`). */
  txRing?: PacketRing;
  /** Absent outside of a group (`PACKET_DIAG_FANOUT`). */
  fanout?: PacketFanout;
  /** Memory in detail (`PACKET_DIAG_MEMINFO`, which holds the SK_MEMINFO array). */
  meminfo?: SkMeminfo;
  /**
   * The classic BPF program that chooses packets (SO_ATTACH_FILTER); absent without one (`PACKET_DIAG_FILTER`).
   * For readers without CAP_NET_ADMIN in the network namespace it is empty, whether there is a program or not.
   */
  filter?: SockFilter[];
}

const INFO_LENGTH = 24;
const MCLIST_LENGTH = 44;
const MOST_ADDRESS_BYTES = 32;
const RING_LENGTH = 28;
const FILTER_LENGTH = 8;

const readInfo = structure(
  INFO_LENGTH,
  (members: Members): PacketInfo => ({
    index: members.i32(0),
    version: nameOf(VERSIONS, members.u32(4)),
    reserve: members.u32(8),
    copyThresh: members.u32(12),
    tstamp: members.u32(16),
    flags: readFlags(members.u32(20)),
  }),
);

function readMclist(memory: BatchMemory, at: number): PacketMclist {
  const alen = memory.u16(at + 10);
  return {
    index: memory.u32(at),
    count: memory.u32(at + 4),
    type: nameOf(MCLIST_TYPES, memory.u16(at + 8)),
    alen,
    addr: memory.copy(at + 12, Math.min(alen, MOST_ADDRESS_BYTES)),
  };
}

const readRing = structure(
  RING_LENGTH,
  (members: Members): PacketRing => ({
    blockSize: members.u32(0),
    blockNr: members.u32(4),
    frameSize: members.u32(8),
    frameNr: members.u32(12),
    retireTmo: members.u32(16),
    sizeofPriv: members.u32(20),
    features: members.u32(24),
  }),
);

function readSockFilter(memory: BatchMemory, at: number): SockFilter {
  return {
    code: memory.u16(at),
    jt: memory.u8(at + 2),
    jf: memory.u8(at + 3),
    k: memory.u32(at + 4),
  };
}

const ATTRIBUTES = attributeTable<PacketDiagMsg>({
  0: {
    size: INFO_LENGTH,
    put: (record, memory, at, length) => {
      record.info = readInfo(memory, at, length);
    },
  },
  1: {
    size: 0,
    element: MCLIST_LENGTH,
    put: (record, memory, at, length) => {
      record.mclist = readArray(memory, at, length, MCLIST_LENGTH, readMclist);
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
      const value = memory.u32(at);
      record.fanout = { id: value & 0xffff, type: nameOf(FANOUT_TYPES, value >>> 16) };
    },
  },
  5: {
    size: 4,
    put: (record, memory, at) => {
      record.uid = memory.u32(at);
    },
  },
  6: {
    size: 4,
    put: (record, memory, at, length) => {
      record.meminfo = readSkMeminfo(memory, at, length);
    },
  },
  7: {
    size: 0,
    element: FILTER_LENGTH,
    put: (record, memory, at, length) => {
      record.filter = readArray(memory, at, length, FILTER_LENGTH, readSockFilter);
    },
  },
});

/** Bytes of `packet_diag_msg`. */
export const PACKET_DIAG_MSG_LENGTH = 16;
export const byPacketCookie: () => Known = byCookie(8);

/** Reads the record in a row of the index. */
export function readPacketDiagMsg(memory: BatchMemory, row: number): PacketDiagMsg {
  const at = memory.words[row] as number;
  const record: PacketDiagMsg = {
    family: 'packet',
    type: typeName(memory.u8(at + 1)) as PacketType,
    num: memory.u16(at + 2),
    inode: memory.u32(at + 4),
    cookie: readCookie(memory, at + 8),
  };
  return readAttributes(record, memory, row, ATTRIBUTES);
}
