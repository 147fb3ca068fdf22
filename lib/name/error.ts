/** The one error of a text that is no name of a socket. */
import { complaint } from '../filter/error.js';

/** A text is no name. The message shows where, with a caret. */
export class NameSyntaxError extends SyntaxError {
  override readonly name = 'NameSyntaxError';
  /** All of the text. */
  readonly text: string;
  /** Where the trouble begins, as an index into `text`; its length where something is missing at the end. */
  readonly position: number;
  /** What stands there; empty at the end. */
  readonly found: string;
  /** What could have stood there, in words. */
  readonly expected: string;

  constructor(text: string, position: number, found: string, expected: string, advice?: string) {
    super(complaint(text, position, found, expected, advice));
    this.text = text;
    this.position = position;
    this.found = found;
    this.expected = expected;
  }
}
