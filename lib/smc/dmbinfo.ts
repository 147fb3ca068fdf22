/** struct smcd_diag_dmbinfo: the memory that an SMC-D connection shares with its peer. */
import { type Read, structure, type UnknownTail } from '../netlink/structure.js';
import { readHexadecimal } from '../record/hexadecimal.js';

/**
 * `smcd_diag_dmbinfo`: the direct memory buffers of a connection within one machine. What has 64 bits is a name, not a
 * count, and therefore text: lower-case hexadecimal without leading zeros.
 */
export interface SmcdDmbinfo extends UnknownTail {
  /** Number of the link group (`linkid`). */
  linkid: number;
  /** Address of the peer's device, its first 64 bits (`peer_gid`). */
  peerGid: string;
  /** Address of the device here, its first 64 bits (`my_gid`). */
  myGid: string;
  /** Name of this end's buffer (`token`). */
  token: string;
  /** Name of the peer's buffer (`peer_token`). */
  peerToken: string;
  /** Address of the peer's device, its last 64 bits; 0 for one that has no more than 64 (`peer_gid_ext`; Linux 6.8). */
  peerGidExt?: string;
  /** Address of the device here, its last 64 bits; 0 for one that has no more than 64 (`my_gid_ext`; Linux 6.8). */
  myGidExt?: string;
}

const DMBINFO_LENGTH = 56;
/** Before Linux 6.8. */
export const LEAST_SMCD_DMBINFO = 40;

export const readDmbinfo: Read<SmcdDmbinfo> = structure(DMBINFO_LENGTH, (members): SmcdDmbinfo => {
  const name = (offset: number): string => readHexadecimal(members.memory, members.at + offset);
  return {
    linkid: members.u32(0),
    peerGid: name(8),
    myGid: name(16),
    token: name(24),
    peerToken: name(32),
    peerGidExt: name(40),
    myGidExt: name(48),
  };
});
