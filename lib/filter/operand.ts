/** A piece of a filter's text that knows where it stands, so that whatever reads it can tell what is wrong. */
import { FilterSyntaxError } from './error.js';

export class Operand {
  /** All of the text that it is a piece of. */
  readonly source: string;
  readonly start: number;
  readonly text: string;

  constructor(source: string, start = 0, end: number = source.length) {
    this.source = source;
    this.start = start;
    this.text = source.slice(start, end);
  }

  /** A part of it, by indices into its own text. */
  slice(from: number, to: number = this.text.length): Operand {
    return new Operand(this.source, this.start + from, this.start + to);
  }

  /** What stands in front of the first `separator`, and what stands behind it if there is one. */
  split(separator: string): [before: Operand, behind: Operand | undefined] {
    const at = this.text.indexOf(separator);
    return at < 0 ? [this, undefined] : [this.slice(0, at), this.slice(at + separator.length)];
  }

  /** An empty operand has found whatever stands behind it. */
  fail(expected: string, advice?: string): never {
    const found = this.text === '' ? (this.source.slice(this.start).match(FOUND)?.[0] ?? '') : this.text;
    throw new FilterSyntaxError(this.source, this.start, found, expected, advice);
  }
}

const FOUND = /^(?:[^\s()&|]+|[\s\S])/;

/** Decimal, hexadecimal behind 0x, octal behind 0; undefined for what is no number. */
export function toNumber(text: string): number | undefined {
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^(?:0x[0-9a-f]+|0|[1-9][0-9]*)$/i.test(text) ? Number(text) : undefined;
}

/** A number from 0 to `most`. */
export function readNumber(operand: Operand, most: number, what: string): number {
  const number = toNumber(operand.text);
  if (number === undefined || number > most) operand.fail(`${what} from 0 to ${most}`);
  return number;
}

/**
 * Text as it stands, or between quotes, where blanks and the signs of the language are letters like others. Between
 * them a backslash in front of the quote or of another backslash takes that for a letter; elsewhere it is one itself.
 */
export function readString(operand: Operand): string {
  const { text } = operand;
  const quote = text[0];
  if (quote !== '"' && quote !== "'") return text;
  const end = closingQuote(text, 0);
  if (end < 0) operand.fail(`a closing ${quote}`);
  if (end + 1 < text.length) operand.slice(end + 1).fail('a blank behind the closing quote');
  return text.slice(1, end).replace(/\\([\\"'])/g, (both, letter) => {
    return letter === '\\' || letter === quote ? letter : both;
  });
}

/** Where the quote at `start` is closed, or -1. */
export function closingQuote(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === text[start]) return i;
  }
  return -1;
}

/** Whether the text would be read otherwise if it stood without quotes. */
const NEEDS_QUOTES = /^$|^["'=<>!]|[\s()&|\p{Cc}]/u;

/** The text so that `readString` reads it. */
export function quote(text: string, always = false): string {
  return always || NEEDS_QUOTES.test(text) ? `"${text.replace(/[\\"]/g, '\\$&')}"` : text;
}
