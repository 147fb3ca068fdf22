/** Takes a filter's text apart: words, signs, and operands, whose own languages are read elsewhere. */
import { closingQuote, Operand } from './operand.js';

/** What stands next. `'other'` begins with a letter that neither a word nor a sign begins with. */
export interface Token {
  readonly kind: 'end' | 'sign' | 'word' | 'other';
  readonly text: string;
  readonly start: number;
}

// All with the same four alternatives in mind: blanks, signs, letters that only operands begin with, and the rest.
// Blanks are those of ASCII, as for a shell: a no-break space is told where it stands.
const BLANKS = /[ \t\n\v\f\r]*/y;
const SIGN = /&&?|\|\|?|==?|!=?|>=?|<=?|[()]/y;
const WORD = /[^ \t\n\v\f\r()&|!=<>:*[\]/"']+/y;
const STRICT = /[^ \t\n\v\f\r()&|!=<>]*/y;
const LOOSE = /[^ \t\n\v\f\r()&|]*/y;

/** Where a string stands in a host: behind `unix:`, and behind the second colon of `link:`. */
const STRING_BEHIND = /unix:|link:[^ \t\n\v\f\r()&|!=<>:"']*:?/y;

export class Scanner {
  readonly text: string;
  #position = 0;
  #next: Token | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** What stands next, which stays there. */
  peek(): Token {
    this.#next ??= this.#scan();
    return this.#next;
  }

  take(): Token {
    const token = this.peek();
    this.goTo(token.start + token.text.length);
    return token;
  }

  /** Takes what stands next if it is one of these words and signs. */
  takeOneOf(texts: ReadonlySet<string>): Token | undefined {
    const { kind, text } = this.peek();
    return (kind === 'word' || kind === 'sign') && texts.has(text) ? this.take() : undefined;
  }

  /** Goes on from there. */
  goTo(position: number): void {
    this.#position = position;
    this.#next = undefined;
  }

  /** A number, a name, an address: up to a blank or a sign. Empty if there is none. */
  operand(): Operand {
    return this.#upTo(this.#match(STRICT, this.peek().start));
  }

  /** Up to a blank, a parenthesis, & or |; or between quotes. Empty if there is none. */
  string(): Operand {
    const { start, kind } = this.peek();
    return kind === 'sign' ? this.operand() : this.#upTo(this.#stringEnd(start));
  }

  /** A host of any family: what is a name there may stand between quotes. */
  host(): Operand {
    const { start } = this.peek();
    const at = this.#match(STRING_BEHIND, start);
    return at === start ? this.operand() : this.#upTo(this.#stringEnd(at));
  }

  /** What is not closed, or goes on behind the quote, is taken too: whoever reads the string tells of it. */
  #stringEnd(start: number): number {
    const first = this.text[start];
    const closing = first === '"' || first === "'" ? closingQuote(this.text, start) : start;
    return closing < 0 ? this.text.length : this.#match(LOOSE, closing);
  }

  #upTo(end: number): Operand {
    const { start } = this.peek();
    this.goTo(end);
    return new Operand(this.text, start, end);
  }

  #scan(): Token {
    const start = this.#match(BLANKS, this.#position);
    if (start === this.text.length) return { kind: 'end', text: '', start };
    for (const [kind, pattern] of KINDS) {
      const end = this.#match(pattern, start);
      if (end > start) return { kind, text: this.text.slice(start, end), start };
    }
    return { kind: 'other', text: this.text.slice(start, this.#match(LOOSE, start)), start };
  }

  /** Where the match that begins at `start` ends; there, if nothing matches. */
  #match(pattern: RegExp, start: number): number {
    pattern.lastIndex = start;
    return pattern.test(this.text) ? pattern.lastIndex : start;
  }
}

const KINDS: readonly [Token['kind'], RegExp][] = [
  ['sign', SIGN],
  ['word', WORD],
];
