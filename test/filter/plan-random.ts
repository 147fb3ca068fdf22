/** Random filters, sockets and features for the tests of the plan, the same ones each time. */
import { ALL_STATES } from '../../lib/filter/condition.js';
import type { Features } from '../../lib/filter/plan.js';
import type { Comparison, End, Expression, HostPattern, Prefix } from '../../lib/filter/tree.js';
import { INET_FAMILIES } from '../../lib/inet/family.js';
import { MAPPED, type Socket } from './plan-sockets.js';
import { AUTOBOUND, host, not, port, prefix, state } from './plan-terms.js';

/** Numbers that are the same each time (mulberry32). */
export class Dice {
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  below(limit: number): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** In one of so many cases. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}

/** What filters and sockets are made from: little enough that they meet. */
export interface Stock {
  ports: readonly number[];
  addresses: readonly (readonly number[])[];
  devices: readonly number[];
  marks: readonly number[];
  cgroups: readonly bigint[];
  /** Whether there may be terms that a record does not tell the truth of. */
  auto: boolean;
}

const V6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

export const STOCK: Stock = {
  ports: [0, 1, 21, 22, 23, 24, 80, 443, 1024, 32768, 65534, 65535],
  addresses: [
    [0, 0, 0, 0],
    [127, 0, 0, 1],
    [10, 0, 0, 1],
    [10, 0, 0, 2],
    [10, 128, 0, 2],
    new Array(16).fill(0),
    [...MAPPED, 10, 0, 0, 2],
    [...MAPPED, 127, 0, 0, 1],
    V6,
    [...V6.slice(0, 15), 2],
  ],
  devices: [0, 1, 2, 7],
  marks: [0, 1, 2, 3, 0x8000_0001, 0xffff_ffff],
  cgroups: [0n, 1n, 2n, 0x1_0000_0001n],
  auto: true,
};

export function randomSocket(dice: Dice, stock: Stock): Socket {
  const family = dice.pick(INET_FAMILIES);
  const own = stock.addresses.filter(({ length }) => length === (family === 'inet' ? 4 : 16));
  const state = dice.pick(ALL_STATES);
  return {
    family,
    state,
    src: dice.pick(own),
    sport: dice.pick(stock.ports),
    dst: dice.pick(own),
    dport: state === 'LISTEN' ? 0 : dice.pick(stock.ports),
    ifindex: dice.pick(stock.devices),
    mark: dice.pick(stock.marks),
    cgroup: dice.pick(stock.cgroups.filter((id) => id !== 0n || state === 'TIME_WAIT')),
    auto: dice.once(2),
  };
}

const COMPARISONS: readonly Comparison[] = ['=', '!=', '>=', '<=', '>', '<'];
const ENDS: readonly End[] = ['src', 'dst'];
const EQUALITIES = ['=', '!='] as const;

function randomPattern(dice: Dice, stock: Stock): HostPattern {
  if (dice.once(8)) return { family: dice.pick(['unix', 'link', 'netlink', 'vsock']) };
  const withPort = dice.once(3) ? { port: dice.pick(stock.ports) } : {};
  if (dice.once(6)) return withPort;
  if (dice.once(6)) return { family: dice.pick(INET_FAMILIES), ...withPort };
  const addresses = Array.from({ length: 1 + dice.below(3) }, (): Prefix => {
    const bytes = dice.pick(stock.addresses);
    const bits = 8 * bytes.length;
    return prefix(dice.once(3) ? dice.below(bits + 1) : bits - dice.pick([0, 0, 1, 2, 8]), ...bytes);
  });
  return { addresses, ...withPort };
}

function randomTerm(dice: Dice, stock: Stock): Expression {
  switch (dice.below(stock.auto ? 10 : 9)) {
    case 0:
    case 1:
      return state(...ALL_STATES.filter(() => dice.once(3)));
    case 2:
    case 3:
    case 4: {
      const number = dice.once(20) ? undefined : dice.pick(stock.ports);
      return port(dice.pick(ENDS), dice.pick(COMPARISONS), number);
    }
    case 5:
    case 6:
      return {
        ...host(dice.pick(ENDS), randomPattern(dice, stock)),
        equality: dice.pick(EQUALITIES),
      };
    case 7:
      return { kind: 'dev', equality: dice.pick(EQUALITIES), device: dice.pick(stock.devices) };
    case 8: {
      if (dice.once(2)) {
        const cgroup = Number(dice.pick(stock.cgroups));
        return { kind: 'cgroup', equality: dice.pick(EQUALITIES), cgroup };
      }
      const [mark, mask] = [dice.pick(stock.marks), dice.pick([0, 1, 3, 0xffff_ffff])];
      return { kind: 'fwmark', equality: dice.pick(EQUALITIES), mark, mask };
    }
    default:
      return AUTOBOUND;
  }
}

export function randomExpression(dice: Dice, stock: Stock, depth: number): Expression {
  if (depth === 0 || dice.once(4)) return randomTerm(dice, stock);
  if (dice.once(5)) return not(randomExpression(dice, stock, depth - 1));
  const terms = Array.from({ length: dice.once(12) ? dice.below(2) : 2 + dice.below(3) }, () =>
    randomExpression(dice, stock, depth - 1),
  );
  return { kind: dice.pick(['and', 'or']), terms };
}

export function randomFeatures(dice: Dice): Partial<Features> {
  const names = ['eq', 'dev', 'mark', 'cgroup', 'states', 'program'] as const;
  return Object.fromEntries(names.map((name) => [name, !dice.once(8)]));
}
