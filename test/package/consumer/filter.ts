/** What must and what must not compile of `sockdiag/filter`, as test/types.ts has it of sockdiag. */
import {
  and,
  type Comparison,
  disassemble,
  dport,
  type Explanation,
  type Expression,
  explain,
  type Filter,
  FilterSyntaxError,
  fwmark,
  match,
  matcher,
  not,
  or,
  type Plan,
  parse,
  plan,
  print,
  resolve,
  src,
  state,
  type TextSyntaxError,
} from '../../../lib/filter/index.js';
import { type DiagMsg, dumpTcp, type SocketState } from '../../../lib/index.js';

export async function compiles(record: DiagMsg, signal: AbortSignal): Promise<void> {
  const tree: Expression = and(dport.eq(443), not(src('10.0.0.0/8')), or(state('LISTEN'), fwmark(1, 0xff)));
  const filter: Filter = tree;
  dumpTcp({ filter: tree });
  const text: string = print(parse('dport = :443'));
  const { program, notes }: Explanation = explain(filter, { device: () => 2 });
  const divided: Plan = plan(tree, { features: { mark: false } });
  const states: readonly SocketState[] | undefined = divided.states;
  const fits: (record: DiagMsg) => boolean = matcher(tree, { portRange: [32768, 60999] });
  const named: Expression = await resolve('dst example.com', { signal });
  if (tree.kind === 'and') console.log(tree.terms.length);
  if (named.kind === 'port') console.log(named.comparison satisfies Comparison);
  const shown: string | undefined = program && disassemble(program);
  console.log(text, notes.length, states?.includes('LISTEN'), fits(record), match(tree, record), shown);
}

export function isAnError(error: unknown): number | undefined {
  const known: TextSyntaxError | undefined = error instanceof FilterSyntaxError ? error : undefined;
  return known?.position;
}

export function doesNotCompile(tree: Expression, record: DiagMsg): void {
  // @ts-expect-error: a host has no order
  src.ge('10.0.0.1');
  // @ts-expect-error: no such state
  state('LISTENING');
  // @ts-expect-error: one at least
  state();
  // @ts-expect-error: a tree, not a text
  match('dport = 443', record);
  // @ts-expect-error: no such option
  matcher(tree, { devices: () => 2 });
  // @ts-expect-error: no such feature
  plan(tree, { features: { ports: true } });
  // @ts-expect-error: names are looked up in time
  const now: Expression = resolve('dst example.com');
  // @ts-expect-error: only an `and` and an `or` have terms
  console.log(now.terms);
  // @ts-expect-error: a tree is not changed
  tree.kind = 'or';
}
