/** What a filter is about. */
import type { Signed } from './gather.js';
import type { Expression, Term } from './tree.js';

/**
 * All terms of an expression, in no order, and which of them must not hold; not by recursion, since a builder nests as deep
 * as its chain is long.
 */
export function* termsOf(expression: Expression): Generator<{ term: Term; negated: boolean }> {
  const stack: Signed[] = [{ term: expression, negated: false }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { term, negated } = next;
    if (term.kind === 'not') stack.push({ term: term.term, negated: !negated });
    else if (term.kind === 'and' || term.kind === 'or') {
      for (const inner of term.terms) stack.push({ term: inner, negated });
    } else yield { term, negated };
  }
}
