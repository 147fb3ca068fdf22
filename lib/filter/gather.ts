/** The terms that a connective holds, however deep. */
import type { Expression } from './tree.js';

/** An expression or its opposite. */
export interface Signed {
  readonly term: Expression;
  readonly negated: boolean;
}

/**
 * The terms of a connective, with those of the same kind inside of it: not by recursion, since a builder nests as deep
 * as its chain is long.
 */
export function gather(expression: Expression, negated: boolean): { kind: 'and' | 'or'; terms: Signed[] } {
  let kind: 'and' | 'or' | undefined;
  const terms: Signed[] = [];
  const stack: Signed[] = [{ term: expression, negated }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { term, negated } = next;
    if (term.kind === 'not') {
      stack.push({ term: term.term, negated: !negated });
      continue;
    }
    if (term.kind !== 'and' && term.kind !== 'or') {
      terms.push(next);
      continue;
    }
    const own = negated === (term.kind === 'and') ? 'or' : 'and';
    // One of a single term is of either kind.
    if (term.terms.length !== 1) kind ??= own;
    if (term.terms.length !== 1 && own !== kind) terms.push(next);
    else for (const inner of term.terms.toReversed()) stack.push({ term: inner, negated });
  }
  return { kind: kind ?? 'and', terms };
}
