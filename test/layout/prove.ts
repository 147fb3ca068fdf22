/**
 * Proves a decoder against the layout of the structure that it reads: it sets the bits of one member after the other,
 * and looks at what that changes.
 */
import { inspect } from 'node:util';

import { hex, type Layout, type Member, occupied } from './layout.js';
import { type Expectation, expectationOf, type Rules } from './rules.js';
import { type Properties, patternsOf, propertiesOf, same, setNumber } from './trial.js';

export type Decode = (structure: Buffer) => object;

/** What became of a property when a member had these bits; `undefined` if it was gone. */
export interface Observation {
  pattern: Uint8Array;
  property: string;
  value: unknown;
}

interface Trial {
  pattern: Uint8Array;
  after: Properties;
  /** The properties that are not what they were before. */
  changed: string[];
}

/**
 * Sets each member alone: to ones, each of its bits alone, and bytes that all differ. Answers which properties are
 * then not what they were of a structure of zeros, as dotted paths into the decoded object. Members that are `given`
 * have those numbers instead of zero.
 */
export function observe(
  layout: Layout,
  decode: Decode,
  given: Readonly<Record<string, number>> = {},
): Map<string, Observation[]> {
  return new Map(
    layout.members.map((member) => [
      member.path,
      trialsOf(layout, member, decode, given).flatMap(({ pattern, after, changed }) =>
        changed.map((property) => ({ pattern, property, value: after.get(property) })),
      ),
    ]),
  );
}

/** What speaks against the decoder, in sentences that name the member; none when it is proved. */
export function problemsOf(layout: Layout, decode: Decode, rules: Rules): string[] {
  const problems: string[] = [];
  const seen = new Set<string>(propertiesOf(decode(startOf(layout, rules.given ?? {}))).keys());
  const decided = new Set<string>();
  for (const member of layout.members) {
    const expectation = expectationOf(member, rules);
    try {
      const trials = trialsOf(layout, member, decode, expectation.given);
      for (const { after, changed } of trials) {
        for (const property of after.keys()) seen.add(property);
        for (const property of changed) decided.add(property);
      }
      problems.push(...problemsOfMember(expectation, trials).map((problem) => `${member.path} ${problem}`));
    } catch (error) {
      problems.push(`${member.path} cannot be tried: ${error}`);
    }
  }
  const { elsewhere = {} } = rules;
  const excused = (property: string): boolean => Object.hasOwn(elsewhere, property);
  for (const property of seen) {
    if (!decided.has(property) && !excused(property)) problems.push(`no member changes ${property}`);
  }
  problems.push(...problemsOfPadding(layout, decode, rules.given ?? {}, excused));
  return problems.map((problem) => `${layout.name}: ${problem}`);
}

function problemsOfMember(expectation: Expectation, trials: readonly Trial[]): string[] {
  const { properties } = expectation;
  const changed = new Set(trials.flatMap((trial) => trial.changed));
  const stray = [...changed].filter((property) => !properties.includes(property));
  // A member of no bits can change nothing.
  const idle = trials.length === 0 ? [] : properties.filter((property) => !changed.has(property));
  const problems: string[] = [];
  if (expectation.ignored !== undefined && stray.length > 0) {
    problems.push(`is to be ignored (${expectation.ignored}), but changes ${list(stray)}`);
  } else if (stray.length > 0) {
    problems.push(
      `changes ${list(stray)}${idle.length > 0 ? `, not ${list(idle)}` : ` beside ${list(properties)}`}`,
    );
  } else if (idle.length > 0) {
    problems.push(`does not change ${list(idle)}`);
  }
  // What does not change at all needs no list of its wrong values.
  return [...problems, ...wrongValues(expectation, trials, idle), ...equalValues(expectation, trials, idle)];
}

/** The first value that is not what its bits mean. */
function wrongValues({ values }: Expectation, trials: readonly Trial[], idle: readonly string[]): string[] {
  for (const { pattern, after } of trials) {
    for (const [property, expected] of Object.entries(values(pattern, after))) {
      const value = after.get(property);
      if (idle.includes(property) || same(value, expected)) continue;
      return [`of ${hex(pattern)} reads ${property} ${inspect(value)}, not ${inspect(expected)}`];
    }
  }
  return [];
}

/** Two values that should differ, because their bits do; the first such pair of each property. */
function equalValues({ distinct }: Expectation, trials: readonly Trial[], idle: readonly string[]): string[] {
  return distinct.flatMap((property) => (idle.includes(property) ? [] : equalValuesOf(property, trials)));
}

function equalValuesOf(property: string, trials: readonly Trial[]): string[] {
  const known = new Map<string, Uint8Array>();
  for (const { pattern, after } of trials) {
    const text = inspect(after.get(property), { maxArrayLength: null, maxStringLength: null });
    const other = known.get(text);
    if (other !== undefined) {
      return [`reads ${property} ${text} of ${hex(other)} as well as of ${hex(pattern)}`];
    }
    known.set(text, pattern);
  }
  return [];
}

/** What is no member's decides nothing, unless it is said to be that of a newer structure. */
function problemsOfPadding(
  layout: Layout,
  decode: Decode,
  given: Readonly<Record<string, number>>,
  excused: (property: string) => boolean,
): string[] {
  return [...occupied(layout).entries()].flatMap(([offset, byte]) => {
    if (byte === 0xff) return [];
    const rest: Member = { path: '', offset, mask: Uint8Array.of(~byte), kind: 'bytes' };
    const trials = trialsOf(layout, rest, decode, given);
    const stray = new Set(trials.flatMap(({ changed }) => changed.filter((property) => !excused(property))));
    return stray.size === 0 ? [] : [`byte ${offset}, where no member is, changes ${list([...stray])}`];
  });
}

function trialsOf(
  layout: Layout,
  { offset, mask }: Member,
  decode: Decode,
  given: Readonly<Record<string, number>>,
): Trial[] {
  const start = startOf(layout, given);
  const before = propertiesOf(decode(Buffer.from(start)));
  return patternsOf(mask).map((pattern) => {
    const structure = Buffer.alloc(layout.size);
    structure.set(start);
    pattern.forEach((byte, i) => {
      const others = (start[offset + i] as number) & ~(mask[i] as number);
      structure[offset + i] = others | byte;
    });
    const after = propertiesOf(decode(structure));
    const all = new Set([...before.keys(), ...after.keys()]);
    return { pattern, after, changed: [...all].filter((name) => !same(before.get(name), after.get(name))) };
  });
}

/** The structure before anything is set. */
function startOf(layout: Layout, given: Readonly<Record<string, number>>): Buffer {
  const structure = Buffer.alloc(layout.size);
  for (const [path, number] of Object.entries(given)) {
    const member = layout.members.find((candidate) => candidate.path === path);
    if (member === undefined) throw new Error(`struct ${layout.name} has no member ${path}`);
    setNumber(structure, member, number);
  }
  return structure;
}

const list = (names: readonly string[]): string => names.join(', ');
