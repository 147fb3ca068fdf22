/**
 * How a filter is divided: the kernel's part never holds back what the filter wants, and together with the remainder it
 * is the filter. Shown by random filters over random sockets; over the sockets of this kernel, by plan-live.test.ts.
 */
import { describe, expect, test } from 'vitest';

import { ALL_STATES } from '../../lib/filter/condition.js';
import { parse } from '../../lib/filter/parser.js';
import { type Features, type Plan, type PlanOptions, plan } from '../../lib/filter/plan.js';
import { deviceIndex } from '../../lib/filter/resolvers.js';
import type { Expression } from '../../lib/filter/tree.js';
import { SockDiagError } from '../../lib/index.js';
import { SOCKET_STATES } from '../../lib/record/state.js';
import { audit, run } from './kernel.js';
import { Dice, randomExpression, randomFeatures, randomSocket, STOCK } from './plan-random.js';
import { meets, passes, SOCKET } from './plan-sockets.js';
import { AUTOBOUND, and, host, not, or, port, prefix, state } from './plan-terms.js';

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

test('who names bound-inactive, wherever, gets it asked for', () => {
  for (const text of [
    'state bound-inactive or sport = 1',
    '(state bound-inactive or dport = 1) and sport = 45123',
  ]) {
    expect(plan(parse(text)).states, text).toContain('BOUND_INACTIVE');
  }
  expect(plan(parse('state listening or sport = 1')).states).toBeUndefined();
});
