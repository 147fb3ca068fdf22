/** Reads a file of BTF, the kernel's description of its types, as Documentation/bpf/btf.rst has the format. */

/** A type, by what matters to the place of a member. Types are referred to by their numbers. */
export type BtfType =
  | { is: 'number'; size: number; firstBit: number; bits: number; signed: boolean }
  | { is: 'members'; keyword: 'struct' | 'union'; name: string; size: number; members: BtfMember[] }
  | { is: 'array'; of: number; count: number }
  | { is: 'opaque'; size: number }
  | { is: 'alias'; of: number }
  | { is: 'sizeless'; what: string };

export interface BtfMember {
  name: string;
  type: number;
  /** From the start of the structure that it is a member of. */
  bit: number;
  /** Of a bit-field; 0 for what has its type's own width. */
  width: number;
}

/** A type as it lies in the file. */
interface Record {
  kind: number;
  name: string;
  /** How many members follow. */
  length: number;
  /** For structures: members tell the widths of bit-fields. For enumerations: they are signed. */
  flag: boolean;
  /** The type's size, or the number of the type that it refers to. */
  word: number;
  /** Where that which follows it starts. */
  tail: number;
}

/** By the number of a kind: its name, how many bytes follow such a type, and how many for each of its members. */
const KINDS: readonly (readonly [name: string, fixed: number, each: number])[] = [
  ['void', 0, 0],
  ['INT', 4, 0],
  ['PTR', 0, 0],
  ['ARRAY', 12, 0],
  ['STRUCT', 0, 12],
  ['UNION', 0, 12],
  ['ENUM', 0, 8],
  ['FWD', 0, 0],
  ['TYPEDEF', 0, 0],
  ['VOLATILE', 0, 0],
  ['CONST', 0, 0],
  ['RESTRICT', 0, 0],
  ['FUNC', 0, 0],
  ['FUNC_PROTO', 0, 8],
  ['VAR', 4, 0],
  ['DATASEC', 0, 12],
  ['FLOAT', 0, 0],
  ['DECL_TAG', 4, 0],
  ['TYPE_TAG', 0, 0],
  ['ENUM64', 0, 12],
];

const MAGIC = 0xeb9f;

const RECORD_LENGTH = 12;

export class BtfFile {
  /** The byte order that the file is written in, which is that of the kernel. */
  readonly order: 'LE' | 'BE';
  /** The number of this file's first type: those of its base come before. */
  readonly firstType: number;
  readonly #bytes: Buffer;
  readonly #base: BtfFile | undefined;
  /** Where each type of this file is. */
  readonly #places: number[] = [];
  readonly #strings: number;
  readonly #firstString: number;
  readonly #endOfStrings: number;

  /** With a base, the file goes on from that: in the numbers of types, and in the places of names. */
  constructor(bytes: Buffer, base?: BtfFile) {
    this.#bytes = bytes;
    this.#base = base;
    this.order = bytes[0] === (MAGIC & 0xff) ? 'LE' : 'BE';
    if (bytes.length < 24 || this.#u16(0) !== MAGIC || bytes[2] !== 1)
      throw new Error('not BTF of version 1');
    const header = this.#u32(4);
    this.firstType = base === undefined ? 1 : base.endOfTypes;
    this.#firstString = base === undefined ? 0 : base.#endOfStrings;
    this.#strings = header + this.#u32(16);
    this.#endOfStrings = this.#firstString + this.#u32(20);
    const start = header + this.#u32(8);
    const end = start + this.#u32(12);
    for (let at = start; at < end; at += this.#lengthAt(at)) this.#places.push(at);
  }

  /** The number behind this file's last type. */
  get endOfTypes(): number {
    return this.firstType + this.#places.length;
  }

  /** Whether a type is a structure of a name that is wanted; cheaper than to read it. */
  isStructure(id: number, names: ReadonlySet<string>): boolean {
    const { kind, name } = this.#record(this.#places[id - this.firstType] as number);
    return KINDS[kind]?.[0] === 'STRUCT' && names.has(name);
  }

  type(id: number): BtfType {
    if (id === 0) return { is: 'sizeless', what: 'void' };
    if (this.#base !== undefined && id < this.firstType) return this.#base.type(id);
    const place = this.#places[id - this.firstType];
    if (place === undefined) throw new Error(`BTF has no type ${id}`);
    return this.#typeOf(this.#record(place));
  }

  #typeOf(record: Record): BtfType {
    const { kind, name, flag, word: size, tail } = record;
    const what = (KINDS[kind] as readonly [string, number, number])[0];
    switch (what) {
      case 'INT':
        return this.#integer(size, this.#u32(tail));
      case 'ENUM':
      case 'ENUM64':
        return { is: 'number', size, firstBit: 0, bits: 8 * size, signed: flag };
      case 'STRUCT':
        return { is: 'members', keyword: 'struct', name, size, members: this.#members(record) };
      case 'UNION':
        return { is: 'members', keyword: 'union', name, size, members: this.#members(record) };
      case 'ARRAY':
        return { is: 'array', of: this.#u32(tail), count: this.#u32(tail + 8) };
      case 'PTR':
        return { is: 'opaque', size: this.#sizeOfPointers() };
      case 'FLOAT':
        return { is: 'opaque', size };
      case 'TYPEDEF':
      case 'VOLATILE':
      case 'CONST':
      case 'RESTRICT':
      case 'TYPE_TAG':
        return { is: 'alias', of: size };
      default:
        return { is: 'sizeless', what: `${what} ${name}` };
    }
  }

  /** An integer type may be less than its size: older files have types of their own for bit-fields. */
  #integer(size: number, encoding: number): BtfType {
    const signed = ((encoding >>> 24) & 1) !== 0;
    return { is: 'number', size, firstBit: (encoding >>> 16) & 0xff, bits: encoding & 0xff, signed };
  }

  #members({ length, flag, tail }: Record): BtfMember[] {
    return Array.from({ length }, (_, i) => {
      const at = tail + 12 * i;
      const place = this.#u32(at + 8);
      return {
        name: this.#string(this.#u32(at)),
        type: this.#u32(at + 4),
        bit: flag ? place & 0xff_ffff : place,
        width: flag ? place >>> 24 : 0,
      };
    });
  }

  /** BTF does not tell, but `unsigned long` is as wide. */
  #sizeOfPointers(): number {
    if (this.#base !== undefined) return this.#base.#sizeOfPointers();
    for (const place of this.#places) {
      const { kind, name, word } = this.#record(place);
      if (kind === 1 && /^(long unsigned int|unsigned long)$/.test(name)) return word;
    }
    throw new Error('BTF has a pointer, but no unsigned long');
  }

  #record(at: number): Record {
    const info = this.#u32(at + 4);
    return {
      kind: (info >>> 24) & 0x1f,
      name: this.#string(this.#u32(at)),
      length: info & 0xffff,
      flag: info >>> 31 === 1,
      word: this.#u32(at + 8),
      tail: at + RECORD_LENGTH,
    };
  }

  #lengthAt(at: number): number {
    const info = this.#u32(at + 4);
    const kind = KINDS[(info >>> 24) & 0x1f];
    if (kind === undefined) throw new Error(`a type of an unknown kind in BTF: ${info.toString(16)}`);
    return RECORD_LENGTH + kind[1] + kind[2] * (info & 0xffff);
  }

  #string(offset: number): string {
    if (this.#base !== undefined && offset < this.#firstString) return this.#base.#string(offset);
    const start = this.#strings + offset - this.#firstString;
    return this.#bytes.toString('latin1', start, this.#bytes.indexOf(0, start));
  }

  #u16(at: number): number {
    return this.order === 'LE' ? this.#bytes.readUInt16LE(at) : this.#bytes.readUInt16BE(at);
  }

  #u32(at: number): number {
    return this.order === 'LE' ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }
}
