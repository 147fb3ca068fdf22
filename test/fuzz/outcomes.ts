/** Readings of dumps, and what may come of them. */
import { isDeepStrictEqual } from 'node:util';

import { SockDiagError } from '../../lib/errors.js';
import { Finding } from './target.js';

export interface Outcome {
  /** The records, as JSON. */
  records: string[];
  error: SockDiagError | undefined;
}

/** Reads to the end: records that are JSON and, maybe, an error of this library. Anything else is a finding. */
export function outcomeOf(dump: () => Iterable<unknown>): Outcome {
  const records: string[] = [];
  try {
    for (const record of dump()) records.push(textOf(record));
  } catch (error) {
    if (error instanceof Finding) throw error;
    if (!(error instanceof SockDiagError))
      throw new Finding('what is thrown is a SockDiagError', { cause: error });
    return { records, error };
  }
  return { records, error: undefined };
}

/** JSON, in which each number is one. */
function textOf(record: unknown): string {
  const text = JSON.stringify(record, (name, value) => {
    if (typeof value === 'number' && !isPossible(name, value)) {
      throw new Finding(`a number is one that can be: ${name} is ${value}`);
    }
    return value;
  });
  if (typeof text !== 'string') throw new Finding('a record is an object');
  return text;
}

function isPossible(name: string, value: number): boolean {
  // Without a limit, it is Infinity.
  if (Number.isNaN(value)) return false;
  return !PORTS.has(name) || (Number.isInteger(value) && value >= 0 && value <= 0xffff);
}

const PORTS: ReadonlySet<string> = new Set(['sport', 'dport']);

/** Whether both are the same, in whatever order their properties are. */
export function isSame(a: string, b: string): boolean {
  return a === b || isDeepStrictEqual(JSON.parse(a), JSON.parse(b));
}

/** In a few words, for a tally: that of an error without what is different each time. */
export function summary({ records, error }: Outcome): string {
  if (error === undefined) return records.length === 0 ? 'no records' : 'records';
  return error.message
    .replace(/^.*? has /, '')
    .replace(/ \(at byte \d+\)/, '')
    .replace(/'.*?'/s, "'…'")
    .replace(/\d+/g, 'N');
}
