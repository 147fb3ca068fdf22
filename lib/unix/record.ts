/** unix_diag_msg: a unix-domain socket. */
import { attributeTable, readArray, readAttributes } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { byCookie, type Known } from '../netlink/known.js';
import { readCookie } from '../record/cookie.js';
import type { DiagRecord } from '../record/record.js';
import { readShutdown, type Shutdown } from '../record/shutdown.js';
import { readSkMeminfo, type SkMeminfo } from '../record/skmeminfo.js';
import { stateName } from '../record/state.js';
import { type SocketType, typeName } from '../record/type.js';
import { readName } from './name.js';

export type UnixType = Extract<SocketType, 'stream' | 'dgram' | 'seqpacket'>;

export type UnixState = 'ESTABLISHED' | 'CLOSE' | 'LISTEN';

/** The file of a socket that is bound to a path. */
export interface UnixVfs {
  /** Inode number of the file, its lower 32 bits (`udiag_vfs_ino`). */
  inode: number;
  /** The device that it lies on, as `dev` of Node's `fs.Stats` (`udiag_vfs_dev`, in the form of st_dev). */
  dev: number;
}

/** A unix-domain socket, as the kernel's `unix_diag_msg` tells it. */
export interface UnixDiagMsg extends DiagRecord {
  /** (`udiag_family`.) */
  family: 'unix';
  /** (`udiag_type`.) */
  type: UnixType;
  /**
   * (`udiag_state`.) CLOSE is every socket that is neither connected nor listening. Since Linux 5.15 a datagram
   * socket that another one connected to is ESTABLISHED for good.
   */
  state: UnixState;
  /** The inode number of the socket's descriptors (`udiag_ino`). */
  inode: number;
  /** 64 bits in lower-case hexadecimal (`udiag_cookie`, SO_COOKIE). No two sockets of one boot share one. */
  cookie: string;
  /**
   * What the socket was bound to, as `ss` prints it: a path, or an abstract name with `@` for each NUL; bytes that
   * are not UTF-8 read U+FFFD (`UNIX_DIAG_NAME`). Absent without a name. Accepted sockets have the listener's.
   */
  name?: string;
  /** The name's exact bytes: a path without the closing NUL, an abstract name with the leading one. */
  nameBytes?: Uint8Array;
  /** The file behind the name; for paths only (`UNIX_DIAG_VFS`). */
  vfs?: UnixVfs;
  /**
   * Inode number of the socket at the other end (`UNIX_DIAG_PEER`): 0 if no descriptor refers to it, because it
   * is closed, or not accepted yet. Absent without another end.
   */
  peer?: number;
  /** For LISTEN: inode numbers of the clients that wait to be accepted (`UNIX_DIAG_ICONS`); 0 for closed ones. */
  icons?: number[];
  /**
   * (`udiag_rqueue`.) Bytes that can be read; of a datagram socket those of the first datagram only; for LISTEN
   * connections that wait to be accepted.
   */
  rqueue?: number;
  /** Bytes of memory held by what the peer has not read, overhead included; for LISTEN the backlog limit. */
  wqueue?: number;
  /** Memory in detail (`UNIX_DIAG_MEMINFO`, which holds the SK_MEMINFO array). */
  meminfo?: SkMeminfo;
  /** (`UNIX_DIAG_SHUTDOWN`.) */
  shutdown?: Shutdown;
  /** The owner's user id as seen from the reader's user namespace (`UNIX_DIAG_UID`; since Linux 5.3). */
  uid?: number;
}

/** From the kernel's own encoding of a device, 12 bits major and 20 bits minor, to that of stat(2). */
function statDevice(device: number): number {
  const major = device >>> 20;
  const minor = device & 0xfffff;
  return (((minor & 0xfff00) << 12) | (major << 8) | (minor & 0xff)) >>> 0;
}

const readU32 = (memory: BatchMemory, at: number) => memory.u32(at);

const ATTRIBUTES = attributeTable<UnixDiagMsg>({
  0: {
    size: 0,
    put: (record, memory, at, length) => {
      const { text, bytes } = readName(memory, at, length);
      record.name = text;
      record.nameBytes = bytes;
    },
  },
  1: {
    size: 8,
    put: (record, memory, at) => {
      record.vfs = { inode: memory.u32(at), dev: statDevice(memory.u32(at + 4)) };
    },
  },
  2: {
    size: 4,
    put: (record, memory, at) => {
      record.peer = memory.u32(at);
    },
  },
  3: {
    size: 0,
    element: 4,
    put: (record, memory, at, length) => {
      record.icons = readArray(memory, at, length, 4, readU32);
    },
  },
  4: {
    size: 8,
    put: (record, memory, at) => {
      record.rqueue = memory.u32(at);
      record.wqueue = memory.u32(at + 4);
    },
  },
  5: {
    size: 4,
    put: (record, memory, at, length) => {
      record.meminfo = readSkMeminfo(memory, at, length);
    },
  },
  6: {
    size: 1,
    put: (record, memory, at) => {
      record.shutdown = readShutdown(memory, at);
    },
  },
  7: {
    size: 4,
    put: (record, memory, at) => {
      record.uid = memory.u32(at);
    },
  },
});

/** Bytes of `unix_diag_msg`. */
export const UNIX_DIAG_MSG_LENGTH = 16;
export const byUnixCookie: () => Known = byCookie(8);

/** Reads the record in a row of the index. */
export function readUnixDiagMsg(memory: BatchMemory, row: number): UnixDiagMsg {
  const at = memory.words[row] as number;
  const record: UnixDiagMsg = {
    family: 'unix',
    type: typeName(memory.u8(at + 1)) as UnixType,
    state: stateName(memory.u8(at + 2)) as UnixState,
    inode: memory.u32(at + 4),
    cookie: readCookie(memory, at + 8),
  };
  return readAttributes(record, memory, row, ATTRIBUTES);
}
