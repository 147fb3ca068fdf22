/**
 * The part of C's grammar that declares the members of structures. Whatever it does not understand inside of a
 * structure is an error: a member that was passed over would never be proved.
 */

/** `'opaque'` is what has neither members nor a sign: pointers, floating point. */
export type Type =
  | { is: 'integer' }
  | { is: 'enumeration' }
  | { is: 'opaque' }
  | { is: 'typedef'; name: string }
  | { is: 'tagged'; tag: string }
  | { is: 'members'; members: Declared[] }
  | { is: 'array'; of: Type; length: readonly string[] };

/** What a declaration declares; without a name if it is a structure whose members count as those of the outer one. */
export interface Declared {
  name: string | undefined;
  type: Type;
  /** A bit-field. */
  bits: boolean;
}

const TOKEN = /[A-Za-z_]\w*|\.?\d[\w.]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\S/g;
const NAME = /^[A-Za-z_]/;
const QUALIFIER =
  /^(const|volatile|restrict|__(const|volatile|restrict)(__)?|__extension__|typedef|static|extern)$/;
const ATTRIBUTE = /^(__attribute(__)?|_Alignas|alignas)$/;
const INTEGER = /^(char|short|int|long|signed|unsigned|__signed__|__int128|_Bool|bool)$/;
const OPAQUE = /^(void|float|double|_Float\w+|__float128)$/;
const CLOSING: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** The words of preprocessed text; lines for the compiler, such as pragmas, are none. */
export function tokensOf(text: string): string[] {
  return text.replaceAll(/^\s*#.*$/gm, '').match(TOKEN) ?? [];
}

/** Reads declarations, from one word of the text on. */
export class DeclarationReader {
  readonly #tokens: readonly string[];
  #at: number;

  constructor(tokens: readonly string[], at: number) {
    this.#tokens = tokens;
    this.#at = at;
  }

  /** All members, from behind the opening brace until behind the closing one. */
  members(): Declared[] {
    const members: Declared[] = [];
    while (!this.#took('}')) members.push(...this.declaration());
    return members;
  }

  /** One declaration, however many names it declares. */
  declaration(): Declared[] {
    const type = this.#specifiers();
    if (this.#took(';')) {
      // A structure that has a tag is only defined by this.
      return type.is === 'members' ? [{ name: undefined, type, bits: false }] : [];
    }
    const declared: Declared[] = [];
    do {
      const { name, type: own } = this.#peek() === ':' ? { name: undefined, type } : this.#declarator(type);
      const bits = this.#took(':');
      if (bits) this.#until([',', ';']);
      this.#attributes();
      // A bit-field without a name is padding.
      if (name !== undefined) declared.push({ name, type: own, bits });
    } while (this.#took(','));
    this.#take(';');
    return declared;
  }

  #specifiers(): Type {
    let type: Type | undefined;
    for (;;) {
      this.#attributes();
      const word = this.#peek();
      if (INTEGER.test(word) || OPAQUE.test(word)) {
        type = { is: OPAQUE.test(word) || type?.is === 'opaque' ? 'opaque' : 'integer' };
      } else if (type !== undefined || !NAME.test(word)) {
        break;
      } else if (/^(struct|union|enum)$/.test(word)) {
        type = this.#tagged();
        continue;
      } else {
        type = { is: 'typedef', name: word };
      }
      this.#at++;
    }
    return type ?? this.#fail('no type');
  }

  /** `struct`, `union` or `enum`, its tag, and where its body starts, behind the brace. */
  head(): { keyword: string; tag: string | undefined; body: number | undefined } {
    const keyword = this.#take();
    this.#attributes();
    const tag = NAME.test(this.#peek()) ? this.#take() : undefined;
    return { keyword, tag, body: this.#peek() === '{' ? this.#at + 1 : undefined };
  }

  #tagged(): Type {
    const { keyword, tag, body } = this.head();
    if (keyword === 'enum') {
      if (body !== undefined) this.#group();
      return { is: 'enumeration' };
    }
    if (body === undefined) return { is: 'tagged', tag: tag ?? this.#fail('no tag') };
    this.#at = body;
    const members = this.members();
    return tag === undefined ? { is: 'members', members } : { is: 'tagged', tag };
  }

  #declarator(base: Type): { name: string; type: Type } {
    let type = base;
    for (this.#attributes(); this.#took('*'); this.#attributes()) type = { is: 'opaque' };
    if (this.#took('(')) {
      // A pointer to an array or to a function; what it points to does not matter.
      if (this.#peek() !== '*') this.#fail('a declarator in parentheses');
      const pointer = this.#declarator({ is: 'opaque' });
      this.#take(')');
      this.#dimensions();
      return pointer;
    }
    const name = NAME.test(this.#peek()) ? this.#take() : this.#fail('no name');
    this.#attributes();
    for (const length of this.#dimensions().reverse()) type = { is: 'array', of: type, length };
    return { name, type };
  }

  /** What is in the brackets behind a name, the outermost first; parameters of a function count for nothing. */
  #dimensions(): string[][] {
    const lengths: string[][] = [];
    while (/^[[(]$/.test(this.#peek())) {
      const group = this.#group();
      if (group[0] === '[') lengths.push(group.slice(1, -1));
    }
    return lengths;
  }

  #attributes(): void {
    for (;;) {
      if (ATTRIBUTE.test(this.#peek())) {
        this.#at++;
        this.#group();
      } else if (QUALIFIER.test(this.#peek())) this.#at++;
      else return;
    }
  }

  /** Everything from an opening parenthesis to its closing one. */
  #group(): string[] {
    const start = this.#at;
    const end = CLOSING.get(this.#take()) ?? this.#fail('no parenthesis');
    this.#until([end]);
    this.#at++;
    return this.#tokens.slice(start, this.#at);
  }

  #until(ends: readonly string[]): void {
    while (!ends.includes(this.#peek())) {
      if (CLOSING.has(this.#peek())) this.#group();
      else this.#at++;
    }
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? this.#fail('the end of the text');
  }

  #took(token: string): boolean {
    const taken = this.#peek() === token;
    if (taken) this.#at++;
    return taken;
  }

  #take(expected?: string): string {
    const token = this.#peek();
    if (expected !== undefined && token !== expected) this.#fail(`no ${expected}`);
    this.#at++;
    return token;
  }

  #fail(what: string): never {
    const near = this.#tokens.slice(Math.max(0, this.#at - 8), this.#at).join(' ');
    throw new Error(`not understood: ${what} in "${near} >${this.#tokens[this.#at] ?? ''}<"`);
  }
}
