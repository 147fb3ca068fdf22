/** Random trees of every kind of term, the same for the same seed, and what they mean, told without the library. */

import { FILTER_STATES } from '../../lib/filter/states.js';
import type { Expression, Host, HostPattern, Prefix, Term } from '../../lib/filter/tree.js';
import type { SocketState } from '../../lib/record/state.js';

/** Whole numbers below a limit. */
export type Dice = (limit: number) => number;

/** xorshift: good enough to choose by. */
export function dice(seed: number): Dice {
  let state = (seed ^ 0x9e3779b9) | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

export function pick<T>(roll: Dice, choices: readonly T[]): T {
  return choices[roll(choices.length)] as T;
}

function maybe<T extends object>(roll: Dice, part: T): T | object {
  return roll(2) === 0 ? part : {};
}

export function randomTree(roll: Dice, depth: number): Expression {
  const kind = depth === 0 ? 9 : roll(10);
  if (kind < 6) {
    const terms = Array.from({ length: roll(4) }, () => randomTree(roll, depth - 1));
    return { kind: kind < 3 ? 'and' : 'or', terms };
  }
  return kind < 8 ? { kind: 'not', term: randomTree(roll, depth - 1) } : randomTerm(roll);
}

function randomTerm(roll: Dice): Term {
  const end = pick(roll, ['src', 'dst'] as const);
  const equality = pick(roll, ['=', '!='] as const);
  switch (roll(8)) {
    case 0:
    case 1: {
      const most = pick(roll, [1, 2, 4, 13]);
      return { kind: 'state', states: FILTER_STATES.filter(() => roll(12) < most) };
    }
    case 2:
    case 3:
      return { kind: 'host', end, equality, host: randomHost(roll) };
    case 4: {
      const comparison = pick(roll, ['=', '!=', '>=', '<=', '>', '<'] as const);
      return { kind: 'port', end, comparison, ...maybe(roll, { port: roll(65536) }) };
    }
    case 5:
      return { kind: 'dev', equality, device: pick(roll, DEVICES) };
    case 6:
      return {
        kind: 'fwmark',
        equality,
        mark: roll(0x1_0000_0000),
        mask: pick(roll, [0, 1, 0xff, 0xffff_ffff]),
      };
    default:
      return roll(2) === 0
        ? { kind: 'autobound' }
        : { kind: 'cgroup', equality, cgroup: pick(roll, CGROUPS) };
  }
}

const DEVICES = [
  'lo',
  'eth0.1',
  'or',
  '1',
  '0x1',
  'a&b',
  'a"b',
  '(',
  "it's",
  'wlan-ü',
  '!x',
  0,
  7,
  0x7fff_ffff,
];
const CGROUPS = ['/', '/a/b', '/system.slice', '/a b', '/a"\\', "/a'b", '/(', 0, 1234567890123];
const GLOBS = [
  '/run/*',
  '@*',
  '[!a]?',
  'a b',
  '',
  '"',
  "'",
  '\\',
  '\\"',
  'a:b',
  '=',
  'x(y',
  '\n',
  'or',
  '😀*',
];

function randomHost(roll: Dice): HostPattern {
  const number = pick(roll, [0, 1, 22, 0xffff]);
  switch (roll(6)) {
    case 0:
      return { family: 'unix', ...maybe(roll, { glob: pick(roll, GLOBS) }) };
    case 1:
      return {
        family: 'link',
        ...maybe(roll, { protocol: pick(roll, [0, 3, 0x800, 0x8100, 0xffff]) }),
        ...maybe(roll, { device: pick(roll, DEVICES) }),
      };
    case 2:
      return {
        family: 'netlink',
        ...maybe(roll, { protocol: pick(roll, [0, 4, 17, 22, 255]) }),
        ...maybe(roll, { portid: number }),
      };
    case 3:
      return { family: 'vsock', ...maybe(roll, { cid: number }), ...maybe(roll, { port: 0xffff_ffff }) };
    default: {
      const addresses = Array.from({ length: 1 + roll(3) }, () => randomPrefix(roll));
      const family = pick(roll, ['inet', 'inet6'] as const);
      return {
        ...maybe(roll, { family }),
        ...maybe(roll, { addresses }),
        ...maybe(roll, { port: number }),
      };
    }
  }
}

function randomPrefix(roll: Dice): Prefix {
  const size = pick(roll, [4, 16] as const);
  const bytes = Array.from({ length: size }, () => pick(roll, [0, 0, 0, 1, 255, roll(256)]));
  const length = pick(roll, [0, 8, 13, 8 * size]);
  return { family: size === 4 ? 'inet' : 'inet6', bytes, length };
}

/** A socket: its state, and for each question that a term can ask, an answer. */
export interface World {
  readonly state: SocketState;
  readonly answer: (question: string) => boolean;
}

/** The answers are as random as can be, but the same for the same question. */
export function randomWorld(roll: Dice): World {
  const answers = new Map<string, boolean>();
  const answer = (question: string) => {
    const known = answers.get(question) ?? roll(2) === 0;
    answers.set(question, known);
    return known;
  };
  return { state: pick(roll, FILTER_STATES), answer };
}

/** Whether the socket passes, with no knowledge but of how terms are put together. */
export function holds(expression: Expression, world: World): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.terms.every((term) => holds(term, world));
    case 'or':
      return expression.terms.some((term) => holds(term, world));
    case 'not':
      return !holds(expression.term, world);
    case 'state':
      return expression.states.includes(world.state);
    case 'host':
      return (expression.equality === '=') === fits(expression, world);
    default:
      return world.answer(JSON.stringify(expression, Object.keys(expression).sort()));
  }
}

function fits({ end, host }: Host, { answer }: World): boolean {
  const { addresses, ...rest } = host as { addresses?: readonly Prefix[]; port?: number; family?: string };
  const where = `${end} ${JSON.stringify(rest, ['family', 'port', 'glob', 'protocol', 'device', 'portid', 'cid'])}`;
  if (addresses === undefined) return answer(where);
  return addresses.some((prefix) => {
    const bits = bitsOf(prefix, rest.family);
    return bits !== undefined && answer(`${where} ${bits}`);
  });
}

/** What the prefix asks of an address of the family: sockets of IPv6 have IPv4's behind ::ffff:0:0/96. */
function bitsOf({ family, bytes, length }: Prefix, wanted: string | undefined): string | undefined {
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  if (wanted === undefined || wanted === family) return `${family} ${bits.slice(0, length)}`;
  if (wanted === 'inet') return undefined;
  return `inet6 ${'0'.repeat(80)}${'1'.repeat(16)}${bits.slice(0, length)}`;
}
