/** Texts that nobody would write, and what may come of them. */
import { FilterSyntaxError } from '../../lib/filter/error.js';
import { parse } from '../../lib/filter/parser.js';
import { print } from '../../lib/filter/print.js';
import type { Expression } from '../../lib/filter/tree.js';
import { type Dice, pick } from './trees.js';

/** Words, signs and parts of operands, and what is none of these. */
export const PIECES: readonly string[] = [
  ...[
    'state',
    'exclude',
    'excl',
    'src',
    'dst',
    'sport',
    'dport',
    'dev',
    'fwmark',
    'cgroup',
    'autobound',
    'not',
  ],
  ...[
    'and',
    'or',
    '&',
    '&&',
    '|',
    '||',
    '!',
    '=',
    '==',
    '!=',
    '>=',
    '<',
    'eq',
    'ge',
    '(',
    ')',
    '(',
    ')',
    ' ',
    '\t',
  ],
  ...[
    'listening',
    'all',
    'Bucket',
    '22',
    'ssh',
    '*',
    ':',
    '/',
    '[',
    ']',
    '::1',
    '[::1]',
    '10/8',
    '10.0.0.1',
    '0x',
  ],
  ...[
    'unix:',
    'link:',
    'netlink:',
    'vsock:',
    'inet:',
    'inet6:',
    '"',
    "'",
    '\\',
    '@',
    '%',
    ',',
    '-',
    '+',
    '0',
    '99999',
  ],
  ...[
    '\0',
    '\n',
    '\u00a0',
    'ü',
    '😀',
    '\ud83d',
    '\u2028',
    '__proto__',
    'constructor',
    '4294967296',
    '1e3',
    '.',
  ],
];

/** The text with a part less, more, other, twice or elsewhere. */
export function mutate(roll: Dice, text: string): string {
  const at = roll(text.length + 1);
  const length = 1 + roll(4);
  switch (roll(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + pick(roll, PIECES) + text.slice(at);
    case 2:
      return text.slice(0, at) + pick(roll, PIECES) + text.slice(at + length);
    case 3:
      return text.slice(0, at) + text.slice(at, at + 8 * length) + text.slice(at);
    default:
      return text.slice(at) + text.slice(0, at);
  }
}

/** Whether it is a filter. Throws where it is neither that, with a text that is read as the same again, nor refused in words. */
export function check(text: string): boolean {
  let tree: Expression;
  try {
    tree = parse(text);
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw new Error(JSON.stringify(text), { cause: error });
    const { position, found } = error;
    if (error.text !== text || position < 0 || position + found.length > text.length) {
      throw new Error(`position ${position}, '${found}' in ${JSON.stringify(text)}`, { cause: error });
    }
    if (text.slice(position, position + found.length) !== found || (found === '' && position < text.length)) {
      throw new Error(`'${found}' is not at ${position} of ${JSON.stringify(text)}`, { cause: error });
    }
    return false;
  }
  const printed = print(tree);
  if (print(parse(printed)) !== printed) throw new Error(`${JSON.stringify(text)}: ${printed}`);
  return true;
}
