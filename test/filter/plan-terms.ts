/** Terms and connectives for the tests of the plan, made without the library. */
import type { Comparison, End, Expression, Host, HostPattern, Port, Prefix } from '../../lib/filter/tree.js';
import type { SocketState } from '../../lib/record/state.js';

export const port = (end: End, comparison: Comparison, number?: number): Port => ({
  kind: 'port',
  end,
  comparison,
  port: number,
});
export const host = (end: End, pattern: HostPattern): Host => ({
  kind: 'host',
  end,
  equality: '=',
  host: pattern,
});
export const state = (...states: SocketState[]): Expression => ({ kind: 'state', states });
export const or = (...terms: Expression[]): Expression => ({ kind: 'or', terms });
export const and = (...terms: Expression[]): Expression => ({ kind: 'and', terms });
export const not = (term: Expression): Expression => ({ kind: 'not', term });
export const prefix = (length: number, ...bytes: number[]): Prefix => ({
  family: bytes.length === 4 ? 'inet' : 'inet6',
  bytes,
  length,
});
export const AUTOBOUND: Expression = { kind: 'autobound' };
