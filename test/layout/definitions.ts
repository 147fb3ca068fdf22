/** What preprocessed C defines, and the members of its structures down to those that have none of their own. */
import { DeclarationReader, type Declared, type Type, tokensOf } from './declarations.js';

/** `'endless'` is an array of no fixed length at a structure's end: it has a place, but no size. */
export type Form = 'integer' | 'enumeration' | 'bits' | 'bytes' | 'endless';

/** A member that has no members. */
export interface Leaf {
  path: string;
  form: Form;
}

export class Definitions {
  readonly #tokens: readonly string[];
  /** Where in the text the members of a structure or union start, by its tag. */
  readonly #tags = new Map<string, number>();
  readonly #typedefs = new Map<string, Type>();

  constructor(text: string) {
    this.#tokens = tokensOf(text);
    this.#tokens.forEach((token, at) => {
      if (token === 'struct' || token === 'union') this.#noteTag(at);
      else if (token === 'typedef') this.#noteTypedef(at);
    });
  }

  has(tag: string): boolean {
    return this.#tags.has(tag);
  }

  leaves(tag: string): Leaf[] {
    const start = this.#tags.get(tag);
    if (start === undefined) throw new Error(`${tag} has no definition`);
    return this.#leavesOf(new DeclarationReader(this.#tokens, start).members(), '');
  }

  #leavesOf(members: Declared[], prefix: string): Leaf[] {
    return members.flatMap(({ name, type, bits }) => {
      if (name === undefined) return this.#leaf(type, prefix);
      return bits ? [{ path: prefix + name, form: 'bits' as const }] : this.#leaf(type, prefix + name);
    });
  }

  /** Of a structure its members; without a name of their own they are called as if they were the outer one's. */
  #leaf(declared: Type, path: string): Leaf[] {
    const type = this.#resolve(declared);
    if (type.is === 'integer' || type.is === 'enumeration') return [{ path, form: type.is }];
    if (type.is === 'array') return this.#array(type, path);
    if (type.is === 'opaque') return [{ path, form: 'bytes' }];
    const prefix = path === '' || path.endsWith('.') ? path : `${path}.`;
    if (type.is === 'members') return this.#leavesOf(type.members, prefix);
    return this.leaves(type.tag).map((leaf) => ({ ...leaf, path: prefix + leaf.path }));
  }

  #array({ of, length }: Type & { is: 'array' }, path: string): Leaf[] {
    const count = length.length === 0 ? 0 : Number(length.join('').replace(/[ul]+$/i, ''));
    if (count === 0) return [{ path, form: 'endless' }];
    if (!this.#hasMembers(of)) return [{ path, form: 'bytes' }];
    if (!Number.isInteger(count)) {
      throw new Error(`not understood: the length "${length.join(' ')}" of ${path}`);
    }
    return Array.from({ length: count }, (_, i) => this.#leaf(of, `${path}[${i}]`)).flat();
  }

  #hasMembers(declared: Type): boolean {
    const type = this.#resolve(declared);
    return type.is === 'array' ? this.#hasMembers(type.of) : type.is === 'members' || type.is === 'tagged';
  }

  #resolve(type: Type): Exclude<Type, { is: 'typedef' }> {
    if (type.is !== 'typedef') return type;
    const meant = this.#typedefs.get(type.name);
    if (meant === undefined) throw new Error(`not understood: the type ${type.name}`);
    return this.#resolve(meant);
  }

  #noteTag(at: number): void {
    const { tag, body } = new DeclarationReader(this.#tokens, at).head();
    if (tag !== undefined && body !== undefined) this.#tags.set(tag, body);
  }

  /** The C library has some that are beyond the reader. A member of such a type is an error. */
  #noteTypedef(at: number): void {
    let declared: Declared[] = [];
    try {
      declared = new DeclarationReader(this.#tokens, at).declaration();
    } catch {}
    for (const { name, type } of declared) if (name !== undefined) this.#typedefs.set(name, type);
  }
}
