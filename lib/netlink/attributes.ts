/** The attributes behind a record's fixed structure: how one is declared, and how all of a record are read. */
import type { BatchMemory } from './batch.js';
import { ATTRIBUTE_HEADER_LENGTH, ATTRIBUTE_TYPE_MASK } from './protocol.js';

/** How one attribute gets into a record. */
export interface Attribute<R> {
  /** Bytes that it must have to mean anything; a shorter one is kept as it is. */
  size: number;
  /** An array of elements of so many bytes; one that is not a whole number of them is kept as it is. */
  element?: number;
  /** Puts the payload, `length` bytes at `at`, into the record. */
  put(record: R, memory: BatchMemory, at: number, length: number): void;
}

/** By attribute number. */
export type AttributeTable<R> = readonly (Attribute<R> | undefined)[];

/** Every record may carry attributes that this version does not know. */
export interface UnknownAttributes {
  /** Attributes that this version does not know, or whose length makes no sense to it: their bytes, by number. */
  unknown?: Record<number, Uint8Array>;
}

/** A table from declarations by number, on top of another that declares what many records have. */
export function attributeTable<R>(
  attributes: Record<number, Attribute<R>>,
  common: AttributeTable<R> = [],
): AttributeTable<R> {
  const table = [...common];
  for (const [number, attribute] of Object.entries(attributes)) table[Number(number)] = attribute;
  return table;
}

/** Reads all attributes of the record in a row of the index. Of an attribute that comes twice, the last counts. */
export function readAttributes<R extends UnknownAttributes>(
  record: R,
  memory: BatchMemory,
  row: number,
  table: AttributeTable<R>,
): R {
  const { words } = memory;
  const end = row + 2 + (words[row + 1] as number);
  for (let i = row + 2; i < end; i++) readAttribute(record, memory, words[i] as number, table);
  return record;
}

/** Reads the attributes inside another one: `length` bytes at `at`, whose framing the walker has checked. */
export function readNested<R extends UnknownAttributes>(
  record: R,
  memory: BatchMemory,
  at: number,
  length: number,
  table: AttributeTable<R>,
): R {
  for (let header = at; header < at + length; header += (memory.u16(header) + 3) & ~3) {
    readAttribute(record, memory, header, table);
  }
  return record;
}

/** Where the payload of an attribute is that stands right behind a record's structure; undefined if it has none, or less of it. */
export function findAttribute(
  memory: BatchMemory,
  row: number,
  number: number,
  least: number,
): number | undefined {
  const { words } = memory;
  const end = row + 2 + (words[row + 1] as number);
  for (let i = row + 2; i < end; i++) {
    if (isAttribute(memory, words[i] as number, number, least))
      return (words[i] as number) + ATTRIBUTE_HEADER_LENGTH;
  }
  return undefined;
}

/** Likewise of an attribute inside the one whose payload is at `at`. */
export function findNested(
  memory: BatchMemory,
  at: number,
  number: number,
  least: number,
): number | undefined {
  const header = at - ATTRIBUTE_HEADER_LENGTH;
  const end = header + memory.u16(header);
  for (let inner = at; inner < end; inner += (memory.u16(inner) + 3) & ~3) {
    if (isAttribute(memory, inner, number, least)) return inner + ATTRIBUTE_HEADER_LENGTH;
  }
  return undefined;
}

function isAttribute({ halves }: BatchMemory, header: number, number: number, least: number): boolean {
  const type = (halves[(header >>> 1) + 1] as number) & ATTRIBUTE_TYPE_MASK;
  return type === number && (halves[header >>> 1] as number) - ATTRIBUTE_HEADER_LENGTH >= least;
}

function readAttribute<R extends UnknownAttributes>(
  record: R,
  memory: BatchMemory,
  header: number,
  table: AttributeTable<R>,
): void {
  const { halves } = memory;
  const at = header + ATTRIBUTE_HEADER_LENGTH;
  const length = (halves[header >>> 1] as number) - ATTRIBUTE_HEADER_LENGTH;
  const number = (halves[(header >>> 1) + 1] as number) & ATTRIBUTE_TYPE_MASK;
  const attribute = table[number];
  if (attribute !== undefined && length >= attribute.size && isWhole(attribute, length)) {
    attribute.put(record, memory, at, length);
  } else {
    record.unknown ??= {};
    record.unknown[number] = memory.copy(at, length);
  }
}

function isWhole<R>({ element }: Attribute<R>, length: number): boolean {
  return element === undefined || length % element === 0;
}

/** An attribute that is nothing but a filler. */
export const padding: Attribute<UnknownAttributes> = { size: 0, put: () => undefined };

/** The elements of an array. */
export function readArray<T>(
  memory: BatchMemory,
  at: number,
  length: number,
  size: number,
  read: (memory: BatchMemory, at: number) => T,
): T[] {
  return Array.from({ length: Math.trunc(length / size) }, (_, i) => read(memory, at + i * size));
}
