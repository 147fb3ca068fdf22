/** What the library is to make of members that are no plain numbers. */
import { SocketAddress } from 'node:net';

import type { MemberRule, Reading } from './rules.js';

export const AF_INET = 2;
export const AF_INET6 = 10;

/** Of 16 bytes only 4 count. */
const address4 = (_number: number, bytes: Uint8Array): string => bytes.subarray(0, 4).join('.');

/** Node asks the C library's like for the text. */
function address6(_number: number, bytes: Uint8Array): string {
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) as string[];
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/** An address in binary form, by the family that it is of. */
export const addressOf = (family: number): ((number: number, bytes: Uint8Array) => string) =>
  family === AF_INET ? address4 : address6;

/** The names of the families of IP; `others` names those that are none. */
export const familyName =
  (others: (number: number) => string | undefined): Reading =>
  (number) =>
    number === AF_INET ? 'inet' : number === AF_INET6 ? 'inet6' : others(number);

/** Two words, the lower one first. */
export const cookie: Reading = (_number, bytes) => {
  const [low, high] = new Uint32Array(Uint8Array.from(bytes).buffer);
  return ((BigInt(high as number) << 32n) | BigInt(low as number)).toString(16);
};

/** 64 bits in hexadecimal, all of them: more than a number of JavaScript has. */
export const hexadecimal: Reading = (_number, bytes) =>
  (new BigUint64Array(Uint8Array.from(bytes).buffer)[0] as bigint).toString(16);

/** All ones in 32 or 64 bits are no limit. */
export const orInfinity: Reading = (number, bytes) =>
  bytes.every((byte) => byte === 0xff) ? Infinity : number;

/** Text up to the first NUL, if there is one. */
export const text: Reading = (_number, bytes) => {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString();
};

/** Two bits, of which the others do not count. */
export const shutdown: Reading = (number) => ['none', 'rcv', 'send', 'both'][number & 3];

/** An object of booleans: one for each of these bits, the lowest first. */
export const flags = (property: string, names: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name, i) => [`${property}.${name}`, 2 ** i]));

/** `struct inet_diag_sockid` in another structure; the words are those that are left of `id.idiag_`. */
export const sockid = (family: number): MemberRule[] => [
  { member: 'id.idiag_sport', as: 'bigEndian' },
  { member: 'id.idiag_dport', as: 'bigEndian' },
  { member: 'id.idiag_src', as: addressOf(family) },
  { member: 'id.idiag_dst', as: addressOf(family) },
  { member: 'id.idiag_if', property: 'ifindex' },
  { member: 'id.idiag_cookie', as: cookie },
];
