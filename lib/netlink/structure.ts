/** C structures in attributes: how their members are read, whatever length the kernel sends. */
import type { BatchMemory } from './batch.js';
import { LITTLE_ENDIAN } from './protocol.js';

/** A structure grows from kernel to kernel. */
export interface UnknownTail {
  /** Bytes behind the last member that this version knows. */
  unknown?: Uint8Array;
}

/** 64 bits, all ones. */
const ALL_ONES_64 = 2 ** 64;
const ALL_ONES_32 = 0xffff_ffff;

/**
 * The members of one structure in memory, by their offset. One that lies beyond the end, because the kernel is older,
 * is undefined; the types say so only of members that are newer than Linux 4.19.
 */
export class Members {
  readonly memory: BatchMemory;
  /** Where the structure starts, a multiple of 4. */
  readonly at: number;
  /** Bytes that there are of it. */
  readonly length: number;

  constructor(memory: BatchMemory, at: number, length: number) {
    this.memory = memory;
    this.at = at;
    this.length = length;
  }

  u8(offset: number): number {
    return this.has(offset, 1) ? this.memory.u8(this.at + offset) : absent;
  }

  u16(offset: number): number {
    return this.has(offset, 2) ? this.memory.u16(this.at + offset) : absent;
  }

  u32(offset: number): number {
    return this.has(offset, 4) ? this.memory.u32(this.at + offset) : absent;
  }

  i32(offset: number): number {
    return this.has(offset, 4) ? this.memory.u32(this.at + offset) | 0 : absent;
  }

  /** Exact up to 2^53 - 1. */
  u64(offset: number): number {
    return this.has(offset, 8) ? this.memory.u64(this.at + offset) : absent;
  }

  /** All ones are no limit. */
  u32OrInfinity(offset: number): number {
    const value = this.u32(offset);
    return value === ALL_ONES_32 ? Infinity : value;
  }

  /** All ones are no limit. */
  u64OrInfinity(offset: number): number {
    const value = this.u64(offset);
    return value === ALL_ONES_64 ? Infinity : value;
  }

  /** A bit-field of `width` bits, with `first` bits before it in its byte. */
  bits(offset: number, first: number, width: number): number {
    if (!this.has(offset, 1)) return absent;
    const shift = LITTLE_ENDIAN ? first : 8 - first - width;
    return (this.memory.u8(this.at + offset) >> shift) & ((1 << width) - 1);
  }

  /** Text of at most `size` bytes, up to its first NUL. */
  text(offset: number, size: number): string {
    return this.has(offset, size)
      ? this.memory.string(this.at + offset, size)
      : (absent as unknown as string);
  }

  /** What another function reads from `size` bytes. */
  read<T>(offset: number, size: number, how: (memory: BatchMemory, at: number) => T): T {
    return this.has(offset, size) ? how(this.memory, this.at + offset) : (absent as unknown as T);
  }

  has(offset: number, size: number): boolean {
    return offset + size <= this.length;
  }
}

const absent = undefined as unknown as number;

/** Reads a payload that is a structure, of which `size` bytes are known. */
export function structure<S extends UnknownTail>(
  size: number,
  read: (members: Members) => S,
): (memory: BatchMemory, at: number, length: number) => S {
  return (memory, at, length) => {
    const value = read(new Members(memory, at, length));
    if (length > size) value.unknown = memory.copy(at + size, length - size);
    return value;
  };
}
