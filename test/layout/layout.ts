/** What the kernel's structures look like in memory, wherever that is known from. */
import { endianness } from 'node:os';

/** How a member is read as a number; `'bytes'` is what is no number: arrays, pointers. */
export type Kind = 'signed' | 'unsigned' | 'bytes';

/** Where one member of a structure lies. */
export interface Member {
  /** Its name, after a dot that of a member of a member, after a bracket its index: `id.idiag_sport`, `lnk[0].gid`. */
  path: string;
  /** Its first byte. */
  offset: number;
  /** The bits that it occupies, from the offset on; empty for an array of no fixed length. */
  mask: Uint8Array;
  kind: Kind;
}

/** A structure of C. Members of a union lie above each other. */
export interface Layout {
  name: string;
  size: number;
  members: Member[];
}

/** The bits of a structure that one of its members occupies. */
export function occupied(layout: Layout): Uint8Array {
  const bits = new Uint8Array(layout.size);
  for (const { offset, mask } of layout.members) {
    mask.forEach((byte, i) => {
      (bits[offset + i] as number) |= byte;
    });
  }
  return bits;
}

/** The bytes of which no bit belongs to a member: from each to before the other. */
export function unoccupied(layout: Layout): [from: number, to: number][] {
  const runs: [number, number][] = [];
  occupied(layout).forEach((byte, at) => {
    const last = runs.at(-1);
    if (byte !== 0) return;
    if (last?.[1] === at) last[1]++;
    else runs.push([at, at + 1]);
  });
  return runs;
}

/** Bytes and bits of a mask, the lowest of the number first: the order of C's bit-fields goes with that of bytes. */
export function significantBits(
  mask: Uint8Array,
  order: 'LE' | 'BE' = endianness(),
): [byte: number, bit: number][] {
  const bits: [number, number][] = [];
  for (let i = 0; i < mask.length; i++) {
    const byte = order === 'LE' ? i : mask.length - 1 - i;
    for (let bit = 0; bit < 8; bit++) if (((mask[byte] as number) >> bit) & 1) bits.push([byte, bit]);
  }
  return bits;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
