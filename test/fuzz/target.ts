/** What a fuzzer in TypeScript is: makes inputs, and checks what is promised of each. */
import type { Random } from '../filter/random.js';

export interface Target<T> {
  /** Folders and files of lib/ that it is about, for its coverage. */
  of: readonly string[];
  make(random: Random): T;
  /** Throws where a promise is broken; else answers which of the outcomes that may be it was. */
  check(input: T): string;
  /** Inputs that are less than this one, the least of them first. */
  smaller(input: T): Iterable<T>;
  encode(input: T): Uint8Array;
  decode(bytes: Uint8Array): T;
  /** What it needs for its work is given back. */
  close?(): void;
}

/** A broken promise. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

export function promised(kept: boolean, promise: string, ...more: unknown[]): void {
  if (!kept) throw new Finding([promise, ...more.map(describe)].join('\n  '));
}

function describe(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Targets whose inputs are JSON. */
export const asJson = {
  encode: (input: unknown): Uint8Array => Buffer.from(`${JSON.stringify(input)}\n`),
  // biome-ignore lint/suspicious/noExplicitAny: it is what was encoded
  decode: (bytes: Uint8Array): any => JSON.parse(Buffer.from(bytes).toString()),
};

/** Without a half, a quarter and so on, down to one element. */
export function* cuts<T extends { length: number; slice(start: number, end?: number): T }>(
  all: T,
  join: (a: T, b: T) => T,
): Iterable<T> {
  for (let size = all.length; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= all.length; at += size) {
      yield join(all.slice(0, at), all.slice(at + size));
    }
  }
}

export const shorterTexts = (text: string): Iterable<string> => cuts(text, (a, b) => a + b);
