/** SK_MEMINFO: the memory that a socket holds. */

import type { BatchMemory } from '../netlink/batch.js';

/** The kernel's SK_MEMINFO array. Bytes are of memory charged to the socket, overhead included. */
export interface SkMeminfo {
  /** Bytes held by what was received and not yet read (`sk_rmem_alloc`). */
  rmemAlloc?: number;
  /** Limit of the above, bytes (`sk_rcvbuf`): twice what SO_RCVBUF was given. */
  rcvbuf?: number;
  /** Bytes held by what was handed to the device and not yet freed (`sk_wmem_alloc`). */
  wmemAlloc?: number;
  /** Limit of what may be queued for sending, bytes (`sk_sndbuf`). */
  sndbuf?: number;
  /** Bytes reserved for the socket and not yet used (`sk_forward_alloc`). */
  fwdAlloc?: number;
  /** Bytes queued for sending (`sk_wmem_queued`). */
  wmemQueued?: number;
  /** Bytes of options and filters (`sk_omem_alloc`). */
  optmem?: number;
  /** Bytes that arrived while a process held the socket's lock (`sk_backlog.len`). */
  backlog?: number;
  /** Packets dropped for want of room, a count (`sk_drops`; since Linux 4.7). */
  drops?: number;
}

const FIELDS = [
  'rmemAlloc',
  'rcvbuf',
  'wmemAlloc',
  'sndbuf',
  'fwdAlloc',
  'wmemQueued',
  'optmem',
  'backlog',
  'drops',
] as const satisfies readonly (keyof SkMeminfo)[];

/** Older kernels have fewer words; those that newer ones may have are not known here. */
export function readSkMeminfo(memory: BatchMemory, at: number, length: number): SkMeminfo {
  if (length >= 4 * FIELDS.length) return readWhole(memory, at);
  const meminfo: SkMeminfo = {};
  for (let i = 0; i < length >>> 2; i++) meminfo[FIELDS[i] as keyof SkMeminfo] = memory.u32(at + 4 * i);
  return meminfo;
}

/** The usual length, by the fast way. */
function readWhole(memory: BatchMemory, at: number): SkMeminfo {
  return {
    rmemAlloc: memory.u32(at),
    rcvbuf: memory.u32(at + 4),
    wmemAlloc: memory.u32(at + 8),
    sndbuf: memory.u32(at + 12),
    fwdAlloc: memory.u32(at + 16),
    wmemQueued: memory.u32(at + 20),
    optmem: memory.u32(at + 24),
    backlog: memory.u32(at + 28),
    drops: memory.u32(at + 32),
  };
}
