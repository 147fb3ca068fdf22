/** The terms of a filter, without what connects them. */
import type { Expression } from './tree.js';

/** What stands in an expression beside connectives; not by recursion, for the sake of long chains. */
export function* leavesOf(expression: Expression): Generator<Expression> {
  const stack = [expression];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.kind === 'not') stack.push(next.term);
    else if (next.kind === 'and' || next.kind === 'or') for (const term of next.terms) stack.push(term);
    else yield next;
  }
}
