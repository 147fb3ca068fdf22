/** The form of an address of any family: a structure in braces, as netgraph(4) writes them. */
import type { Scanner } from './scanner.js';

/** `struct sockaddr`: 2 bytes for the family (of FreeBSD for the length and the family), and the rest. */
const HEADER = 2;
/** Bytes of `struct sockaddr_storage`. */
export const MOST_LENGTH = 128;
const MOST_FAMILY = 0xffff;

/** A `sockaddr` whose bytes are all that is known of it. */
export interface GenericAddress {
  /** AF_*, by its number on Linux. */
  family: number;
  /** All of it, bytes; 2 and more. */
  len: number;
  /** What stands behind the family, `len - 2` bytes. */
  data: Uint8Array;
}

const FIELD = /family|len|data/y;
const NUMBER = /0[xX][0-9A-Fa-f]+|\d+/y;

/** Takes one; blanks may stand everywhere. */
export function readGeneric(scanner: Scanner): GenericAddress {
  const start = scanner.position;
  scanner.expect('{');
  const fields = new Map<string, number | Map<number, number>>();
  for (scanner.blanks(); !scanner.skip('}'); scanner.blanks()) readField(scanner, fields);
  const family = fields.get('family') as number | undefined;
  if (family === undefined) scanner.refuse(start, 'a structure with a family');
  const bytes = (fields.get('data') ?? new Map()) as Map<number, number>;
  const least = Math.max(HEADER, ...Array.from(bytes.keys(), (i) => HEADER + i + 1));
  const len = (fields.get('len') as number | undefined) ?? least;
  if (len < least) scanner.refuse(start, `a len of ${least} or more, which its data takes`);
  const data = new Uint8Array(len - HEADER);
  for (const [i, byte] of bytes) data[i] = byte;
  return { family, len, data };
}

function readField(scanner: Scanner, fields: Map<string, number | Map<number, number>>): void {
  const start = scanner.position;
  const name = scanner.take(FIELD, "'family=', 'len=', 'data=' or '}'");
  if (fields.has(name)) scanner.refuse(start, `no second '${name}'`);
  scanner.blanks();
  scanner.expect('=');
  scanner.blanks();
  if (name === 'data') fields.set(name, readBytes(scanner));
  else fields.set(name, readNumber(scanner, name === 'family' ? MOST_FAMILY : MOST_LENGTH));
}

/** `[1 2 0x03]`; an index in front of a byte, `[7=1]`, says where it stands, and the next ones behind it. */
function readBytes(scanner: Scanner): Map<number, number> {
  scanner.expect('[');
  const bytes = new Map<number, number>();
  let next = 0;
  for (scanner.blanks(); !scanner.skip(']'); scanner.blanks()) {
    const start = scanner.position;
    let value = readNumber(scanner, 0xff);
    scanner.blanks();
    if (scanner.skip('=')) {
      next = value;
      scanner.blanks();
      value = readNumber(scanner, 0xff);
    }
    if (next >= MOST_LENGTH - HEADER) scanner.refuse(start, `no more than ${MOST_LENGTH - HEADER} bytes`);
    bytes.set(next++, value);
  }
  return bytes;
}

function readNumber(scanner: Scanner, most: number): number {
  const start = scanner.position;
  const value = Number(scanner.take(NUMBER, `a number from 0 to ${most}`));
  return value <= most ? value : scanner.refuse(start, `a number from 0 to ${most}`);
}

/** Zeros at the end are left out: `len` says how many there are. */
export function formatGeneric({ family, len, data }: GenericAddress): string {
  const last = data.findLastIndex((byte) => byte !== 0);
  const bytes = Array.from(data.subarray(0, last + 1), (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  return `{ family=${family} len=${len} data=[${bytes.join(' ')}] }`;
}

/** @throws RangeError */
export function checkGeneric({ family, len, data }: GenericAddress, name: string): void {
  const check = (isRight: boolean, part: string, what: string): void => {
    if (!isRight) throw new RangeError(`${name}.${part} must be ${what}`);
  };
  const isWithin = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  check(isWithin(family, 0, MOST_FAMILY), 'family', `a number from 0 to ${MOST_FAMILY}`);
  check(isWithin(len, HEADER, MOST_LENGTH), 'len', `a number from ${HEADER} to ${MOST_LENGTH}`);
  check(data instanceof Uint8Array && data.length === len - HEADER, 'data', 'a Uint8Array of len - 2 bytes');
}
