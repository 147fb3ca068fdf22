/** The two families of IP. */

export type InetFamily = 'inet' | 'inet6';

export const AF_INET = 2;
export const AF_INET6 = 10;

/** By the kernel's number. */
export const INET_FAMILY_NAMES: Readonly<Record<number, InetFamily>> = {
  [AF_INET]: 'inet',
  [AF_INET6]: 'inet6',
};

/** Number, and words for errors. */
export const INET_FAMILY: Readonly<Record<InetFamily, { number: number; words: string }>> = {
  inet: { number: AF_INET, words: 'IPv4' },
  inet6: { number: AF_INET6, words: 'IPv6' },
};

export const INET_FAMILIES: readonly InetFamily[] = ['inet', 'inet6'];
