/** Numbers of 64 bits that are names, or begin anywhere: no double holds them, and no JSON has integers that large. */
import type { BatchMemory } from '../netlink/batch.js';
import { LITTLE_ENDIAN } from '../netlink/protocol.js';

/** Lower-case hexadecimal without leading zeros; `at` may be any. */
export function readHexadecimal(memory: BatchMemory, at: number): string {
  const number = LITTLE_ENDIAN ? memory.bytes.readBigUInt64LE(at) : memory.bytes.readBigUInt64BE(at);
  return number.toString(16);
}
