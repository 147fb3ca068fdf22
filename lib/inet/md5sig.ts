/** struct tcp_diag_md5sig: keys of TCP-MD5 (RFC 2385). */
import type { BatchMemory } from '../netlink/batch.js';
import { readAddress4, readAddress6 } from './address.js';
import { INET_FAMILY_NAMES, type InetFamily } from './family.js';

/** A key of TCP-MD5, and for which peers it is (`struct tcp_diag_md5sig`). */
export interface TcpMd5sig {
  /** Family of the address (`tcpm_family`). */
  family: InetFamily;
  /** Bits of the address that count (`tcpm_prefixlen`). */
  prefixlen: number;
  /** Bytes of the key (`tcpm_keylen`). */
  keylen: number;
  /** The peers' address (`tcpm_addr`). */
  addr: string;
  /** The key itself, in clear (`tcpm_key`): a secret. Only where `show` names `'md5sig'`. */
  key?: Uint8Array;
}

export const TCP_MD5SIG_LENGTH = 100;
const ADDRESS_OFFSET = 4;
const KEY_OFFSET = 20;
const KEY_LENGTH = 80;

export function readMd5sig(memory: BatchMemory, at: number, withKey: boolean): TcpMd5sig {
  const family = INET_FAMILY_NAMES[memory.u8(at)] ?? (`unknown_${memory.u8(at)}` as InetFamily);
  const keylen = memory.u16(at + 2);
  const address = at + ADDRESS_OFFSET;
  const md5sig: TcpMd5sig = {
    family,
    prefixlen: memory.u8(at + 1),
    keylen,
    addr: family === 'inet' ? readAddress4(memory, address) : readAddress6(memory, address),
  };
  if (withKey) md5sig.key = memory.copy(at + KEY_OFFSET, Math.min(keylen, KEY_LENGTH));
  return md5sig;
}
