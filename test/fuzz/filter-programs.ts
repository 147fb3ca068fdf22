/**
 * Trees of filters: what the kernel is asked for passes the audit that it makes, and kernel and remainder together take
 * the records that the matcher takes, as does the tree that its text is read as.
 */
import { disassemble } from '../../lib/filter/disassemble.js';
import { matcher } from '../../lib/filter/match.js';
import { parse } from '../../lib/filter/parser.js';
import { type Features, type Plan, plan } from '../../lib/filter/plan.js';
import { print } from '../../lib/filter/print.js';
import type { Expression } from '../../lib/filter/tree.js';
import { audit } from '../filter/kernel.js';
import { OPTIONS, sends } from '../filter/planned.js';
import { NAMES, Random, randomExpression, randomInetRecord, randomRecord } from '../filter/random.js';
import { asJson, cuts, promised, type Target } from './target.js';

interface Input {
  expression: Expression;
  features: Partial<Features>;
  /** Of the records that it is tried with. */
  seed: number;
}

const RECORDS = 20;
const FEATURES = ['eq', 'dev', 'mark', 'cgroup', 'states', 'program'] as const;

/** Once in so many, the program is longer than the kernel takes. */
const LONG_ONES = 2000;

function make(random: Random): Input {
  const shape = { depth: random.pick([1, 3, 4, 5, 8]) };
  const isLong = random.below(LONG_ONES) === 0;
  const expression = isLong ? long(random) : randomExpression(random, shape);
  const all = random.chance(0.6) ? [] : FEATURES.map((name) => [name, random.chance(0.8)]);
  return { expression, features: Object.fromEntries(all), seed: random.below(2 ** 31) };
}

function long(random: Random): Expression {
  const term = (): Expression => randomExpression(random, { depth: 1, terms: ['host', 'port', 'dev'] });
  return { kind: random.pick(['and', 'or'] as const), terms: Array.from({ length: 6000 }, term) };
}

function check({ expression, features, seed }: Input): string {
  const planned = plan(expression, { ...NAMES, features });
  const { program, remainder } = planned;
  if (program !== undefined) {
    const trouble = audit(program);
    promised(trouble === undefined, 'the kernel takes the program', trouble);
    promised(disassemble(program) !== '', 'a program can be read');
  }
  compare(expression, planned, seed);
  if (planned.never) return 'never';
  return `${program === undefined ? 'no program' : 'program'}${remainder === undefined ? '' : ' and remainder'}`;
}

function compare(expression: Expression, planned: Plan, seed: number): void {
  const random = new Random(seed);
  const matches = matcher(expression, OPTIONS);
  const text = print(expression);
  const matchesText = matcher(parse(text), OPTIONS);
  const decides = planned.remainder === undefined ? () => true : matcher(planned.remainder, OPTIONS);
  for (let i = 0; i < RECORDS; i++) {
    const record = randomInetRecord(random);
    const isTaken = sends(planned, record) && decides(record);
    promised(isTaken === matches(record), 'kernel and remainder are the filter', text, record);
    const other = randomRecord(random);
    promised(matches(other) === matchesText(other), 'the text means the same', text, other);
  }
}

function* smallerTrees(expression: Expression): Iterable<Expression> {
  if (expression.kind === 'not') {
    yield expression.term;
    for (const term of smallerTrees(expression.term)) yield { ...expression, term };
    return;
  }
  if (expression.kind !== 'and' && expression.kind !== 'or') return;
  yield* expression.terms;
  for (const terms of cuts(expression.terms, (a, b) => [...a, ...b])) yield { ...expression, terms };
  for (const [i, term] of expression.terms.entries()) {
    for (const less of smallerTrees(term)) yield { ...expression, terms: expression.terms.with(i, less) };
  }
}

function* smaller(input: Input): Iterable<Input> {
  for (const expression of smallerTrees(input.expression)) yield { ...input, expression };
  if (Object.keys(input.features).length > 0) yield { ...input, features: {} };
}

const target: Target<Input> = { of: ['lib/filter/'], make, check, smaller, ...asJson };
export default target;
