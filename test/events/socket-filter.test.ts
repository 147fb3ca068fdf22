/** The program over events holds back nothing that the filter wants, and where it says so, nothing else gets through. */
import { describe, expect, test } from 'vitest';

import { socketFilter } from '../../lib/events/socket-filter.js';
import { parseAddress } from '../../lib/filter/addresses.js';
import type { Condition } from '../../lib/filter/condition.js';
import { conditionOf, type Lookup } from '../../lib/filter/condition-of.js';
import { matcher } from '../../lib/filter/match.js';
import { parse } from '../../lib/filter/parser.js';
import type { Expression, Prefix } from '../../lib/filter/tree.js';
import type { InetDiagMsg } from '../../lib/index.js';
import { NAMES, Random, randomExpression, randomInetRecord, type Shape } from '../filter/random.js';
import { audit, machine } from './bpf.js';

const LOOKUP: Lookup = {
  device: (device) => (typeof device === 'number' ? device : (NAMES.device(device) as number)),
  cgroup: () => 0n,
  can: () => true,
};

const conditionFor = (filter: string): Condition => conditionOf(parse(filter), LOOKUP);

type Tuple = Pick<InetDiagMsg, 'family' | 'src' | 'sport' | 'dst' | 'dport' | 'ifindex'>;

/** A message as the kernel sends it, as far as the program can look. */
function messageOf({ family, src, sport, dst, dport, ifindex }: Tuple): Buffer {
  const message = Buffer.alloc(96);
  message.writeUInt8(family === 'inet' ? 2 : 10, 16);
  message.writeUInt16BE(sport, 20);
  message.writeUInt16BE(dport, 22);
  message.set((parseAddress(src) as Prefix).bytes, 24);
  message.set((parseAddress(dst) as Prefix).bytes, 40);
  message.writeUInt32LE(ifindex, 56);
  return message;
}

const TUPLE: Tuple = { family: 'inet', src: '10.0.0.1', sport: 80, dst: '10.0.0.2', dport: 4711, ifindex: 0 };

function passes(filter: string | boolean, tuple: Partial<Tuple>, unbound = false): boolean {
  const condition = typeof filter === 'string' ? conditionFor(filter) : filter;
  const { program } = socketFilter(condition, { unbound });
  expect(audit(program)).toBeUndefined();
  return machine(program)(messageOf({ ...TUPLE, ...tuple })) > 0;
}

/** What events tell, so that the matcher has an answer for all of it. */
const SHAPE: Shape = { terms: ['host', 'host', 'port', 'port', 'dev', 'autobound'] };

interface Trial {
  shape: Shape;
  limit: number;
  /** How many filters are put together to one. */
  parts: number;
}

/** Several parts that cannot be put together to less. */
function randomFilter(random: Random, { shape, parts }: Trial): Expression {
  if (parts === 1) return randomExpression(random, shape);
  const [outer, inner] = random.chance(0.5) ? (['and', 'or'] as const) : (['or', 'and'] as const);
  const terms = Array.from({ length: parts }, (): Expression => {
    const pair = (['host', 'port'] as const).map((kind) =>
      randomExpression(random, { ...shape, depth: 0, terms: [kind] }),
    );
    return { kind: inner, terms: pair };
  });
  return { kind: outer, terms };
}

function compare(seed: number, trial: Trial): Record<string, number> {
  const tally = { passed: 0, held: 0, exact: 0, coarse: 0, long: 0 };
  const random = new Random(seed);
  for (let i = 0; i < 5000 / trial.parts; i++) {
    const expression = randomFilter(random, trial);
    const { program, exact } = socketFilter(conditionOf(expression, LOOKUP), {
      unbound: true,
      limit: trial.limit,
    });
    expect(audit(program)).toBeUndefined();
    tally[exact ? 'exact' : 'coarse']++;
    if (program.length / 8 > 256) tally.long++;
    const run = machine(program);
    const wants = matcher(expression, { ...NAMES, portRange: [32768, 60999] });
    for (let j = 0; j < 20 * trial.parts; j++) {
      const record = randomInetRecord(random);
      const passed = run(messageOf(record)) > 0;
      tally[passed ? 'passed' : 'held']++;
      if (exact ? passed !== wants(record) : !passed && wants(record)) {
        expect.fail(`${JSON.stringify({ expression, record, passed, exact })}`);
      }
    }
  }
  return tally;
}

describe('over random filters and records', () => {
  test('nothing that the matcher wants is held back, and exact programs decide as it does', () => {
    const tally = compare(1, { shape: SHAPE, limit: 4096, parts: 1 });
    for (const count of [tally['passed'], tally['held']]) expect(count).toBeGreaterThan(20_000);
    expect(tally['exact']).toBeGreaterThan(1500);
    expect(tally['coarse']).toBeGreaterThan(500);
  });

  test('the same where the programs must be short', () => {
    const tally = compare(2, { shape: { ...SHAPE, depth: 6 }, limit: 24, parts: 1 });
    for (const count of [tally['passed'], tally['held']]) expect(count).toBeGreaterThan(5000);
    expect(tally['coarse']).toBeGreaterThan(1500);
  });

  test('the same where tests lead further than a test can jump', () => {
    const tally = compare(3, { shape: { families: ['inet'] }, limit: 4096, parts: 40 });
    expect(tally['long']).toBeGreaterThan(50);
    for (const count of [tally['passed'], tally['held']]) expect(count).toBeGreaterThan(5000);
  });
});

test('sockets that were never bound are held back, unless they are asked for', () => {
  expect(passes(true, {})).toBe(true);
  expect(passes(true, { sport: 0 })).toBe(false);
  expect(passes('sport < 1024', { sport: 0 })).toBe(false);
  expect(passes('not sport = 22', { sport: 0 })).toBe(false);
  expect(passes('sport = 0', { sport: 0 }, true)).toBe(true);
  expect(passes('sport = 0', { sport: 1 }, true)).toBe(false);
  expect(passes(false, {})).toBe(false);
});

test('half of all ports, each by itself, is too long, and neighbours are let through', () => {
  const odd: Expression = {
    kind: 'or',
    terms: Array.from({ length: 1 << 14 }, (_, i) => ({
      kind: 'port',
      end: 'src',
      comparison: '=',
      port: 4 * i + 1,
    })),
  };
  const { program, exact } = socketFilter(conditionOf(odd, LOOKUP), { unbound: false });
  expect(exact).toBe(false);
  expect(audit(program)).toBeUndefined();
  const run = machine(program);
  for (const sport of [1, 5, 32769, 65533]) {
    expect(run(messageOf({ ...TUPLE, sport })), `${sport}`).toBeGreaterThan(0);
  }
  expect(run(messageOf({ ...TUPLE, sport: 0 }))).toBe(0);
});

test('every eighth port fits, by itself', () => {
  const ports: Expression[] = Array.from({ length: 1000 }, (_, i) => ({
    kind: 'port',
    end: 'dst',
    comparison: '=',
    port: 8 * i + 3,
  }));
  const { program, exact } = socketFilter(conditionOf({ kind: 'or', terms: ports }, LOOKUP), {
    unbound: false,
  });
  expect(exact).toBe(true);
  expect(audit(program)).toBeUndefined();
  const run = machine(program);
  for (let dport = 0; dport < 65536; dport++) {
    const wanted = dport % 8 === 3 && dport < 8000;
    if (run(messageOf({ ...TUPLE, dport })) > 0 !== wanted) expect.fail(`${dport}`);
  }
});
