/** Tree to text: one text for all trees of the same terms, which `parse` reads as the same again. */
import { formatPrefix } from './addresses.js';
import { formatCgroup } from './cgroups.js';
import { conjunction, normalise } from './combine.js';
import { formatDevice } from './devices.js';
import { formatEthertype, formatNetlinkProtocol } from './names.js';
import { quote } from './operand.js';
import { allBut, wordsOf } from './states.js';
import type { Expression, Fwmark, HostPattern, InetPattern, State, Term } from './tree.js';

/**
 * What an expression is an operand of: nothing or an `or`, an `and`, or a `not`. It binds tighter than that, or is in
 * parentheses.
 */
type Around = 'or' | 'and' | 'not';

/**
 * The text of a filter. `parse` makes a tree of the same meaning from it, whose text is the same.
 *
 * Operators and numbers are in one spelling, and only those parentheses are there that must be. An expression that is
 * always true is empty, or `()` within another; one that never is, is `not ()`. Many addresses of a name are many
 * hosts, and states in front of everything are a mask as `ss` takes it.
 */
export function print(expression: Expression): string {
  const tree = normalise(expression);
  if (tree.kind === 'and') return printAll(tree.terms);
  if (tree.kind === 'state') return printMask(tree);
  return tree.kind === 'or' ? printEither(tree.terms) : textOf(tree, 'or');
}

/** In front of everything a state that is one of several terms would hold for the other alternatives, too. */
function printEither(terms: readonly Expression[]): string {
  const [first = '', ...rest] = terms.map((term) => textOf(term, 'or'));
  return [parenthesise(first, terms[0]?.kind === 'and' && first.startsWith('state ')), ...rest].join(' or ');
}

function printAll(terms: readonly Expression[]): string {
  const [first, ...rest] = terms;
  if (first === undefined) return '';
  if (first.kind !== 'state') return textOf({ kind: 'and', terms }, 'or');
  const behind = textOf(conjunction(rest), 'and');
  // Another state would belong to the mask.
  return printMask(first) + (behind.startsWith('state ') ? ' and ' : ' ') + behind;
}

/** As leading words, with the fewer of `state` and `exclude`. */
function printMask({ states }: State): string {
  const words = wordsOf(states).map((word) => `state ${word}`);
  const excluded = wordsOf(allBut(...states)).map((word) => `exclude ${word}`);
  return (words.length <= excluded.length || excluded.length === 0 ? words : excluded).join(' ');
}

function textOf(expression: Expression, around: Around): string {
  switch (expression.kind) {
    case 'and':
      if (expression.terms.length === 0) return '()';
      return parenthesise(
        expression.terms.map((term) => textOf(term, 'and')).join(' and '),
        around === 'not',
      );
    case 'or':
      return parenthesise(expression.terms.map((term) => textOf(term, 'or')).join(' or '), around !== 'or');
    case 'not':
      return `not ${textOf(expression.term, 'not')}`;
    case 'state': {
      const words = wordsOf(expression.states).map((word) => `state ${word}`);
      return parenthesise(words.join(' or '), words.length > 1 && around !== 'or');
    }
    default:
      return termText(expression);
  }
}

function parenthesise(text: string, inParentheses: boolean): string {
  return inParentheses ? `(${text})` : text;
}

function termText(term: Exclude<Term, State>): string {
  switch (term.kind) {
    case 'host':
      return `${term.end} ${term.equality} ${hostText(term.host)}`;
    case 'port':
      return `${term.end === 'src' ? 'sport' : 'dport'} ${term.comparison} ${term.port ?? '*'}`;
    case 'dev':
      return `dev ${term.equality} ${formatDevice(term.device)}`;
    case 'fwmark':
      return `fwmark ${term.equality} ${markText(term)}`;
    case 'cgroup':
      return `cgroup ${term.equality} ${formatCgroup(term.cgroup)}`;
    case 'autobound':
      return 'autobound';
  }
}

function markText({ mark, mask }: Fwmark): string {
  return mask === 0xffff_ffff ? hex(mark) : `${hex(mark)}/${hex(mask)}`;
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}

function hostText(host: HostPattern): string {
  switch (host.family) {
    case 'unix':
      return `unix:${host.glob === undefined ? '*' : quote(host.glob)}`;
    case 'link': {
      const protocol = host.protocol === undefined ? '*' : formatEthertype(host.protocol);
      return `link:${protocol}${host.device === undefined ? '' : `:${formatDevice(host.device)}`}`;
    }
    case 'netlink': {
      const protocol = host.protocol === undefined ? '*' : formatNetlinkProtocol(host.protocol);
      return `netlink:${protocol}${portText(host.portid === 0 ? 'kernel' : host.portid)}`;
    }
    case 'vsock':
      return `vsock:${host.cid ?? '*'}${portText(host.port)}`;
    default:
      return inetText(host);
  }
}

/** There is one address, or any: `normalise` has made hosts of the others. */
function inetText({ family, addresses, port }: InetPattern): string {
  const address = addresses?.[0] ? formatPrefix(addresses[0]) : '*';
  return `${family === undefined ? '' : `${family}:`}${address}${portText(port)}`;
}

function portText(port: number | string | undefined): string {
  return port === undefined ? '' : `:${port}`;
}
