/** INET_DIAG_SOCKOPT: socket options, one bit each. */
import { endianness } from 'node:os';

import type { BatchMemory } from '../netlink/batch.js';

/** Each is the socket option of its name. */
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
}

/** In the order of their bits, from byte 0 on. */
const OPTIONS = [
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
] as const satisfies readonly (keyof Sockopt)[];

/** C bit-fields are filled from the lowest bit of each byte on little-endian machines, else from the highest. */
const LITTLE_ENDIAN: boolean = endianness() === 'LE';

/** Most sockets have the same few combinations: one object each, by its two bytes. */
const SEEN = new Map<number, Sockopt>();

function combination(first: number, second: number): Sockopt {
  const options: Partial<Record<keyof Sockopt, boolean>> = {};
  OPTIONS.forEach((name, i) => {
    const byte = i < 8 ? first : second;
    options[name] = ((byte >> (LITTLE_ENDIAN ? i & 7 : 7 - (i & 7))) & 1) === 1;
  });
  return Object.freeze(options) as Sockopt;
}

export function readSockopt(memory: BatchMemory, at: number): Sockopt {
  const key = (memory.u8(at) << 8) | memory.u8(at + 1);
  let options = SEEN.get(key);
  if (options === undefined) {
    options = combination(key >> 8, key & 0xff);
    SEEN.set(key, options);
  }
  return options;
}
