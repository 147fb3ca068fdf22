/** The attributes behind a record's fixed structure: how one is declared, and how all of a record are read. */
import type { BatchMemory } from './batch.js';

/** How one attribute gets into a record. */
export interface Attribute<R> {
  /** Bytes that it must have to mean anything; a shorter one is kept as it is. */
  size: number;
  /** Puts the payload, `length` bytes at `at`, into the record. */
  put(record: R, memory: BatchMemory, at: number, length: number): void;
}

/** By attribute number. */
export type AttributeTable<R> = readonly (Attribute<R> | undefined)[];

/** Every record may carry attributes that this version does not know. */
export interface UnknownAttributes {
  /** Attributes that this version does not know, or that are too short for it: their bytes, by number. */
  unknown?: Record<number, Uint8Array>;
}

/** A table from declarations by number. */
export function attributeTable<R>(attributes: Record<number, Attribute<R>>): AttributeTable<R> {
  const table: (Attribute<R> | undefined)[] = [];
  for (const [number, attribute] of Object.entries(attributes)) table[Number(number)] = attribute;
  return table;
}

/** The upper two bits of an attribute's type are flags. */
const TYPE_MASK = 0x3fff;
const HEADER_LENGTH = 4;

/** Reads all attributes of the record in a row of the index. Of an attribute that comes twice, the last counts. */
export function readAttributes<R extends UnknownAttributes>(
  record: R,
  memory: BatchMemory,
  row: number,
  table: AttributeTable<R>,
): R {
  const { words, halves } = memory;
  const end = row + 2 + (words[row + 1] as number);
  for (let i = row + 2; i < end; i++) {
    const header = words[i] as number;
    const at = header + HEADER_LENGTH;
    const length = (halves[header >>> 1] as number) - HEADER_LENGTH;
    const number = (halves[(header >>> 1) + 1] as number) & TYPE_MASK;
    const attribute = table[number];
    if (attribute !== undefined && length >= attribute.size) {
      attribute.put(record, memory, at, length);
    } else {
      record.unknown ??= {};
      record.unknown[number] = memory.copy(at, length);
    }
  }
  return record;
}
