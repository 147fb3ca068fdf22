/** IP addresses as text, in the form of RFC 5952 and of inet_ntop(3), which Node's own sockets use. */
import type { BatchMemory } from '../netlink/batch.js';

const OCTET: readonly string[] = Array.from({ length: 256 }, (_, i) => String(i));

/**
 * Sockets share addresses, so the text of one is kept for the next. The place is chosen by a hash and holds
 * one entry: bounded, and no slower than making the text when every address is different.
 */
const CACHE_BITS = 12;

const KEYS_4 = new Uint32Array(1 << CACHE_BITS);
const TEXTS_4: (string | undefined)[] = new Array(1 << CACHE_BITS).fill(undefined);

/** The IPv4 address whose four bytes stand at `at`, a multiple of 4. */
export function readAddress4(memory: BatchMemory, at: number): string {
  const key = memory.u32(at);
  const place = Math.imul(key, 0x9e3779b1) >>> (32 - CACHE_BITS);
  if (KEYS_4[place] === key) {
    const text = TEXTS_4[place];
    if (text !== undefined) return text;
  }
  const text = formatAddress4(memory.bytes, at);
  KEYS_4[place] = key;
  TEXTS_4[place] = text;
  return text;
}

export function formatAddress4(bytes: Uint8Array, at: number): string {
  return `${octet(bytes, at)}.${octet(bytes, at + 1)}.${octet(bytes, at + 2)}.${octet(bytes, at + 3)}`;
}

function octet(bytes: Uint8Array, at: number): string {
  return OCTET[bytes[at] as number] as string;
}

const KEYS_6 = new Uint32Array(4 << CACHE_BITS);
const TEXTS_6: (string | undefined)[] = new Array(1 << CACHE_BITS).fill(undefined);

/** The IPv6 address whose sixteen bytes stand at `at`, a multiple of 4. */
export function readAddress6(memory: BatchMemory, at: number): string {
  const first = at >>> 2;
  const { words } = memory;
  const a = words[first] as number;
  const b = words[first + 1] as number;
  const c = words[first + 2] as number;
  const d = words[first + 3] as number;
  const mixed = Math.imul(a ^ (c << 7), 0x85ebca6b) ^ Math.imul(b ^ (d << 3), 0xc2b2ae35) ^ d;
  const place = Math.imul(mixed, 0x9e3779b1) >>> (32 - CACHE_BITS);
  const key = place << 2;
  if (KEYS_6[key] === a && KEYS_6[key + 1] === b && KEYS_6[key + 2] === c && KEYS_6[key + 3] === d) {
    const text = TEXTS_6[place];
    if (text !== undefined) return text;
  }
  const text = formatAddress6(memory.bytes, at);
  KEYS_6[key] = a;
  KEYS_6[key + 1] = b;
  KEYS_6[key + 2] = c;
  KEYS_6[key + 3] = d;
  TEXTS_6[place] = text;
  return text;
}

export function formatAddress6(bytes: Uint8Array, at: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2)
    groups.push(((bytes[at + i] as number) << 8) | (bytes[at + i + 1] as number));
  const { start, length } = longestZeros(groups);
  // Mapped (::ffff:0:0/96) and compatible (::/96) addresses end as the IPv4 address that they hold.
  const holds4 = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  const parts = groups.slice(0, holds4 ? 6 : 8).map((group) => group.toString(16));
  if (holds4) parts.push(formatAddress4(bytes, at + 12));
  if (length < 2) return parts.join(':');
  return `${parts.slice(0, start).join(':')}::${parts.slice(start + length).join(':')}`;
}

/** The first of the longest runs of zero groups: what "::" stands for, if it is longer than one. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
