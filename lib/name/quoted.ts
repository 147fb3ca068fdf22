/** Bytes between double quotes, as C has them: the form of names that may be anything. */
import type { Scanner } from './scanner.js';

const QUOTE = '"';
const BACKSLASH = 0x5c;

/** What stands behind a backslash for one byte. */
const ESCAPES: Readonly<Record<string, number>> = {
  ...{ t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d },
  [QUOTE]: 0x22,
  '\\': BACKSLASH,
};
const LETTERS: ReadonlyMap<number, string> = new Map(
  Object.entries(ESCAPES).map(([letter, byte]) => [byte, letter]),
);

/** Half of a pair of surrogates has no bytes. */
const PLAIN = /[^"\\\p{Cs}]+/suy;
const HEX = /[0-9A-Fa-f]{1,2}/y;
const OCTAL = /[0-7]{1,3}/y;
const ANY = /./suy;

/** Takes a quoted string. What is not escaped is UTF-8. */
export function readQuoted(scanner: Scanner): Uint8Array {
  const start = scanner.position;
  if (!scanner.skip(QUOTE)) scanner.refuse(start, 'a string in double quotes');
  const parts: Uint8Array[] = [];
  while (!scanner.skip(QUOTE)) {
    const plain = scanner.match(PLAIN);
    if (plain !== undefined) parts.push(Buffer.from(plain, 'utf8'));
    else if (scanner.skip('\\')) parts.push(Uint8Array.of(readEscape(scanner)));
    else scanner.refuse(scanner.position, 'a closing double quote, or a whole character');
  }
  return new Uint8Array(Buffer.concat(parts));
}

function readEscape(scanner: Scanner): number {
  const start = scanner.position;
  if (scanner.skip('x')) return Number.parseInt(scanner.take(HEX, 'hexadecimal digits'), 16);
  const octal = scanner.match(OCTAL);
  if (octal !== undefined) {
    const byte = Number.parseInt(octal, 8);
    return byte <= 0xff ? byte : scanner.refuse(start, 'a byte, up to \\377');
  }
  const letter = scanner.take(ANY, 'what is escaped');
  const byte = ESCAPES[letter] ?? letter.codePointAt(0);
  return (byte as number) < 0x80 ? (byte as number) : scanner.refuse(start, 'a letter of ASCII');
}

const HEX_DIGIT = /[0-9A-Fa-f]/;

/**
 * Nothing but ASCII that can be printed. FreeBSD takes all hexadecimal digits behind `\x` for one number: so one that
 * would stand behind it is escaped as well, and all readers read the same.
 */
export function formatQuoted(bytes: Uint8Array): string {
  let text = QUOTE;
  let isBehindNumber = false;
  for (const byte of bytes) {
    const letter = LETTERS.get(byte);
    const plain = String.fromCharCode(byte);
    const isPlain: boolean = byte >= 0x20 && byte < 0x7f && !(isBehindNumber && HEX_DIGIT.test(plain));
    isBehindNumber = letter === undefined && !isPlain;
    if (letter !== undefined) text += `\\${letter}`;
    else text += isPlain ? plain : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text + QUOTE;
}
