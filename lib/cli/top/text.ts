/** Lines of a screen, as pieces of text that look different. */
import stringWidth from 'string-width';

/** What a piece means, not how it looks. */
export type Tone = 'plain' | 'strong' | 'faint' | 'good' | 'other' | 'warning' | 'bad';

export interface Span {
  text: string;
  tone: Tone;
}

export type Line = readonly Span[];

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone };
}

/** Exactly so many columns of a terminal: what is too long ends in an ellipsis. */
export function fitted(text: string, width: number, toTheRight: boolean, ellipsis: string): string {
  const long = stringWidth(text);
  if (long > width) return fitted(cut(text, width, ellipsis), width, toTheRight, '');
  const blanks = ' '.repeat(width - long);
  return toTheRight ? blanks + text : text + blanks;
}

/** Letters of two columns are not cut in halves. */
function cut(text: string, width: number, ellipsis: string): string {
  let kept = '';
  let left = width - ellipsis.length;
  for (const letter of text) {
    left -= stringWidth(letter);
    if (left < 0) break;
    kept += letter;
  }
  return kept + (width >= ellipsis.length ? ellipsis : '');
}

/** Broken between words, where a line would be longer; what is longer than a line is cut in pieces. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => pieces(each, width))) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return line === '' ? lines : [...lines, line];
}

function pieces(word: string, width: number): string[] {
  if (word === '' || word.length <= width) return word === '' ? [] : [word];
  return [word.slice(0, width), ...pieces(word.slice(width), width)];
}

/** The line, no wider than this. */
export function clipped(line: Line, width: number, ellipsis: string): Line {
  let left = width;
  const kept: Span[] = [];
  for (const { text, tone } of line) {
    const long = stringWidth(text);
    if (long <= left) kept.push({ text, tone });
    else if (left > 0) kept.push({ text: cut(text, left, ellipsis), tone });
    left -= Math.min(long, left);
  }
  return kept;
}
