/** Texts that nobody would write: an error of the one kind, or a tree whose text is read as the same again. */
import { expect, test } from 'vitest';

import { and, not, or, sport } from '../../lib/filter/builder.js';
import { FilterSyntaxError } from '../../lib/filter/error.js';
import { parse } from '../../lib/filter/parser.js';
import { print } from '../../lib/filter/print.js';
import { check, mutate, PIECES } from './random-texts.js';
import { dice, pick, randomTree } from './trees.js';

test('20,000 mutations of filters', () => {
  const roll = dice(3);
  let filters = 0;
  for (let i = 0; i < 20_000; i++) {
    let text = print(randomTree(roll, roll(4)));
    for (let times = 1 + roll(3); times > 0; times--) text = mutate(roll, text);
    if (check(text)) filters++;
  }
  // Both outcomes are seen often.
  expect(filters).toBeGreaterThan(1000);
  expect(filters).toBeLessThan(19_000);
});

test('20,000 heaps of words', () => {
  const roll = dice(4);
  for (let i = 0; i < 20_000; i++) {
    check(Array.from({ length: roll(12) }, () => pick(roll, PIECES)).join(pick(roll, ['', ' '])));
  }
});

test('every beginning and every end of a text', () => {
  const text =
    'state listening (sport = 22 or dport >= ssh) and not dst != inet6:[2001:db8::/32]:443 ' +
    'fwmark 0x1/0xff dev "a b" src unix:"/run/*" or cgroup /a !autobound dst ::1/64:22';
  for (let i = 0; i <= text.length; i++) {
    check(text.slice(0, i));
    check(text.slice(i));
  }
});

test('what is too deep is told, and overflows no stack', () => {
  for (const [open, close] of [
    ['(', ')'],
    ['not ', ''],
    ['!', ''],
    ['!(', ')'],
    ['(sport 1 and (dport 2 or ', '))'],
  ] as const) {
    const deep = (depth: number) => `${open.repeat(depth)}sport 1${close.repeat(depth)}`;
    expect(check(deep(200)), open).toBe(true);
    expect(check(deep(10_000)), open).toBe(false);
    expect(() => parse(deep(10_000))).toThrow('no more than 500 parentheses and nots in each other');
    expect(() => parse(open.repeat(100_000))).toThrow(FilterSyntaxError);
  }
  expect(check(`${'('.repeat(500)}sport 1${')'.repeat(500)}`)).toBe(true);
  expect(() => parse(`sport 1 or ${'('.repeat(501)}`)).toThrow(expect.objectContaining({ position: 511 }));
});

test('what is long is not deep', () => {
  const count = 50_000;
  for (const text of [
    'not sport 1 and '.repeat(count),
    '(sport 1) '.repeat(count),
    '(not autobound) or '.repeat(count),
    'state listening '.repeat(count),
  ]) {
    parse(`${text}${text.startsWith('state') ? '' : 'autobound'}`);
  }
  const strings = `src unix:"${'a\\"'.repeat(count)}" or src unix:${'['.repeat(count)}`;
  expect(check(strings)).toBe(true);
  for (const letter of [
    '"',
    ':',
    '[',
    '/',
    '0',
    '.',
    'a',
    '-',
    '😀',
    '\\',
    '=',
    ')',
    ' ',
    '::',
    '1:',
    '1.',
  ]) {
    for (const start of ['', 'dst ', 'sport ', 'dst unix:"', 'dst link:', 'dev ', 'state ', 'fwmark ']) {
      expect(typeof check(start + letter.repeat(count))).toBe('boolean');
    }
  }
});

test('a long text in an error is a window of it', () => {
  const text = `${'sport = 1 or '.repeat(1000)}sport = x${' or sport = 1'.repeat(1000)}`;
  let message = '';
  try {
    parse(text);
  } catch (error) {
    message = (error as Error).message;
  }
  const [, shown = '', caret = ''] = message.split('\n');
  expect(shown.length).toBeLessThan(80);
  expect(shown).toMatch(/^….*….?$/);
  expect(shown[caret.indexOf('^')]).toBe('x');
});

test('5,000 ports make one or, whose text is as long as they are', () => {
  const ports = Array.from({ length: 5000 }, (_, i) => i);
  const built = or(...ports.map((port) => sport(port)));
  const text = ports.map((port) => `sport = ${port}`).join(' or ');
  expect(parse(text)).toEqual(built);
  expect(print(built)).toBe(text);
  expect(print(and(not(built), built))).toHaveLength(2 * text.length + 'not () and ()'.length);
});
