/** Socket cookies: 64 bits that name a socket as long as the machine runs. */
import type { BatchMemory } from '../netlink/batch.js';
import { show } from '../netlink/options.js';

/** Bytes in hexadecimal, without a leading zero and with it. */
const SHORT: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16));
const FULL: readonly string[] = SHORT.map((text) => text.padStart(2, '0'));

/** Lower-case hexadecimal without leading zeros, as `ss -e` prints behind `sk:`. */
export function readCookie(memory: BatchMemory, at: number): string {
  const low = memory.u32(at);
  const high = memory.u32(at + 4);
  return high === 0 ? short(low) : short(high) + full(low);
}

/** By tables: Number.prototype.toString(16) is slow, and cookies are all different. */
function short(value: number): string {
  if (value < 0x100) return SHORT[value] as string;
  if (value < 0x10000) return (SHORT[value >>> 8] as string) + FULL[value & 0xff];
  if (value < 0x1000000) return (SHORT[value >>> 16] as string) + half(value);
  return (SHORT[value >>> 24] as string) + FULL[(value >>> 16) & 0xff] + half(value);
}

function full(value: number): string {
  return half(value >>> 16) + half(value);
}

/** The lower 16 bits, in four digits. */
function half(value: number): string {
  return (FULL[(value >>> 8) & 0xff] as string) + FULL[value & 0xff];
}

/** What stands for any cookie where one is asked for, and so is none. */
export const ANY_COOKIE = 'ffffffffffffffff';

export function isCookie(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{1,16}$/.test(value) && value !== ANY_COOKIE;
}

/** The two halves of a cookie's text, in the order in which the kernel takes them. */
export function cookieWords(cookie: string): [low: number, high: number] {
  return [Number.parseInt(cookie.slice(-8), 16), Number.parseInt(`0${cookie.slice(0, -8)}`, 16)];
}

/** Throws a TypeError for what is no cookie of a socket. */
export function checkCookie(value: unknown, name: string): asserts value is string {
  if (isCookie(value)) return;
  throw new TypeError(
    `${name} is ${show(value)}, but must be the cookie of a record: 1 to 16 hexadecimal digits, not ${ANY_COOKIE}`,
  );
}

/** The halves of what stands for any cookie. */
export const ANY_COOKIE_WORDS: readonly [low: number, high: number] = [0xffff_ffff, 0xffff_ffff];
