/** Texts of filters, right and wrong: a tree whose text is read as the same tree, or a FilterSyntaxError with its place. */
import { isDeepStrictEqual } from 'node:util';

import { SockDiagError } from '../../lib/errors.js';
import { explain } from '../../lib/filter/explain.js';
import { parse } from '../../lib/filter/parser.js';
import { print } from '../../lib/filter/print.js';
import type { Random } from '../filter/random.js';
import { check as isFilter, mutate, PIECES } from '../filter/random-texts.js';
import { dice, randomTree } from '../filter/trees.js';
import { asJson, Finding, promised, shorterTexts, type Target } from './target.js';

function make(random: Random): string {
  if (random.chance(0.2)) {
    const words = Array.from({ length: random.below(14) }, () => random.pick(PIECES));
    return words.join(random.pick(['', ' ']));
  }
  const roll = dice(random.below(2 ** 31));
  let text = print(randomTree(roll, roll(5)));
  for (let times = roll(5); times > 0; times--) text = mutate(roll, text);
  return text;
}

function check(text: string): string {
  if (!isFilter(text)) return 'FilterSyntaxError';
  const tree = parse(print(parse(text)));
  promised(
    isDeepStrictEqual(parse(print(tree)), tree),
    'a printed tree is read as the same again',
    print(tree),
  );
  try {
    String(explain(tree));
  } catch (error) {
    if (error instanceof SockDiagError) return error.code;
    throw new Finding('what is a filter can be planned', { cause: error });
  }
  return 'a filter';
}

const target: Target<string> = {
  of: ['lib/filter/'],
  make,
  check,
  smaller: shorterTexts,
  ...asJson,
};
export default target;
