/** What random filters and random records have in common: chance, and what there is to choose from. */

/** A generator of numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `limit`, without it. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError('there is nothing to choose from');
    return choices[this.below(choices.length)] as T;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Each of them or not, and at least one. */
  some<T>(choices: readonly T[]): T[] {
    const chosen = choices.filter(() => this.chance(0.4));
    return chosen.length > 0 ? chosen : [this.pick(choices)];
  }
}

// Small pools, so that filters match now and then.

/** In the form of records. The v4-mapped ones hold some of these of IPv4. */
export const ADDRESSES_4 = [
  '0.0.0.0',
  '10.0.0.1',
  '10.0.0.2',
  '10.0.1.1',
  '127.0.0.1',
  '192.168.1.1',
] as const;
export const ADDRESSES_6 = [
  '::',
  '::1',
  '::ffff:0.0.0.0',
  '::ffff:10.0.0.1',
  '::ffff:10.0.0.2',
  '::ffff:127.0.0.1',
  '::10.0.0.1',
  '2001:db8::1',
  '2001:db8::2',
  '2001:db8:1::1',
  'fe80::a00:1',
] as const;

export const PORTS = [0, 1, 21, 22, 23, 80, 443, 32767, 32768, 40000, 60999, 61000, 65535] as const;
export const MARKS = [0, 1, 2, 3, 0x10, 0x80000000, 0xffffffff] as const;
export const UNIX_NAMES = ['/run/a', '/run/B', '/run/a/b', '/tmp/x', '@abc', '@0a1b2', '@0a1b23'] as const;
export const ETHERTYPES = [0, 3, 0x0800, 0x86dd] as const;
export const NETLINK_NUMBERS = [0, 4, 9, 15, 16] as const;
export const PORTIDS = [0, 1, 1234, 0x80000001] as const;
export const CIDS = [0, 1, 2, 3, 0xffffffff] as const;
export const VSOCK_PORTS = [22, 1023, 1024, 0xffffffff] as const;

const DEVICES: Readonly<Record<string, number>> = { lo: 1, eth0: 2, wg0: 3 };
const CGROUPS: Readonly<Record<string, number>> = { '/': 1, '/a': 63, '/a/b': 82, '/c': 5_000_000_000 };

export const DEVICE_NAMES: readonly string[] = Object.keys(DEVICES);
export const IFINDEXES: readonly number[] = [0, ...Object.values(DEVICES)];
export const CGROUP_PATHS: readonly string[] = Object.keys(CGROUPS);
export const CGROUP_IDS: readonly number[] = Object.values(CGROUPS);

/** What the names in random filters stand for: options of `matcher` and of `plan`. */
export const NAMES: {
  device: (name: string) => number | undefined;
  cgroup: (path: string) => number | undefined;
} = {
  device: (name) => DEVICES[name],
  cgroup: (path) => CGROUPS[path],
};
