/** Lines of the tables in /proc/net, read column by column. */
import type { BatchMemory } from '../netlink/batch.js';

/** A line that is not as the kernel writes them: what it has, and where. */
export class Malformed {
  readonly text: string;
  /** In the batch. */
  readonly at: number;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }
}

/** What a byte is worth as a hexadecimal digit; -1 if it is none. */
const HEX = new Int8Array(256).fill(-1);
for (const [i, digit] of Array.from('0123456789abcdef').entries()) {
  HEX[digit.charCodeAt(0)] = i;
  HEX[digit.toUpperCase().charCodeAt(0)] = i;
}

const BLANK = 0x20;
const TAB = 0x09;
const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
export const COLON = 0x3a;

/**
 * One line at a time, from its start to its end. Nothing is read beyond that: what ends it is a line break, which is no part
 * of any column.
 */
export class Line {
  bytes: Buffer = Buffer.alloc(1);
  at = 0;
  /** Where the line break is. */
  end = 0;

  /** Goes to the line in a row of the index. */
  open({ words, bytes }: BatchMemory, row: number): void {
    this.bytes = bytes;
    this.at = words[row] as number;
    if (words[row + 1] !== 1) throw new Malformed('a last line that is cut off', this.at);
    this.end = words[row + 2] as number;
  }

  /** Goes on to the next column; false if there is none. */
  hasNext(): boolean {
    const { bytes } = this;
    let { at } = this;
    while (bytes[at] === BLANK || bytes[at] === TAB) at++;
    this.at = at;
    return at < this.end;
  }

  /** Goes on to the next column. Whatever was read before must have ended. */
  next(): void {
    if (!this.isFollowed()) throw new Malformed('a line without all of its columns', this.at);
  }

  /** Goes on to the next column, which need not be there; false if it is not. What was read before must have ended. */
  isFollowed(): boolean {
    const { at } = this;
    if (!this.hasNext()) return false;
    if (at === this.at) this.refuse();
    return true;
  }

  /** Whether a column ends here. */
  isAtBlank(): boolean {
    const byte = this.bytes[this.at];
    return byte === BLANK || byte === TAB || this.at >= this.end;
  }

  /** Goes behind a byte, which must stand here. */
  expect(byte: number): void {
    if (this.bytes[this.at] !== byte) this.refuse();
    this.at++;
  }

  /** Throws for what stands here. */
  refuse(): never {
    const { bytes, at, end } = this;
    if (at >= end) throw new Malformed('a line without all of its columns', at);
    throw new Malformed(`'${bytes.toString('latin1', at, at + 1)}' where it should not be`, at);
  }

  /** Two hexadecimal digits. */
  hex2(): number {
    const value = this.#digit(0, 4) | this.#digit(1, 0);
    if (value < 0) this.#refuseDigits();
    this.at += 2;
    return value;
  }

  /** Four. */
  hex4(): number {
    const value = this.#digit(0, 12) | this.#digit(1, 8) | this.#digit(2, 4) | this.#digit(3, 0);
    if (value < 0) this.#refuseDigits();
    this.at += 4;
    return value;
  }

  /** Eight. */
  hex8(): number {
    const high = this.hex4();
    return high * 0x10000 + this.hex4();
  }

  /** A hexadecimal number of any length. */
  hex(): number {
    const { bytes } = this;
    const start = this.at;
    let value = 0;
    for (let digit = this.#digit(0, 0); digit >= 0; digit = HEX[bytes[++this.at] as number] as number) {
      value = value * 16 + digit;
    }
    if (this.at === start) this.refuse();
    return value;
  }

  /** A decimal number, which may be negative. */
  decimal(): number {
    const { bytes } = this;
    const isNegative = bytes[this.at] === MINUS;
    if (isNegative) this.at++;
    const start = this.at;
    let value = 0;
    for (let byte = bytes[start] as number; byte >= ZERO && byte <= NINE; byte = bytes[++this.at] as number) {
      value = value * 10 + byte - ZERO;
    }
    if (this.at === start) this.refuse();
    return isNegative ? -value : value;
  }

  /** All up to a blank, or a byte that is named, or the end: text. */
  word(until: number = BLANK): string {
    const start = this.at;
    this.skip(until);
    return this.bytes.toString('latin1', start, this.at);
  }

  /** Passes over what `word` would give. */
  skip(until: number = BLANK): void {
    const start = this.at;
    while (!this.isAtBlank() && this.bytes[this.at] !== until) this.at++;
    if (this.at === start) this.refuse();
  }

  /** The digit so much further on, shifted; negative if it is none. */
  #digit(further: number, by: number): number {
    return (HEX[this.bytes[this.at + further] as number] as number) << by;
  }

  #refuseDigits(): never {
    while ((HEX[this.bytes[this.at] as number] as number) >= 0) this.at++;
    this.refuse();
  }
}
