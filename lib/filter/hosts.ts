/** The hosts of a filter, `[FAMILY:]ADDRESS[:PORT]`, of every family. */
import { maskLength, parseAddress6, parseOctets, prefixOf } from './addresses.js';
import { readDevice } from './devices.js';
import { ethertypeOf, netlinkProtocolOf } from './names.js';
import { type Operand, readNumber, readString, toNumber } from './operand.js';
import { readPort, servicePortOrNumber } from './ports.js';
import type {
  HostPattern,
  InetPattern,
  LinkPattern,
  NetlinkPattern,
  Prefix,
  UnixPattern,
  VsockPattern,
} from './tree.js';

/** What a host name stands for: one address or more. It throws if it cannot tell. */
export type Lookup = (
  name: string,
  family: 'inet' | 'inet6' | undefined,
  operand: Operand,
) => readonly Prefix[];

/** For those who cannot wait. */
export const refuseNames: Lookup = (_name, _family, operand) =>
  operand.fail('an address', 'host names are looked up by resolve(), which takes the whole text');

const MOST_32 = 0xffff_ffff;

export function readHost(operand: Operand, lookup: Lookup): HostPattern {
  const [, family] = operand.text.match(/^(unix|link|netlink|vsock|inet6?):/) ?? [];
  if (family === undefined) return readInet(operand, undefined, lookup);
  const rest = operand.slice(family.length + 1);
  if (rest.text === '') rest.fail(family === 'unix' ? 'a name or a glob' : 'an address or *');
  if (family === 'unix') return readUnix(rest);
  if (family === 'link') return readLink(rest);
  if (family === 'netlink') return readNetlink(rest);
  if (family === 'vsock') return readVsock(rest);
  return readInet(rest, family as 'inet' | 'inet6', lookup);
}

function readUnix(operand: Operand): UnixPattern {
  const glob = readString(operand);
  return { family: 'unix', ...(glob !== '*' && { glob }) };
}

function readLink(operand: Operand): LinkPattern {
  const [name, port] = operand.split(':');
  const protocol = orAny(name, (it) => {
    return ethertypeOf(it.text) ?? readNumber(it, 0xffff, 'the name of an ethertype or a number');
  });
  return { ...(protocol !== undefined && { protocol }), ...readForeignPort('link', port) } as LinkPattern;
}

function readNetlink(operand: Operand): NetlinkPattern {
  const [name, port] = operand.split(':');
  const protocol = orAny(name, (it) => {
    return netlinkProtocolOf(it.text) ?? readNumber(it, 0xff, 'the name of a netlink protocol or a number');
  });
  return {
    ...(protocol !== undefined && { protocol }),
    ...readForeignPort('netlink', port),
  } as NetlinkPattern;
}

/** The kernel chooses port ids whose sign bit is set, which some print as negative numbers. */
function readPortid(operand: Operand): number {
  if (operand.text === 'kernel') return 0;
  const negative = operand.text.startsWith('-') ? toNumber(operand.text.slice(1)) : undefined;
  if (negative !== undefined && negative <= 0x8000_0000) return -negative >>> 0;
  return readNumber(operand, MOST_32, "'kernel', * or a port id");
}

function readVsock(operand: Operand): VsockPattern {
  const [name, port] = operand.split(':');
  const cid = orAny(name, (it) => readNumber(it, MOST_32, '* or a context id'));
  return { ...(cid !== undefined && { cid }), ...readForeignPort('vsock', port) } as VsockPattern;
}

/** In front of a port the address may be left out. */
function orAny(operand: Operand, read: (operand: Operand) => number): number | undefined {
  return operand.text === '*' || operand.text === '' ? undefined : read(operand);
}

/** The families that have ports of their own kinds. */
export type ForeignFamily = 'link' | 'netlink' | 'vsock';

/** Any address of the family with this port; with any, for `*` and for none. */
export function readForeignPort(
  family: ForeignFamily,
  port: Operand | undefined,
): LinkPattern | NetlinkPattern | VsockPattern {
  if (port === undefined || port.text === '*') return { family };
  if (family === 'link') return { family, device: readDevice(port) };
  if (family === 'netlink') return { family, portid: readPortid(port) };
  return { family, port: readNumber(port, MOST_32, '* or a port') };
}

function readInet(operand: Operand, family: 'inet' | 'inet6' | undefined, lookup: Lookup): InetPattern {
  const [host, port] = splitPort(operand);
  const addresses = host.text === '' && port ? undefined : readAddresses(host, family, lookup);
  const number = port && readPort(port);
  return {
    ...(family && { family }),
    ...(addresses && { addresses }),
    ...(number !== undefined && { port: number }),
  };
}

/** A port stands behind the bracket, behind the colon that follows a slash, or behind the last colon. */
function splitPort(operand: Operand): [host: Operand, port: Operand | undefined] {
  const { text } = operand;
  if (text.startsWith('[')) return splitBrackets(operand);
  const slash = text.indexOf('/');
  const colon = text.lastIndexOf(':');
  if (colon < slash || colon < 0) return [operand, undefined];
  const split: [Operand, Operand] = [operand.slice(0, colon), operand.slice(colon + 1)];
  return slash < 0 && colon !== text.indexOf(':') ? splitAddress6(operand, split) : split;
}

function splitBrackets(operand: Operand): [host: Operand, port: Operand | undefined] {
  const end = operand.text.indexOf(']');
  if (end < 0) operand.fail("an IPv6 address between brackets, with ']' behind it");
  const behind = operand.slice(end + 1);
  if (behind.text === '') return [operand, undefined];
  if (!behind.text.startsWith(':')) {
    behind.fail("':' and a port behind the bracket", 'a prefix length stands inside of the brackets');
  }
  return [operand.slice(0, end + 1), behind.slice(1)];
}

/** Without brackets the last group of an IPv6 address may be one, or a port; or, what only a person knows, either. */
function splitAddress6(operand: Operand, split: [Operand, Operand]): [Operand, Operand | undefined] {
  const whole = parseAddress6(operand.text) !== undefined;
  const [{ text: address }, { text: port }] = split;
  if (parseAddress6(address) === undefined) return [operand, undefined];
  if (whole && servicePortOrNumber(port) !== undefined) {
    operand.fail(
      'brackets around the IPv6 address',
      `this is [${address}] with port ${port}, or [${operand.text}]`,
    );
  }
  return whole ? [operand, undefined] : split;
}

/** What `ss` takes for `*`, too. */
const ANY: ReadonlySet<string> = new Set(['*', 'any', 'all', 'default']);

/** Undefined for any. */
function readAddresses(
  operand: Operand,
  family: 'inet' | 'inet6' | undefined,
  lookup: Lookup,
): readonly Prefix[] | undefined {
  const { text } = operand;
  if (ANY.has(text)) return undefined;
  const inBrackets = text.startsWith('[');
  const [address, length] = (inBrackets ? operand.slice(1, text.length - 1) : operand).split('/');
  if (inBrackets || address.text.includes(':')) return [readPrefix6(address, length, family)];
  if (/^[0-9.]+$/.test(address.text)) return [readPrefix4(address, length, family)];
  if (!isHostName(address.text)) address.fail('an address', adviceFor(text));
  if (length) length.fail('no prefix length behind a host name');
  return lookup(address.text, family, address);
}

function readPrefix4(address: Operand, length: Operand | undefined, family: InetPattern['family']): Prefix {
  const octets = parseOctets(address.text);
  if (octets === undefined || family === 'inet6') {
    return address.fail(family === 'inet6' ? 'an IPv6 address' : FOUR_NUMBERS);
  }
  if (octets.length < 4 && length === undefined) {
    address.fail(FOUR_NUMBERS, 'there may be fewer only in front of a prefix length, as in 10/8');
  }
  const bytes = [...octets, 0, 0, 0].slice(0, 4);
  return prefixOf(bytes, length === undefined ? 32 : readLength4(length));
}

const FOUR_NUMBERS = 'an IPv4 address: four numbers from 0 to 255, without leading zeros';

function readLength4(operand: Operand): number {
  const mask = parseOctets(operand.text);
  const length = mask?.length === 4 ? maskLength(mask) : undefined;
  return length ?? readNumber(operand, 32, 'a netmask, or a prefix length');
}

function readPrefix6(address: Operand, length: Operand | undefined, family: InetPattern['family']): Prefix {
  const bytes = parseAddress6(address.text);
  if (bytes === undefined || family === 'inet') {
    const advice = address.text.includes('%')
      ? 'the interface of a socket is a term of its own: dev'
      : undefined;
    return address.fail(family === 'inet' ? 'an IPv4 address' : 'an IPv6 address', advice);
  }
  return prefixOf(bytes, length === undefined ? 128 : readNumber(length, 128, 'a prefix length'));
}

/** As generous as a resolver may be, but a number is none: 0x7f000001 is an address to some of them. */
function isHostName(text: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._-]*$/u.test(text) && !/^0x[0-9a-f]*$/i.test(text);
}

function adviceFor(text: string): string | undefined {
  if (/^[/@]/.test(text)) return 'the name of a unix socket stands behind unix:';
  return text.startsWith('*') ? '* stands alone, or in front of a colon and a port' : undefined;
}
