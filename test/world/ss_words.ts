/**
 * The words that `ss -i` prints, one behind the other, and what their numbers can stand for: ss rounds, each as the least
 * and the most.
 */
import { type Interval, parseInet, type SsInet } from './ss.js';
import { runBytes } from './world.js';

/** How a word looks, and what it tells of a socket. A group that takes no part is ''. */
export type Word<D> = readonly [pattern: RegExp, put: (found: D, groups: readonly string[]) => void];

export type ReadNumber = (text: string) => Interval;

/** A socket, and what ss prints of it in detail; undefined where that is nothing. */
export type SsSocket<D> = SsInet & { details?: D };

/** All states, numeric, no header, one line each, extended, memory, and what is beside. */
const ARGUMENTS = '-a -n -H -O -e -m -o -i --tos --inet-sockopt'.split(' ');

/** What ss prints with one more argument, which says of which sockets. */
export async function askSs<D>(
  pid: number,
  argument: string,
  parse: (text: string) => D,
): Promise<SsSocket<D>[]> {
  const text = (await runBytes(pid, 'ss', [...ARGUMENTS, argument])).toString('latin1');
  return parseInet(repaired(text), 'tcp').map(({ info, ...socket }) =>
    info === undefined ? socket : { ...socket, details: parse(info) },
  );
}

const STATE =
  'ESTAB|SYN-SENT|SYN-RECV|FIN-WAIT-1|FIN-WAIT-2|TIME-WAIT|UNCONN|CLOSE-WAIT|LAST-ACK|LISTEN|CLOSING';

/**
 * ss 6.1 prints the keys of TCP-MD5 before all else, since it forgets to buffer them, and a queue above 2^31 as a negative
 * number.
 */
function repaired(text: string): string {
  const start = text.search(new RegExp(`(${STATE}) +-?\\d`));
  return text
    .slice(Math.max(start, 0))
    .replace(/^(\S+ +\d+ +)(-\d+)/gm, (_, before, queue) => before + (Number(queue) >>> 0));
}

/** Each word is of the first kind that it looks like. One that is like none is an error: nothing is passed over. */
export function parseWords<D>(text: string, words: readonly Word<D>[], found: D): D {
  let rest = text.trim();
  while (rest !== '') {
    const [match, put] = firstMatch(rest, words) ?? fail(rest);
    put(
      found,
      Array.from(match, (group) => group ?? ''),
    );
    rest = rest.slice(match[0].length).trimStart();
  }
  return found;
}

function firstMatch<D>(text: string, words: readonly Word<D>[]): [RegExpExecArray, Word<D>[1]] | undefined {
  for (const [pattern, put] of words) {
    const match = new RegExp(`^(?:${pattern.source})(?= |$)`).exec(text);
    if (match !== null) return [match, put];
  }
  return undefined;
}

export function fail(what: string): never {
  throw new Error(`ss printed what this parser does not know: ${JSON.stringify(what)}`);
}

/** A number as it is. */
export const exact: ReadNumber = (text) => [Number(text), Number(text)];

/** `%g`, with six digits, of so many of a record's units each. */
export const sixDigits =
  (unit: number): ReadNumber =>
  (text) => {
    const value = Number(text);
    const half = value === 0 ? 0 : 10 ** (Math.floor(Math.log10(value)) - 5) / 2;
    return [(value - half) * unit, (value + half) * unit];
  };

/** Microseconds, printed as milliseconds with what is behind the comma. */
export const milliseconds: ReadNumber = sixDigits(1000);

/** Microseconds, printed as milliseconds without what is behind the comma. */
export const thousands: ReadNumber = (text) => [Number(text) * 1000, Number(text) * 1000 + 999];

/** With one digit behind the comma. */
export const tenths: ReadNumber = (text) => [Number(text) - 0.0501, Number(text) + 0.0501];

/** Without what is behind the comma; above 2^53 it is what a double holds. */
export const rounded: ReadNumber = (text) => {
  const slack = 0.5 + Number(text) * Number.EPSILON;
  return [Number(text) - slack, Number(text) + slack];
};

/** Bytes, printed as bits. */
export const bits: ReadNumber = (text) => {
  const [least, most] = rounded(text);
  return [least / 8, most / 8];
};
