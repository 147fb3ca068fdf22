/** What there is, is told of wherever it is told of: in the help, in the manual page, and by the shells. And nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { completionFor } from '../../lib/cli/completion/completion.js';
import { COMMANDS, readOptions, SHELLS } from '../../lib/cli/completion/vocabulary.js';
import { HELP } from '../../lib/cli/help.js';
import { FAMILIES, QUERIES } from '../../lib/cli/plan.js';
import { STATE_NAMES } from '../../lib/filter/states.js';
import { isSanitized, lackOf } from '../tools.js';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs/sockdiag.1');
/** With its hyphens as they are printed. */
const SOURCE = readFileSync(PAGE, 'utf8').replaceAll('\\-', '-');

const LONG = readOptions()
  .map(({ long }) => `--${long}`)
  .sort();
const SHORT = readOptions()
  .flatMap(({ short }) => (short === undefined ? [] : [`-${short}`]))
  .sort();

const sorted = (words: Iterable<string>): string[] => [...new Set(words)].sort();
const longIn = (text: string): string[] => sorted(text.match(/(?<![\w-])--[a-z][\w-]*/g) ?? []);

describe('the help', () => {
  test('has all options', () => {
    expect(longIn(HELP)).toEqual(LONG);
    // In front of a long one stands its short one.
    const pairs = [...HELP.matchAll(/(?<![\w-])(-\w), --([\w-]+)/g)].map(([, short, long]) => [long, short]);
    const known = readOptions().flatMap(({ long, short }) => (short ? [[long, `-${short}`]] : []));
    expect(Object.fromEntries(pairs)).toEqual(Object.fromEntries(known));
  });

  test('has all commands, and fits a screen', () => {
    for (const name of Object.keys(COMMANDS)) expect(HELP).toContain(`sockdiag ${name} `);
    for (const line of HELP.split('\n')) expect(line.length).toBeLessThan(101);
  });
});

describe('the manual page', () => {
  /** What is said of each option begins with its names. */
  const heads = [...SOURCE.matchAll(/^\.TP\n(\.BR? --?\w.*)$/gm)].map(([, head]) => head as string);

  test('has a paragraph for each option, and speaks of no other', () => {
    expect(sorted(heads.flatMap(longIn))).toEqual(LONG);
    expect(heads.flatMap(longIn)).toHaveLength(LONG.length);
    expect(sorted(heads.flatMap((head) => head.match(/(?<![\w-])-\w(?!\w)/g) ?? []))).toEqual(SHORT);
    expect(longIn(SOURCE)).toEqual(LONG);
  });

  test('says what follows an option', () => {
    for (const { long, operand } of readOptions()) {
      const head = heads.find((one) => longIn(one).includes(`--${long}`)) as string;
      expect({ long, has: new RegExp(`--${long} =`).test(head) }).toEqual({
        long,
        has: operand !== undefined,
      });
    }
  });

  test('has all commands, families, kinds and states', () => {
    for (const name of Object.keys(COMMANDS)) expect(SOURCE).toContain(`.B sockdiag ${name}\n`);
    for (const name of [...Object.keys(FAMILIES), ...Object.keys(QUERIES), ...STATE_NAMES]) {
      expect(SOURCE, name).toMatch(new RegExp(`^\\.BR? ${name}(?: |$)`, 'm'));
    }
    for (const shell of SHELLS) expect(SOURCE).toContain(`sockdiag completion ${shell}`);
  });

  test('is where man looks for it, in the package', () => {
    const { man, files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(join(ROOT, man)).toBe(PAGE);
    expect(files).toContain('docs/sockdiag.1');
  });

  const cannotPrint =
    lackOf('man', 'groff') || isSanitized('man has a sandbox, and takes no library into it');

  test.skipIf(cannotPrint)('is printed without a warning', () => {
    for (const [program, ...words] of [
      ['man', '--warnings', '-l', PAGE],
      ['groff', '-man', '-ww', '-z', PAGE],
    ] as const) {
      const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
      expect({ program, status, stderr }).toEqual({ program, status: 0, stderr: '' });
    }
    const text = execFileSync('man', ['-l', PAGE], {
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '80' },
    });
    expect(text).toMatch(/^SOCKDIAG\(1\)/);
    expect(text).toContain('-A, --query=KINDS, --socket=KINDS');
  });
});

describe.each(SHELLS)('the script for %s', (shell) => {
  const script = completionFor([shell]);

  test('has all options and commands', () => {
    const names = [...script.matchAll(/--([a-z][\w-]*)| -l ([a-z][\w-]*) -d/g)];
    expect(sorted(names.map(([, long, fish]) => `--${long ?? fish}`))).toEqual(LONG);
    for (const name of Object.keys(COMMANDS)) expect(script).toContain(name);
  });
});
