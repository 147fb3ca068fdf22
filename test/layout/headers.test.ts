/** That a header's members are all found, and where they are; and that what is not understood is an error. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { skip } from '../tools.js';
import { compilers, layoutsOfHeaders } from './headers.js';
import { hex, type Layout, unoccupied } from './layout.js';

const COMPILERS = compilers();
const noCompiler = COMPILERS.length === 0 && skip('there is no compiler here');

/** The layout of `struct toy` of a header with this text. */
function toy(text: string, compiler: readonly string[] = COMPILERS[0] as string[]): Layout {
  const directory = mkdtempSync(join(tmpdir(), 'sockdiag-headers-'));
  try {
    const header = join(directory, 'toy.h');
    writeFileSync(header, `#include <linux/types.h>\n${text}\n`);
    return layoutsOfHeaders([{ name: 'toy', header }], compiler).get('toy') as Layout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const placesOf = ({ members }: Layout): string[] =>
  members.map(({ path, offset, mask, kind }) => `${path} ${offset} ${hex(mask)} ${kind}`);

const EVERYTHING = `
  typedef struct { __u8 one, two; } toy_pair;
  typedef __u16 toy_words[3];
  typedef int (*toy_function)(int, void (*)(struct toy *));
  enum toy_sign { TOY_MINUS = -1, TOY_PLUS };
  struct toy_inner { __s16 left; union { __u32 whole; __u8 parts[4]; }; };
  struct toy {
    /* __u32 commented; */ __u8 first, second[2], // __u32 commented;
      third;
    volatile signed char minus;
    __u8 narrow:3, :2, wide:3;
    toy_pair pair, pairs[2];
    toy_words words;
    __be32 matrix[2][1], scalar;
    struct toy_inner inner;
  #pragma GCC diagnostic push
    struct toy_own { long long int own; } named __attribute__((aligned(16)));
    __extension__ union { struct { __u8 low, high; }; unsigned short whole; };
    enum { TOY_ZERO, TOY_ONE, } plus;
    enum toy_sign sign;
    __s32 field:9, other:23;
    double real;
    char *pointer, **pointers[2];
    toy_function call;
    int (*direct)(int), (*rows)[4];
  };`;

const BITS: Record<string, string> =
  endianness() === 'LE'
    ? { narrow: '07', wide: 'e0', field: 'ff01', other: 'feffff' }
    : { narrow: 'e0', wide: '07', field: 'ff80', other: '7fffff' };

test.skipIf(noCompiler).each(COMPILERS)('%s: a structure of all that C has', (...compiler) => {
  const layout = toy(EVERYTHING, compiler);
  const places = placesOf(layout);
  const pointers = places.findIndex((place) => place.startsWith('pointer '));
  expect(places.slice(0, pointers)).toEqual([
    'first 0 ff unsigned',
    'second 1 ffff bytes',
    'third 3 ff unsigned',
    'minus 4 ff signed',
    `narrow 5 ${BITS['narrow']} unsigned`,
    `wide 5 ${BITS['wide']} unsigned`,
    'pair.one 6 ff unsigned',
    'pair.two 7 ff unsigned',
    'pairs[0].one 8 ff unsigned',
    'pairs[0].two 9 ff unsigned',
    'pairs[1].one 10 ff unsigned',
    'pairs[1].two 11 ff unsigned',
    'words 12 ffffffffffff bytes',
    'matrix 20 ffffffffffffffff bytes',
    'scalar 28 ffffffff unsigned',
    'inner.left 32 ffff signed',
    'inner.whole 36 ffffffff unsigned',
    'inner.parts 36 ffffffff bytes',
    'named.own 48 ffffffffffffffff signed',
    'low 56 ff unsigned',
    'high 57 ff unsigned',
    'whole 56 ffff unsigned',
    'plus 60 ffffffff unsigned',
    'sign 64 ffffffff signed',
    `field 68 ${BITS['field']} signed`,
    `other 69 ${BITS['other']} signed`,
    'real 72 ffffffffffffffff bytes',
  ]);
  expect(layout.members.slice(pointers).map(({ path, kind }) => `${path} ${kind}`)).toEqual([
    'pointer bytes',
    'pointers bytes',
    'call bytes',
    'direct bytes',
    'rows bytes',
  ]);
  expect(unoccupied(layout).slice(0, 4)).toEqual([
    [18, 20],
    [34, 36],
    [40, 48],
    [58, 60],
  ]);
});

test.skipIf(noCompiler).each(COMPILERS)('%s: an array without a length', (...compiler) => {
  const layout = toy('struct toy { __u8 count; int key; __u32 values[]; };', compiler);
  expect(placesOf(layout)).toEqual(['count 0 ff unsigned', 'key 4 ffffffff signed', 'values 8  bytes']);
  expect(layout.size).toBe(8);
});

test.skipIf(noCompiler).each([
  ['a type that nobody declares', 'struct toy { toy_t lost; };', 'the type toy_t'],
  [
    'a length that is reckoned',
    'struct toy { struct { int i; } array[1 + 1]; };',
    'the length "1 + 1" of array',
  ],
  ['a declarator in parentheses', 'struct toy { int (member); };', 'a declarator in parentheses'],
  ['a type that is reckoned', 'struct toy { __typeof__(1) member; };', 'a declarator in parentheses'],
  ['a body without an end', 'struct toy { int member;', 'the end of the text'],
])('%s is an error', (_what, text, problem) => {
  expect(() => toy(text)).toThrow(`not understood: ${problem}`);
});

// The compiler sees a member more than its preprocessor showed, as if the reader had passed over it. The directory of its
// files may have "-E" in its name.
const [program = 'cc', language = '-xc'] = COMPILERS[0] ?? [];
const MORE = `case " $* " in *" -E "*) ;; *) set -- "$@" -DMORE;; esac; exec ${program} ${language} "$@"`;

test.skipIf(noCompiler).each([
  ['between members', '__u32 first;\n#ifdef MORE\n__u32 lost;\n#endif\n__u32 last;', '4, 5, 6, 7'],
  [
    'before an array without a length',
    '__u16 first;\n#ifdef MORE\n__u32 lost;\n#endif\n__u8 last[];',
    '2, 3, 4, 5',
  ],
])('a member that is passed over is an error: %s', (_where, members, bytes) => {
  expect(() => toy(`struct toy { ${members} };`, ['sh', '-c', MORE, 'sh'])).toThrow(
    `struct toy: of bytes ${bytes}`,
  );
});

test.skipIf(noCompiler)('what the headers lack is left out', () => {
  const lacking = [
    { name: 'no_such_structure', header: 'linux/types.h' },
    { name: 'nor_such_one', header: 'linux/no_such_header.h' },
  ];
  expect(layoutsOfHeaders(lacking)).toEqual(new Map());
});

test.skipIf(noCompiler)('a header that does not compile is an error', () => {
  expect(() => toy('struct toy { int member; };\nint 1;')).toThrow(/failed: .*error/s);
});
