/** The table of --fields: a column for each, with its name for a heading. */
import { type Field, fieldsOf, valueAt } from './fields.js';
import type { Values } from './options.js';
import { type Batches, printLines } from './output.js';
import { printable } from './words.js';

const ABSENT = '-';

/** Records with nothing but these fields; all have to be known before the first line is. */
export async function printFields(batches: Batches, fields: string, values: Values): Promise<void> {
  const table = fieldsTableFor(fields, values);
  for await (const records of batches) for (const record of records) table.add(record);
  await printLines(table.lines());
}

export function fieldsTableFor(fields: string, values: Values): FieldsTable {
  return new FieldsTable(fieldsOf(fields), { header: values['no-header'] !== true });
}

/** A table that grows: what comes later is set as wide as all that came before. */
export class FieldsTable {
  readonly #fields: readonly Field[];
  readonly #widths: number[];
  /** The cells of each row as one text, with line breaks between them, of which no cell has any. */
  #rows: string[] = [];

  constructor(fields: readonly Field[], { header }: { header: boolean }) {
    this.#fields = fields;
    this.#widths = fields.map(() => 0);
    if (header) this.#add(fields.map(({ name }) => name));
  }

  add(record: object): void {
    this.#add(this.#fields.map(({ path }) => cellOf(valueAt(record, path))));
  }

  #add(cells: readonly string[]): void {
    for (const [i, { length }] of cells.entries()) {
      if (length > (this.#widths[i] as number)) this.#widths[i] = length;
    }
    this.#rows.push(cells.join('\n'));
  }

  /** All that were added since the last time, the first time with the heading. */
  *lines(): Generator<string> {
    const rows = this.#rows;
    this.#rows = [];
    const last = this.#widths.length - 1;
    for (const row of rows) {
      const cells = row.split('\n');
      yield cells.map((cell, i) => (i === last ? cell : cell.padEnd(this.#widths[i] as number))).join(' ');
    }
  }
}

/** A text that could be taken for something else, or for nothing, stands in quotes. */
export function cellOf(value: unknown): string {
  if (value === undefined) return ABSENT;
  if (typeof value === 'string') return value === '' || value === ABSENT ? `"${value}"` : printable(value);
  if (Array.isArray(value) && value.length > 0) return value.map(compact).join(',');
  return compact(value);
}

/** `{pid=1,comm=node,fd=3}`, `[1,2]`; bytes as in JSON. */
function compact(value: unknown): string {
  if (typeof value === 'string')
    return /^[\w.:/@%*+-]+$/.test(value) ? value : printable(JSON.stringify(value));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return `[${value.map(compact).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([name, part]) => `${name}=${compact(part)}`);
  return `{${parts.join(',')}}`;
}
