/** Socket cookies: 64 bits that name a socket as long as the machine runs. */
import type { BatchMemory } from '../netlink/batch.js';

const HEX: readonly string[] = Array.from({ length: 65536 }, (_, i) => i.toString(16).padStart(4, '0'));

/** Lower-case hexadecimal without leading zeros, as `ss -e` prints behind `sk:`. */
export function readCookie(memory: BatchMemory, at: number): string {
  const low = memory.u32(at);
  const high = memory.u32(at + 4);
  if (high !== 0) return high.toString(16) + hex32(low);
  // The usual case, and for speed: Number.prototype.toString(16) is slow, and cookies are all different.
  return low < 0x10000 ? low.toString(16) : (LEADING[low >>> 16] ?? leading(low >>> 16)) + HEX[low & 0xffff];
}

/** The upper half, without leading zeros; few different ones are in use at a time. */
const LEADING: (string | undefined)[] = [];

function leading(upper: number): string {
  const text = upper.toString(16);
  if (LEADING.length > 4096) LEADING.length = 0;
  LEADING[upper] = text;
  return text;
}

function hex32(value: number): string {
  return (HEX[value >>> 16] as string) + HEX[value & 0xffff];
}
