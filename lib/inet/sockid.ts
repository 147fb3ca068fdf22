/** inet_diag_sockid: what names one socket of an IP protocol to the kernel. */
import { parseAddress6, parseOctets } from '../filter/addresses.js';
import type { BatchMemory } from '../netlink/batch.js';
import { isInt32, isUint16, show } from '../netlink/options.js';
import { LITTLE_ENDIAN } from '../netlink/protocol.js';
import { checkCookie, cookieWords, isCookie } from '../record/cookie.js';
import { INET_FAMILY_NAMES, type InetFamily } from './family.js';

/** What tells a socket of an IP protocol from others. A record is one: it has all of these. */
export interface InetTuple {
  /** Local address, without a zone; `0.0.0.0` or `::` for a socket that is bound to any. */
  src: string;
  /** Local port; of a raw socket the number of its IP protocol. */
  sport: number;
  /** Remote address; without it there is none, as for a listener. */
  dst?: string | undefined;
  /** Remote port; without it there is none. */
  dport?: number | undefined;
  /** Index of the network interface that the socket is bound to; without it, any that is bound to none. */
  ifindex?: number | undefined;
  /** The socket's cookie; without it, whichever socket has the addresses and ports. */
  cookie?: string | undefined;
}

/** A tuple as the kernel takes it. */
export interface Sockid {
  family: InetFamily;
  /** `inet_diag_sockid`: the addresses in the network's order. */
  bytes: Uint8Array;
}

export const SOCKID_LENGTH = 48;

/** Where its parts are. */
const SPORT = 0;
const DPORT = 2;
const SRC = 4;
const DST = 20;
const IFINDEX = 36;
const COOKIE = 40;
const ADDRESS_LENGTH = 16;

/** Of a cookie that is not to be compared. */
const ONES = 0xffff_ffff;

/** Makes one of addresses in the network's order, of four or sixteen bytes each. */
export function makeSockid(
  family: InetFamily,
  [src, sport]: readonly [ArrayLike<number>, number],
  [dst, dport]: readonly [ArrayLike<number>, number],
  ifindex: number,
  cookie: readonly [low: number, high: number] = [ONES, ONES],
): Sockid {
  const bytes = new Uint8Array(SOCKID_LENGTH);
  bytes[SPORT] = sport >> 8;
  bytes[SPORT + 1] = sport;
  bytes[DPORT] = dport >> 8;
  bytes[DPORT + 1] = dport;
  bytes.set(src, SRC);
  bytes.set(dst, DST);
  putWord(bytes, IFINDEX, ifindex);
  putWord(bytes, COOKIE, cookie[0]);
  putWord(bytes, COOKIE + 4, cookie[1]);
  return { family, bytes };
}

/** A small array has no buffer of its own until one is asked for, which takes as long as the kernel's answer. */
function putWord(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (LITTLE_ENDIAN ? 8 * i : 24 - 8 * i);
}

/** No address, and no port. */
export const NOWHERE: Readonly<Record<InetFamily, readonly [ArrayLike<number>, number]>> = {
  inet: [new Uint8Array(4), 0],
  inet6: [new Uint8Array(ADDRESS_LENGTH), 0],
};

/** Checks a tuple, which is called `name`. The names of its parts are put together only where one is wrong. */
export function sockidOf(tuple: InetTuple, name: string): Sockid {
  const { src, dst, sport, dport = 0, ifindex = 0, cookie } = tuple;
  const near = bytesOf(src) ?? refuseAddress(src, `${name}.src`);
  const far = dst === undefined ? anyOf(near) : (bytesOf(dst) ?? refuseAddress(dst, `${name}.dst`));
  if (near.length !== far.length) {
    throw new TypeError(`${name} has the addresses ${src} and ${dst}, but they must be of one family`);
  }
  if (!isUint16(sport)) refusePort(sport, `${name}.sport`);
  if (!isUint16(dport)) refusePort(dport, `${name}.dport`);
  if (!isInt32(ifindex))
    throw new TypeError(`${name}.ifindex is ${show(ifindex)}, but must be an index or 0`);
  if (cookie !== undefined && !isCookie(cookie)) checkCookie(cookie, `${name}.cookie`);
  const words = cookie === undefined ? undefined : cookieWords(cookie);
  return makeSockid(near.length === 4 ? 'inet' : 'inet6', [near, sport], [far, dport], ifindex, words);
}

/** The bytes of an address; undefined for anything else. */
function bytesOf(text: unknown): readonly number[] | undefined {
  if (typeof text !== 'string') return undefined;
  const octets = parseOctets(text);
  return octets?.length === 4 ? octets : parseAddress6(text);
}

const ANY: Readonly<Record<number, readonly number[]>> = {
  4: new Array<number>(4).fill(0),
  16: new Array<number>(ADDRESS_LENGTH).fill(0),
};

/** Of the same family. */
function anyOf(address: readonly number[]): readonly number[] {
  return ANY[address.length] as readonly number[];
}

function refuseAddress(text: unknown, name: string): never {
  const zone = typeof text === 'string' && text.includes('%') ? ' without a zone, which ifindex is for' : '';
  throw new TypeError(`${name} is ${show(text)}, but must be an IPv4 or IPv6 address${zone}`);
}

function refusePort(value: unknown, name: string): never {
  throw new RangeError(`${name} is ${show(value)}, but must be a number from 0 to 65535`);
}

/** The address of a socket in the network's order. */
const addressBytes = (bytes: Uint8Array, at: number): Uint8Array => bytes.subarray(at, at + ADDRESS_LENGTH);

/** As a packet that comes in names the socket: from its peer, to it. */
export function swapped({ family, bytes }: Sockid): Sockid {
  const other = bytes.slice();
  other.copyWithin(SPORT, DPORT, DPORT + 2);
  other.set(bytes.subarray(SPORT, SPORT + 2), DPORT);
  other.set(addressBytes(bytes, DST), SRC);
  other.set(addressBytes(bytes, SRC), DST);
  return { family, bytes: other };
}

/** In the family that the packets are of: v4-mapped addresses are IPv4, for which the kernel looks at both families. */
export function unmapped(sockid: Sockid): Sockid {
  const { family, bytes } = sockid;
  if (family === 'inet' || !isMapped(bytes, SRC)) return sockid;
  if (!isMapped(bytes, DST) && !isAny(bytes, DST)) return sockid;
  const other = bytes.slice();
  for (const at of [SRC, DST]) {
    addressBytes(other, at).fill(0);
    other.set(bytes.subarray(at + 12, at + ADDRESS_LENGTH), at);
  }
  return { family: 'inet', bytes: other };
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

function isAny(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < ADDRESS_LENGTH; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

function wordAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value |= (bytes[at + i] as number) << (LITTLE_ENDIAN ? 8 * i : 24 - 8 * i);
  return value >>> 0;
}

/** Whether the cookie is to be compared. */
export function hasCookie({ bytes }: Sockid): boolean {
  for (let i = COOKIE; i < SOCKID_LENGTH; i++) if (bytes[i] !== 0xff) return true;
  return false;
}

/** Without a remote end. */
export function isUnconnected({ bytes }: Sockid): boolean {
  return bytes[DPORT] === 0 && bytes[DPORT + 1] === 0 && isAny(bytes, DST);
}

function dportOf({ bytes }: Sockid): number {
  return ((bytes[DPORT] as number) << 8) | (bytes[DPORT + 1] as number);
}

export function sportOf({ bytes }: Sockid): number {
  return ((bytes[SPORT] as number) << 8) | (bytes[SPORT + 1] as number);
}

/** Whether the `inet_diag_msg` at `at` is of the socket that was asked for. */
export function isAnswer(asked: Sockid, memory: BatchMemory, at: number): boolean {
  const start = at + 4;
  // To look at the bytes from here is cheaper than to take them out.
  if (hasCookie(asked)) {
    for (let i = COOKIE; i < SOCKID_LENGTH; i++) if (asked.bytes[i] !== memory.u8(start + i)) return false;
    // The associations of one SCTP socket share its cookie; of a connection that is being made, the peer is not known.
    return memory.port(start + DPORT) === dportOf(asked) || dportOf(asked) === 0;
  }
  const family = INET_FAMILY_NAMES[memory.u8(at)] ?? 'inet6';
  const answered: Sockid = { family, bytes: memory.copy(start, SOCKID_LENGTH) };
  // The kernel itself finds no socket that is bound to an interface without its index; some records have one all the same.
  const isBound = wordAt(asked.bytes, IFINDEX) !== 0;
  return hasSameAddresses(asked, answered) && (!isBound || isOnSameInterface(asked, answered));
}

export function isOnSameInterface(a: Sockid, b: Sockid): boolean {
  return wordAt(a.bytes, IFINDEX) === wordAt(b.bytes, IFINDEX);
}

export function hasSameEnds(a: Sockid, b: Sockid): boolean {
  return a.family === b.family && equal(a.bytes, b.bytes, SPORT, COOKIE);
}

export function hasSameCookie(a: Sockid, b: Sockid): boolean {
  return equal(a.bytes, b.bytes, COOKIE, SOCKID_LENGTH);
}

/**
 * Whether a socket is the one that was asked for, without a cookie. The kernel answers some questions with another: with the listener,
 * where the connection is gone; with a socket of the other family, where that serves IPv4 too, which is right.
 */
export function hasSameAddresses(asked: Sockid, answered: Sockid): boolean {
  if (!equal(asked.bytes, answered.bytes, SPORT, SRC)) return false;
  const a = unmapped(asked);
  const b = unmapped(answered);
  return [SRC, DST].every((at) => {
    if (isAny(a.bytes, at) || isAny(b.bytes, at)) return isAny(a.bytes, at) && isAny(b.bytes, at);
    return a.family === b.family && equal(a.bytes, b.bytes, at, at + ADDRESS_LENGTH);
  });
}

function equal(a: Uint8Array, b: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (a[i] !== b[i]) return false;
  return true;
}
