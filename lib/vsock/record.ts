/** vsock_diag_msg: a socket between virtual machines and their host. */
import { type AttributeTable, readAttributes } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { byCookie, type Known } from '../netlink/known.js';
import { readCookie } from '../record/cookie.js';
import type { DiagRecord } from '../record/record.js';
import { readShutdown, type Shutdown } from '../record/shutdown.js';
import { stateName } from '../record/state.js';
import { type SocketType, typeName } from '../record/type.js';

export type VsockType = Extract<SocketType, 'stream' | 'dgram' | 'seqpacket'>;

export type VsockState = 'ESTABLISHED' | 'SYN_SENT' | 'CLOSE' | 'LISTEN' | 'CLOSING';

/**
 * A vsock socket, as the kernel's `vsock_diag_msg` tells it. A context id (CID) is the address of a machine: 0 the
 * hypervisor, 1 this machine itself, 2 the host, above that a guest. The kernel tells neither owner nor queues.
 */
export interface VsockDiagMsg extends DiagRecord {
  /** (`vdiag_family`.) */
  family: 'vsock';
  /** (`vdiag_type`.) */
  type: VsockType;
  /** (`vdiag_state`.) CLOSE is every socket that is neither connected nor listening. */
  state: VsockState;
  /** What was shut down at this end (`vdiag_shutdown`). */
  shutdown: Shutdown;
  /**
   * Local context id (`vdiag_src_cid`); 0xffffffff, VMADDR_CID_ANY, for any, and for clients that connected without
   * bind().
   */
  srcCid: number;
  /** Local port, 32 bits (`vdiag_src_port`); 0xffffffff, VMADDR_PORT_ANY, where it is not bound yet. */
  srcPort: number;
  /** Remote context id (`vdiag_dst_cid`); 0xffffffff, VMADDR_CID_ANY, where there is none. */
  dstCid: number;
  /** Remote port, 32 bits (`vdiag_dst_port`); 0xffffffff, VMADDR_PORT_ANY, where there is none. */
  dstPort: number;
  /** The inode number of the socket's descriptors (`vdiag_ino`); 0 if no descriptor refers to it. */
  inode: number;
  /** 64 bits in lower-case hexadecimal (`vdiag_cookie`, SO_COOKIE). No two sockets of one boot share one. */
  cookie: string;
}

/** No kernel sends any. */
const ATTRIBUTES: AttributeTable<VsockDiagMsg> = [];

/** Bytes of `vsock_diag_msg`. */
export const VSOCK_DIAG_MSG_LENGTH = 32;
export const byVsockCookie: () => Known = byCookie(24);

/** Reads the record in a row of the index. */
export function readVsockDiagMsg(memory: BatchMemory, row: number): VsockDiagMsg {
  const at = memory.words[row] as number;
  const record: VsockDiagMsg = {
    family: 'vsock',
    type: typeName(memory.u8(at + 1)) as VsockType,
    state: stateName(memory.u8(at + 2)) as VsockState,
    shutdown: readShutdown(memory, at + 3),
    srcCid: memory.u32(at + 4),
    srcPort: memory.u32(at + 8),
    dstCid: memory.u32(at + 12),
    dstPort: memory.u32(at + 16),
    inode: memory.u32(at + 20),
    cookie: readCookie(memory, at + 24),
  };
  return readAttributes(record, memory, row, ATTRIBUTES);
}
