/** The types of sockets: SOCK_* of socket(2). */
import { nameOf } from './words.js';

/** As socket(2) is asked for it, without SOCK_. */
export type SocketType = 'stream' | 'dgram' | 'raw' | 'rdm' | 'seqpacket' | 'dccp' | 'packet';

/** By the kernel's number. */
const NAMES: readonly (SocketType | undefined)[] = [
  undefined,
  'stream',
  'dgram',
  'raw',
  'rdm',
  'seqpacket',
  'dccp',
  undefined,
  undefined,
  undefined,
  'packet',
];

export function typeName(number: number): SocketType {
  return nameOf(NAMES, number);
}
