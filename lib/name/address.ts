/** The name of one end of a socket: its address, as ng_ksocket(4) writes it. */
import { formatPrefix, parseAddress6, parseAddress as parseIp } from '../filter/addresses.js';
import { formatAddress6 } from '../inet/address.js';
import { isInt32, isUint16, show } from '../netlink/options.js';
import { checkGeneric, formatGeneric, type GenericAddress, readGeneric } from './generic.js';
import { freebsdFamily } from './hook.js';
import {
  AF_INET,
  AF_INET6,
  AF_LOCAL,
  familyNumber,
  fromFreebsd,
  isFreebsd,
  type NumberOptions,
} from './numbers.js';
import { formatQuoted, readQuoted } from './quoted.js';
import { Scanner } from './scanner.js';

/** `struct sockaddr_in`, `struct sockaddr_in6`. */
export interface InetAddress {
  family: 'inet' | 'inet6';
  /** In the form of RFC 5952, without a zone. */
  address: string;
  /** 0 for none. */
  port: number;
  /** Of a link-local address of IPv6: the index of its network interface (`sin6_scope_id`); absent for none. */
  scopeId?: number;
}

/** `struct sockaddr_un`. */
export interface LocalAddress {
  family: 'local';
  /**
   * The bytes of `sun_path`: a path without the closing NUL, an abstract name with the leading one; none for a socket
   * without a name.
   */
  bytes: Uint8Array;
}

/** The address of one end of a socket. */
export type Address = InetAddress | LocalAddress | GenericAddress;

const FAMILY = /[A-Za-z_]\w*|\d+/y;
const IPV4 = /[0-9.]+/y;
const IPV6 = /[0-9A-Fa-f:.]+/y;
const PORT = /\d+/y;
const MOST_PATH = 108;

const FORMS = 'inet/ADDRESS:PORT, inet6/[ADDRESS]:PORT, local/"NAME" or { family=N len=N data=[...] }';

/**
 * Reads an address: `inet/192.168.1.1:1234`, `inet6/[2001:db8::1]:443`, `local/"/tmp/foo.socket"`, or
 * `{ family=16 len=16 data=[0x70 0x00 0x01 0x23] }` for one of any other family. The port may be left out.
 *
 * @throws NameSyntaxError for a text that is none.
 */
export function parseAddress(text: string, options?: NumberOptions): Address {
  const freebsd = isFreebsd('parseAddress', options);
  const scanner = new Scanner(text, 'parseAddress: the address');
  scanner.blanks();
  const address =
    scanner.text[scanner.position] === '{' ? generic(scanner, freebsd) : named(scanner, freebsd);
  scanner.end();
  return address;
}

function generic(scanner: Scanner, freebsd: boolean): GenericAddress {
  const start = scanner.position;
  const address = readGeneric(scanner);
  if (!freebsd) return address;
  const family = fromFreebsd(address.family);
  if (family === undefined) scanner.refuse(start, 'a family of FreeBSD that Linux has too');
  return { ...address, family };
}

function named(scanner: Scanner, freebsd: boolean): Address {
  const start = scanner.position;
  const word = scanner.take(FAMILY, FORMS);
  const decimal = freebsd ? fromFreebsd(Number(word)) : Number(word);
  const family = /^\d/.test(word) ? decimal : familyNumber(word.toLowerCase());
  const read = READERS.get(family ?? -1);
  if (read === undefined) scanner.refuse(start, FORMS);
  scanner.expect('/');
  return read(scanner);
}

const READERS: ReadonlyMap<number, (scanner: Scanner) => Address> = new Map<
  number,
  (scanner: Scanner) => Address
>([
  [AF_INET, readInet],
  [AF_INET6, readInet6],
  [AF_LOCAL, readLocal],
]);

function readInet(scanner: Scanner): InetAddress {
  const start = scanner.position;
  const text = scanner.match(IPV4) ?? '';
  if (parseIp(text)?.family !== 'inet') scanner.refuse(start, 'an IPv4 address');
  return { family: 'inet', address: text, port: readPort(scanner) };
}

/** The brackets may be left out where no port follows. */
function readInet6(scanner: Scanner): InetAddress {
  const isBracketed = scanner.skip('[');
  const start = scanner.position;
  const bytes = parseAddress6(scanner.match(IPV6) ?? '');
  if (bytes === undefined) scanner.refuse(start, 'an IPv6 address');
  const address = formatAddress6(Uint8Array.from(bytes), 0);
  const scopeId = readScope(scanner);
  if (isBracketed) scanner.expect(']');
  const port = isBracketed ? readPort(scanner) : 0;
  return { family: 'inet6', address, port, ...(scopeId !== undefined && { scopeId }) };
}

/** A name of an interface would mean another one elsewhere. */
function readScope(scanner: Scanner): number | undefined {
  if (!scanner.skip('%')) return undefined;
  const start = scanner.position;
  const scope = Number(scanner.take(PORT, 'the index of a network interface'));
  return scope > 0 && isInt32(scope) ? scope : scanner.refuse(start, 'the index of a network interface');
}

function readPort(scanner: Scanner): number {
  if (!scanner.skip(':')) return 0;
  const start = scanner.position;
  const port = Number(scanner.take(PORT, 'a port'));
  return isUint16(port) ? port : scanner.refuse(start, 'a port from 0 to 65535');
}

function readLocal(scanner: Scanner): LocalAddress {
  const start = scanner.position;
  const bytes = readQuoted(scanner);
  if (bytes.length > MOST_PATH) scanner.refuse(start, `a name of no more than ${MOST_PATH} bytes`);
  return { family: 'local', bytes };
}

/**
 * The text of an address; `parseAddress` gives that back.
 *
 * @throws TypeError, RangeError for what is none; RangeError for a family that FreeBSD does not have, where its numbers
 * are asked for.
 */
export function formatAddress(address: Address, options?: NumberOptions): string {
  const freebsd = isFreebsd('formatAddress', options);
  const name = 'formatAddress: the address';
  if (typeof address !== 'object' || address === null) {
    throw new TypeError(`${name} is ${show(address)}, but must be what parseAddress gives`);
  }
  if (address.family === 'local') return `local/${formatQuoted(checkLocal(address, name))}`;
  if (address.family === 'inet' || address.family === 'inet6') return formatInet(address, name);
  if (typeof address.family !== 'number') {
    throw new TypeError(
      `${name}.family is ${show(address.family)}, but must be 'inet', 'inet6', 'local' or a number`,
    );
  }
  checkGeneric(address, name);
  return formatGeneric(freebsd ? { ...address, family: freebsdFamily(address.family) } : address);
}

function checkLocal({ bytes }: LocalAddress, name: string): Uint8Array {
  if (bytes instanceof Uint8Array && bytes.length <= MOST_PATH) return bytes;
  throw new RangeError(`${name}.bytes must be a Uint8Array of no more than ${MOST_PATH} bytes`);
}

function formatInet({ family, address, port, scopeId }: InetAddress, name: string): string {
  const prefix = typeof address === 'string' ? parseIp(address) : undefined;
  if (prefix?.family !== family) {
    const kind = family === 'inet' ? 'IPv4' : 'IPv6';
    throw new TypeError(`${name}.address is ${show(address)}, but must be an ${kind} address without a zone`);
  }
  if (!isUint16(port)) throw new RangeError(`${name}.port is ${show(port)}, but must be from 0 to 65535`);
  const behind = port === 0 ? '' : `:${port}`;
  if (family === 'inet') return `inet/${formatPrefix(prefix)}${behind}`;
  const text = formatAddress6(Uint8Array.from(prefix.bytes), 0) + formatScope(scopeId, name);
  return port === 0 ? `inet6/${text}` : `inet6/[${text}]${behind}`;
}

function formatScope(scopeId: unknown, name: string): string {
  if (scopeId === undefined) return '';
  if (isInt32(scopeId) && scopeId > 0) return `%${scopeId}`;
  throw new RangeError(`${name}.scopeId is ${show(scopeId)}, but must be the index of an interface`);
}
