/**
 * How a filter is divided: the kernel's part never holds back what the filter wants, and together with the remainder it
 * is the filter. Shown by random filters over random sockets, and over the sockets of this kernel.
 */
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadBinding, type NativeRequest } from '../../lib/binding.js';
import { ALL_STATES } from '../../lib/filter/lower.js';
import { type Features, type Plan, type PlanOptions, plan } from '../../lib/filter/plan.js';
import { cgroupId, cgroupMount, deviceIndex } from '../../lib/filter/resolvers.js';
import type { Comparison, End, Expression, Host, HostPattern, Port, Prefix } from '../../lib/filter/tree.js';
import { dumpTcp, dumpUdp, type InetDiagMsg, SockDiagError, type SocketState } from '../../lib/index.js';
import { INET_FAMILIES, type InetFamily } from '../../lib/inet/family.js';
import { BatchMemory } from '../../lib/netlink/batch.js';
import type { Dump } from '../../lib/netlink/dump.js';
import { attribute } from '../../lib/netlink/request.js';
import { readCookie } from '../../lib/record/cookie.js';
import { SOCKET_STATES, stateMask } from '../../lib/record/state.js';
import { lackOfWorld, skip } from '../tools.js';
import { startWorld, type World } from '../world/world.js';
import { audit, bytesOf, type KernelSocket, leadingBitsEqual, ODD, REFUSED, run } from './kernel.js';

const port = (end: End, comparison: Comparison, number?: number): Port => ({
  kind: 'port',
  end,
  comparison,
  port: number,
});
const host = (end: End, pattern: HostPattern): Host => ({ kind: 'host', end, equality: '=', host: pattern });
const state = (...states: SocketState[]): Expression => ({ kind: 'state', states });
const or = (...terms: Expression[]): Expression => ({ kind: 'or', terms });
const and = (...terms: Expression[]): Expression => ({ kind: 'and', terms });
const not = (term: Expression): Expression => ({ kind: 'not', term });
const prefix = (length: number, ...bytes: number[]): Prefix => ({
  family: bytes.length === 4 ? 'inet' : 'inet6',
  bytes,
  length,
});
const AUTOBOUND: Expression = { kind: 'autobound' };
const UNIX = host('src', { family: 'unix' });
const MARKED: Expression = { kind: 'fwmark', equality: '=', mark: 1, mask: 1 };

describe('what is asked for', () => {
  const asked = (expression: Expression, options?: PlanOptions): Partial<Plan> => {
    const { states, sport, dport, program, remainder, never } = plan(expression, options);
    return { states, sport, dport, never, remainder, ...(program && { program }) };
  };
  const nothing = { states: undefined, sport: 0, dport: 0, never: false, remainder: undefined };

  test('everything, by a filter that says nothing', () => {
    expect(asked(and())).toEqual(nothing);
    expect(plan(and()).notes).toEqual([]);
  });

  test('states alone are the mask, whatever they are joined by', () => {
    const states = (expression: Expression) => plan(expression).states;
    expect(states(and(state('LISTEN', 'CLOSE'), not(state('CLOSE'))))).toEqual(['LISTEN']);
    expect(states(or(state('LISTEN'), and(state('CLOSE'), not(state('LISTEN')))))).toEqual([
      'CLOSE',
      'LISTEN',
    ]);
    expect(states(not(or(not(state('LISTEN')), state('CLOSE'))))).toEqual(['LISTEN']);
    expect(asked(and(state('LISTEN'), port('src', '=', 80)))).toMatchObject({
      states: ['LISTEN'],
      remainder: undefined,
    });
  });

  test('all states are said, where nothing said would be fewer', () => {
    expect(plan(state(...SOCKET_STATES)).states).toEqual(ALL_STATES);
    expect(plan(port('src', '=', 1)).states).toBeUndefined();
    expect(plan(or(state('LISTEN'), port('src', '=', 1))).states).toBeUndefined();
  });

  test('a socket that is being opened is SYN_RECV, by whichever name', () => {
    expect(plan(state('NEW_SYN_RECV')).states).toEqual(['SYN_RECV']);
    expect(plan(not(state('SYN_RECV'))).states).toEqual(ALL_STATES.filter((name) => name !== 'SYN_RECV'));
  });

  test('states that are tied to other terms by "or" narrow the mask, and are left', () => {
    const expression = or(
      and(state('LISTEN'), port('src', '=', 80)),
      and(state('ESTABLISHED'), port('src', '=', 22)),
    );
    const { states, program, remainder, notes } = plan(expression);
    expect(states).toEqual(['ESTABLISHED', 'LISTEN']);
    expect(program).toHaveLength(20);
    expect(remainder).toBe(expression);
    expect(notes).toEqual([expect.stringContaining('programs cannot see states')]);
  });

  test('a port that all must have stands in the header, beside the program', () => {
    const header = (expression: Expression) => {
      const { sport, dport, program, remainder } = plan(expression);
      expect(remainder).toBeUndefined();
      if (sport !== 0 || dport !== 0) expect(program).toBeDefined();
      return [sport, dport];
    };
    const somewhere = { addresses: [prefix(8, 10, 0, 0, 0), prefix(32, 192, 0, 2, 1)] };
    expect(header(and(port('src', '=', 22), port('dst', '=', 80)))).toEqual([22, 80]);
    expect(header(not(port('src', '!=', 22)))).toEqual([22, 0]);
    expect(header(host('dst', { port: 80 }))).toEqual([0, 80]);
    expect(header(host('dst', { ...somewhere, port: 80 }))).toEqual([0, 80]);
    expect(header(or(port('src', '=', 22), port('src', '=', 80)))).toEqual([0, 0]);
    expect(header(or(port('src', '=', 22), port('dst', '=', 22)))).toEqual([0, 0]);
    expect(header(not(host('dst', { ...somewhere, port: 80 })))).toEqual([0, 0]);
    // That would be no filter at all.
    expect(header(port('dst', '=', 0))).toEqual([0, 0]);
  });

  test('nothing, where nothing can match', () => {
    const contradictions = [
      or(),
      UNIX,
      and(UNIX, port('src', '=', 1)),
      and(state('LISTEN'), state('CLOSE')),
      and(port('src', '=', 1), port('src', '=', 2)),
      and(port('src', '=', 1), or(and(port('src', '=', 2), MARKED), port('src', '=', 3))),
    ];
    for (const expression of contradictions) {
      expect(plan(expression, { features: { mark: false } })).toMatchObject({
        never: true,
        program: undefined,
      });
    }
  });

  test('addresses of other families match no IP socket', () => {
    for (const family of ['unix', 'link', 'netlink', 'vsock'] as const) {
      expect(asked(or(host('dst', { family }), port('src', '=', 1)))).toMatchObject({
        sport: 1,
        remainder: undefined,
      });
    }
  });

  test('their opposite is left to the matcher', () => {
    expect(asked(and(not(UNIX), port('src', '=', 1)))).toMatchObject({ sport: 1, remainder: not(UNIX) });
  });
});

describe('what the kernel lacks', () => {
  const without = (name: keyof Features): PlanOptions => ({
    features: { [name]: false },
    device: () => 7,
    cgroup: () => 9n,
  });
  const DEVICE: Expression = { kind: 'dev', equality: '=', device: 'eth0' };
  const CGROUP: Expression = { kind: 'cgroup', equality: '!=', cgroup: '/a' };

  test.each<[keyof Features, Expression, Expression]>([
    ['mark', MARKED, MARKED],
    ['dev', DEVICE, { kind: 'dev', equality: '=', device: 7 }],
    ['cgroup', CGROUP, { kind: 'cgroup', equality: '!=', cgroup: 9 }],
    ['states', state('LISTEN'), state('LISTEN')],
  ])('%s: the term is left, and the others are pushed', (name, term, left) => {
    const both = and(term, port('src', '=', 22));
    expect(plan(both, without(name))).toMatchObject({ sport: 22, remainder: left });
    expect(plan(both, without(name)).notes).toHaveLength(1);
    const either = plan(or(term, port('src', '=', 22)), without(name));
    expect(either).toMatchObject({ sport: 0, program: undefined, remainder: or(left, port('src', '=', 22)) });
    const inner = plan(or(and(term, port('src', '=', 22)), port('src', '=', 80)), without(name));
    expect(inner.program).toHaveLength(20);
    expect(inner.remainder).toBeDefined();
  });

  test('programs: everything but states is left', () => {
    const expression = and(state('LISTEN'), port('src', '=', 22));
    expect(plan(expression, without('program'))).toMatchObject({
      states: ['LISTEN'],
      sport: 0,
      program: undefined,
      remainder: port('src', '=', 22),
    });
  });

  test('states: none are asked for', () => {
    expect(plan(state('LISTEN'), without('states')).states).toBeUndefined();
  });

  test('S_EQ: nothing is left', () => {
    const { program, remainder } = plan(port('src', '=', 22), without('eq'));
    expect(program).toHaveLength(16);
    expect(remainder).toBeUndefined();
  });

  test('a feature of which nothing is said is there', () => {
    expect(plan(MARKED, { features: { mark: undefined as never } }).remainder).toBeUndefined();
  });

  test('autobound is exact in a program, and told to be otherwise where it is left', () => {
    expect(plan(AUTOBOUND)).toMatchObject({ remainder: undefined, notes: [] });
    expect(plan(or(AUTOBOUND, state('LISTEN'))).notes).toContainEqual(expect.stringContaining('autobound'));
  });
});

describe('names', () => {
  test('an interface is looked up in /sys', () => {
    expect(deviceIndex('lo')).toBe(1);
    expect(plan({ kind: 'dev', equality: '=', device: 'lo' })).toEqual(
      plan({ kind: 'dev', equality: '=', device: 1 }),
    );
  });

  test.each(['eth99', '', '.', '..', 'lo/../lo', 'l\0o'])('there is no interface %j', (device) => {
    const planning = () => plan(or(AUTOBOUND, { kind: 'dev', equality: '!=', device }));
    expect(planning).toThrow(SockDiagError);
    expect(planning).toThrow(expect.objectContaining({ code: 'ENODEV' }));
    expect(planning).toThrow(`no network interface '${device}' in this network namespace, which has `);
  });

  test('an interface that another resolver does not know', () => {
    expect(() => plan({ kind: 'dev', equality: '=', device: 'lo' }, { device: () => undefined })).toThrow(
      /^there is no network interface 'lo'$/,
    );
  });

  test('there is no such cgroup', () => {
    const planning = () => plan({ kind: 'cgroup', equality: '=', cgroup: '/no/such' });
    expect(planning).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(planning).toThrow("there is no cgroup '/no/such'");
  });

  test('an id is exact beyond 2^53, where the name is left as it is', () => {
    const id = 0x20_0000_0000_0001n;
    const cgroup: Expression = { kind: 'cgroup', equality: '=', cgroup: '/a' };
    const { program } = plan(cgroup, { cgroup: () => id });
    expect(run(program as Uint8Array, { ...SOCKET, cgroup: id })).toBe(true);
    expect(run(program as Uint8Array, { ...SOCKET, cgroup: id - 1n })).toBe(false);
    expect(plan(cgroup, { cgroup: () => id, features: { cgroup: false } }).remainder).toEqual(cgroup);
  });
});

/** A socket with what only a dump knows of it. */
interface Socket extends KernelSocket {
  state: SocketState;
}

const SOCKET: Socket = {
  family: 'inet',
  state: 'ESTABLISHED',
  src: [127, 0, 0, 1],
  sport: 22,
  dst: [10, 0, 0, 2],
  dport: 50000,
  ifindex: 0,
  mark: 0,
  cgroup: 1n,
  auto: false,
};

/** What a filter means, term by term. */
function meets(expression: Expression, socket: Socket): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.terms.every((term) => meets(term, socket));
    case 'or':
      return expression.terms.some((term) => meets(term, socket));
    case 'not':
      return !meets(expression.term, socket);
    case 'state':
      return expression.states.includes(socket.state);
    case 'autobound':
      return socket.auto;
    case 'port':
      return compares(expression, expression.end === 'src' ? socket.sport : socket.dport);
    case 'host':
      return hostMeets(expression, socket) === (expression.equality === '=');
    case 'dev':
      return (socket.ifindex === expression.device) === (expression.equality === '=');
    case 'fwmark':
      return ((socket.mark & expression.mask) >>> 0 === expression.mark) === (expression.equality === '=');
    case 'cgroup':
      // 0 is what the kernel says of a socket that has none.
      return (
        (socket.cgroup !== 0n && socket.cgroup === BigInt(expression.cgroup)) ===
        (expression.equality === '=')
      );
  }
}

function compares({ comparison, port = undefined }: Port, own: number): boolean {
  const other = port ?? own;
  switch (comparison) {
    case '=':
      return own === other;
    case '!=':
      return own !== other;
    case '>=':
      return own >= other;
    case '<=':
      return own <= other;
    case '>':
      return own > other;
    case '<':
      return own < other;
  }
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function hostMeets({ end, host }: Host, socket: Socket): boolean {
  if (host.family !== undefined && host.family !== 'inet' && host.family !== 'inet6') return false;
  const [address, own] = end === 'src' ? [socket.src, socket.sport] : [socket.dst, socket.dport];
  if (host.port !== undefined && host.port !== own) return false;
  const mapped = socket.family === 'inet6' && leadingBitsEqual(address, MAPPED, 96);
  if (host.addresses === undefined) {
    return host.family === undefined || host.family === socket.family || (host.family === 'inet' && mapped);
  }
  return host.addresses.some(({ family, bytes, length }) => {
    if (family === socket.family) return leadingBitsEqual(address, bytes, length);
    return family === 'inet' && mapped && leadingBitsEqual(address.slice(12), bytes, length);
  });
}

/** What the kernel lets through: by mask, header and program. */
function passes({ states, sport, dport, program, never }: Plan, socket: Socket): boolean {
  if (never || (states !== undefined && !states.includes(socket.state))) return false;
  const isInactive = socket.state === 'BOUND_INACTIVE';
  if (!isInactive && sport !== 0 && sport !== socket.sport) return false;
  if (!isInactive && dport !== 0 && (dport !== socket.dport || socket.state === 'LISTEN')) return false;
  return program === undefined || run(program, socket);
}

/** Numbers that are the same each time (mulberry32). */
class Dice {
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
interface Stock {
  ports: readonly number[];
  addresses: readonly (readonly number[])[];
  devices: readonly number[];
  marks: readonly number[];
  cgroups: readonly bigint[];
  /** Whether there may be terms that a record does not tell the truth of. */
  auto: boolean;
}

const V6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

const STOCK: Stock = {
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

function randomSocket(dice: Dice, stock: Stock): Socket {
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

function randomExpression(dice: Dice, stock: Stock, depth: number): Expression {
  if (depth === 0 || dice.once(4)) return randomTerm(dice, stock);
  if (dice.once(5)) return not(randomExpression(dice, stock, depth - 1));
  const terms = Array.from({ length: dice.once(12) ? dice.below(2) : 2 + dice.below(3) }, () =>
    randomExpression(dice, stock, depth - 1),
  );
  return { kind: dice.pick(['and', 'or']), terms };
}

function randomFeatures(dice: Dice): Partial<Features> {
  const names = ['eq', 'dev', 'mark', 'cgroup', 'states', 'program'] as const;
  return Object.fromEntries(names.map((name) => [name, !dice.once(8)]));
}

describe('random filters', () => {
  const sockets = (() => {
    const dice = new Dice(2026);
    return Array.from({ length: 300 }, () => randomSocket(dice, STOCK));
  })();

  test.each(Array.from({ length: 8 }, (_, i) => i))('over random sockets, round %i', (round) => {
    const dice = new Dice(round);
    const counts = { exact: 0, pushed: 0, never: 0, taken: 0 };
    for (let i = 0; i < 250; i++) {
      const expression = randomExpression(dice, STOCK, 1 + dice.below(4));
      const divided = plan(expression, { features: dice.once(2) ? {} : randomFeatures(dice) });
      const { program, remainder, never } = divided;
      if (program !== undefined) expect(audit(program)).toBeUndefined();
      if (program !== undefined) counts.pushed++;
      if (remainder === undefined) counts.exact++;
      if (never) counts.never++;
      for (const socket of sockets) {
        const wanted = meets(expression, socket);
        const passed = passes(divided, socket);
        const taken = passed && (remainder === undefined || meets(remainder, socket));
        if (taken !== wanted) {
          expect.fail(
            `${JSON.stringify({ expression, divided, passed, wanted }, null, 1)}\n${String(socket)}`,
          );
        }
        if (taken) counts.taken++;
      }
    }
    // It would prove nothing if filters were mostly left, or mostly empty.
    expect(counts.exact).toBeGreaterThan(80);
    expect(counts.pushed).toBeGreaterThan(80);
    expect(counts.never).toBeLessThan(80);
    expect(counts.taken).toBeGreaterThan(10_000);
  });
});

describe('filters that are too long', () => {
  const spread = (count: number, make: (i: number) => Expression): Expression[] =>
    Array.from({ length: count }, (_, i) => make(i));
  const bytesOfNumber = (i: number): [number, number, number, number] => [
    10,
    i >> 15,
    (i >> 7) & 255,
    (i & 127) << 1,
  ];
  const dst = (i: number): Expression => host('dst', { addresses: [prefix(32, ...bytesOfNumber(i))] });

  test('alternatives are widened so far that they fit, and are then decided here', () => {
    const alternatives = or(...spread(5000, dst));
    const { program, remainder, sport, notes } = plan(and(port('src', '=', 22), alternatives));
    expect(sport).toBe(22);
    expect(remainder).toBe(alternatives);
    expect(notes).toEqual([
      expect.stringMatching(/^the program would be 1\d{5} bytes long, and 65528 is all/),
    ]);
    expect(audit(program as Uint8Array)).toBeUndefined();
    for (let i = 0; i < 5000; i += 99) {
      expect(run(program as Uint8Array, { ...SOCKET, dst: bytesOfNumber(i) })).toBe(true);
    }
    expect(run(program as Uint8Array, { ...SOCKET, dst: [11, 0, 0, 0] })).toBe(false);
  });

  test('the opposite of an address is not widened', () => {
    const elsewhere = not(host('src', { addresses: [prefix(32, 127, 0, 0, 2)] }));
    const { program } = plan(or(...spread(5000, dst), and(elsewhere, port('dst', '=', 50_000))));
    const socket = { ...SOCKET, src: [127, 0, 0, 1], dst: [11, 0, 0, 0] };
    expect(run(program as Uint8Array, { ...socket, dport: 50_000 })).toBe(true);
    expect(run(program as Uint8Array, { ...socket, dport: 50_001 })).toBe(false);
  });

  test('ports likewise', () => {
    const expression = or(...spread(30_000, (i) => port('dst', '=', 2 * i)));
    const { program, remainder } = plan(expression);
    expect(remainder).toBe(expression);
    expect(audit(program as Uint8Array)).toBeUndefined();
    expect(run(program as Uint8Array, { ...SOCKET, dport: 59_998 })).toBe(true);
    expect(run(program as Uint8Array, { ...SOCKET, dport: 65_000 })).toBe(false);
  });

  test('of what must all hold, as much is pushed as fits', () => {
    const divided = plan(and(...spread(5000, (i) => not(dst(i)))));
    const left = divided.remainder as { kind: string; terms: Expression[] };
    expect(left.kind).toBe('and');
    expect(left.terms.length).toBe(5000 - Math.floor(65_528 / 20));
    const program = divided.program as Uint8Array;
    expect(audit(program)).toBeUndefined();
    const blocked = spread(5000, (i) => dst(i)).filter(
      (_, i) => !run(program, { ...SOCKET, dst: bytesOfNumber(i) }),
    );
    expect(blocked.length + left.terms.length).toBe(5000);
  });

  test('the same port 5,000 times over is one test', () => {
    expect(plan(or(...spread(5000, () => port('src', '=', 22)))).program).toHaveLength(8);
  });
});

interface Protocol {
  number: number;
  all(options: { netns: number; states: readonly SocketState[] }): Dump<InetDiagMsg>;
}

const PROTOCOLS: readonly Protocol[] = [
  { number: 6, all: dumpTcp },
  { number: 17, all: dumpUdp },
];

/** Without the library's own way from a filter to a request. */
function requestOf({ states, sport, dport, program }: Plan, family: number, protocol: number): NativeRequest {
  const header = Buffer.alloc(56);
  header.set([family, protocol]);
  new Uint32Array(header.buffer, header.byteOffset + 4, 1)[0] = stateMask(states ?? ALL_STATES);
  header.writeUInt16BE(sport, 8);
  header.writeUInt16BE(dport, 10);
  const attributes = program === undefined ? [] : [attribute(1, program)];
  return { type: 20, family, headerLength: 72, payload: Buffer.concat([header, ...attributes]) };
}

function bytesOfAddress(text: string, family: InetFamily): number[] {
  if (family === 'inet') return text.split('.').map(Number);
  const [head = '', tail] = text
    .replace(/\d+\.\d+\.\d+\.\d+$/, (quad) => {
      const [a, b, c, d] = quad.split('.').map(Number) as [number, number, number, number];
      return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    })
    .split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const [front, back] = [groups(head), groups(tail ?? '')];
  const all = [...front, ...new Array(8 - front.length - back.length).fill('0'), ...back];
  return all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
}

function socketOf(record: InetDiagMsg): Socket {
  const { family, state, protocol, sport, dport, ifindex } = record;
  return {
    family,
    state: state === 'CLOSE' && protocol === 'tcp' ? 'BOUND_INACTIVE' : state,
    src: bytesOfAddress(record.src, family),
    sport,
    dst: bytesOfAddress(record.dst, family),
    dport,
    ifindex,
    mark: record.mark ?? 0,
    cgroup: BigInt(record.cgroupId ?? 0),
    auto: false,
  };
}

describe.skipIf(lackOfWorld())('live', () => {
  let world: World;
  /** Those that were there all the time, by cookie. */
  let sockets: Map<string, Socket>;

  beforeAll(async () => {
    world = await startWorld();
  });

  afterAll(async () => {
    await world?.stop();
  });

  async function everything(): Promise<Map<string, Socket>> {
    const all = new Map<string, Socket>();
    for (const protocol of PROTOCOLS) {
      for await (const record of protocol.all({ netns: world.pid, states: SOCKET_STATES })) {
        all.set(record.cookie, socketOf(record));
      }
    }
    return all;
  }

  /** The cookies of the sockets that the kernel lets through. */
  function ask(divided: Plan): Set<string> {
    const cookies = new Set<string>();
    const requests = PROTOCOLS.flatMap(({ number }) =>
      [2, 10].map((family) => requestOf(divided, family, number)),
    );
    const reader = new (loadBinding().Reader)(requests, `/proc/${world.pid}/ns/net`);
    for (;;) {
      const { failure, buffer, index = 0, records, finished } = reader.nextSync();
      if (failure !== undefined) throw Object.assign(new Error('the kernel refuses it'), failure);
      if (buffer !== undefined) {
        const memory = new BatchMemory(buffer);
        let row = index;
        for (let i = 0; i < records; i++) {
          cookies.add(readCookie(memory, (memory.words[row] as number) + 44));
          row += 2 + (memory.words[row + 1] as number);
        }
      }
      if (finished) return cookies;
    }
  }

  const raw = (program: Uint8Array): Plan => ({ ...plan(and()), program });

  /** Sockets of TIME_WAIT are made anew now and then: only those count that are there before and after. */
  async function agrees(divided: Plan, expected: (socket: Socket) => boolean): Promise<number> {
    const answer = ask(divided);
    const wrong = [...sockets].filter(([cookie, socket]) => expected(socket) !== answer.has(cookie));
    if (wrong.length > 0) {
      const still = await everything();
      expect(wrong.filter(([cookie]) => still.has(cookie))).toEqual([]);
    }
    return answer.size;
  }

  const stockOf = (): Stock => {
    const all = [...sockets.values()];
    const unique = <T>(values: T[], key: (value: T) => string): T[] => [
      ...new Map(values.map((value) => [key(value), value])).values(),
    ];
    return {
      ports: unique(
        all.flatMap(({ sport, dport }) => [sport, dport]),
        String,
      ),
      addresses: unique(
        all.flatMap(({ src, dst }) => [src, dst]),
        String,
      ),
      devices: unique(
        all.map(({ ifindex }) => ifindex),
        String,
      ),
      marks: unique(
        all.map(({ mark }) => mark),
        String,
      ),
      cgroups: unique(
        all.map(({ cgroup }) => cgroup),
        String,
      ),
      auto: false,
    };
  };

  test('what the kernel lets through is what was foreseen, for some hundred filters', async () => {
    sockets = await everything();
    expect(sockets.size).toBeGreaterThan(50);
    const stock = stockOf();
    const dice = new Dice(7);
    let some = 0;
    for (let i = 0; i < 200; i++) {
      if (i % 40 === 39) sockets = await everything();
      const expression = randomExpression(dice, stock, 1 + dice.below(3));
      const divided = plan(expression, { features: { eq: !dice.once(4) } });
      if (divided.never) continue;
      const size = await agrees(divided, (socket) => passes(divided, socket));
      if (size > 0 && size < sockets.size) some++;
      for (const socket of sockets.values()) {
        const { remainder } = divided;
        const taken = passes(divided, socket) && (remainder === undefined || meets(remainder, socket));
        expect(taken).toBe(meets(expression, socket));
      }
    }
    expect(some).toBeGreaterThan(80);
  });

  test('long programs are taken', async () => {
    sockets = await everything();
    const filters = [
      plan(or(...Array.from({ length: 5000 }, (_, i) => port('src', '=', 1 + 2 * i)))),
      plan(or(...Array.from({ length: 5000 }, (_, i) => port('src', '=', 30_001 + 2 * i)))),
      plan(
        or(
          ...Array.from({ length: 3276 }, (_, i) =>
            host('src', { addresses: [prefix(32, 127, i >> 8, i & 255, 1)] }),
          ),
        ),
      ),
    ];
    for (const divided of filters) {
      expect((divided.program as Uint8Array).length).toBeGreaterThan(20_000);
      await agrees(divided, (socket) => passes(divided, socket));
    }
  });

  test.each(REFUSED)('the kernel refuses: %s', (_, hex) => {
    expect(() => ask(raw(bytesOf(hex)))).toThrow(expect.objectContaining({ kind: 'kernel', errno: 22 }));
  });

  test.each(ODD)('the kernel takes, and reads as foreseen: %s', async (_, hex) => {
    const program = bytesOf(hex);
    sockets = await everything();
    await agrees(raw(program), (socket) => run(program, socket));
  });

  test('a port is either given by the kernel or chosen', async () => {
    sockets = await everything();
    const given = ask(plan(AUTOBOUND));
    const chosen = ask(plan(not(AUTOBOUND)));
    expect(given.size).toBeGreaterThan(0);
    expect(chosen.size).toBeGreaterThan(0);
    const still = await everything();
    for (const cookie of sockets.keys()) {
      if (still.has(cookie)) expect(given.has(cookie)).toBe(!chosen.has(cookie));
    }
  });

  test('sockets that are bound and no more are not lost by ports in the header', async () => {
    sockets = await everything();
    const bound = [...sockets].find(([, { state }]) => state === 'BOUND_INACTIVE') as [string, Socket];
    const [cookie, { sport }] = bound;
    const answer = ask(plan(and(state('BOUND_INACTIVE'), port('src', '=', sport))));
    expect(answer.has(cookie)).toBe(true);
    expect(answer.size).toBeLessThan(3);
  });
});

test('the id of a cgroup is the inode number of its directory', (context) => {
  const mount = cgroupMount();
  const path = `/sockdiag-plan-test-${process.pid}`;
  const directory = join(mount ?? '', path);
  try {
    if (mount === undefined) throw new Error('there is no cgroup v2');
    mkdirSync(directory);
  } catch (error) {
    if (skip(`no cgroup can be made: ${(error as Error).message}`)) context.skip();
  }
  try {
    const { ino } = statSync(directory, { bigint: true });
    expect(cgroupId(path)).toBe(ino);
    expect(cgroupId(`${path}/`)).toBe(ino);
    expect(cgroupId(`${path}/none`)).toBeUndefined();
    expect(cgroupId(`${path}/cgroup.procs`)).toBeUndefined();
    const { program, remainder } = plan({ kind: 'cgroup', equality: '=', cgroup: path });
    expect(remainder).toBeUndefined();
    expect(run(program as Uint8Array, { ...SOCKET, cgroup: ino })).toBe(true);
  } finally {
    rmdirSync(directory);
  }
});
