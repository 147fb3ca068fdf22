/** The numbers of socket(2) and their words: Linux's, and FreeBSD's where these differ. */
import { type Checks, checkOptions, oneOf } from '../netlink/options.js';
import { NETLINK_PROTOCOLS } from '../netlink-family/record.js';

/** Whose numbers a text has. */
export interface NumberOptions {
  /**
   * Whose numbers the decimals in the text are: `'linux'`, or `'freebsd'`, whose families have others (inet6 is 28 there,
   * and 10 here). Words are the same, and so are the numbers of the value, which are Linux's. Without it, `'linux'`.
   */
  numbers?: 'linux' | 'freebsd' | undefined;
}

export interface FormatOptions extends NumberOptions {
  /** `true` for decimals where there are words. */
  decimals?: boolean | undefined;
}

export const NUMBER_CHECKS: Checks<NumberOptions> = { numbers: oneOf(['linux', 'freebsd']) };

/** @throws TypeError */
export function isFreebsd(caller: string, options: NumberOptions | undefined): boolean {
  return checkOptions<NumberOptions>(caller, options, NUMBER_CHECKS).numbers === 'freebsd';
}

export const AF_LOCAL = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;

/** AF_*, by Linux's number. */
const FAMILIES: readonly string[] = [
  ...[
    'unspec',
    'local',
    'inet',
    'ax25',
    'ipx',
    'appletalk',
    'netrom',
    'bridge',
    'atm',
    'x25',
    'inet6',
    'rose',
  ],
  ...['decnet', 'netbeui', 'security', 'key', 'netlink', 'packet', 'ash', 'econet', 'atmsvc', 'rds', 'sna'],
  ...['irda', 'pppox', 'wanpipe', 'llc', 'ib', 'mpls', 'can', 'tipc', 'bluetooth', 'iucv', 'rxrpc', 'isdn'],
  ...['phonet', 'ieee802154', 'caif', 'alg', 'nfc', 'vsock', 'kcm', 'qipcrtr', 'smc', 'xdp', 'mctp'],
];

/** FreeBSD's number of the families that both have, by their words. */
const FREEBSD_FAMILIES: Readonly<Record<string, number>> = {
  ...{ unspec: 0, local: 1, inet: 2, x25: 10, sna: 11, decnet: 12, appletalk: 16, ipx: 23, isdn: 26 },
  ...{ key: 27, inet6: 28, atm: 30, bluetooth: 36, netlink: 38 },
};

const TYPES: readonly (string | undefined)[] = [
  ...[undefined, 'stream', 'dgram', 'raw', 'rdm', 'seqpacket', 'dccp'],
  ...[undefined, undefined, undefined, 'packet'],
];

/** IPPROTO_*; the first word of a number is the one that is printed. */
const IP_PROTOCOLS: readonly (readonly [word: string, number: number])[] = [
  ...([
    ['icmp', 1],
    ['igmp', 2],
    ['tcp', 6],
    ['udp', 17],
    ['dccp', 33],
    ['gre', 47],
    ['esp', 50],
  ] as const),
  ...([
    ['ah', 51],
    ['swipe', 53],
    ['icmp6', 58],
    ['encap', 98],
    ['pim', 103],
    ['sctp', 132],
  ] as const),
  ...([
    ['udplite', 136],
    ['raw', 255],
    ['mptcp', 262],
    ['ip', 0],
  ] as const),
];

/** Other words that are understood. */
const SYNONYMS: Readonly<Record<string, string>> = { unix: 'local', file: 'local', route: 'netlink' };

/** Of a family, by its word. */
export function familyNumber(word: string): number | undefined {
  const number = FAMILIES.indexOf(SYNONYMS[word] ?? word);
  return number < 0 ? undefined : number;
}

export function familyWord(number: number): string | undefined {
  return FAMILIES[number];
}

const LINUX_OF_FREEBSD: ReadonlyMap<number, number> = new Map(
  Object.entries(FREEBSD_FAMILIES).map(([word, number]) => [number, FAMILIES.indexOf(word)]),
);

/** Of one of FreeBSD's families; undefined where Linux has none such. */
export function fromFreebsd(number: number): number | undefined {
  return LINUX_OF_FREEBSD.get(number);
}

/** The other way round. */
export function toFreebsd(number: number): number | undefined {
  return FREEBSD_FAMILIES[FAMILIES[number] ?? ''];
}

export function typeNumber(word: string): number | undefined {
  const number = TYPES.indexOf(word);
  return number < 0 ? undefined : number;
}

export function typeWord(number: number): string | undefined {
  return TYPES[number];
}

/** What protocols are called depends on the family. */
export function protocolNumber(family: number, word: string): number | undefined {
  if (family === AF_INET || family === AF_INET6) return IP_PROTOCOLS.find(([each]) => each === word)?.[1];
  const number = family === AF_NETLINK ? (NETLINK_PROTOCOLS as readonly unknown[]).indexOf(word) : -1;
  return number < 0 ? undefined : number;
}

/** 0 is whatever is usual for the type, which no word says so well. */
export function protocolWord(family: number, number: number): string | undefined {
  if (family === AF_NETLINK) return NETLINK_PROTOCOLS[number];
  if ((family !== AF_INET && family !== AF_INET6) || number === 0) return undefined;
  return IP_PROTOCOLS.find(([, each]) => each === number)?.[0];
}
