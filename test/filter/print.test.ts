/** Trees as text: what is printed is read as the same again, for every tree there is. */
import { expect, test } from 'vitest';

import { normalise } from '../../lib/filter/combine.js';
import { FilterSyntaxError } from '../../lib/filter/error.js';
import { parse } from '../../lib/filter/parser.js';
import { print } from '../../lib/filter/print.js';
import type { Expression } from '../../lib/filter/tree.js';
import { dice, holds, randomTree, randomWorld } from './trees.js';

const canonical: [text: string, printed: string][] = [
  ['', ''],
  ['()', ''],
  ['not ()', 'not ()'],
  ['sport 22 and ()', 'sport = 22'],
  ['sport 22 or ()', 'sport = 22 or ()'],
  ['sport=22', 'sport = 22'],
  ['sport == ssh', 'sport = 22'],
  ['sport neq 022', 'sport != 18'],
  ['sport geq 0x16', 'sport >= 22'],
  ['sport > *', 'sport > *'],
  ['dport < *:1024', 'dport < 1024'],
  ['((sport 22))', 'sport = 22'],
  ['not (sport 22)', 'not sport = 22'],
  ['!!sport 22', 'not not sport = 22'],
  ['sport 22 dport 23', 'sport = 22 and dport = 23'],
  ['sport 1 and (sport 2 and (sport 3 sport 4))', 'sport = 1 and sport = 2 and sport = 3 and sport = 4'],
  ['(sport 1 or sport 2) or sport 3', 'sport = 1 or sport = 2 or sport = 3'],
  ['(sport 1 or sport 2) sport 3', '(sport = 1 or sport = 2) and sport = 3'],
  ['sport 1 or (sport 2 sport 3)', 'sport = 1 or sport = 2 and sport = 3'],
  ['not (sport 1 sport 2)', 'not (sport = 1 and sport = 2)'],
  ['not (sport 1 or sport 2)', 'not (sport = 1 or sport = 2)'],
  ['dst 10/8', 'dst = 10.0.0.0/8'],
  ['dst 10.1.2.3/8', 'dst = 10.0.0.0/8'],
  ['dst 10.1.2.3/32:80', 'dst = 10.1.2.3:80'],
  ['dst 10.0.0.0/255.240.0.0', 'dst = 10.0.0.0/12'],
  ['dst ne ::1', 'dst != [::1]'],
  ['dst 2001:db8::1/32', 'dst = [2001:db8::/32]'],
  ['dst [2001:0db8::1/32]:http', 'dst = [2001:db8::/32]:80'],
  ['dst any', 'dst = *'],
  ['dst :22', 'dst = *:22'],
  ['dst inet:*', 'dst = inet:*'],
  ['dst inet6:[::1]:5', 'dst = inet6:[::1]:5'],
  ['src unix:*', 'src = unix:*'],
  ['src unix:"*"', 'src = unix:*'],
  ["src unix:'/run/*'", 'src = unix:/run/*'],
  ["src unix:'a b'", 'src = unix:"a b"'],
  ['src unix:""', 'src = unix:""'],
  ['src unix:"\\"\\\\"', 'src = unix:"\\"\\\\"'],
  ['src link:IP:lo', 'src = link:ip:lo'],
  ['src link:802_1q', 'src = link:802.1q'],
  ['src link:0x88b5:2', 'src = link:0x88b5:2'],
  ['src link::lo', 'src = link:*:lo'],
  ['src netlink:sock_diag:kernel', 'src = netlink:tcpdiag:kernel'],
  ['src netlink:200:0', 'src = netlink:200:kernel'],
  ['src netlink:*:-1', 'src = netlink:*:4294967295'],
  ['src vsock:2', 'src = vsock:2'],
  ['src vsock::5', 'src = vsock:*:5'],
  ['sport = vsock:5', 'src = vsock:*:5'],
  ['sport = inet:22', 'src = inet:* and sport = 22'],
  ['dev lo', 'dev = lo'],
  ['dev "lo"', 'dev = lo'],
  ['dev "1"', 'dev = "1"'],
  ['dev "or"', 'dev = "or"'],
  ['fwmark 010', 'fwmark = 0x8'],
  ['fwmark 1/3', 'fwmark = 0x1/0x3'],
  ['fwmark 1/0xffffffff', 'fwmark = 0x1'],
  ['cgroup /a/', 'cgroup = /a'],
  ['cgroup "/a b"', 'cgroup = "/a b"'],
  ['cgroup != 12', 'cgroup != 12'],
  ['autobound', 'autobound'],
  ['state ESTABLISHED', 'state established'],
  ['state all', 'state all'],
  ['exclude all', 'not ()'],
  ['excl listen', 'exclude listening'],
  ['exclude listening exclude close', 'state connected'],
  ['state established state listening', 'state established state listening'],
  ['state syn-recv state time-wait sport 1', 'state bucket sport = 1'],
  ['state listen sport 1 or sport 2', 'state listening (sport = 1 or sport = 2)'],
  ['state listen and sport 1', 'state listening sport = 1'],
  ['state listen or sport 1', 'state listening or sport = 1'],
  ['state listen or state close', 'exclude connected'],
  ['state listen or state last-ack', 'state last-ack state listening'],
  ['(state listen sport 1) or sport 2', '(state listening and sport = 1) or sport = 2'],
  ['sport 2 or (state listen sport 1)', 'sport = 2 or state listening and sport = 1'],
  ['state listen and state close', 'state listening and state unconnected'],
  ['sport 1 (state listen or state close)', 'sport = 1 and (state unconnected or state listening)'],
  ['not (state listen or state close)', 'not (state unconnected or state listening)'],
];

test.each(canonical)('%s is printed as %s', (text, printed) => {
  expect(print(parse(text))).toBe(printed);
  expect(print(parse(printed))).toBe(printed);
});

const PREFIX_A = { family: 'inet', bytes: [10, 0, 0, 1], length: 32 } as const;
const PREFIX_B = { family: 'inet6', bytes: [...new Array(15).fill(0), 1], length: 128 } as const;

function named(equality: '=' | '!=', host: object): Expression {
  return { kind: 'host', end: 'dst', equality, host: { addresses: [PREFIX_A, PREFIX_B], ...host } };
}

const made: [tree: Expression, printed: string][] = [
  [named('=', { port: 22 }), 'dst = 10.0.0.1:22 or dst = [::1]:22'],
  [named('!=', {}), 'dst != 10.0.0.1 and dst != [::1]'],
  [{ kind: 'not', term: named('=', {}) }, 'not (dst = 10.0.0.1 or dst = [::1])'],
  [
    { kind: 'and', terms: [named('=', {}), { kind: 'autobound' }] },
    '(dst = 10.0.0.1 or dst = [::1]) and autobound',
  ],
  [named('=', { family: 'inet' }), 'dst = inet:10.0.0.1'],
  [named('=', { family: 'inet6' }), 'dst = inet6:[::ffff:10.0.0.1] or dst = inet6:[::1]'],
  [named('=', { family: 'inet', addresses: [PREFIX_B] }), 'not ()'],
  [named('!=', { family: 'inet', addresses: [PREFIX_B] }), ''],
  [{ kind: 'or', terms: [] }, 'not ()'],
  [{ kind: 'state', states: [] }, 'not ()'],
  [{ kind: 'and', terms: [{ kind: 'autobound' }] }, 'autobound'],
  [
    {
      kind: 'or',
      terms: [{ kind: 'autobound' }, { kind: 'state', states: ['LISTEN', 'CLOSE'] }, { kind: 'autobound' }],
    },
    'autobound or state unconnected or state listening or autobound',
  ],
];

test.each(made)('the tree %j is printed as %s', (tree, printed) => {
  expect(print(tree)).toBe(printed);
  expect(print(parse(printed))).toBe(printed);
});

test('5,000 random trees come back from their text as they were, and mean the same', () => {
  const roll = dice(1);
  for (let i = 0; i < 5000; i++) {
    const tree = randomTree(roll, i % 5);
    const text = print(tree);
    const again = parse(text);
    expect(again, text).toEqual(normalise(tree));
    expect(print(again)).toBe(text);
    for (let j = 0; j < 8; j++) {
      const world = randomWorld(roll);
      expect(holds(again, world), text).toBe(holds(tree, world));
    }
  }
});

/** Text that is none any more is not what it was, either. */
function readOrRefused(text: string): Expression | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof FilterSyntaxError) return undefined;
    throw error;
  }
}

test('no pair of parentheses is there that could be left out', () => {
  const roll = dice(2);
  for (let i = 0; i < 1000; i++) {
    // Between quotes a parenthesis is a letter, and `()` cannot be less.
    const text = print(randomTree(roll, 4));
    if (/["']/.test(text)) continue;
    for (const [open, close] of pairs(text)) {
      if (close === open + 1) continue;
      // The states in front of an `or` are read in one way with parentheses, and in two without.
      const without = `${text.slice(0, open)} ${text.slice(open + 1, close)} ${text.slice(close + 1)}`;
      if (/^ ?(?:state|exclude) /.test(without)) continue;
      expect(readOrRefused(without), text).not.toEqual(parse(text));
    }
  }
});

function pairs(text: string): [open: number, close: number][] {
  const opened: number[] = [];
  const found: [number, number][] = [];
  [...text].forEach((letter, i) => {
    if (letter === '(') opened.push(i);
    if (letter === ')') found.push([opened.pop() as number, i]);
  });
  return found;
}
