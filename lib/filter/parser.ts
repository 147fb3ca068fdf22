/** Text to tree: the language of ss(8), with blanks where one likes and the precedence that its manual promises. */

import type { SocketState } from '../record/state.js';
import { readCgroup } from './cgroups.js';
import { ALWAYS, conjunction, disjunction, negation } from './combine.js';
import { readDevice } from './devices.js';
import { FilterSyntaxError } from './error.js';
import { type Lookup, readHost, refuseNames } from './hosts.js';
import { type Operand, readNumber } from './operand.js';
import { readPortTerm } from './port-terms.js';
import { Scanner, type Token } from './scanner.js';
import { FILTER_STATES, STATE_WORDS, statesOf, stateTerm } from './states.js';
import type { Comparison, End, Equality, Expression, State } from './tree.js';
import { AND, COMPARISONS, NOT, OR, RESERVED, STATE_KEYWORDS, TERM_KEYWORDS } from './vocabulary.js';

/** Parentheses and nots in each other. It bounds the stack of everybody who walks the tree. */
export const DEEPEST = 500;

const MOST_32 = 0xffff_ffff;

/**
 * The tree of a filter's text; for an empty one, that every socket passes. Throws a `FilterSyntaxError` that says where
 * the text is wrong. Host names have no addresses here: `resolve` looks them up.
 *
 * Words bind as ss(8) has it: `not`, then `and` or nothing between two terms, then `or`. States in front of everything
 * (`state`, `exclude`) hold for all of it, as in `ss`; `state NAME` is a term, too, and can stand wherever one can.
 */
export function parse(text: string): Expression {
  return parseWith(text, refuseNames);
}

/** Likewise, with somebody who knows the addresses of names. */
export function parseWith(text: string, lookup: Lookup): Expression {
  if (typeof text !== 'string')
    throw new TypeError(`the text of a filter must be a string, not ${typeof text}`);
  return new Parser(text, lookup).parse();
}

/** The states that a text begins with. */
interface Leading {
  readonly states: State;
  /** How many words there are like `state` and `exclude`. */
  readonly count: number;
  readonly first: Token;
}

class Parser {
  readonly #scanner: Scanner;
  readonly #lookup: Lookup;
  #depth = 0;
  /** The first `or` outside of all parentheses. */
  #outerOr: Token | undefined;

  constructor(text: string, lookup: Lookup) {
    this.#scanner = new Scanner(text);
    this.#lookup = lookup;
  }

  parse(): Expression {
    if (this.#atEnd()) return ALWAYS;
    const leading = this.#leading();
    const expression = leading ? this.#behind(leading) : this.#either();
    if (this.#atEnd()) return expression;
    const next = this.#scanner.peek();
    if (next.text === ')') this.#fail("a '(' that this one closes");
    return this.#fail('and, or, another term or the end', adviceFor(next));
  }

  /** As in `ss`: `state` adds to the mask, which `exclude` takes from; the first word decides what it begins as. */
  #leading(): Leading | undefined {
    const first = this.#scanner.peek();
    const states = new Set<SocketState>(first.text === 'state' ? [] : FILTER_STATES);
    let count = 0;
    for (;;) {
      const keyword = this.#scanner.takeOneOf(STATE_KEYWORDS);
      if (!keyword) break;
      for (const state of this.#stateName()) {
        if (keyword.text === 'state') states.add(state);
        else states.delete(state);
      }
      count++;
    }
    return count > 0 ? { states: stateTerm(states), count, first } : undefined;
  }

  #stateName(): State['states'] {
    const operand = this.#scanner.operand();
    return statesOf(operand.text) ?? operand.fail(STATE_WORDS);
  }

  /**
   * What follows the leading states, and they. In front of an `or`, one `state NAME` is a term of that. Behind an
   * `and`, an `or` would be read one way by those who think of leading states, and another by those who think of
   * precedence.
   */
  #behind({ states, count, first }: Leading): Expression {
    if (this.#atEnd()) return states;
    const next = this.#scanner.peek();
    if (isOneOf(next, OR) && count === 1 && first.text === 'state') {
      this.#scanner.goTo(first.start);
      return this.#either();
    }
    if (isOneOf(next, OR)) this.#fail(`parentheses: ${HOLD_FOR_ALL}`);
    const and = this.#scanner.takeOneOf(AND);
    const rest = this.#either();
    if (and && this.#outerOr) this.#failAt(this.#outerOr, `parentheses: ${HOLD_FOR_ALL}`);
    return conjunction([states, rest]);
  }

  #either(): Expression {
    const terms = [this.#all()];
    for (;;) {
      const or = this.#scanner.takeOneOf(OR);
      if (!or) return disjunction(terms);
      if (this.#depth === 0) this.#outerOr ??= or;
      terms.push(this.#all());
    }
  }

  #all(): Expression {
    const terms = [this.#negatable()];
    for (;;) {
      const next = this.#scanner.peek();
      if (!this.#scanner.takeOneOf(AND) && !beginsTerm(next)) return conjunction(terms);
      terms.push(this.#negatable());
    }
  }

  #negatable(): Expression {
    let nots = 0;
    while (this.#scanner.takeOneOf(NOT)) {
      this.#descend();
      nots++;
    }
    let term = this.#primary();
    this.#depth -= nots;
    for (; nots > 0; nots--) term = negation(term);
    return term;
  }

  #primary(): Expression {
    const token = this.#scanner.peek();
    if (token.kind === 'sign' && token.text === '(') return this.#parenthesised();
    if (token.kind !== 'word' || !TERM_KEYWORDS.has(token.text)) this.#fail(TERM, adviceFor(token));
    this.#scanner.take();
    return this.#term(token.text);
  }

  /** With nothing between them they are as true as an empty text, so that such a one can be put there. */
  #parenthesised(): Expression {
    const open = this.#scanner.take();
    if (this.#closes()) return ALWAYS;
    this.#descend(open);
    const expression = this.#either();
    this.#depth--;
    if (this.#closes()) return expression;
    const next = this.#scanner.peek();
    const advice = next.kind === 'end' ? `what is not closed is the '(' at ${open.start}` : adviceFor(next);
    return this.#fail("and, or, another term or ')'", advice);
  }

  #closes(): boolean {
    return this.#scanner.takeOneOf(CLOSING) !== undefined;
  }

  #term(keyword: string): Expression {
    switch (keyword) {
      case 'src':
      case 'dst':
        return this.#host(keyword);
      case 'sport':
        return this.#port('src');
      case 'dport':
        return this.#port('dst');
      case 'dev':
        return { kind: 'dev', equality: this.#equality(), device: readDevice(this.#string(DEVICE)) };
      case 'fwmark':
        return this.#fwmark();
      case 'cgroup':
        return { kind: 'cgroup', equality: this.#equality(), cgroup: readCgroup(this.#string(CGROUP)) };
      case 'state':
        return stateTerm(this.#stateName());
      default:
        return { kind: 'autobound' };
    }
  }

  #host(end: End): Expression {
    const equality = this.#equality();
    const operand = this.#present(this.#scanner.host(), 'a host: [FAMILY:]ADDRESS[:PORT]');
    return { kind: 'host', end, equality, host: readHost(operand, this.#lookup) };
  }

  #port(end: End): Expression {
    const comparison = this.#comparison();
    const operand = this.#scanner.host();
    return readPortTerm(
      this.#present(operand, 'a port: *, the name of a service or a number'),
      end,
      comparison,
    );
  }

  #fwmark(): Expression {
    const equality = this.#equality();
    const [mark, mask] = this.#present(
      this.#scanner.operand(),
      'a mark: a number from 0 to 4294967295',
    ).split('/');
    return {
      kind: 'fwmark',
      equality,
      mark: readNumber(mark, MOST_32, 'a mark: a number'),
      mask: mask ? readNumber(mask, MOST_32, 'a mask: a number') : MOST_32,
    };
  }

  #comparison(): Comparison {
    const token = this.#scanner.takeOneOf(COMPARISON_WORDS);
    return (token && COMPARISONS.get(token.text)) ?? '=';
  }

  #equality(): Equality {
    const token = this.#scanner.peek();
    const comparison = this.#comparison();
    if (comparison === '=' || comparison === '!=') return comparison;
    return this.#failAt(token, '= or !=');
  }

  #string(expected: string): Operand {
    return this.#present(this.#scanner.string(), expected);
  }

  /** Neither nothing nor one of the language's own words. */
  #present(operand: Operand, expected: string): Operand {
    if (operand.text === '' || RESERVED.has(operand.text)) operand.fail(expected);
    return operand;
  }

  #descend(token: Token = this.#scanner.peek()): void {
    this.#depth++;
    if (this.#depth > DEEPEST)
      this.#failAt(token, `no more than ${DEEPEST} parentheses and nots in each other`);
  }

  #atEnd(): boolean {
    return this.#scanner.peek().kind === 'end';
  }

  #fail(expected: string, advice?: string): never {
    return this.#failAt(this.#scanner.peek(), expected, advice);
  }

  #failAt({ start, text }: Token, expected: string, advice?: string): never {
    throw new FilterSyntaxError(this.#scanner.text, start, text, expected, advice);
  }
}

const HOLD_FOR_ALL = 'leading states hold for all that follows';
const DEVICE = 'an interface: a name or an index';
const CGROUP = 'a cgroup: a path that begins with / or an id';
const TERM = `a term (${[...TERM_KEYWORDS].join(', ')}), not or '('`;

const CLOSING: ReadonlySet<string> = new Set([')']);
const COMPARISON_WORDS: ReadonlySet<string> = new Set(COMPARISONS.keys());

/** What may follow a term without `and`. */
const TERM_STARTS: ReadonlySet<string> = new Set([...TERM_KEYWORDS, ...NOT, '(']);

function beginsTerm(token: Token): boolean {
  return isOneOf(token, TERM_STARTS);
}

function isOneOf({ kind, text }: Token, texts: ReadonlySet<string>): boolean {
  return (kind === 'word' || kind === 'sign') && texts.has(text);
}

/** For words that are right elsewhere, or in small letters. */
function adviceFor({ text }: Token): string | undefined {
  if (text === 'exclude' || text === 'excl') {
    return `${text} stands in front of everything; elsewhere it is: not state NAME`;
  }
  const small = text.toLowerCase();
  return small !== text && RESERVED.has(small) ? 'words are in small letters' : undefined;
}
