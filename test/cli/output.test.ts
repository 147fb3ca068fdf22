/** What the command prints of names that others have chosen acts on nobody's terminal. */
import { expect, test } from 'vitest';

import { jsonLine } from '../../lib/cli/output.js';
import { printable } from '../../lib/cli/words.js';

const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Every character that there is, but for halves of one. */
const ALL: readonly string[] = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

test('as text: nothing in it acts', () => {
  expect(printable(ALL.join(''))).not.toMatch(ACTING);
});

test('as JSON: nothing in it acts, and it is the same text', () => {
  const name = ALL.join('');
  const line = jsonLine({ name, [name]: new Uint8Array([0x9b]) });
  expect(line.endsWith('}\n')).toBe(true);
  expect(line.slice(0, -1)).not.toMatch(ACTING);
  expect(JSON.parse(line)).toEqual({ name, [name]: '9b' });
});
