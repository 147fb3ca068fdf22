/** Numbers that the headers have names for and the library words, and how the one comes of the other. */
import type { Layout } from './layout.js';
import { inMember, type Numbered, type Said } from './numbers_said.js';

/** Names of the headers, and what the library calls what they name. */
export interface Topic {
  /** Where the numbers stand, if that is not clear from their names. */
  where?: string;
  /** Which names; the word comes of the group, which is the rest of the name. */
  names: RegExp;
  /** The library's word for that rest. */
  word: (rest: string) => string;
  /** Its word for a number. */
  said: Said;
  /** Numbers that it may have words for which these headers lack. */
  tried: readonly number[];
  /** The first kernel whose headers have any of the names, as their LINUX_VERSION_CODE; without it, 6.1 or older. */
  since?: number;
}

/** What the headers say, where what stands in the number's place is found by other numbers. */
export interface Headers {
  numbers: ReadonlyMap<string, number>;
  layouts: ReadonlyMap<string, Layout>;
}

export const numberOf = ({ numbers }: Headers, name: string): number => numbers.get(name) ?? Number.NaN;

/** A member of a structure. */
export type MemberOf = (structure: string, where: string, path: string) => Numbered;

export const memberOf =
  ({ layouts }: Headers): MemberOf =>
  (structure, where, path) =>
    inMember(layouts, structure, where, path);

export const camelCase = (rest: string): string =>
  rest.toLowerCase().replaceAll(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
export const lowerCase = (rest: string): string => rest.toLowerCase();
export const asItIs = (rest: string): string => rest;

type Exceptions = Readonly<Record<string, string>>;

const except =
  (word: Topic['word'], exceptions: Exceptions): Topic['word'] =>
  (rest) =>
    exceptions[rest] ?? word(rest);

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

/** More than any record has. */
const ATTRIBUTES = upTo(64);
/** More than most enumerations have. */
const VALUES = upTo(256);
const BITS = upTo(32).map((bit) => 2 ** bit);

/** Attributes are called as they are without their prefix. Fillers are dropped. */
export const attributes = (names: RegExp, said: Said, exceptions: Exceptions = {}): Topic => ({
  names,
  word: except(camelCase, { PAD: '', ...exceptions }),
  said,
  tried: ATTRIBUTES,
});

/** An enumeration. */
export const words = (
  names: RegExp,
  word: Topic['word'],
  said: Said,
  exceptions: Exceptions = {},
): Topic => ({ names, word: except(word, exceptions), said, tried: VALUES });

export const flags = (names: RegExp, said: Said): Topic => ({
  names,
  word: camelCase,
  said,
  tried: BITS,
});
