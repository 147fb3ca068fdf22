/** Which property of a decoded object is to say what of a member. */
import type { Member } from './layout.js';
import { numberOf, type Properties } from './trial.js';

/**
 * How a member becomes a value: `'number'` in the machine's byte order, which is the default; `'bigEndian'` in the
 * network's; `'boolean'` false only for zero; `'bytes'` as they are, the default of what is no number; `'distinct'`
 * other bits, other value; `'changes'` some bits make a difference. A function tells the value, from the member's
 * number (NaN beyond 64 bits), from its bytes, or from where these are.
 */
export type Reading =
  | 'number'
  | 'bigEndian'
  | 'boolean'
  | 'bytes'
  | 'distinct'
  | 'changes'
  | ((number: number, bytes: Uint8Array, member: Member) => unknown);

/** What one member does, if not what the default says. */
export type MemberRule = { member: string; given?: Readonly<Record<string, number>> } & (
  | { property?: string; as?: Reading }
  /** It changes nothing, and why that is right. */
  | { ignored: string }
  /** It changes all of these by some of its bits, each in its way or in whatever way. */
  | { properties: Readonly<Record<string, Reading>> | readonly string[] }
  /** Booleans, each by the bits that make it true; `others` change by bits in whatever way. */
  | { flags: Readonly<Record<string, number>>; others?: readonly string[] }
);

export interface Rules {
  /** What the parts of members' paths begin with and those of properties do not; taken off one after the other. */
  prefixes?: readonly string[];
  /** The numbers that members have while others are tried, by their paths. A rule of a member may add to them. */
  given?: Readonly<Record<string, number>>;
  members?: readonly MemberRule[];
  /** Properties that no member need change, each with the reason; they may come of bytes where the layout has none. */
  elsewhere?: Readonly<Record<string, string>>;
}

export interface Expectation {
  given: Readonly<Record<string, number>>;
  /** Why nothing may change. */
  ignored?: string;
  /** What changes, all of it, and nothing else. */
  properties: readonly string[];
  /** What properties must be when the member has these bits. */
  values: (pattern: Uint8Array, after: Properties) => Readonly<Record<string, unknown>>;
  /** The properties that are others for all other bits. */
  distinct: readonly string[];
}

export function expectationOf(member: Member, rules: Rules): Expectation {
  const rule: MemberRule = rules.members?.find((one) => one.member === member.path) ?? {
    member: member.path,
  };
  const given = { ...rules.given, ...rule.given };
  if ('ignored' in rule) return { given, ignored: rule.ignored, ...readAs(member, []) };
  if ('properties' in rule) return { given, ...readAs(member, rule.properties) };
  if ('flags' in rule) {
    const properties = [...Object.keys(rule.flags), ...(rule.others ?? [])];
    const values = (pattern: Uint8Array) => flagsOf(rule.flags, numberOf(member, pattern));
    return { given, properties, values, distinct: [] };
  }
  const { property = propertyName(member.path, rules.prefixes ?? []) } = rule;
  const { as = member.kind === 'bytes' ? 'bytes' : 'number' } = rule;
  return { given, ...readAs(member, { [property]: as }) };
}

/** What properties are to be that a member changes. */
function readAs(
  member: Member,
  readings: Readonly<Record<string, Reading>> | readonly string[],
): Pick<Expectation, 'properties' | 'values' | 'distinct'> {
  const all: [string, Reading][] = Array.isArray(readings)
    ? readings.map((property) => [property, 'changes'])
    : Object.entries(readings);
  const values = (pattern: Uint8Array, after: Properties) =>
    Object.fromEntries(
      all.flatMap(([property, as]) =>
        as === 'distinct' || as === 'changes'
          ? []
          : [[property, meaningOf(member, pattern, as, after.get(property))]],
      ),
    );
  const distinct = all.filter(([, as]) => as === 'distinct').map(([property]) => property);
  return { properties: all.map(([property]) => property), values, distinct };
}

function flagsOf(flags: Readonly<Record<string, number>>, number: number): Record<string, boolean> {
  const set = (bits: number): boolean => (BigInt(number) & BigInt(bits)) !== 0n;
  return Object.fromEntries(Object.entries(flags).map(([property, bits]) => [property, set(bits)]));
}

function meaningOf(
  member: Member,
  pattern: Uint8Array,
  as: Exclude<Reading, 'distinct' | 'changes'>,
  value: unknown,
): unknown {
  if (as === 'bytes') return pattern;
  const number =
    pattern.length > 8 ? Number.NaN : numberOf(member, pattern, as === 'bigEndian' ? 'BE' : undefined);
  if (typeof as === 'function') return as(number, pattern, member);
  // One bit alone is as well told by a boolean.
  const boolean = as === 'boolean' || (typeof value === 'boolean' && isOneBit(member.mask));
  return boolean ? number !== 0 : number;
}

function isOneBit(mask: Uint8Array): boolean {
  const byte = mask[0] as number;
  return mask.length === 1 && (byte & (byte - 1)) === 0;
}

/** `lnk[0].link_id` is `lnk.0.linkId`. */
export function propertyName(path: string, prefixes: readonly string[]): string {
  const short = prefixes.reduce(
    (rest, prefix) => `.${rest}`.replaceAll(`.${prefix}`, '.').slice(1),
    path.replaceAll(/\[(\d+)\]/g, '.$1'),
  );
  return short.replaceAll(/_+([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}
