/** Conditions that let more through than others do, and take less room in a program. */
import { type Condition, join, portSet } from './condition.js';
import { bitsOf } from './prefixes.js';
import { union } from './ranges.js';

/** The finest of the coarser conditions that is small enough, or true. */
export function coarserThan(condition: Condition, fits: (condition: Condition) => boolean): Condition {
  for (let step = 1; step < COARSEST; step++) {
    const coarser = coarsen(condition, step);
    if (fits(coarser)) return coarser;
  }
  return true;
}

const COARSEST = 16;

/** It lets more through: ports between near ones, the neighbours of addresses. */
function coarsen(condition: Condition, step: number): Condition {
  if (typeof condition === 'boolean') return condition;
  switch (condition.kind) {
    case 'and':
    case 'or':
      return join(
        condition.kind,
        condition.parts.map((part) => coarsen(part, step)),
      );
    case 'ports':
      return portSet(condition.end, union(condition.ranges, 2 ** step - 1));
    case 'host': {
      if (condition.negated) return true;
      const bits = bitsOf(condition.family);
      const length = Math.min(condition.length, bits - (bits * step) / COARSEST);
      const rest = BigInt(bits - length);
      return { ...condition, length, value: (condition.value >> rest) << rest };
    }
    default:
      return condition;
  }
}
