/** What goes out: as fast as it is read, and not faster. */
import process from 'node:process';

import type { DiagMsg } from '../decode.js';

export async function print(text: string | Uint8Array): Promise<void> {
  process.stdout.write(text);
  await printed();
}

/** Until whoever reads it has taken most of what went out. */
export async function printed(): Promise<void> {
  if (process.stdout.writableNeedDrain) await new Promise((resolve) => process.stdout.once('drain', resolve));
}

/** To whoever runs us, and not among what is printed. */
export function say(message: string): void {
  console.error(`sockdiag: ${message}`);
}

/** Of the terminal that is written to; undefined where there is none, or it does not know how wide it is. */
export function screenWidth(): number | undefined {
  return process.stdout.columns || undefined;
}

/** Enough for a write. */
const CHUNK = 65536;

export async function printLines(lines: Iterable<string>): Promise<void> {
  let text = '';
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < CHUNK) continue;
    await print(text);
    text = '';
  }
  await print(text);
}

/** Bytes as hexadecimal text: as an array of numbers nobody could read them. */
function forJson(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

/** What JSON leaves in a text as it is, though it may act on the reader's terminal, where others have chosen it. */
const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Each of its halves, where it has two. */
function escaped(character: string): string {
  const units = character.split('').map((unit) => unit.charCodeAt(0));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

export function jsonLine(record: object): string {
  return `${JSON.stringify(record, forJson).replace(ACTING, escaped)}\n`;
}

/** Records as they come, some at a time. */
export type Batches = AsyncIterable<readonly DiagMsg[]>;

/** What is printed of a record. */
export type Pick = (record: object) => object;

export function jsonLines(records: readonly object[], pick: Pick): string {
  return records.map((record) => jsonLine(pick(record))).join('');
}

/** One record a line, as they come. */
export async function printJson(batches: Batches, pick: Pick): Promise<void> {
  for await (const records of batches) await print(jsonLines(records, pick));
}
