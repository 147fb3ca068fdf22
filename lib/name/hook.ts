/** The name of a kind of sockets: the arguments of socket(2), as ng_ksocket(4) writes them. */
import { checkBoolean, checkOptions, show } from '../netlink/options.js';
import {
  type FormatOptions,
  familyNumber,
  familyWord,
  fromFreebsd,
  isFreebsd,
  NUMBER_CHECKS,
  type NumberOptions,
  protocolNumber,
  protocolWord,
  toFreebsd,
  typeNumber,
  typeWord,
} from './numbers.js';
import { Scanner } from './scanner.js';

/** What socket(2) is given, by Linux's numbers. */
export interface Hook {
  /** AF_*: 2 is inet. */
  family: number;
  /** SOCK_*: 1 is stream. */
  type: number;
  /** Of the family: of inet IPPROTO_*, of netlink NETLINK_*; 0 for what is usual. */
  protocol: number;
}

const WORD = /[A-Za-z_][\w-]*/y;
const DECIMAL = /\d+/y;
const MOST = 0xffff;

/**
 * Reads `inet/stream/tcp` and its likes: family, type and protocol, each in words or as a decimal number.
 *
 * @throws NameSyntaxError for a text that is none.
 */
export function parseHook(text: string, options?: NumberOptions): Hook {
  const freebsd = isFreebsd('parseHook', options);
  const scanner = new Scanner(text, 'parseHook: the name');
  scanner.blanks();
  const family = readPart(scanner, 'a family', familyNumber, freebsd ? fromFreebsd : undefined);
  scanner.expect('/');
  const type = readPart(scanner, 'a type (stream, dgram, raw, rdm, seqpacket)', typeNumber);
  scanner.expect('/');
  const protocol = readPart(scanner, 'a protocol of that family, or 0', (word) =>
    protocolNumber(family, word),
  );
  scanner.end();
  return { family, type, protocol };
}

function readPart(
  scanner: Scanner,
  expected: string,
  numberOf: (word: string) => number | undefined,
  ofDecimal: (decimal: number) => number | undefined = (decimal) => decimal,
): number {
  const start = scanner.position;
  const word = scanner.match(WORD);
  if (word !== undefined) return numberOf(word.toLowerCase()) ?? scanner.refuse(start, expected);
  const decimal = Number(scanner.take(DECIMAL, expected));
  if (decimal > MOST) scanner.refuse(start, `${expected}: a number up to ${MOST}`);
  return ofDecimal(decimal) ?? scanner.refuse(start, expected, 'Linux has no such family');
}

/**
 * The text of a hook, in words where there are any: `inet/dgram/udp`.
 *
 * @throws TypeError, RangeError for what is none; RangeError for a family that FreeBSD does not have, where its numbers
 * are asked for.
 */
export function formatHook(hook: Hook, options?: FormatOptions): string {
  const { numbers, decimals } = checkOptions<FormatOptions>('formatHook', options, {
    ...NUMBER_CHECKS,
    decimals: checkBoolean,
  });
  const { family, type, protocol } = checkHook(hook, 'formatHook: the hook');
  const familyText = numbers === 'freebsd' ? freebsdFamily(family) : family;
  const words = [familyWord(family), typeWord(type), protocolWord(family, protocol)];
  const parts = [familyText, type, protocol];
  return parts.map((number, i) => (decimals === true ? number : (words[i] ?? number))).join('/');
}

/** @throws RangeError */
export function freebsdFamily(family: number): number {
  const number = toFreebsd(family);
  if (number !== undefined) return number;
  throw new RangeError(`FreeBSD has no family ${familyWord(family) ?? family}`);
}

/** @throws TypeError, RangeError */
export function checkHook(hook: unknown, name: string): Hook {
  if (typeof hook !== 'object' || hook === null) {
    throw new TypeError(`${name} is ${show(hook)}, but must be { family, type, protocol }`);
  }
  for (const part of ['family', 'type', 'protocol'] as const) {
    const value = (hook as Partial<Hook>)[part];
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST) continue;
    throw new RangeError(`${name}.${part} is ${show(value)}, but must be a number from 0 to ${MOST}`);
  }
  return hook as Hook;
}
