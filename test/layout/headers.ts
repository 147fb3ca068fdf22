/** Layouts from the headers of the building machine's kernel, as its compiler lays them out. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Definitions, type Leaf } from './definitions.js';
import { type Kind, type Layout, type Member, occupied } from './layout.js';

/** A structure, the header that has it, and headers that are to be included before that one. */
export interface Structure {
  name: string;
  /** As in `#include <…>`. */
  header: string;
  includes?: readonly string[];
}

/** What the program prints of a structure: the bits in hexadecimal, over the whole of it. */
interface Printed {
  name: string;
  size: number;
  align: number;
  /** The bits that have values, by the compiler's own knowledge of padding. */
  values?: string;
  members: { path: string; offset: number; bits: string; kind: Kind }[];
}

/** The compilers that there are here, with the language that each is to be told. */
export function compilers(): string[][] {
  const known = [
    ['cc', '-xc'],
    ['g++', '-xc++'],
  ];
  return known.filter(([program]) => spawnSync(program as string, ['--version']).status === 0);
}

/**
 * The layout of each of the structures that the headers here have, by its name; what they lack is left out. No
 * member is named here or by the caller: all that a header declares come, or an error.
 */
export function layoutsOfHeaders(
  structures: readonly Structure[],
  compiler: readonly string[] = compilers()[0] ?? ['cc', '-xc'],
): Map<string, Layout> {
  // The C library's headers come first: the kernel's leave out what these have, but not the other way round.
  const headers = new Set([
    ...structures.flatMap(({ includes = [] }) => includes),
    ...structures.map(({ header }) => header),
  ]);
  const includes = [...headers]
    .map((path) => `#if __has_include(<${path}>)\n#include <${path}>\n#endif\n`)
    .join('');
  const definitions = new Definitions(run(compiler, ['-E', '-P', '-'], includes));
  const present = [...new Set(structures.map(({ name }) => name))].filter((name) => definitions.has(name));
  const source = programOf(includes, new Map(present.map((name) => [name, definitions.leaves(name)])));
  const printed = JSON.parse(outputOf(compiler, source)) as Printed[];
  return new Map(printed.map((structure) => [structure.name, layoutOf(structure)]));
}

function outputOf(compiler: readonly string[], source: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'sockdiag-layout-'));
  try {
    const program = join(directory, 'layout');
    run(compiler, ['-w', '-', '-o', program], source);
    return run([program], [], '');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function run(command: readonly string[], more: readonly string[], input: string): string {
  const [program, ...first] = command;
  const result = spawnSync(program as string, [...first, ...more], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${program} failed: ${result.stderr}`);
  return result.stdout;
}

/** What is the same in every program, in words that are C as well as C++. */
const PRELUDE = `
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void print_bits(const char *name, const void *structure, size_t size) {
  printf(",\\"%s\\":\\"", name);
  for (size_t i = 0; i < size; i++) printf("%02x", ((const unsigned char *)structure)[i]);
  printf("\\"");
}

static void print_member(const char *path, size_t offset, const char *kind, const void *structure, size_t size) {
  static const char *before = 0;
  printf("%s{\\"path\\":\\"%s\\",\\"offset\\":%zu,\\"kind\\":\\"%s\\"", before == structure ? "," : "", path, offset, kind);
  print_bits("bits", structure, size);
  printf("}");
  before = (const char *)structure;
}

/* An enumeration of C++ that has no value below zero is made an int to be compared, whatever it is kept as. */
#ifdef __cplusplus
#define IS_SIGNED_ENUMERATION(member) ((__underlying_type(__typeof__(member)))-1 < 0)
#else
#define IS_SIGNED_ENUMERATION(member) ((member) < 0)
#endif

#ifndef __has_builtin
#define __has_builtin(name) 0
#endif
#if __has_builtin(__builtin_clear_padding)
#define PRINT_VALUES memset(&s, 0xff, sizeof s); __builtin_clear_padding(&s); print_bits("values", &s, sizeof s);
#else
#define PRINT_VALUES
#endif
`;

function programOf(includes: string, structures: ReadonlyMap<string, Leaf[]>): string {
  const names = [...structures.keys()];
  const functions = [...structures].map(([name, leaves]) => functionOf(name, leaves));
  const calls = names.map((name) => `print_${name}();`).join(' printf(",\\n"); ');
  return `${includes}${PRELUDE}${functions.join('')}int main(void) { printf("["); ${calls} printf("]"); return 0; }\n`;
}

/** A function that prints one structure. GCC refuses to tell the padding of one that has no fixed length. */
function functionOf(name: string, leaves: Leaf[]): string {
  const endless = leaves.some(({ form }) => form === 'endless');
  return `
static void print_${name}(void) {
  static struct ${name} s;
  printf("{\\"name\\":\\"${name}\\",\\"size\\":%zu,\\"align\\":%zu", sizeof s, __alignof__(s));
  ${endless ? '' : 'PRINT_VALUES'}
  printf(",\\"members\\":[");
  ${leaves.map((leaf) => statementsOf(name, leaf)).join('\n  ')}
  printf("]}");
}
`;
}

/** Fills a member of a structure of zeros with ones, and prints where these are. */
function statementsOf(structure: string, { path, form }: Leaf): string {
  const member = `s.${path}`;
  const sign = (isSigned: string): string => `${isSigned} ? "signed" : "unsigned"`;
  const memory = `memset((void *)&${member}, 0xff, sizeof ${member});`;
  const [fill, kind] = {
    integer: [memory, sign(`${member} < 0`)],
    enumeration: [memory, sign(`IS_SIGNED_ENUMERATION(${member})`)],
    bits: [`${member} = ~0;`, sign(`${member} < 0`)],
    bytes: [memory, '"bytes"'],
    endless: ['', '"bytes"'],
  }[form] as [string, string];
  // A bit-field has no address; its bits tell where it is.
  const offset = form === 'bits' ? '(size_t)0' : `offsetof(struct ${structure}, ${path})`;
  return `memset(&s, 0, sizeof s); ${fill} print_member("${path}", ${offset}, ${kind}, &s, sizeof s);`;
}

function layoutOf({ name, size, align, values, members }: Printed): Layout {
  const layout = { name, size, members: members.map(memberOf) };
  checkCover(layout, align, values);
  return layout;
}

function memberOf({ path, offset, bits, kind }: Printed['members'][number]): Member {
  const all = Buffer.from(bits, 'hex');
  const first = all.findIndex((byte) => byte !== 0);
  if (first < 0) return { path, offset, mask: new Uint8Array(0), kind };
  return {
    path,
    offset: first,
    mask: new Uint8Array(all.subarray(first, all.findLastIndex((byte) => byte !== 0) + 1)),
    kind,
  };
}

/** All of a structure belongs to one of its members, or is padding. */
function checkCover(layout: Layout, align: number, values: string | undefined): void {
  const covered = occupied(layout);
  const real = values === undefined ? assumedValues(covered, align) : Buffer.from(values, 'hex');
  const amiss = [...covered.keys()].filter((at) => covered[at] !== real[at]);
  if (amiss.length > 0) {
    throw new Error(`struct ${layout.name}: of bytes ${amiss.join(', ')} no member is known`);
  }
}

/** Where the compiler does not tell: padding is no longer than the alignment that it is for demands. */
function assumedValues(covered: Uint8Array, align: number): Uint8Array {
  const values = Uint8Array.from(covered);
  for (let at = 0; at + align <= covered.length; at++) {
    const run = covered.subarray(at, at + align);
    if (run.every((byte) => byte === 0)) values.fill(0xff, at, at + align);
  }
  return values;
}
