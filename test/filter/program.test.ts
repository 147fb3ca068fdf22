/** Programs: what ss sends is what we send or the same, all pass the kernel's audit, and none grows out of measure. */
import { describe, expect, test } from 'vitest';

import type { Condition } from '../../lib/filter/condition.js';
import { conditionOf } from '../../lib/filter/condition-of.js';
import { lower } from '../../lib/filter/lower.js';
import { Assembler, MAX_PROGRAM_LENGTH } from '../../lib/filter/program.js';
import type { Comparison, End, Expression, Host, InetPattern, Port, Prefix } from '../../lib/filter/tree.js';
import { LITTLE_ENDIAN } from '../../lib/netlink/protocol.js';
import { audit, type KernelSocket, run, steps } from './kernel.js';

const LOOKUP = { device: Number, cgroup: BigInt, can: () => true };

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const port = (end: End, comparison: Comparison, number: number): Port => ({
  kind: 'port',
  end,
  comparison,
  port: number,
});

const prefix4 = (length: number, ...address: number[]): Prefix => ({
  family: 'inet',
  bytes: address,
  length,
});

const host = (end: End, ...addresses: Prefix[]): Host => ({
  kind: 'host',
  end,
  equality: '=',
  host: { addresses },
});

const or = (...terms: Expression[]): Expression => ({ kind: 'or', terms });
const and = (...terms: Expression[]): Expression => ({ kind: 'and', terms });
const not = (term: Expression): Expression => ({ kind: 'not', term });

const conditionFor = (expression: Expression): Condition => conditionOf(expression, LOOKUP);

function assemblerOf(expression: Expression, eq = true): Assembler {
  const condition = conditionFor(expression);
  if (typeof condition === 'boolean') throw new Error(`it is always ${condition}`);
  return lower(condition, { eq });
}

function programOf(expression: Expression, eq = true): Uint8Array {
  const program = assemblerOf(expression, eq).assemble();
  expect(audit(program)).toBeUndefined();
  return program;
}

const SOCKET: KernelSocket = {
  family: 'inet',
  src: [127, 0, 0, 1],
  sport: 22,
  dst: [10, 0, 0, 2],
  dport: 0,
  ifindex: 0,
  mark: 0,
  cgroup: 1n,
  auto: false,
};

const sockets = (): KernelSocket[] =>
  [0, 1, 21, 22, 23, 7001, 65535].flatMap((sport) =>
    [0, 1, 2, 3, 5].map((mark) => ({ ...SOCKET, sport, mark, auto: (sport + mark) % 2 === 0 })),
  );

/** What `ss -4` was recorded to send, by its words. */
const RECORDED: [words: string, expression: Expression, hex: string][] = [
  ['sport = 22', port('src', '=', 22), '07101400 00000000 16000000 00000000'],
  ['sport ge 22', port('src', '>=', 22), '02080c00 00001600'],
  ['sport gt 22', port('src', '>', 22), '03080c00 00001600 01040800'],
  ['autobound', { kind: 'autobound' }, '06040800'],
  ['fwmark 1/3', { kind: 'fwmark', equality: '=', mark: 1, mask: 3 }, '0a0c1000 01000000 03000000'],
];

describe.skipIf(!LITTLE_ENDIAN)('against what ss sends', () => {
  test.each(RECORDED)('%s: the same verdict on every socket', (_, expression, hex) => {
    const theirs = bytes(hex);
    expect(audit(theirs)).toBeUndefined();
    const ours = programOf(expression);
    for (const socket of sockets()) expect(run(ours, socket)).toBe(run(theirs, socket));
    expect(ours.length).toBeLessThanOrEqual(theirs.length);
  });

  test.each(RECORDED.filter(([words]) => !['sport = 22', 'sport gt 22'].includes(words)))(
    '%s: the same bytes',
    (_, expression, hex) => {
      expect(programOf(expression)).toEqual(bytes(hex));
    },
  );

  test('a port is compared by one instruction', () => {
    expect(programOf(port('src', '=', 22))).toEqual(bytes('0b080c00 00001600'));
    expect(programOf(port('dst', '=', 22))).toEqual(bytes('0c080c00 00001600'));
    expect(programOf(port('src', '>', 22))).toEqual(bytes('02080c00 00001700'));
    expect(programOf(port('src', '!=', 22))).toEqual(bytes('0b080c00 00001600 01040800'));
  });

  test('a port and a prefix, as they were recorded together', () => {
    expect(programOf(and(port('src', '=', 7001), host('src', prefix4(8, 127, 0, 0, 0))))).toEqual(
      bytes('0b081c00 0000591b 07101400 02080000 ffffffff 7f000000'),
    );
  });
});

describe('tests', () => {
  test('without S_EQ and D_EQ, ports are compared twice', () => {
    const program = programOf(or(port('src', '=', 22), port('dst', '=', 80)), false);
    expect([...opsOf(program)]).toEqual([2, 3, 1, 4, 5]);
    for (const [sport, dport] of [
      [22, 1],
      [21, 1],
      [23, 80],
      [23, 79],
      [23, 81],
    ] as const) {
      expect(run(program, { ...SOCKET, sport, dport })).toBe(sport === 22 || dport === 80);
    }
  });

  test('the opposite of an IPv6 prefix holds for a socket of IPv4', () => {
    const prefix: Prefix = { family: 'inet6', bytes: new Array(16).fill(0), length: 0 };
    expect(run(programOf(host('src', prefix)), SOCKET)).toBe(false);
    expect(run(programOf(not(host('src', prefix))), SOCKET)).toBe(true);
  });

  test('an IPv4 prefix holds for v4-mapped addresses, also of no bits; its opposite does not', () => {
    const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2];
    const socket: KernelSocket = { ...SOCKET, family: 'inet6', src: mapped, dst: new Array(16).fill(0) };
    for (const length of [0, 8, 32]) {
      const inside = host('src', prefix4(length, 10, 0, 0, 2));
      expect(run(programOf(inside), socket)).toBe(true);
      expect(run(programOf(not(inside)), socket)).toBe(false);
      expect(run(programOf(host('dst', prefix4(length, 0, 0, 0, 0))), socket)).toBe(false);
    }
  });

  test('each address of a name is compared with', () => {
    const program = programOf(host('dst', prefix4(32, 10, 0, 0, 2), prefix4(32, 192, 0, 2, 1)));
    expect(run(program, SOCKET)).toBe(true);
    expect(run(program, { ...SOCKET, dst: [192, 0, 2, 1] })).toBe(true);
    expect(run(program, { ...SOCKET, dst: [192, 0, 2, 3] })).toBe(false);
  });

  test('numbers are in the order of the machine, addresses in that of the network', () => {
    const id = 0x1_0000_0002n;
    const cgroup = lower(
      { kind: 'other', test: { op: 'CGROUP_COND', id }, negated: false },
      { eq: true },
    ).assemble();
    expect(run(cgroup, { ...SOCKET, cgroup: id })).toBe(true);
    expect(run(cgroup, SOCKET)).toBe(false);
    const mark = programOf({ kind: 'fwmark', equality: '=', mark: 0x8000_0001, mask: 0xffff_ffff });
    expect(run(mark, { ...SOCKET, mark: 0x8000_0001 })).toBe(true);
    expect(run(mark, { ...SOCKET, mark: 1 })).toBe(false);
  });
});

function* opsOf(program: Uint8Array): Generator<number> {
  for (let at = 0; at < program.length; at += program[at + 1] as number) yield program[at] as number;
}

describe('what needs no test', () => {
  const always = or();
  test.each<[string, Expression, boolean]>([
    ['no term of and', and(), true],
    ['no term of or', always, false],
    ['the opposite of no term', not(always), true],
    ['a port that is above all', port('src', '>', 65535), false],
    ['a port that is below none', port('src', '>=', 0), true],
    ['any port', { kind: 'port', end: 'src', comparison: '=' }, true],
    ['a port that is above any', { kind: 'port', end: 'src', comparison: '>' }, false],
    ['two ports at once', and(port('src', '=', 1), port('src', '=', 2)), false],
    ['one port or all others', or(port('src', '=', 1), port('src', '!=', 1)), true],
    ['any host', { kind: 'host', end: 'dst', equality: '=', host: {} }, true],
    ['a mark outside of its mask', { kind: 'fwmark', equality: '=', mark: 4, mask: 3 }, false],
    ['a mark under no mask', { kind: 'fwmark', equality: '!=', mark: 0, mask: 0 }, false],
    ['cgroup 0', { kind: 'cgroup', equality: '=', cgroup: 0 }, false],
    ['a unix socket', { kind: 'host', end: 'src', equality: '=', host: { family: 'unix' } }, false],
  ])('%s', (_, expression, expected) => {
    expect(conditionFor(expression)).toBe(expected);
  });
});

describe('merging', () => {
  test('neighbouring ports are one range', () => {
    const ports = [7, 5, 6, 9, 8, 5].map((number) => port('src', '=', number));
    expect(conditionFor(or(...ports))).toEqual({ kind: 'ports', end: 'src', ranges: [[5, 9]] });
  });

  test('halves of a prefix are one, and what is in another is left out', () => {
    const union = conditionFor(
      host(
        'dst',
        prefix4(26, 10, 0, 0, 64),
        prefix4(32, 10, 0, 0, 9),
        prefix4(25, 10, 0, 0, 128),
        prefix4(26, 10, 0, 0, 0),
      ),
    );
    expect(union).toMatchObject({ kind: 'host', length: 24, value: 0x0a000000n });
  });

  test('prefixes that are not halves are left as they are', () => {
    for (const pair of [
      [prefix4(16, 0, 0, 0, 0), prefix4(8, 1, 0, 0, 0)],
      [prefix4(24, 10, 0, 1, 0), prefix4(24, 10, 0, 2, 0)],
    ]) {
      expect(conditionFor(host('dst', ...pair))).toMatchObject({ kind: 'or', parts: [{}, {}] });
    }
  });

  test('all addresses of IPv4 are left as such, for a socket of IPv6 has others', () => {
    const union = conditionFor(host('dst', prefix4(1, 0, 0, 0, 0), prefix4(1, 128, 0, 0, 0)));
    expect(union).toMatchObject({ kind: 'host', length: 0, family: 'inet' });
  });

  test('what differs in its port, its end or its family is not merged', () => {
    const low = host('src', prefix4(25, 10, 0, 0, 0));
    const high = host('src', prefix4(25, 10, 0, 0, 128));
    const withPort = (other: Host, port: number): Host => ({
      ...other,
      host: { ...(other.host as InetPattern), port },
    });
    const mapped: Prefix = {
      family: 'inet6',
      bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 0],
      length: 120,
    };
    for (const other of [withPort(high, 80), { ...high, end: 'dst' as const }, host('src', mapped)]) {
      expect(conditionFor(or(low, other))).toMatchObject({ kind: 'or', parts: [{}, {}] });
    }
    expect(conditionFor(or(withPort(low, 80), withPort(high, 80)))).toMatchObject({ length: 24, port: 80 });
  });

  test('neither one nor the other is merged as one or the other is', () => {
    const half = (last: number): Expression => not(host('dst', prefix4(25, 10, 0, 0, last)));
    expect(conditionFor(and(half(0), half(128)))).toMatchObject({ length: 24, negated: true });
    expect(conditionFor(or(half(0), half(128)))).toMatchObject({ kind: 'or' });
  });
});

describe('size', () => {
  /** Numbers that do not touch each other. */
  const apart = (count: number): number[] => Array.from({ length: count }, (_, i) => 1 + 2 * i);
  const ports = (count: number): Expression => or(...apart(count).map((number) => port('src', '=', number)));
  const hosts = (count: number): Expression =>
    or(...apart(count).map((i) => host('dst', prefix4(32, 10, (i >> 16) & 255, (i >> 8) & 255, i & 255))));

  test.each([
    ['ports', ports, 13],
    ['hosts', hosts, 20],
  ])('of %s, twice as many make a program twice as long', (_, make, most) => {
    for (const count of [1250, 2500, 5000]) {
      const { length, count: instructions } = assemblerOf(make(count));
      expect(length).toBeLessThanOrEqual(most * count);
      expect(instructions).toBeLessThanOrEqual(2.1 * count);
      expect(instructions).toBeGreaterThanOrEqual(2 * count - 1);
    }
  });

  test('5,000 ports fit into a program, and a socket passes few of them', () => {
    const program = programOf(ports(5000));
    expect(program.length).toBeLessThanOrEqual(MAX_PROGRAM_LENGTH);
    for (let sport = 0; sport < 10_010; sport += 7) {
      const socket = { ...SOCKET, sport };
      expect(run(program, socket)).toBe(sport % 2 === 1 && sport < 10_000);
      expect(steps(program, socket)).toBeLessThan(60);
    }
  });

  test('a chain of 20,000 is not too deep', () => {
    const chain = apart(20_000).reduce<Expression>(
      (before, number) => not(and(not(before), not(port('dst', '=', number)))),
      port('dst', '=', 0),
    );
    expect(assemblerOf(chain).length).toBeLessThan(13 * 20_001);
  });

  test('the longest program reaches its end from its beginning; a longer one is refused', () => {
    const assembler = new Assembler();
    const long = (MAX_PROGRAM_LENGTH - 4) / 4;
    assembler.test({ op: 'AUTO' }, assembler.reject);
    for (let i = 0; i < long; i++) assembler.test({ op: 'NOP' }, assembler.reject);
    const program = assembler.assemble();
    expect(program.length).toBe(65_528);
    expect(audit(program)).toBeUndefined();
    expect(run(program, { ...SOCKET, auto: true })).toBe(true);
    expect(run(program, SOCKET)).toBe(false);
    assembler.test({ op: 'NOP' }, assembler.reject);
    expect(() => assembler.assemble()).toThrow(RangeError);
  });
});
