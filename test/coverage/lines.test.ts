/** Which lines a reason for not being run is given for. */
import { expect, test } from 'vitest';

import { reasonsIn } from './lines.js';

const reasoned = (text: string) => reasonsIn(text.split('\n')).flatMap(({ lines }) => lines);

test('behind a line, a reason is for that line', () => {
  expect(
    reasoned('  if (size < 0)\n    throw failure;  // untested: no kernel does so\n  return size;'),
  ).toEqual([2]);
});

test('behind a line that opens a block, a reason is for that, too', () => {
  const text = [
    '} catch (const bad_alloc&) {  // untested: there is always memory',
    '  give_up();',
    '',
    '  tell();',
    '}',
  ];
  expect(reasoned(text.join('\n'))).toEqual([1, 2, 3, 4]);
});

test('alone, a reason is for the rest of the block', () => {
  const text = [
    'try {',
    '  read();',
    '} catch (error) {',
    '  // untested: there is always memory',
    '  if (isKnown(error)) {',
    '    tell(error);',
    '',
    '  }',
    '  throw error;',
    '}',
    'done();',
  ];
  expect(reasoned(text.join('\n'))).toEqual([5, 6, 7, 8, 9]);
});

test('without a reason, there is none', () => {
  expect(reasoned('  // untested:\n  read();\n  write(); // untested')).toEqual([]);
});
