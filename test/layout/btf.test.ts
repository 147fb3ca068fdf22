/** That every way in which BTF tells a place is understood: on files that the test writes by the format's words. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { filesOfBtf, layoutsOfBtf } from './btf.js';
import { hex, type Layout } from './layout.js';

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-btf-'));
afterAll(() => rmSync(directory, { recursive: true }));

const INT = 1;
const PTR = 2;
const ARRAY = 3;
const STRUCT = 4;
const UNION = 5;
const ENUM = 6;
const FWD = 7;
const TYPEDEF = 8;
const VOLATILE = 9;
const CONST = 10;
const FUNC_PROTO = 13;
const VAR = 14;
const DATASEC = 15;
const FLOAT = 16;
const DECL_TAG = 17;
const TYPE_TAG = 18;
const ENUM64 = 19;

/** The uppermost bit of a type's second word: members tell the widths of bit-fields, enumerations are signed. */
const FLAG = 2 ** 31;

/** What follows a structure: of each member its name, its type, and the word that tells its place. */
type Members = [name: string, type: number, place: number][];

/** Writes a file of BTF; types get their numbers in the order in which they are added. */
class Writer {
  readonly #little: boolean;
  readonly #words: number[] = [];
  #strings: string;
  readonly #firstString: number;
  #next: number;

  constructor(order: 'LE' | 'BE' = 'LE', base?: Writer) {
    this.#little = order === 'LE';
    // The first string of all is empty.
    this.#strings = base === undefined ? '\0' : '';
    this.#firstString = base === undefined ? 0 : base.#firstString + base.#strings.length;
    this.#next = base === undefined ? 1 : base.#next;
  }

  /** `word` is the type's size, or the number of another type. */
  add(
    kind: number,
    name: string,
    word: number,
    tail: number[] = [],
    more: { count?: number; flag?: boolean } = {},
  ) {
    const { count = 0, flag = false } = more;
    this.#words.push(this.#string(name), kind * 2 ** 24 + count + (flag ? FLAG : 0), word, ...tail);
    return this.#next++;
  }

  members(kind: number, name: string, size: number, members: Members, flag = true): number {
    const tail = members.flatMap(([own, type, place]) => [this.#string(own), type, place]);
    return this.add(kind, name, size, tail, { count: members.length, flag });
  }

  #string(text: string): number {
    if (text === '') return 0;
    this.#strings += `${text}\0`;
    return this.#firstString + this.#strings.length - text.length - 1;
  }

  write(): string {
    const types = 4 * this.#words.length;
    const header = [24, 0, types, types, this.#strings.length];
    const bytes = Buffer.alloc(4 + 4 * (header.length + this.#words.length));
    bytes.set(this.#little ? [0x9f, 0xeb, 1, 0] : [0xeb, 0x9f, 1, 0]);
    [...header, ...this.#words].forEach((word, i) => {
      if (this.#little) bytes.writeUInt32LE(word, 4 + 4 * i);
      else bytes.writeUInt32BE(word, 4 + 4 * i);
    });
    const path = join(directory, `${Math.random()}`);
    writeFileSync(path, Buffer.concat([bytes, Buffer.from(this.#strings, 'latin1')]));
    return path;
  }
}

const SIGNED = 1 << 24;

/** The usual integers, of which only these are needed. */
function integers(writer: Writer): Record<'u8' | 'u16' | 'u32' | 's32' | 'long', number> {
  return {
    u8: writer.add(INT, 'unsigned char', 1, [8]),
    u16: writer.add(INT, 'short unsigned int', 2, [16]),
    u32: writer.add(INT, 'unsigned int', 4, [32]),
    s32: writer.add(INT, 'int', 4, [SIGNED | 32]),
    long: writer.add(INT, 'long unsigned int', 8, [64]),
  };
}

const placesOf = (layout: Layout | undefined): string[] | undefined =>
  layout?.members.map(({ path, offset, mask, kind }) => `${path} ${offset} ${hex(mask)} ${kind}`);

const toyOf = (...files: string[]): Layout | undefined => layoutsOfBtf(['toy'], files).get('toy');

/** A bit-field's place in a structure with the flag. */
const field = (width: number, bit: number): number => width * 2 ** 24 + bit;

test('members of every type', () => {
  const writer = new Writer();
  const { u8, u16, u32, s32, long } = integers(writer);
  // What no member is of has its length all the same.
  writer.add(FUNC_PROTO, '', u32, [0, u32, 0, 0], { count: 2 });
  writer.add(VAR, 'variable', u32, [1]);
  writer.add(DATASEC, '.data', 4, [1, 0, 4], { count: 1 });
  writer.add(DECL_TAG, 'tag', u32, [0xffff_ffff]);
  const word = writer.add(TYPEDEF, '__u32', u32);
  const fixed = writer.add(CONST, '', writer.add(VOLATILE, '', writer.add(TYPE_TAG, 'user', word)));
  const pointer = writer.add(PTR, '', fixed);
  const words = writer.add(ARRAY, '', 0, [word, u32, 2]);
  const grid = writer.add(ARRAY, '', 0, [words, u32, 2]);
  const none = writer.add(ARRAY, '', 0, [u16, u32, 0]);
  const wide = writer.add(ENUM64, 'wide', 8, [0, 0, 0], { count: 1 });
  const sign = writer.add(ENUM, 'sign', 4, [0, 0xffff_ffff, 0, 1], { count: 2, flag: true });
  const double = writer.add(FLOAT, 'double', 8);
  const either = writer.members(UNION, '', 4, [
    ['whole', u32, 0],
    ['part', u8, 0],
  ]);
  const inner = writer.members(STRUCT, 'inner', 8, [
    ['left', u16, 0],
    ['', either, 32],
  ]);
  const inners = writer.add(ARRAY, '', 0, [inner, u32, 2]);
  writer.members(STRUCT, 'toy', 104, [
    ['byte', u8, 0],
    ['low', u8, field(3, 8)],
    ['high', u8, field(5, 11)],
    ['half', u16, 16],
    ['fixed', fixed, 32],
    ['across', s32, field(12, 68)],
    ['pointer', pointer, 128],
    ['words', words, 192],
    ['grid', grid, 256],
    ['inners', inners, 384],
    ['', inner, 512],
    ['wide', wide, 576],
    ['sign', sign, 640],
    ['double', double, 704],
    ['long', long, 768],
    ['none', none, 832],
  ]);
  const layout = toyOf(writer.write());
  expect(layout?.size).toBe(104);
  expect(placesOf(layout)).toEqual([
    'byte 0 ff unsigned',
    'low 1 07 unsigned',
    'high 1 f8 unsigned',
    'half 2 ffff unsigned',
    'fixed 4 ffffffff unsigned',
    'across 8 f0ff signed',
    'pointer 16 ffffffffffffffff bytes',
    'words 24 ffffffffffffffff bytes',
    'grid 32 ffffffffffffffffffffffffffffffff bytes',
    'inners[0].left 48 ffff unsigned',
    'inners[0].whole 52 ffffffff unsigned',
    'inners[0].part 52 ff unsigned',
    'inners[1].left 56 ffff unsigned',
    'inners[1].whole 60 ffffffff unsigned',
    'inners[1].part 60 ff unsigned',
    'left 64 ffff unsigned',
    'whole 68 ffffffff unsigned',
    'part 68 ff unsigned',
    'wide 72 ffffffffffffffff unsigned',
    'sign 80 ffffffff signed',
    'double 88 ffffffffffffffff bytes',
    'long 96 ffffffffffffffff unsigned',
    'none 104  bytes',
  ]);
});

/** Before the flag, a bit-field was of a type with its own first bit and width. */
function olderToy(order: 'LE' | 'BE'): string {
  const writer = new Writer(order);
  const { u8, u32 } = integers(writer);
  const low = writer.add(INT, 'low', 1, [3]);
  const high = writer.add(INT, 'high', 1, [SIGNED | (3 << 16) | 5]);
  const members: Members = [
    ['byte', u8, 0],
    ['low', low, 8],
    ['high', high, 8],
    ['word', u32, 32],
  ];
  // A place beyond the 24 bits that there are with the flag.
  const far = writer.members(STRUCT, 'far', 2 ** 22, [['away', u32, 2 ** 24]], false);
  writer.members(STRUCT, 'toy', 2 ** 22 + 8, [...members, ['far', far, 64]], false);
  return writer.write();
}

test.each([
  ['LE', 'low 1 07 unsigned', 'high 1 f8 signed'],
  ['BE', 'low 1 e0 unsigned', 'high 1 1f signed'],
] as const)('types with a width of their own, written in %s', (order, low, high) => {
  expect(placesOf(toyOf(olderToy(order)))).toEqual([
    'byte 0 ff unsigned',
    low,
    high,
    'word 4 ffffffff unsigned',
    `far.away ${2 ** 21 + 8} ffffffff unsigned`,
  ]);
});

/** The kernel's file and one of a module, each with the structures of these members. */
function kernelAndModule(
  ofKernel: (number: number) => Members,
  ofModule: (number: number) => Members,
): string[] {
  const kernel = new Writer();
  const { u16 } = integers(kernel);
  kernel.members(STRUCT, 'toy', 4, ofKernel(u16));
  const module = new Writer('LE', kernel);
  const alias = module.add(TYPEDEF, 'module_u16', u16);
  module.add(FWD, 'toy', 0);
  module.members(STRUCT, 'toy', 4, ofModule(alias));
  module.members(STRUCT, 'extra', 4, ofModule(alias));
  module.members(UNION, 'toy', 4, ofModule(alias));
  return [kernel.write(), module.write()];
}

test('a module goes on from the types and names of the kernel', () => {
  const members = (number: number): Members => [
    ['one', number, 0],
    ['two', number, 16],
  ];
  const layouts = layoutsOfBtf(['extra', 'toy', 'missing'], kernelAndModule(members, members));
  expect([...layouts.keys()]).toEqual(['toy', 'extra']);
  for (const layout of layouts.values()) {
    expect(placesOf(layout)).toEqual(['one 0 ffff unsigned', 'two 2 ffff unsigned']);
  }
});

test('two structures of one name that differ are an error', () => {
  const files = kernelAndModule(
    (number) => [['one', number, 0]],
    (number) => [['one', number, 16]],
  );
  expect(() => toyOf(...files)).toThrow(/^struct toy has several layouts, one of them in /);
});

test('what is not understood is an error', () => {
  const file = join(directory, 'none');
  writeFileSync(file, Buffer.alloc(24));
  expect(() => toyOf(file)).toThrow('not BTF of version 1');
  const unknown = new Writer();
  unknown.add(31, 'new', 0);
  expect(() => toyOf(unknown.write())).toThrow('a type of an unknown kind');
  const sizeless = new Writer();
  sizeless.members(STRUCT, 'toy', 4, [['lost', sizeless.add(FWD, 'struct_to_come', 0), 0]]);
  expect(() => toyOf(sizeless.write())).toThrow('a member of the type FWD struct_to_come');
  const dangling = new Writer();
  dangling.members(STRUCT, 'toy', 4, [['lost', 99, 0]]);
  expect(() => toyOf(dangling.write())).toThrow('BTF has no type 99');
});

test("the kernel's file comes before those of its modules", () => {
  const folder = mkdtempSync(join(directory, 'kernel-'));
  for (const name of ['a_module', 'vmlinux', 'z_module']) writeFileSync(join(folder, name), '');
  expect(filesOfBtf(folder)).toEqual(['vmlinux', 'a_module', 'z_module'].map((name) => `${folder}/${name}`));
  expect(filesOfBtf(join(folder, 'none'))).toEqual([]);
});
