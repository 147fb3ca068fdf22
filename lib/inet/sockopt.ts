/** INET_DIAG_SOCKOPT: socket options, one bit each. */
import type { BatchMemory } from '../netlink/batch.js';
import { LITTLE_ENDIAN } from '../netlink/protocol.js';
import { flagsReader } from '../record/words.js';

/** Each is the socket option of its name. The object is frozen, and shared between records. */
export interface Sockopt {
  /** IP_RECVERR (not IPV6_RECVERR). */
  readonly recverr: boolean;
  /** The protocol makes connections: true for TCP, false for UDP. */
  readonly isIcsk: boolean;
  /** IP_FREEBIND */
  readonly freebind: boolean;
  /** IP_HDRINCL */
  readonly hdrincl: boolean;
  /** IP_MULTICAST_LOOP */
  readonly mcLoop: boolean;
  /** IP_TRANSPARENT */
  readonly transparent: boolean;
  /** IP_MULTICAST_ALL */
  readonly mcAll: boolean;
  /** IP_NODEFRAG */
  readonly nodefrag: boolean;
  /** IP_BIND_ADDRESS_NO_PORT */
  readonly bindAddressNoPort: boolean;
  /** IP_RECVERR_RFC4884 */
  readonly recverrRfc4884: boolean;
  /** TCP_FASTOPEN_CONNECT, and the first write has not come yet. */
  readonly deferConnect: boolean;
  /** The bits that this version has no name for, where one of them is set; counted from the first byte on. */
  readonly unknown?: number;
}

/** In the order of their bits, from byte 0 on. */
const readFlags: (value: number) => Sockopt = flagsReader([
  'recverr',
  'isIcsk',
  'freebind',
  'hdrincl',
  'mcLoop',
  'transparent',
  'mcAll',
  'nodefrag',
  'bindAddressNoPort',
  'recverrRfc4884',
  'deferConnect',
]);

export function readSockopt(memory: BatchMemory, at: number, length: number): Sockopt {
  let bits = 0;
  for (let i = 0; i < length && i < 4; i++) bits |= bitsOf(memory.u8(at + i)) << (8 * i);
  return readFlags(bits);
}

/** A byte of C bit-fields, its first field in the lowest bit. */
function bitsOf(byte: number): number {
  if (LITTLE_ENDIAN) return byte;
  // untested: on machines of the other byte order
  let reversed = 0;
  for (let i = 0; i < 8; i++) reversed |= ((byte >> i) & 1) << (7 - i);
  return reversed;
}
