/** Layouts from the running kernel's own description of its types. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { BtfFile, type BtfMember, type BtfType } from './btf_file.js';
import type { Kind, Layout, Member } from './layout.js';

/** The kernel's own file, then those of its modules; none where the kernel has no BTF. */
export function filesOfBtf(folder: string = '/sys/kernel/btf'): string[] {
  const kernel = 'vmlinux';
  const names = existsSync(`${folder}/${kernel}`) ? readdirSync(folder) : [];
  return names.sort((a, b) => Number(b === kernel) - Number(a === kernel)).map((name) => `${folder}/${name}`);
}

/**
 * The layout of each of the structures that the BTF has, by its name; what it lacks is left out. The first file
 * stands alone, each of the others goes on from that. Several structures of one name must be of one layout.
 */
export function layoutsOfBtf(
  names: readonly string[],
  files: readonly string[] = filesOfBtf(),
): Map<string, Layout> {
  const layouts = new Map<string, Layout>();
  const wanted = new Set(names);
  let base: BtfFile | undefined;
  for (const path of files) {
    const file = new BtfFile(readFileSync(path), base);
    base ??= file;
    for (const layout of structuresOf(file, wanted)) {
      const other = layouts.get(layout.name);
      if (other !== undefined && !isDeepStrictEqual(other, layout)) {
        throw new Error(`struct ${layout.name} has several layouts, one of them in ${path}`);
      }
      layouts.set(layout.name, layout);
    }
  }
  return layouts;
}

function structuresOf(file: BtfFile, wanted: ReadonlySet<string>): Layout[] {
  const layouts: Layout[] = [];
  for (let id = file.firstType; id < file.endOfTypes; id++) {
    if (!file.isStructure(id, wanted)) continue;
    const type = file.type(id) as BtfType & { is: 'members' };
    layouts.push({ name: type.name, size: type.size, members: membersOf(file, id, 0, '') });
  }
  return layouts;
}

/** The members of a type that have none of their own; the type is at a bit of the structure that is asked for. */
function membersOf(file: BtfFile, id: number, bit: number, path: string): Member[] {
  const type = resolve(file, id);
  if (type.is === 'members')
    return type.members.flatMap((member) => membersOfMember(file, member, bit, path));
  if (type.is === 'array') return membersOfArray(file, type, bit, path);
  if (type.is === 'opaque') return [memberAt(file, path, bit, 8 * type.size, 'bytes')];
  return [memberAt(file, path, bit + type.firstBit, type.bits, type.signed ? 'signed' : 'unsigned')];
}

/** A structure without a name leaves its members to the outer one. */
function membersOfMember(
  file: BtfFile,
  { name, type, bit, width }: BtfMember,
  from: number,
  path: string,
): Member[] {
  const own = path !== '' && name !== '' ? `${path}.${name}` : path + name;
  if (width === 0) return membersOf(file, type, from + bit, own);
  const number = resolve(file, type);
  if (number.is !== 'number') throw new Error(`${own} is a bit-field, but no number`);
  return [memberAt(file, own, from + bit, width, number.signed ? 'signed' : 'unsigned')];
}

function membersOfArray(
  file: BtfFile,
  array: BtfType & { is: 'array' },
  bit: number,
  path: string,
): Member[] {
  const bits = 8 * sizeOf(file, array.of);
  if (array.count === 0 || !hasMembers(file, array.of)) {
    return [memberAt(file, path, bit, bits * array.count, 'bytes')];
  }
  return Array.from({ length: array.count }, (_, i) =>
    membersOf(file, array.of, bit + i * bits, `${path}[${i}]`),
  ).flat();
}

/** Bits count from the lowest of the first byte, on machines of the other byte order from its highest. */
function memberAt(file: BtfFile, path: string, bit: number, bits: number, kind: Kind): Member {
  const offset = bit >>> 3;
  const mask = new Uint8Array(Math.ceil((bit - 8 * offset + bits) / 8));
  for (let i = bit - 8 * offset; i < bit - 8 * offset + bits; i++) {
    (mask[i >>> 3] as number) |= file.order === 'LE' ? 1 << (i & 7) : 0x80 >> (i & 7);
  }
  return { path, offset, mask: bits === 0 ? new Uint8Array(0) : mask, kind };
}

function hasMembers(file: BtfFile, id: number): boolean {
  const type = resolve(file, id);
  return type.is === 'array' ? hasMembers(file, type.of) : type.is === 'members';
}

function sizeOf(file: BtfFile, id: number): number {
  const type = resolve(file, id);
  return type.is === 'array' ? type.count * sizeOf(file, type.of) : type.size;
}

/** The type that is meant by a name or a qualified type. */
function resolve(file: BtfFile, id: number): Exclude<BtfType, { is: 'alias' | 'sizeless' }> {
  const type = file.type(id);
  if (type.is === 'alias') return resolve(file, type.of);
  if (type.is === 'sizeless') throw new Error(`a member of the type ${type.what}`);
  return type;
}
