/** IP addresses as text, in the form of RFC 5952 and of inet_ntop(3), which Node's own sockets use. */
import type { BatchMemory } from '../netlink/batch.js';

const OCTET: readonly string[] = Array.from({ length: 256 }, (_, i) => String(i));
const OCTET_DOT: readonly string[] = OCTET.map((octet) => `${octet}.`);

/**
 * Sockets share addresses, so the text of one is kept for the next. The place is chosen by a hash and holds
 * one entry: bounded, and no slower than making the text when every address is different.
 */
const CACHE_BITS = 12;

const KEYS_4 = new Uint32Array(1 << CACHE_BITS);
const TEXTS_4: (string | undefined)[] = new Array(1 << CACHE_BITS).fill(undefined);

/** One address, where it can be formatted: its words in the network's order, as they lie in memory. */
const WORDS = new Uint32Array(4);
const WORD_BYTES = new Uint8Array(WORDS.buffer);

/** The IPv4 address whose four bytes stand at `at`, a multiple of 4. */
export function readAddress4(memory: BatchMemory, at: number): string {
  return addressOfWord(memory.u32(at));
}

/** The IPv4 address whose four bytes are those of a word in memory. */
export function addressOfWord(key: number): string {
  const place = Math.imul(key, 0x9e3779b1) >>> (32 - CACHE_BITS);
  if (KEYS_4[place] === key) {
    const text = TEXTS_4[place];
    if (text !== undefined) return text;
  }
  WORDS[0] = key;
  const text = formatAddress4(WORD_BYTES, 0);
  KEYS_4[place] = key;
  TEXTS_4[place] = text;
  return text;
}

/** In two halves, which are short enough for the engine to keep flat: twice as fast as one by one. */
export function formatAddress4(bytes: Uint8Array, at: number): string {
  const left = (OCTET_DOT[bytes[at] as number] as string) + OCTET_DOT[bytes[at + 1] as number];
  const right = (OCTET_DOT[bytes[at + 2] as number] as string) + OCTET[bytes[at + 3] as number];
  return left + right;
}

const KEYS_6 = new Uint32Array(4 << CACHE_BITS);
const TEXTS_6: (string | undefined)[] = new Array(1 << CACHE_BITS).fill(undefined);

/** The IPv6 address whose sixteen bytes stand at `at`, a multiple of 4. */
export function readAddress6(memory: BatchMemory, at: number): string {
  const first = at >>> 2;
  const { words } = memory;
  return addressOfWords(
    words[first] as number,
    words[first + 1] as number,
    words[first + 2] as number,
    words[first + 3] as number,
  );
}

/** The IPv6 address whose sixteen bytes are those of four words in memory. */
export function addressOfWords(a: number, b: number, c: number, d: number): string {
  const mixed = Math.imul(a ^ (c << 7), 0x85ebca6b) ^ Math.imul(b ^ (d << 3), 0xc2b2ae35) ^ d;
  const place = Math.imul(mixed, 0x9e3779b1) >>> (32 - CACHE_BITS);
  const key = place << 2;
  if (KEYS_6[key] === a && KEYS_6[key + 1] === b && KEYS_6[key + 2] === c && KEYS_6[key + 3] === d) {
    const text = TEXTS_6[place];
    if (text !== undefined) return text;
  }
  WORDS[0] = a;
  WORDS[1] = b;
  WORDS[2] = c;
  WORDS[3] = d;
  const text = formatAddress6(WORD_BYTES, 0);
  KEYS_6[key] = a;
  KEYS_6[key + 1] = b;
  KEYS_6[key + 2] = c;
  KEYS_6[key + 3] = d;
  TEXTS_6[place] = text;
  return text;
}

/** Where the text is put together: one string at the end is faster than a dozen on the way. */
const TEXT = Buffer.alloc(64);
const COLON = 0x3a;
const DOT = 0x2e;

/** Of the longest: four octets; eight groups whose last two are an IPv4 address. */
export const ADDRESS_TEXT_LENGTH = 45;

export function formatAddress6(bytes: Uint8Array, at: number): string {
  return TEXT.toString('latin1', 0, putAddress6(TEXT, 0, bytes, at));
}

/** Puts the text of the IPv4 address in four bytes at `from` into `text`; answers where it ends. */
export function putAddress4(text: Uint8Array, at: number, bytes: Uint8Array, from: number): number {
  let next = putOctet(text, at, bytes[from] as number);
  for (let i = 1; i < 4; i++) {
    text[next] = DOT;
    next = putOctet(text, next + 1, bytes[from + i] as number);
  }
  return next;
}

/** Likewise, of the IPv6 address in sixteen bytes. */
export function putAddress6(text: Uint8Array, at: number, bytes: Uint8Array, from: number): number {
  const zeros = longestZeros(bytes, from);
  const start = zeros >> 4;
  const end = zeros & 15;
  // Mapped (::ffff:0:0/96) and compatible (::/96) addresses end as the IPv4 address that they hold.
  const holds4 = start === 0 && (end === 6 || (end === 5 && group(bytes, from, 5) === 0xffff));
  const groups = holds4 ? 6 : 8;
  let next = at;
  for (let i = 0; i < groups; i++) {
    if (i === start && end > 0) {
      text[next++] = COLON;
      text[next++] = COLON;
      i = end - 1;
      continue;
    }
    next = putGroup(text, next, group(bytes, from, i));
    if (i < 7 && (i + 1 !== start || end === 0)) text[next++] = COLON;
  }
  return holds4 ? putAddress4(text, next, bytes, from + 12) : next;
}

function group(bytes: Uint8Array, at: number, i: number): number {
  return ((bytes[at + 2 * i] as number) << 8) | (bytes[at + 2 * i + 1] as number);
}

function putOctet(text: Uint8Array, at: number, value: number): number {
  let next = at;
  if (value > 99) text[next++] = 0x30 + Math.trunc(value / 100);
  if (value > 9) text[next++] = 0x30 + (Math.trunc(value / 10) % 10);
  text[next++] = 0x30 + (value % 10);
  return next;
}

/** Hexadecimal without leading zeros; answers where the text goes on. */
function putGroup(text: Uint8Array, at: number, value: number): number {
  let next = at;
  if (value > 0xfff) text[next++] = digit(value >> 12);
  if (value > 0xff) text[next++] = digit((value >> 8) & 15);
  if (value > 0xf) text[next++] = digit((value >> 4) & 15);
  text[next++] = digit(value & 15);
  return next;
}

function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/**
 * The first of the longest runs of zero groups, which is what "::" stands for; no run of only one. Its start, and in the
 * lower four bits its end; 0 for none.
 */
function longestZeros(bytes: Uint8Array, at: number): number {
  let start = 0;
  let end = 0;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && group(bytes, at, i + length) === 0) length++;
    if (length > 1 && length > end - start) {
      start = i;
      end = i + length;
    }
    i += length;
  }
  return (start << 4) | end;
}
