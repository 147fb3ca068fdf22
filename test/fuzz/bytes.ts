/** Bytes that are changed here and there. */
import type { Random } from '../filter/random.js';

/** Where lengths, counts and signs have their edges. */
const EDGES = [0, 1, 3, 4, 5, 7, 8, 16, 0x7f, 0x80, 0xff] as const;
const WIDE_EDGES = [
  0, 1, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff,
] as const;

/** One change. `other` are bytes to take a part of. */
export function changed(random: Random, bytes: Buffer, other: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const size = 1 + random.below(random.pick([1, 4, 8, 32]));
  const copy = Buffer.from(bytes);
  switch (random.below(8)) {
    case 0:
      if (at < copy.length) copy[at] = random.below(256);
      return copy;
    case 1:
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
    case 2:
      if (at < copy.length) copy[at] = random.pick<number>(EDGES);
      return copy;
    case 3:
      if (at + 4 <= copy.length) copy.writeUInt32LE(random.pick<number>(WIDE_EDGES), at);
      return copy;
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    case 5: {
      const from = random.below(other.length + 1);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + size), bytes.subarray(at)]);
    }
    case 6:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + size), bytes.subarray(at)]);
    default:
      return bytes.subarray(0, at);
  }
}

/** Some changes, mostly few. */
export function mutated(random: Random, bytes: Buffer, other: Buffer): Buffer {
  let result = bytes;
  for (let times = random.pick([1, 1, 1, 2, 2, 3, 6]); times > 0; times--) {
    result = changed(random, result, other);
  }
  return result;
}
