/** struct xdp_diag_umem: the memory that packets are put into. */
import { type Members, type Read, structure, type UnknownTail } from '../netlink/structure.js';
import { type Flags, flagsReader } from '../record/words.js';

/** `zerocopy`: the device itself reads and writes the memory (XDP_DU_F_ZEROCOPY). Frozen, shared between records. */
export type XdpUmemFlags = Flags<'zerocopy'>;

const readFlags: (bits: number) => XdpUmemFlags = flagsReader(['zerocopy']);

/** `xdp_diag_umem`: the memory that packets are put into, which several sockets may share. */
export interface XdpUmem extends UnknownTail {
  /** All of it, bytes (`size`). */
  size: number;
  /** Its number, the same for all sockets that share it; no two on the machine have the same (`id`). */
  id: number;
  /** Pages that it occupies, a count (`num_pages`). */
  numPages: number;
  /** What holds one packet, bytes (`chunk_size`). */
  chunkSize: number;
  /** Bytes that are left free in front of each packet (`headroom`). */
  headroom: number;
  /** Index of the network interface that it is for (`ifindex`); 0 for none yet. */
  ifindex: number;
  /** The queue of that interface (`queue_id`). */
  queueId: number;
  /** (`flags`.) */
  flags: XdpUmemFlags;
  /** Its users in the kernel, a count (`refs`). */
  refs: number;
}

export const XDP_UMEM_LENGTH = 40;

export const readUmem: Read<XdpUmem> = structure(
  XDP_UMEM_LENGTH,
  (members: Members): XdpUmem => ({
    size: members.u64(0),
    id: members.u32(8),
    numPages: members.u32(12),
    chunkSize: members.u32(16),
    headroom: members.u32(20),
    ifindex: members.u32(24),
    queueId: members.u32(28),
    flags: readFlags(members.u32(32)),
    refs: members.u32(36),
  }),
);
