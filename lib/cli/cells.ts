/** The cells of one row of a table as bytes, one behind the other. */

/** How much longer UTF-8 can be than a string has letters. */
const BYTES_PER_LETTER = 3;

export class Cells {
  /** Their bytes. */
  bytes: Buffer = Buffer.allocUnsafe(1 << 10);
  /** Where each cell ends; it starts where the one before it does. */
  readonly ends: Uint32Array;
  /** How many cells there are. */
  count = 0;
  /** Where the next cell starts. */
  at = 0;

  constructor(columns: number) {
    this.ends = new Uint32Array(columns);
  }

  /** The bytes, with room for so many more. */
  reserve(size: number): Buffer {
    const needed = this.at + size;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, needed));
      larger.set(this.bytes.subarray(0, this.at));
      this.bytes = larger;
    }
    return this.bytes;
  }

  /** The next cell was put into the bytes, and ends there. Answers that, which is where the one after it starts. */
  close(end: number): number {
    this.ends[this.count] = end;
    this.count += 1;
    this.at = end;
    return end;
  }

  add(text: string): void {
    const bytes = this.reserve(text.length * BYTES_PER_LETTER);
    this.close(putText(bytes, this.at, text));
  }

  clear(): void {
    this.count = 0;
    this.at = 0;
  }
}

/** Of bytes: to put so many where they belong, one by one, takes no longer than a call out of the engine. */
export const SHORT = 64;

/** Puts text into bytes that have room for it; answers where it ends. */
export function putText(bytes: Buffer, at: number, text: string): number {
  // Most of it is short and plain.
  if (text.length > SHORT) return at + bytes.write(text, at, 'utf8');
  for (let i = 0; i < text.length; i += 1) {
    const letter = text.charCodeAt(i);
    if (letter > 0x7f) return at + bytes.write(text, at, 'utf8');
    bytes[at + i] = letter;
  }
  return at + text.length;
}

const DIGIT_0 = 0x30;

/** Of a number of 32 bits, in decimal. */
export const NUMBER_LENGTH = 10;

/** Likewise, a number of 32 bits. */
export function putNumber(bytes: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let limit = 10; limit <= value; limit *= 10) end += 1;
  let left = value;
  for (let i = end - 1; i >= at; i -= 1) {
    const rest = Math.floor(left / 10);
    bytes[i] = DIGIT_0 + left - rest * 10;
    left = rest;
  }
  return end;
}
