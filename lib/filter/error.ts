/** The errors of texts that are not in the language that they should be in. */

/** So much of the text stands in the message, in front of the position and behind it. */
const WINDOW = 36;

/** So much of what was found is quoted. */
const LONGEST_FOUND = 40;

/** A text is not in its language. The message shows where, with a caret. */
export class TextSyntaxError extends SyntaxError {
  /** All of the text. */
  readonly text: string;
  /** Where the trouble begins, as an index into `text`; its length where something is missing at the end. */
  readonly position: number;
  /** What stands there; empty at the end. */
  readonly found: string;
  /** What could have stood there, in words. */
  readonly expected: string;

  constructor(text: string, position: number, found: string, expected: string, advice?: string) {
    const what = found === '' ? 'the end' : `'${shorten(found)}'`;
    const why = advice === undefined ? '' : ` (${advice})`;
    super(`found ${what}, but expected ${expected}${why}\n${pointAt(text, position)}`);
    this.text = text;
    this.position = position;
    this.found = found;
    this.expected = expected;
  }
}

/** A text is not in the language of filters. */
export class FilterSyntaxError extends TextSyntaxError {
  override readonly name = 'FilterSyntaxError';
}

function shorten(found: string): string {
  return visible(found.length > LONGEST_FOUND ? `${found.slice(0, LONGEST_FOUND)}…` : found);
}

/** The text on one line, cut to what is around the position, and a caret on the next. */
function pointAt(text: string, position: number): string {
  const start = position > WINDOW ? position - WINDOW : 0;
  const end = Math.min(position + WINDOW, text.length);
  const before = visible((start > 0 ? '…' : '') + text.slice(start, position));
  const behind = visible(text.slice(position, end) + (end < text.length ? '…' : ''));
  // Code points, not UTF-16: half of the columns that a surrogate pair would count.
  return `${before}${behind}\n${' '.repeat([...before].length)}^`;
}

/** One column for each code point: no line breaks, no tabs, no halves of what the cut went through. */
function visible(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd').replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}
