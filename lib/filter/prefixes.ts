/** Prefixes of addresses as numbers, and how several become fewer. */
import type { Prefix } from './tree.js';

export interface PrefixNumber {
  readonly family: 'inet' | 'inet6';
  /** The address as a number; behind the prefix, all bits are 0. */
  readonly value: bigint;
  readonly length: number;
}

export function bitsOf(family: 'inet' | 'inet6'): number {
  return family === 'inet' ? 32 : 128;
}

/** The address as a number, with no bits behind the prefix. */
export function numberOf({ family, bytes, length }: Prefix): bigint {
  const rest = BigInt(bitsOf(family) - length);
  return (BigInt(`0x${Buffer.from(bytes).toString('hex')}`) >> rest) << rest;
}

/**
 * Without those that others contain, and with two halves put together to a whole. All are of one family, and alike but
 * for the prefix.
 */
export function mergePrefixes<T extends PrefixNumber>(prefixes: readonly T[]): T[] {
  const merged: T[] = [];
  for (const prefix of prefixes.toSorted(byPrefix)) {
    const before = merged.at(-1);
    if (before !== undefined && leading(prefix, before.length) === leading(before, before.length)) continue;
    let whole = prefix;
    for (let half = merged.at(-1); half !== undefined && areHalves(half, whole); half = merged.at(-1)) {
      merged.pop();
      whole = { ...half, length: half.length - 1 };
    }
    merged.push(whole);
  }
  return merged;
}

function byPrefix(a: PrefixNumber, b: PrefixNumber): number {
  if (a.value !== b.value) return a.value < b.value ? -1 : 1;
  return a.length - b.length;
}

/** The lower first. */
function areHalves(low: PrefixNumber, high: PrefixNumber): boolean {
  return low.length === high.length && (leading(low, low.length) ^ leading(high, high.length)) === 1n;
}

function leading({ family, value }: PrefixNumber, length: number): bigint {
  return value >> BigInt(bitsOf(family) - length);
}
