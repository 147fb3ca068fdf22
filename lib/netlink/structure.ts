/** C structures in attributes: how their members are read, whatever length the kernel sends. */
import { isDeepStrictEqual } from 'node:util';

import { BatchMemory, HIGH, LOW } from './batch.js';
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
 * The members of one structure in memory, by their offsets. Nothing is checked here: all of the structure is there.
 * The methods are as short as they can be, so that the engine puts each in its place: there are sixty in a row.
 */
export class Members {
  readonly memory: BatchMemory;
  /** Where the structure starts, a multiple of 4. */
  readonly at: number;
  readonly #words: Uint32Array;

  constructor(memory: BatchMemory, at: number) {
    this.memory = memory;
    this.at = at;
    this.#words = memory.words;
  }

  u8(offset: number): number {
    return this.memory.u8(this.at + offset);
  }

  u16(offset: number): number {
    return this.memory.u16(this.at + offset);
  }

  u32(offset: number): number {
    return this.#words[(this.at + offset) >>> 2] as number;
  }

  i32(offset: number): number {
    return this.u32(offset) | 0;
  }

  /** Exact up to 2^53 - 1. */
  u64(offset: number): number {
    const words = this.#words;
    const first = (this.at + offset) >>> 2;
    return (words[first + LOW] as number) + (words[first + HIGH] as number) * 0x1_0000_0000;
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
    const shift = LITTLE_ENDIAN ? first : 8 - first - width;
    return (this.u8(offset) >> shift) & ((1 << width) - 1);
  }

  /** Text of at most `size` bytes, up to its first NUL. */
  text(offset: number, size: number): string {
    return this.memory.string(this.at + offset, size);
  }
}

/** Reads a payload: `length` bytes at `at`. */
export type Read<T> = (memory: BatchMemory, at: number, length: number) => T;

/**
 * Reads a payload that is a structure, of which `size` bytes are known. Of a longer one the rest is kept; in a shorter one,
 * which an older kernel sends, the members that are not wholly there are absent. The types say so only of those that are
 * newer than Linux 4.19.
 */
export function structure<S extends UnknownTail>(size: number, read: (members: Members) => S): Read<S> {
  return (memory, at, length) => {
    if (length < size) return readShort(size, read, memory.copy(at, length));
    const value = read(new Members(memory, at));
    if (length > size) value.unknown = memory.copy(at + size, length - size);
    return value;
  };
}

/** The members that are there are those that do not depend on what is not. */
function readShort<S extends UnknownTail>(size: number, read: (members: Members) => S, bytes: Uint8Array): S {
  const readFilled = (filler: number): S => {
    const memory = new BatchMemory(new ArrayBuffer((size + 3) & ~3));
    memory.bytes.fill(filler).set(bytes);
    return read(new Members(memory, 0));
  };
  const value = readFilled(0);
  const other = readFilled(0xff);
  for (const name of Object.keys(value) as (keyof S)[]) {
    if (!isDeepStrictEqual(value[name], other[name])) delete value[name];
  }
  return value;
}
