/** struct smc_diag_lgrinfo: the RDMA link that an SMC-R connection takes. */
import { type Read, structure, type UnknownTail } from '../netlink/structure.js';
import { nameOf } from '../record/words.js';

/** `smc_diag_linkinfo`: a link between two RDMA devices. */
export interface SmcLinkinfo {
  /** Its number in the link group (`link_id`). */
  linkId: number;
  /** Name of the RDMA device here (`ibname`). */
  ibname: string;
  /** Number of the device's port (`ibport`). */
  ibport: number;
  /** The device's address, as the kernel writes it: eight groups of four hexadecimal digits (`gid`). */
  gid: string;
  /** The address of the peer's device, likewise (`peer_gid`). */
  peerGid: string;
}

/** What an end was of the connection for which the link group was made. */
export type SmcRole = 'client' | 'server';

const ROLES: readonly SmcRole[] = ['client', 'server'];

/** `smc_diag_lgrinfo`: the link group of a connection. */
export interface SmcLgrinfo extends UnknownTail {
  /** The link that the connection takes (`lnk[0]`; there is no other). */
  lnk: SmcLinkinfo;
  /** This end's (`role`). */
  role: SmcRole;
}

export const SMC_LGRINFO_LENGTH = 147;

export const readLgrinfo: Read<SmcLgrinfo> = structure(
  SMC_LGRINFO_LENGTH,
  (members): SmcLgrinfo => ({
    lnk: {
      linkId: members.u8(0),
      ibname: members.text(1, 64),
      ibport: members.u8(65),
      gid: members.text(66, 40),
      peerGid: members.text(106, 40),
    },
    role: nameOf(ROLES, members.u8(146)),
  }),
);
