/** The attributes behind a record's fixed structure: how one is declared, and how all of a record are read. */
import type { BatchMemory } from './batch.js';

/**
 * Puts one attribute's payload, `length` bytes at `at`, into the record. Answers false where the payload
 * is too short to mean anything; it is then kept as it is.
 */
export type AttributeReader<R> = (record: R, memory: BatchMemory, at: number, length: number) => boolean;

/** By attribute number. */
export type AttributeTable<R> = readonly (AttributeReader<R> | undefined)[];

/** Every record may carry attributes that this version does not know. */
export interface UnknownAttributes {
  /** Attributes that this version does not know, or that are too short for it: their bytes, by number. */
  unknown?: Record<number, Uint8Array>;
}

/** Reads a value of at least `size` bytes. */
export interface ValueReader<V> {
  size: number;
  read(memory: BatchMemory, at: number, length: number): V;
}

/** The usual attribute: one value that becomes one property. */
export function property<R, K extends keyof R>(
  name: K,
  { size, read }: ValueReader<NonNullable<R[K]>>,
): AttributeReader<R> {
  return (record, memory, at, length) => {
    if (length < size) return false;
    record[name] = read(memory, at, length);
    return true;
  };
}

/** A table from declarations by number. */
export function attributeTable<R>(readers: Record<number, AttributeReader<R>>): AttributeTable<R> {
  const table: (AttributeReader<R> | undefined)[] = [];
  for (const [number, reader] of Object.entries(readers)) table[Number(number)] = reader;
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
    const attribute = words[i] as number;
    const number = (halves[(attribute >>> 1) + 1] as number) & TYPE_MASK;
    const length = (halves[attribute >>> 1] as number) - HEADER_LENGTH;
    const reader = table[number];
    if (reader?.(record, memory, attribute + HEADER_LENGTH, length) === true) continue;
    record.unknown ??= {};
    record.unknown[number] = memory.copy(attribute + HEADER_LENGTH, length);
  }
  return record;
}
