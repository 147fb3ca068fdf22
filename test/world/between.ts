/**
 * Comparing a record with what was read before it and after it: a socket that is left alone does not change, and of what
 * moves by itself the record is in between.
 */
import type { Interval } from './ss.js';

/** Since something happened last: set anew in between, they can have been anything. */
const CLOCKS: ReadonlySet<string> = new Set(['lastDataSent', 'lastDataRecv', 'lastAckRecv']);

/** What is wrong with a number, in words, or nothing. */
export function outside(name: string, value: unknown, before: Interval, after: Interval): string[] {
  if (CLOCKS.has(name) && after[0] < before[0]) return [];
  const least = Math.min(before[0], after[0]);
  const most = Math.max(before[1], after[1]);
  if (typeof value === 'number' && value >= least && value <= most) return [];
  return [`${name} is ${value}, and not from ${least} to ${most}`];
}

/** What is wrong with a number of which exact ones are known. */
export function notBetween(name: string, value: unknown, before: number, after: number): string[] {
  return outside(name, value, [before, before], [after, after]);
}

/** What is wrong with a value that is told as it is. */
export function neither<T>(name: string, value: unknown, before: T, after: T): string[] {
  if (value === before || value === after) return [];
  return [`${name} is ${value}, and neither ${before} nor ${after}`];
}

/** What is wrong with numbers by name. Those of `before` are all there are. */
export function notAllBetween(
  what: string,
  values: object | undefined,
  before: object | undefined,
  after: object | undefined,
): string[] {
  if (before === undefined || after === undefined || values === undefined) {
    return values === before || values === after
      ? []
      : [`${what} is ${shown(values)}, and not ${shown(before)}`];
  }
  const [ours, first, last] = [values, before, after] as Record<string, number>[];
  const names = new Set([...Object.keys(values), ...Object.keys(before)]);
  return [...names].flatMap((name) =>
    notBetween(`${what}.${name}`, ours?.[name], first?.[name] as number, last?.[name] as number),
  );
}

const shown = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value));
