/** SK_MEMINFO: the memory that a socket holds. */
import { type Read, structure, type UnknownTail } from '../netlink/structure.js';

/** The kernel's SK_MEMINFO array. Bytes are of memory charged to the socket, overhead included. */
export interface SkMeminfo extends UnknownTail {
  /** Bytes held by what was received and not yet read (`sk_rmem_alloc`). */
  rmemAlloc: number;
  /** Limit of the above, bytes (`sk_rcvbuf`): twice what SO_RCVBUF was given. */
  rcvbuf: number;
  /** Bytes held by what was handed to the device and not yet freed (`sk_wmem_alloc`). */
  wmemAlloc: number;
  /** Limit of what may be queued for sending, bytes (`sk_sndbuf`). */
  sndbuf: number;
  /** Bytes reserved for the socket and not yet used (`sk_forward_alloc`). */
  fwdAlloc: number;
  /** Bytes queued for sending (`sk_wmem_queued`). */
  wmemQueued: number;
  /** Bytes of options and filters (`sk_omem_alloc`). */
  optmem: number;
  /** Bytes that arrived while a process held the socket's lock (`sk_backlog.len`). */
  backlog: number;
  /** Packets dropped for want of room, a count (`sk_drops`; since Linux 4.7). */
  drops?: number;
}

export const readSkMeminfo: Read<SkMeminfo> = structure(
  36,
  (members): SkMeminfo => ({
    rmemAlloc: members.u32(0),
    rcvbuf: members.u32(4),
    wmemAlloc: members.u32(8),
    sndbuf: members.u32(12),
    fwdAlloc: members.u32(16),
    wmemQueued: members.u32(20),
    optmem: members.u32(24),
    backlog: members.u32(28),
    drops: members.u32(32),
  }),
);
