/** Goes through the text of a name. */
import { show } from '../netlink/options.js';
import { NameSyntaxError } from './error.js';

const BLANKS = /[ \t\n\v\f\r]*/y;
/** What is quoted of what was found. */
const FOUND = /[ \t\n\v\f\r]|[^ \t\n\v\f\r/{}[\]="]+|./suy;

export class Scanner {
  readonly text: string;
  position = 0;

  /** @throws TypeError for what is no text; `what` is what it should be one of. */
  constructor(text: unknown, what: string) {
    if (typeof text !== 'string') throw new TypeError(`${what} is ${show(text)}, but must be a text`);
    this.text = text;
  }

  blanks(): void {
    this.match(BLANKS);
  }

  /** Takes what matches here, if it does; the pattern is sticky. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  /** Takes what must match. */
  take(pattern: RegExp, expected: string): string {
    return this.match(pattern) ?? this.refuse(this.position, expected);
  }

  /** Takes these very letters, which must stand here. */
  expect(letters: string): void {
    if (!this.skip(letters)) this.refuse(this.position, `'${letters}'`);
  }

  /** Takes these letters, if they stand here. */
  skip(letters: string): boolean {
    if (!this.text.startsWith(letters, this.position)) return false;
    this.position += letters.length;
    return true;
  }

  /** Nothing but blanks may follow. */
  end(): void {
    this.blanks();
    if (this.position < this.text.length) this.refuse(this.position, 'the end');
  }

  refuse(position: number, expected: string, advice?: string): never {
    FOUND.lastIndex = position;
    const found = FOUND.exec(this.text)?.[0] ?? '';
    throw new NameSyntaxError(this.text, position, found, expected, advice);
  }
}
