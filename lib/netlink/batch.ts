/** A batch of records in memory, and how its numbers are read. */
import { LITTLE_ENDIAN } from './protocol.js';

/** Which half of a 64-bit number comes first. */
export const LOW: 0 | 1 = LITTLE_ENDIAN ? 0 : 1;
export const HIGH: 0 | 1 = LITTLE_ENDIAN ? 1 : 0;

/**
 * The memory of a batch, seen as bytes, 16-bit and 32-bit numbers of the machine's own byte order, which is
 * the one that the kernel writes. Whatever has an offset in the index lies wholly inside.
 */
export class BatchMemory {
  readonly buffer: ArrayBuffer;
  readonly bytes: Buffer;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.bytes = Buffer.from(buffer);
    this.halves = new Uint16Array(buffer);
    this.words = new Uint32Array(buffer);
  }

  /** A 16-bit number of the network's byte order. */
  port(at: number): number {
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  /** A 16-bit number; `at` is even. */
  u16(at: number): number {
    return this.halves[at >>> 1] as number;
  }

  /** A 32-bit number; `at` is a multiple of 4. */
  u32(at: number): number {
    return this.words[at >>> 2] as number;
  }

  /** A 64-bit number, exact up to 2^53 - 1; `at` is a multiple of 4. */
  u64(at: number): number {
    const first = at >>> 2;
    return (this.words[first + LOW] as number) + (this.words[first + HIGH] as number) * 0x1_0000_0000;
  }

  u8(at: number): number {
    return this.bytes[at] as number;
  }

  /** Bytes of their own, that outlive the batch. */
  copy(at: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    // The engine keeps small arrays in its own heap, and to fill them one by one is cheaper than to ask for it.
    if (length > 64) copy.set(this.bytes.subarray(at, at + length));
    else for (let i = 0; i < length; i++) copy[i] = this.bytes[at + i] as number;
    return copy;
  }

  /** Text that should be UTF-8; what is not reads U+FFFD. */
  text(at: number, length: number): string {
    return this.bytes.toString('utf8', at, at + length);
  }

  /** A C string in a field of `size` bytes: text up to the first NUL, if there is one. */
  string(at: number, size: number): string {
    const end = this.bytes.indexOf(0, at);
    return this.text(at, end < 0 || end > at + size ? size : end - at);
  }
}
