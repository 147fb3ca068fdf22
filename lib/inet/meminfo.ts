/** struct inet_diag_meminfo: memory in short. */
import { type Read, structure, type UnknownTail } from '../netlink/structure.js';

/** `struct inet_diag_meminfo`. Bytes are of memory charged to the socket, overhead included. */
export interface InetDiagMeminfo extends UnknownTail {
  /** Bytes held by what was received and not yet read (`idiag_rmem`). */
  rmem: number;
  /** Bytes queued for sending (`idiag_wmem`). */
  wmem: number;
  /** Bytes reserved for the socket and not yet used (`idiag_fmem`). */
  fmem: number;
  /** Bytes handed to the device and not yet freed (`idiag_tmem`). */
  tmem: number;
}

export const readMeminfo: Read<InetDiagMeminfo> = structure(
  16,
  (members): InetDiagMeminfo => ({
    rmem: members.u32(0),
    wmem: members.u32(4),
    fmem: members.u32(8),
    tmem: members.u32(12),
  }),
);
