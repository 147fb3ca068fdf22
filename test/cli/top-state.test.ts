/** The live view's keys, and what each of them makes of what was chosen. */
import { describe, expect, test } from 'vitest';

import { actionOf, type Stroke, strokesOf } from '../../lib/cli/top/keys.js';
import { initialState, reduce, type State, type Surroundings } from '../../lib/cli/top/state.js';

const START: State = initialState({ states: 'connected', filter: '', interval: 1 });

const AROUND: Surroundings = {
  count: 100,
  height: 10,
  selected: { key: 'c0', name: 'one' },
  columns: ['state', 'remote', 'tx', 'rx'],
};

/** By their names in Ink, or as letters. */
const NAMED: ReadonlyMap<string, Stroke> = new Map(
  Object.entries({
    Up: { input: '', key: { upArrow: true } },
    Down: { input: '', key: { downArrow: true } },
    Left: { input: '', key: { leftArrow: true } },
    Right: { input: '', key: { rightArrow: true } },
    PgUp: { input: '', key: { pageUp: true } },
    PgDn: { input: '', key: { pageDown: true } },
    Home: { input: '', key: { home: true } },
    End: { input: '', key: { end: true } },
    Enter: { input: '', key: { return: true } },
    Esc: { input: '', key: { escape: true, meta: true } },
    BSpace: { input: '', key: { backspace: true } },
    'C-c': { input: 'c', key: { ctrl: true } },
    'C-u': { input: 'u', key: { ctrl: true } },
    'C-a': { input: 'a', key: { ctrl: true } },
    'C-e': { input: 'e', key: { ctrl: true } },
    'C-x': { input: 'x', key: { ctrl: true } },
  }),
);

/** What a row of keys makes of a state. */
function pressed(keys: readonly string[], from: State = START, around: Surroundings = AROUND): State {
  return keys
    .flatMap((key) => strokesOf(NAMED.get(key) ?? { input: key, key: {} }))
    .reduce((state, stroke) => {
      const action = actionOf(stroke, state);
      return action === undefined ? state : reduce(state, action, around);
    }, from);
}

describe('the cursor', () => {
  test.each([
    [['Down'], 1, 0],
    [['j', 'j', 'k'], 1, 0],
    [['Up'], 0, 0],
    [['PgDn'], 9, 0],
    [['PgDn', 'PgDn'], 18, 9],
    [['PgDn', 'PgDn', 'PgUp'], 9, 9],
    [['End'], 99, 90],
    [['End', 'Down'], 99, 90],
    [['End', 'Home'], 0, 0],
    [['jjj'], 3, 0],
  ])('%j', (keys, cursor, first) => {
    expect(pressed(keys)).toMatchObject({ cursor, first });
  });

  test('stays on the rows that there are', () => {
    const far = { ...START, cursor: 99, first: 90 };
    const counted = (around: Partial<Surroundings>) =>
      reduce(far, { type: 'counted' }, { ...AROUND, ...around });
    expect(counted({ count: 5 })).toMatchObject({ cursor: 4, first: 0 });
    expect(counted({ count: 0 })).toMatchObject({ cursor: 0, first: 0 });
    expect(counted({ height: 3 })).toMatchObject({ cursor: 99, first: 97 });
    expect(counted({ height: 200 })).toMatchObject({ cursor: 99, first: 0 });
  });
});

test('sorting goes round, and the other way', () => {
  const sorts = ['s', 's', 's', '>', '>'].map((_, i, all) => pressed(all.slice(0, i + 1)).sort);
  expect(sorts).toEqual(['state', 'remote', 'tx', 'rx', 'traffic']);
  expect(pressed(['<']).sort).toBe('rx');
  expect(pressed(['r'])).toMatchObject({ isReversed: true });
  expect(pressed(['r', 'r'])).toMatchObject({ isReversed: false });
  expect(pressed(['r', 's'])).toMatchObject({ isReversed: false });
  // Of a column that a narrow terminal has no room for.
  expect(pressed(['>'], { ...START, sort: 'owner' }).sort).toBe('traffic');
});

describe('groups', () => {
  test('by their keys', () => {
    expect(['g', 'g', 'g', 'g'].map((_, i, all) => pressed(all.slice(0, i + 1)).grouping)).toEqual([
      'process',
      'remote',
      'netns',
      'socket',
    ]);
    expect(['1', '2', '3', '4'].map((key) => pressed([key]).grouping)).toEqual([
      'socket',
      'process',
      'remote',
      'netns',
    ]);
  });

  test('keep what both can be sorted by', () => {
    expect(pressed(['2'], { ...START, sort: 'rtt', isReversed: true })).toMatchObject({
      sort: 'rtt',
      isReversed: true,
    });
    expect(pressed(['2'], { ...START, sort: 'remote', isReversed: true })).toMatchObject({
      sort: 'traffic',
      isReversed: false,
    });
  });

  test('open and close', () => {
    const inside = pressed(['3', 'Down', 'Enter']);
    expect(inside).toMatchObject({
      grouping: 'socket',
      within: { grouping: 'remote', key: 'c0', name: 'one' },
    });
    expect(inside.cursor).toBe(0);
    expect(pressed(['Esc'], inside)).toMatchObject({ grouping: 'remote', within: undefined });
    expect(pressed(['1'], inside)).toMatchObject({ grouping: 'socket', within: undefined });
  });
});

test('one socket in detail', () => {
  expect(pressed(['Enter']).detail).toBe('c0');
  expect(pressed(['Enter', 'Down']).detail).toBe('c0');
  expect(pressed(['Enter', 'Enter']).detail).toBeUndefined();
  expect(pressed(['Enter', 'Esc']).detail).toBeUndefined();
  expect(pressed(['Enter', 'q'])).toMatchObject({ detail: undefined, isOver: false });
  expect(pressed(['Enter'], START, { ...AROUND, selected: undefined }).detail).toBeUndefined();
});

test('states, pause, interval and help', () => {
  expect(['l', 'l', 'l'].map((_, i, all) => pressed(all.slice(0, i + 1)).states)).toEqual([
    'listening',
    'all',
    'connected',
  ]);
  expect(pressed(['p']).isPaused).toBe(true);
  expect(pressed(['p', ' ']).isPaused).toBe(false);
  expect(pressed(['+', '+']).interval).toBe(5);
  expect(pressed(['-']).interval).toBe(0.5);
  expect(pressed(['-', '-', '-', '-', '-']).interval).toBe(0.1);
  expect(pressed(['+'], { ...START, interval: 60 }).interval).toBe(60);
  expect(pressed(['+'], { ...START, interval: 1.5 }).interval).toBe(2);
  expect(pressed(['?']).hasHelp).toBe(true);
  expect(pressed(['?', 'Enter']).hasHelp).toBe(false);
  expect(pressed(['?', 'q'])).toMatchObject({ hasHelp: false, isOver: false });
  expect(pressed(['q']).isOver).toBe(true);
  expect(pressed(['?', 'C-c']).isOver).toBe(true);
});

test('keys that do nothing', () => {
  for (const key of ['x', 'Z', 'C-x', 'Left']) expect(pressed([key])).toEqual(START);
});

describe('the filter', () => {
  test('is edited in place', () => {
    expect(pressed(['/', 'dport = :443']).draft).toEqual({ text: 'dport = :443', caret: 12 });
    expect(pressed(['/', 'ab', 'Left', 'x', 'Right', 'y']).draft).toEqual({ text: 'axby', caret: 4 });
    expect(pressed(['/', 'abc', 'Home', 'x', 'End', 'BSpace']).draft).toEqual({ text: 'xab', caret: 3 });
    expect(pressed(['/', 'abc', 'C-a', 'BSpace']).draft).toEqual({ text: 'abc', caret: 0 });
    expect(pressed(['/', 'abc', 'C-a', 'C-e']).draft).toEqual({ text: 'abc', caret: 3 });
    expect(pressed(['/', 'abc', 'C-u']).draft).toEqual({ text: '', caret: 0 });
    expect(pressed(['/', 'abc', 'C-x']).draft).toEqual({ text: 'abc', caret: 3 });
    // Keys of the table are letters here.
    expect(pressed(['/', 'q', 'j', ' ', '?']).draft).toEqual({ text: 'qj ?', caret: 4 });
  });

  test('comes as fast as it likes', () => {
    expect(pressed(['/dport = :1\r'])).toMatchObject({ filter: 'dport = :1', draft: undefined });
    expect(pressed(['/abc\x15\tdst\x7f\n::1'])).toMatchObject({ draft: { text: ' ds ::1' } });
  });

  test('is applied when it is right', () => {
    expect(pressed(['/', ' sport = :1 ', 'Enter'])).toMatchObject({ filter: 'sport = :1', draft: undefined });
    const filtered = { ...START, filter: 'sport = :1' };
    expect(pressed(['/'], filtered).draft).toEqual({ text: 'sport = :1', caret: 10 });
    expect(pressed(['/', 'C-u', 'Enter'], filtered).filter).toBe('');
    expect(pressed(['/', 'x', 'Esc'], filtered)).toEqual({ ...filtered, draft: undefined });
    expect(pressed(['/', 'x', 'C-c'], filtered)).toEqual({ ...filtered, draft: undefined });
  });

  test('tells what is wrong with it, and where', () => {
    const wrong = pressed(['/', 'dport ~ :443', 'Enter']);
    expect(wrong.filter).toBe('');
    expect(wrong.draft).toEqual({
      text: 'dport ~ :443',
      caret: 12,
      error: { position: 6, message: expect.stringMatching(/^found '~', but expected .+$/) },
    });
    // Until it is edited on.
    expect(pressed(['BSpace'], wrong).draft).toEqual({ text: 'dport ~ :44', caret: 11 });
  });
});
