/**
 * Shell globs, as fnmatch(3) with FNM_CASEFOLD and nothing else: `*` and `?` stand for any characters (`/` and a leading
 * dot too), `[a-z]`, `[!x]` and `[[:digit:]]` for one of a set, and a backslash takes the next character as it is.
 * Collating symbols and equivalence classes, `[[.x.]]` and `[[=x=]]`, there are none.
 *
 * Case folding is of A to Z only, as in the C locale, in which `ss` runs. `?` and a set stand for a whole character;
 * in that locale they would stand for one of its bytes.
 */

/** One character, or any run of them. */
type Part = typeof RUN | ((code: number) => boolean);

const RUN = '*';

/** Compiles a glob to a test of texts. Its time is bounded by the product of both lengths, whatever the glob. */
export function glob(pattern: string): (text: string) => boolean {
  const parts = partsOf(pattern);
  return (text) => fits(parts, text);
}

function partsOf(pattern: string): readonly Part[] {
  const characters = Array.from(pattern, (character) => character.codePointAt(0) as number);
  const parts: Part[] = [];
  for (let at = 0; at < characters.length; ) {
    const { part, next } = readPart(characters, at);
    if (part !== RUN || parts.at(-1) !== RUN) parts.push(part);
    at = next;
  }
  return parts;
}

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const COLON = 0x3a;

/** What every character is, but not the end. */
const any = (): boolean => true;
const none = (): boolean => false;

function readPart(characters: readonly number[], at: number): { part: Part; next: number } {
  const code = characters[at] as number;
  if (code === STAR) return { part: RUN, next: at + 1 };
  if (code === QUESTION) return { part: any, next: at + 1 };
  if (code === BACKSLASH) {
    // Nothing stands behind it: such a glob matches nothing.
    if (at + 1 === characters.length) return { part: none, next: at + 1 };
    return { part: literal(characters[at + 1] as number), next: at + 2 };
  }
  // A bracket that nothing closes is a bracket.
  return (code === OPEN && readSet(characters, at + 1)) || { part: literal(code), next: at + 1 };
}

function literal(code: number): (code: number) => boolean {
  const folded = fold(code);
  return (other) => fold(other) === folded;
}

/** All that a text is compared by. */
function fold(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

/** The set whose `[` stands before `at`; undefined if it has no end. */
function readSet(
  characters: readonly number[],
  at: number,
): { part: (code: number) => boolean; next: number } | undefined {
  const isNegated = characters[at] === 0x21 || characters[at] === 0x5e;
  const start = isNegated ? at + 1 : at;
  const members: ((code: number) => boolean)[] = [];
  for (let i = start; i < characters.length; ) {
    // As the first member it does not close the set.
    if (characters[i] === CLOSE && i > start) {
      const isIn = (code: number): boolean => members.some((member) => member(code));
      return { part: isNegated ? (code) => !isIn(code) : isIn, next: i + 1 };
    }
    const member = readClass(characters, i) ?? readRange(characters, i);
    if (member === undefined) return undefined;
    members.push(member.part);
    i = member.next;
  }
  return undefined;
}

/** The classes of isalpha(3) and its like, in the C locale. They are not folded. */
const CLASSES: Readonly<Record<string, (code: number) => boolean>> = {
  alnum: (code) => isDigit(code) || isLower(fold(code)),
  alpha: (code) => isLower(fold(code)),
  blank: (code) => code === 0x20 || code === 0x09,
  cntrl: (code) => code < 0x20 || code === 0x7f,
  digit: (code) => isDigit(code),
  graph: (code) => code > 0x20 && code < 0x7f,
  lower: (code) => isLower(code),
  print: (code) => code >= 0x20 && code < 0x7f,
  punct: (code) => code > 0x20 && code < 0x7f && !isDigit(code) && !isLower(fold(code)),
  space: (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d),
  upper: (code) => code >= 0x41 && code <= 0x5a,
  xdigit: (code) => isDigit(code) || (fold(code) >= 0x61 && fold(code) <= 0x66),
};

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isLower = (code: number): boolean => code >= 0x61 && code <= 0x7a;

/** `[:name:]` at `at`, inside of a set. */
function readClass(
  characters: readonly number[],
  at: number,
): { part: (code: number) => boolean; next: number } | undefined {
  if (characters[at] !== OPEN || characters[at + 1] !== COLON) return undefined;
  let end = at + 2;
  while (isLower(characters[end] ?? 0)) end++;
  if (characters[end] !== COLON || characters[end + 1] !== CLOSE) return undefined;
  const name = String.fromCharCode(...characters.slice(at + 2, end));
  return { part: (Object.hasOwn(CLASSES, name) && CLASSES[name]) || none, next: end + 2 };
}

/** A character, or a range of them, inside of a set; undefined where the text ends in it. */
function readRange(
  characters: readonly number[],
  at: number,
): { part: (code: number) => boolean; next: number } | undefined {
  const first = readMember(characters, at);
  if (first === undefined) return undefined;
  const isRange = characters[first.next] === MINUS && characters[first.next + 1] !== CLOSE;
  if (!isRange) return { part: literal(first.code), next: first.next };
  const last = readMember(characters, first.next + 1);
  if (last === undefined) return undefined;
  const from = fold(first.code);
  const to = fold(last.code);
  return { part: (code) => fold(code) >= from && fold(code) <= to, next: last.next };
}

function readMember(characters: readonly number[], at: number): { code: number; next: number } | undefined {
  const place = characters[at] === BACKSLASH ? at + 1 : at;
  const code = characters[place];
  return code === undefined ? undefined : { code, next: place + 1 };
}

/**
 * Goes through both at once. When a part does not fit, the last run takes one character more: what was before it need
 * not be tried again.
 */
function fits(parts: readonly Part[], text: string): boolean {
  let part = 0;
  let afterRun = -1;
  let retry = 0;
  for (let at = 0; at < text.length; ) {
    const expected = parts[part];
    if (expected === RUN) {
      part++;
      afterRun = part;
      retry = at;
      continue;
    }
    const code = text.codePointAt(at) as number;
    if (expected?.(code) === true) {
      part++;
      at += widthOf(code);
      continue;
    }
    if (afterRun === -1) return false;
    retry += widthOf(text.codePointAt(retry) as number);
    at = retry;
    part = afterRun;
  }
  return part === parts.length || (part === parts.length - 1 && parts[part] === RUN);
}

/** Units of UTF-16. */
function widthOf(code: number): number {
  return code > 0xffff ? 2 : 1;
}
