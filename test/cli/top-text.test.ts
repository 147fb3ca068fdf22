/** What the live view writes: columns by width, numbers, bars, and texts that fit. */
import { describe, expect, test } from 'vitest';

import { hasColours } from '../../lib/cli/colours.js';
import { columnsFor, GROUP_COLUMNS, SOCKET_COLUMNS } from '../../lib/cli/top/columns.js';
import { amountText, countText, timeText } from '../../lib/cli/top/figures.js';
import { sparkline } from '../../lib/cli/top/sparkline.js';
import { glyphsOf } from '../../lib/cli/top/terminal.js';
import { clipped, fitted, span, wrapped } from '../../lib/cli/top/text.js';

const namesAt = (width: number, columns = SOCKET_COLUMNS) => columnsFor(columns, width).map(({ id }) => id);

describe('columns', () => {
  test.each([
    [10, ['remote']],
    [37, ['remote', 'tx', 'rx']],
    [57, ['state', 'remote', 'tx', 'rx', 'owner']],
    [77, ['state', 'local', 'remote', 'rtt', 'tx', 'rx', 'retrans', 'owner']],
    [97, ['state', 'local', 'remote', 'rtt', 'tx', 'rx', 'retrans', 'rqueue', 'wqueue', 'owner']],
    [200, SOCKET_COLUMNS.map(({ id }) => id)],
  ])('of %i letters', (width, ids) => {
    expect(namesAt(width)).toEqual(ids);
  });

  test('of groups', () => {
    expect(namesAt(37, GROUP_COLUMNS)).toEqual(['name', 'tx', 'rx']);
    expect(namesAt(200, GROUP_COLUMNS)).toEqual(GROUP_COLUMNS.map(({ id }) => id));
  });

  test.each([1, 5, 15, 16, 31, 38, 60, 79, 80, 100, 132, 200, 400])('fit into %i letters', (width) => {
    for (const columns of [SOCKET_COLUMNS, GROUP_COLUMNS]) {
      const placed = columnsFor(columns, width);
      const all = placed.reduce((sum, column) => sum + column.width, placed.length - 1);
      expect(placed.length).toBeGreaterThan(0);
      expect(all).toBeLessThanOrEqual(width);
      for (const column of placed) expect(column.width).toBeGreaterThan(0);
    }
  });

  test('never go as there is more room', () => {
    for (let width = 2; width < 250; width++) {
      const before = namesAt(width - 1);
      expect(namesAt(width)).toEqual(expect.arrayContaining(before));
    }
  });
});

test('amounts have three digits', () => {
  const told = [
    0,
    0.25,
    1,
    9.99,
    10,
    999,
    999.7,
    1234,
    98_765,
    999_400,
    999_600,
    1.5e6,
    2e9,
    1e13,
    1e18,
    Number.NaN,
  ];
  expect(told.map(amountText)).toEqual([
    '0',
    '0.3',
    '1',
    '10',
    '10',
    '999',
    '1.00k',
    '1.23k',
    '98.8k',
    '999k',
    '1.00M',
    '1.50M',
    '2.00G',
    '10.0T',
    '>999P',
    '',
  ]);
  expect([0, 12, 999_999, 1e6, Number.NaN].map(countText)).toEqual(['0', '12', '999999', '1.00M', '']);
});

test('times are in milliseconds, or in seconds', () => {
  const told = [7, 999, 1000, 12_345, 250_000, 999_499, 1_500_000, 120_000_000, Number.NaN];
  expect(told.map(timeText)).toEqual([
    '0.007ms',
    '0.999ms',
    '1.00ms',
    '12.3ms',
    '250ms',
    '999ms',
    '1.50s',
    '120s',
    '',
  ]);
});

test('sparklines', () => {
  expect(sparkline([Number.NaN, 0, 1, 50, 100], 'unicode')).toBe(' ▁▂▅█');
  expect(sparkline([Number.NaN, 0, 1, 50, 100], 'ascii')).toBe(' _.=#');
  expect(sparkline([0, 0], 'unicode')).toBe('▁▁');
  expect(sparkline([], 'unicode')).toBe('');
});

test('texts that fit', () => {
  expect(fitted('abc', 5, false, '…')).toBe('abc  ');
  expect(fitted('abc', 5, true, '…')).toBe('  abc');
  expect(fitted('abcdef', 5, false, '…')).toBe('abcd…');
  expect(fitted('abcdef', 5, false, '')).toBe('abcde');
  // Two columns each.
  expect(fitted('漢字漢字', 5, false, '…')).toBe('漢字…');
  expect(fitted('漢字漢字', 6, false, '…')).toBe('漢字… ');
  expect(fitted('e\u0301', 2, false, '…')).toBe('e\u0301 ');
});

test('lines that fit', () => {
  const line = [span('abc'), span('def', 'bad'), span('ghi')];
  expect(clipped(line, 9, '…')).toEqual(line);
  expect(clipped(line, 5, '…')).toEqual([span('abc'), span('d…', 'bad')]);
  expect(clipped(line, 3, '…')).toEqual([span('abc')]);
});

test('words are kept together where they can be', () => {
  expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapped('onetwothree four', 4)).toEqual(['onet', 'woth', 'ree', 'four']);
  expect(wrapped('', 4)).toEqual([]);
});

test('what the environment asks for', () => {
  expect(hasColours({})).toBe(true);
  expect(hasColours({ NO_COLOR: '' })).toBe(true);
  expect(hasColours({ NO_COLOR: '1' })).toBe(false);
  expect(glyphsOf({ LANG: 'de_DE.UTF-8' })).toBe('unicode');
  expect(glyphsOf({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' })).toBe('ascii');
  expect(glyphsOf({ LANG: 'C', LC_CTYPE: 'C.utf8' })).toBe('unicode');
  expect(glyphsOf({ LC_ALL: '', LANG: 'C.UTF-8' })).toBe('unicode');
  expect(glyphsOf({})).toBe('ascii');
});
