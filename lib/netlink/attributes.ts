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

/** Whether a payload of so many bytes means anything. */
type Accepts = (length: number) => boolean;

/**
 * Where an attribute of a record begins whose length is accepted; undefined without one. As where they are read, the last of
 * several counts.
 */
export function findAttribute(
  memory: BatchMemory,
  row: number,
  number: number,
  accepts: Accepts,
): number | undefined {
  const { words } = memory;
  for (let i = row + 1 + (words[row + 1] as number); i >= row + 2; i--) {
    const header = words[i] as number;
    if (isAttribute(memory, header, number, accepts)) return header;
  }
  return undefined;
}

/** Likewise of an attribute inside another. */
export function findNested(
  memory: BatchMemory,
  header: number,
  number: number,
  accepts: Accepts,
): number | undefined {
  const end = header + memory.u16(header);
  let found: number | undefined;
  for (let at = header + ATTRIBUTE_HEADER_LENGTH; at < end; at += (memory.u16(at) + 3) & ~3) {
    if (isAttribute(memory, at, number, accepts)) found = at;
  }
  return found;
}

function isAttribute(memory: BatchMemory, header: number, number: number, accepts: Accepts): boolean {
  const type = memory.u16(header + 2) & ATTRIBUTE_TYPE_MASK;
  return type === number && accepts(memory.u16(header) - ATTRIBUTE_HEADER_LENGTH);
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
