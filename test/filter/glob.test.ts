/** Globs, against the C library's fnmatch with FNM_CASEFOLD, which is what ss calls. */
import { spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import { glob } from '../../lib/filter/glob.js';
import { lackOf } from '../tools.js';
import { Random } from './random.js';

/** Pairs of pattern and text, in one run. Without setlocale(3), as ss. */
function fnmatch(pairs: readonly (readonly [pattern: string, text: string])[]): boolean[] {
  const script = `
import ctypes, json, sys
libc = ctypes.CDLL(None)
FNM_CASEFOLD = 16
print(json.dumps([libc.fnmatch(p.encode(), t.encode(), FNM_CASEFOLD) == 0 for p, t in json.load(sys.stdin)]))`;
  const { stdout, status, stderr } = spawnSync('python3', ['-c', script], {
    input: JSON.stringify(pairs),
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`python3: ${stderr}`);
  return JSON.parse(stdout) as boolean[];
}

const EDGES: readonly (readonly [string, string])[] = [
  ['', ''],
  ['', 'a'],
  ['*', ''],
  ['**', ''],
  ['?', ''],
  ['*', '/run/.hidden'],
  ['/run/*', '/run/.a/b'],
  ['/RUN/*', '/run/x'],
  ['/run/*', '/RUN/X'],
  ['[*]', '*'],
  ['\\*', '*'],
  ['\\*', 'a'],
  ['a\\', 'a'],
  ['a\\', 'a\\'],
  ['[abc', '[abc'],
  ['[abc', 'a'],
  ['[]a]', ']'],
  ['[!]a]', ']'],
  ['[!]a]', 'b'],
  ['[^a]', 'b'],
  ['[a-]', '-'],
  ['[-a]', '-'],
  ['[A-C]', 'b'],
  ['[a-c]', 'B'],
  ['[c-a]', 'b'],
  ['[\\]]', ']'],
  ['[a\\-c]', 'b'],
  ['[a\\-c]', '-'],
  ['[[:digit:]]*', '7x'],
  ['[[:upper:]]', 'a'],
  ['[[:lower:]]', 'A'],
  ['[[:lower:]]', 'a'],
  ['[[:upper:]]', 'A'],
  ['[[:xdigit:]]', 'F'],
  ['[[:alnum:]]', 'Z'],
  ['[[:graph:]]', 'Z'],
  ['[![:space:]]', ' '],
  ['[[:alpha:][:digit:]_]', '_'],
  ['[[:punct:]]', '@'],
  ['a[[:blank:]]b', 'a\tb'],
  ['a[[:blank:]]b', 'a\nb'],
  ['[[:cntrl:]]', '\x7f'],
  ['[[:cntrl:]]', ' '],
  ['[[:print:]]', ' '],
  ['[[:print:]]', '\x7f'],
  ['[[]', '['],
  ['[', '['],
  ['[]', '[]'],
  ['[!]', '[!]'],
  ['@*', '@abc'],
  ['a*b*c', 'a__b_b__c'],
  ['a*b*c', 'a__b_b__cd'],
];

/** Texts of few characters, so that they match now and then. */
function randomText(random: Random, characters: string, most: number): string {
  let text = '';
  for (let length = random.below(most + 1); length > 0; length--) text += random.pick([...characters]);
  return text;
}

describe.skipIf(lackOf('python3'))('as fnmatch', () => {
  test('at the edges', () => {
    const expected = fnmatch(EDGES);
    const ours = EDGES.map((pair) => [...pair, glob(pair[0])(pair[1])]);
    expect(ours).toEqual(EDGES.map((pair, i) => [...pair, expected[i]]));
  });

  test('for 100,000 random globs', () => {
    const random = new Random(1);
    const pairs = Array.from(
      { length: 100_000 },
      () => [randomText(random, 'aAbB-*?[]!\\^/.', 8), randomText(random, 'aAbB-]/.[', 5)] as const,
    );
    const expected = fnmatch(pairs);
    // `[.` begins a collating symbol, which glob does not have.
    const wrong = pairs.filter(
      ([pattern, text], i) => !pattern.includes('[.') && glob(pattern)(text) !== expected[i],
    );
    expect(wrong).toEqual([]);
    expect(expected.filter((matches) => matches).length).toBeGreaterThan(1000);
  });
});

test('a character outside of ASCII is one', () => {
  expect(glob('/run/?')('/run/ü')).toBe(true);
  expect(glob('/run/?')('/run/😀')).toBe(true);
  expect(glob('/run/??')('/run/😀')).toBe(false);
  expect(glob('*[ö😀]*')('a😀b')).toBe(true);
  // Only A to Z have two cases.
  expect(glob('Ü')('ü')).toBe(false);
});

test('many runs in a glob take no time without end', () => {
  expect(glob(`${'*a'.repeat(50)}b`)('a'.repeat(5000))).toBe(false);
});
