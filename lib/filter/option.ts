/** The option `filter`, that every dump has. */
import type { DiagMsg } from '../decode.js';
import type { DumpOptions } from '../netlink/dump.js';
import type { Check } from '../netlink/options.js';
import type { Decode } from '../netlink/reading.js';
import { checkTree } from './check.js';
import { matcher } from './match.js';
import { parse } from './parser.js';
import type { Expression } from './tree.js';

/** A filter: its text, as of ss(8), or its tree, which `parse` and the builder of `sockdiag/filter` make. */
export type Filter = string | Expression;

/** Throws a FilterSyntaxError for a text that is none, a TypeError for a tree that is none. */
export const checkFilter: Check = (value, name) => {
  if (typeof value === 'string') parse(value);
  else if (typeof value === 'object' && value !== null) checkTree(value, name);
  else throw new TypeError(`${name} must be the text of a filter, or the tree of one`);
};

export function expressionOf(filter: Filter): Expression {
  return typeof filter === 'string' ? parse(filter) : filter;
}

/** How the names of network interfaces are looked up, if not in the usual way: those of another namespace cannot be. */
export function deviceResolver(
  netns: DumpOptions['netns'],
): ((name: string) => number | undefined) | undefined {
  if (netns === undefined) return undefined;
  return (name) => {
    throw new TypeError(
      `the interface '${name}' cannot be looked up in another network namespace: the filter must give its index`,
    );
  };
}

/** What makes a decoder give out only what the expression matches. It is compiled once, for all decoders. */
export function filtering<T extends DiagMsg>(
  expression: Expression | undefined,
  netns: DumpOptions['netns'],
): (decode: Decode<T>) => Decode<T> {
  if (expression === undefined) return (decode) => decode;
  const matches = matcher(expression, { device: deviceResolver(netns) });
  return (decode) => (memory, row) => {
    const record = decode(memory, row);
    return record !== undefined && matches(record) ? record : undefined;
  };
}
