/** The bits that are tried on a member, the numbers that they stand for, and the properties that come of them. */
import { endianness } from 'node:os';
import { isDeepStrictEqual } from 'node:util';

import { type Member, significantBits } from './layout.js';

/** What an object says, by dotted paths. */
export type Properties = ReadonlyMap<string, unknown>;

/** No bit, all, each alone, and bytes of which no two are equal, so that none can be taken for another. */
export function patternsOf(mask: Uint8Array): Uint8Array[] {
  const alone = significantBits(mask).map(([byte, bit]) => {
    const pattern = new Uint8Array(mask.length);
    pattern[byte] = 1 << bit;
    return pattern;
  });
  if (alone.length === 0) return [];
  const edges = [new Uint8Array(mask.length), mask];
  if (alone.length === 1) return edges;
  // An odd step comes to every value once in 256.
  const different = mask.map((byte, i) => byte & (0x2b + 0x25 * i));
  return mask.length > 1 ? [...edges, ...alone, different] : [...edges, ...alone];
}

/**
 * The number that a member is when it has these bits; beyond 2^53 the nearest one that JavaScript has, which is what
 * `low + high * 2 ** 32` comes to as well.
 */
export function numberOf(
  { mask, kind }: Member,
  pattern: Uint8Array,
  order: 'LE' | 'BE' = endianness(),
): number {
  const bits = significantBits(mask, order);
  const number = bits.reduce(
    (sum, [byte, bit], i) => sum | (BigInt(((pattern[byte] as number) >> bit) & 1) << BigInt(i)),
    0n,
  );
  return Number(kind === 'signed' ? BigInt.asIntN(bits.length, number) : number);
}

export function setNumber(structure: Buffer, { offset, mask }: Member, number: number): void {
  significantBits(mask).forEach(([byte, bit], i) => {
    const one = (BigInt(number) >> BigInt(i)) & 1n;
    const others = (structure[offset + byte] as number) & ~(1 << bit);
    structure[offset + byte] = others | (Number(one) << bit);
  });
}

export function propertiesOf(object: object): Properties {
  const properties = new Map<string, unknown>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) {
      properties.set(path, value);
      return;
    }
    for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`);
  };
  walk(object, '');
  return properties;
}

/** Bytes are the same in whatever array they are. */
export function same(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0;
  return Object.is(one, other) || isDeepStrictEqual(one, other);
}
