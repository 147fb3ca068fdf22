/** Sets of ports, as ranges: those that a comparison holds for, their union and their complement. */
import type { Comparison } from './tree.js';

/** From the first to the last, both of them included. */
export type Range = readonly [first: number, last: number];

export const LAST_PORT = 0xffff;

/** They ascend and do not touch. */
export function rangesOf(
  comparison: Comparison,
  port: number | undefined,
  negated: boolean,
): readonly Range[] {
  const ranges = satisfying(comparison, port).filter(([first, last]) => first <= last);
  return negated ? complement(ranges) : ranges;
}

function satisfying(comparison: Comparison, port: number | undefined): Range[] {
  // Every port is equal to `*`.
  const [low, high] = port === undefined ? [0, LAST_PORT] : [port, port];
  switch (comparison) {
    case '=':
      return [[low, high]];
    case '!=':
      return [
        [0, low - 1],
        [high + 1, LAST_PORT],
      ];
    case '>=':
      return [[low, LAST_PORT]];
    case '<=':
      return [[0, high]];
    case '>':
      return [[high + 1, LAST_PORT]];
    case '<':
      return [[0, low - 1]];
  }
}

/** Ranges that ascend and do not touch. Up to so many ports between two of them are taken in as well. */
export function union(ranges: readonly Range[], between = 0): readonly Range[] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before === undefined || first > before[1] + 1 + between) merged.push([first, last]);
    else before[1] = Math.max(before[1], last);
  }
  return merged;
}

/** All ports that lie in none of the ranges, which ascend and do not touch. */
export function complement(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST_PORT) gaps.push([next, LAST_PORT]);
  return gaps;
}
