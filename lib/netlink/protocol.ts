/** Numbers of netlink and of the sock_diag protocol that belong to no family. */
import { endianness } from 'node:os';

/** nlmsg_type of a request by family, and of its records. */
export const SOCK_DIAG_BY_FAMILY = 20;

/** nlmsg_type of a request to close a socket. */
export const SOCK_DESTROY = 21;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;

/** Bytes of a message's header (`nlmsghdr`), and of an attribute's (`nlattr`). */
export const MESSAGE_HEADER_LENGTH = 16;
export const ATTRIBUTE_HEADER_LENGTH = 4;

/** The upper two bits of an attribute's type are flags. */
export const ATTRIBUTE_TYPE_MASK = 0x3fff;
export const NLA_F_NESTED = 0x8000;

/** The byte order of the machine, which is that of netlink; C bit-fields are filled from the same end. */
export const LITTLE_ENDIAN: boolean = endianness() === 'LE';
