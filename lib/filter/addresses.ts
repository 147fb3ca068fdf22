/** IP addresses and prefixes: text to bytes, and back. */
import process from 'node:process';

import { formatAddress4, formatAddress6 } from '../inet/address.js';
import type { Prefix } from './tree.js';

/**
 * One to four decimal octets, or undefined. None begins with a 0 that is not all of it: to some readers, `ss` among
 * them, that would be octal.
 */
export function parseOctets(text: string): number[] | undefined {
  const octets: number[] = [];
  let octet = -1;
  for (let i = 0; i <= text.length; i++) {
    const digit = i < text.length ? text.charCodeAt(i) - ZERO : END;
    if (digit === END || digit === DOT) {
      if (octet < 0 || octets.length === 4) return undefined;
      octets.push(octet);
      octet = -1;
    } else {
      if (digit < 0 || digit > 9 || octet === 0) return undefined;
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return undefined;
    }
  }
  return octets;
}

const ZERO = 0x30;
/** Beside the digits. */
const DOT = 0x2e - ZERO;
const END = 10;

/** Of Node's module of sockets, which is not loaded before it is needed: it is large. */
function isIPv6(text: string): boolean {
  return process.getBuiltinModule('node:net').isIPv6(text);
}

/** The sixteen bytes of an address without a zone, or undefined. */
export function parseAddress6(text: string): number[] | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const before = bytesOf(head);
  if (tail === undefined) return before;
  const behind = bytesOf(tail);
  return [...before, ...new Array<number>(16 - before.length - behind.length).fill(0), ...behind];
}

/** Groups of two bytes, the last of which may be an IPv4 address. */
function bytesOf(groups: string): number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return parseOctets(group) ?? [];
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** An address of either family, without a zone; undefined for anything else. */
export function parseAddress(text: string): Prefix | undefined {
  const octets = parseOctets(text);
  const bytes = octets?.length === 4 ? octets : parseAddress6(text);
  return bytes && prefixOf(bytes, 8 * bytes.length);
}

/** The first bits of an address; all others are made 0, so that there is one tree for one prefix. */
export function prefixOf(bytes: readonly number[], length: number): Prefix {
  const family = bytes.length === 4 ? 'inet' : 'inet6';
  return { family, bytes: bytes.map((byte, i) => byte & maskByte(length - 8 * i)), length };
}

/** A byte whose first `bits` are set. */
function maskByte(bits: number): number {
  return bits <= 0 ? 0 : bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
}

/** How long a prefix the four bytes are a netmask for; undefined if ones come behind zeros. */
export function maskLength(bytes: readonly number[]): number | undefined {
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const length = bits.lastIndexOf('1') + 1;
  return bits.slice(0, length).includes('0') ? undefined : length;
}

/** `10.0.0.0/8`, `10.0.0.1`, `[::1]`, `[2001:db8::/32]`. */
export function formatPrefix({ family, bytes, length }: Prefix): string {
  const data = Uint8Array.from(bytes);
  const suffix = length === 8 * bytes.length ? '' : `/${length}`;
  return family === 'inet' ? formatAddress4(data, 0) + suffix : `[${formatAddress6(data, 0)}${suffix}]`;
}

/** The same prefix as sockets of IPv6 have it. */
export function mapped({ bytes, length }: Prefix): Prefix {
  return prefixOf([...new Array<number>(10).fill(0), 0xff, 0xff, ...bytes], 96 + length);
}
