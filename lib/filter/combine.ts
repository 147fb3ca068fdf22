/** Puts terms together into the one tree that there is for them, whoever made them: parser, builder, or printer. */
import type { SocketState } from '../record/state.js';
import { mapped, prefixOf } from './addresses.js';
import { FILTER_STATES, stateTerm } from './states.js';
import type { And, Expression, Host, InetPattern, Not, Or, Prefix, State } from './tree.js';

/** All of them: what `and` holds is taken out of it, and a single one stands alone. */
export function conjunction(terms: readonly Expression[]): Expression {
  const flat = terms.flatMap((term) => (term.kind === 'and' ? term.terms : [term]));
  return flat.length === 1 ? (flat[0] as Expression) : { kind: 'and', terms: flat };
}

/** One of them: likewise, and all states become one term, or two, at the place of the first. */
export function disjunction(terms: readonly Expression[]): Expression {
  const all = terms.flatMap((term) => (term.kind === 'or' ? term.terms : [term]));
  const states = all.filter((term) => term.kind === 'state');
  const first = all.findIndex((term) => term.kind === 'state');
  const flat = all.flatMap((term, i): readonly Expression[] => {
    if (term.kind !== 'state') return [term];
    return i === first ? mergedStates(states) : [];
  });
  return flat.length === 1 ? (flat[0] as Expression) : { kind: 'or', terms: flat };
}

/** One term, but two where it would be of all states and none of them is: that alone has those without a name, too. */
function mergedStates(states: readonly State[]): readonly State[] {
  if (states.length === 1) return states;
  const merged = stateTerm(states.flatMap((term) => term.states));
  const isAll = ({ states }: State): boolean => states.length === FILTER_STATES.length;
  if (!isAll(merged) || states.some((term) => isAll(stateTerm(term.states)))) return [merged];
  const [one, ...others] = merged.states;
  return [stateTerm(others), stateTerm([one as SocketState])];
}

export function negation(term: Expression): Not {
  return { kind: 'not', term };
}

/** True of every socket. */
export const ALWAYS: And = { kind: 'and', terms: [] };

/** True of none, in a form that has a text: `not ()`. */
export const NEVER: Not = negation(ALWAYS);

/** A tree of the same meaning that is as the parser makes them: `parse` has it from its text. */
export function normalise(expression: Expression): Expression {
  switch (expression.kind) {
    case 'and':
      return conjunction(expression.terms.map(normalise));
    case 'or': {
      const either = disjunction(expression.terms.map(normalise));
      return isEmptyOr(either) ? NEVER : either;
    }
    case 'not':
      return negation(normalise(expression.term));
    case 'state': {
      const term = stateTerm(expression.states);
      return term.states.length === 0 ? NEVER : term;
    }
    case 'host':
      return normaliseHost(expression);
    default:
      return expression;
  }
}

function isEmptyOr(expression: Expression): expression is Or {
  return expression.kind === 'or' && expression.terms.length === 0;
}

/** A name's addresses become hosts of their own: one that is not this host is none of its addresses. */
function normaliseHost(host: Host): Expression {
  if (host.host.family === 'unix') {
    return host.host.glob === '*' ? { ...host, host: { family: 'unix' } } : host;
  }
  if (host.host.family !== undefined && host.host.family !== 'inet' && host.host.family !== 'inet6')
    return host;
  const { addresses, ...rest }: InetPattern = host.host;
  if (addresses === undefined) return host;
  const hosts = addresses
    .map((prefix) => asFamily(prefix, rest.family))
    .filter((prefix) => prefix !== undefined)
    .map((prefix): Host => ({ ...host, host: { ...rest, addresses: [prefix] } }));
  if (host.equality === '!=') return conjunction(hosts);
  return hosts.length === 0 ? NEVER : disjunction(hosts);
}

/** Of all prefixes of IPv4, sockets of IPv6 have the mapped ones; a socket of IPv4 has none of IPv6. */
function asFamily(prefix: Prefix, family: InetPattern['family']): Prefix | undefined {
  const clean = prefixOf(prefix.bytes, prefix.length);
  if (family === undefined || family === prefix.family) return clean;
  return family === 'inet6' ? mapped(clean) : undefined;
}
