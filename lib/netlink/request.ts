/** What requests are made of. */
import { ATTRIBUTE_HEADER_LENGTH } from './protocol.js';

/** A request structure of so many bytes, to be filled; its numbers are in the machine's byte order. */
export function payloadOf(
  length: number,
  bytes: readonly number[],
): { bytes: Uint8Array; words: Uint32Array } {
  const payload = new Uint8Array(length);
  payload.set(bytes);
  return { bytes: payload, words: new Uint32Array(payload.buffer, 0, length >>> 2) };
}

/** The bits of the words that were named, as one mask. */
export function maskOf<W extends string>(bits: Readonly<Record<W, number>>, words: readonly W[]): number {
  let mask = 0;
  for (const word of words) mask |= bits[word];
  return mask;
}

/** The words that a table of bits has. */
export function wordsOf<W extends string>(bits: Readonly<Record<W, number>>): readonly W[] {
  return Object.keys(bits) as W[];
}

/** An attribute, padded to a whole number of words. */
export function attribute(type: number, payload: Uint8Array): Uint8Array {
  const length = ATTRIBUTE_HEADER_LENGTH + payload.length;
  const bytes = new Uint8Array((length + 3) & ~3);
  new Uint16Array(bytes.buffer, 0, 2).set([length, type]);
  bytes.set(payload, ATTRIBUTE_HEADER_LENGTH);
  return bytes;
}

/** A 32-bit number as bytes. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}
