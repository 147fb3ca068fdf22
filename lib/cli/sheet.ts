/** Lines of a table that are set with the same widths, as they are printed if no column gets wider after them. */
import { type Cells, SHORT } from './cells.js';

export const BLANK = 0x20;
export const LINE_BREAK = 0x0a;

/** Of a column that is not shown. */
const HIDDEN = -0x8000_0000;

export interface Column {
  isShown: boolean;
  /** Blanks in front of it. */
  gap: number;
  isRight: boolean;
}

/** A row that was set: what is not shown is not there. */
export interface PlacedRow {
  /** Where its cells are, among others. */
  bytes: Buffer;
  /** Where each of them starts, and how long it is. */
  starts: Uint32Array;
  lengths: Uint32Array;
  /** Of all of them. */
  size: number;
}

/** A part of every line. */
interface Span {
  from: number;
  to: number;
  length: number;
}

export class Sheet {
  rows = 0;
  /** How many bytes each cell is, row after row. */
  readonly #lengths: Uint32Array;
  readonly #columns: readonly Column[];
  readonly #widths: Uint32Array;
  /** Where each column starts in a line. */
  readonly #starts: Uint32Array;
  /** Where its last cell does. */
  readonly #tail: number;
  /** Where the cells of each column start, or, as negative numbers, where they end. */
  readonly #edges: Int32Array;
  readonly #bytes: Buffer;
  #end = 0;

  /** A line is all columns in `widths`, but for the last cell, which is as long as it is if it is longer. */
  constructor(columns: readonly Column[], widths: Uint32Array, capacity: number) {
    this.#columns = columns;
    this.#widths = widths.slice();
    const { starts, length } = placesOf(columns, widths);
    this.#starts = starts;
    this.#tail = starts[columns.length - 1] as number;
    this.#edges = Int32Array.from(columns, ({ isShown, isRight }, i) => {
      if (!isShown) return HIDDEN;
      return isRight ? -((starts[i] as number) + (widths[i] as number)) : (starts[i] as number);
    });
    this.#bytes = Buffer.alloc(capacity, BLANK);
    this.#lengths = new Uint32Array(columns.length * (Math.floor(capacity / (length + 1)) + 1));
  }

  get lines(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  /** Whether it is set with these. */
  has(widths: Uint32Array): boolean {
    return this.#columns.every(({ isShown }, i) => !isShown || this.#widths[i] === widths[i]);
  }

  /** Adds a row, none of whose cells but the last is wider than its column; false if there is no room. */
  put(cells: Cells): boolean {
    const { bytes: from, ends } = cells;
    const bytes = this.#bytes;
    const lengths = this.#lengths;
    const base = this.#end;
    const count = ends.length;
    const tail = (ends[count - 1] as number) - (ends[count - 2] as number);
    const end = base + this.#tail + Math.max(tail, this.#widths[count - 1] as number);
    if (end >= bytes.length) return false;
    const edges = this.#edges;
    let place = this.rows * count;
    let at = 0;
    for (let i = 0; i < count; i += 1) {
      const cellEnd = ends[i] as number;
      const length = cellEnd - at;
      lengths[place++] = length;
      const edge = edges[i] as number;
      if (edge !== HIDDEN) putBytes(bytes, edge < 0 ? base - edge - length : base + edge, from, at, length);
      at = cellEnd;
    }
    bytes[end] = LINE_BREAK;
    this.#end = end + 1;
    this.rows += 1;
    return true;
  }

  /** The same lines, set with widths that are no smaller. */
  linesWith(widths: Uint32Array): Uint8Array {
    const last = this.#columns.length - 1;
    const { starts, length } = placesOf(this.#columns, widths);
    const spans = this.#spansTo(starts, widths);
    let size = this.rows * (length + 1);
    for (let row = 0; row < this.rows; row += 1)
      size += Math.max(this.#tailOf(row) - (widths[last] as number), 0);
    const lines = Buffer.alloc(size, BLANK);
    const bytes = this.#bytes;
    let from = 0;
    let to = 0;
    for (let row = 0; row < this.rows; row += 1) {
      for (const span of spans) putBytes(lines, to + span.to, bytes, from + span.from, span.length);
      const tail = this.#tailOf(row);
      putBytes(lines, to + (starts[last] as number), bytes, from + this.#tail, tail);
      from += this.#tail + Math.max(tail, this.#widths[last] as number) + 1;
      to += (starts[last] as number) + Math.max(tail, widths[last] as number) + 1;
      lines[to - 1] = LINE_BREAK;
    }
    return lines;
  }

  /** What of a line, but for its last cell, goes where: neighbours that stay so go together. */
  #spansTo(starts: Uint32Array, widths: Uint32Array): Span[] {
    const spans: Span[] = [];
    for (const [i, { isShown, isRight }] of this.#columns.slice(0, -1).entries()) {
      if (!isShown) continue;
      const length = this.#widths[i] as number;
      const from = this.#starts[i] as number;
      const to = (starts[i] as number) + (isRight ? (widths[i] as number) - length : 0);
      const before = spans.at(-1);
      if (before !== undefined && to - from === before.to - before.from)
        before.length = from + length - before.from;
      else spans.push({ from, to, length });
    }
    return spans;
  }

  #tailOf(row: number): number {
    return this.#lengths[(row + 1) * this.#columns.length - 1] as number;
  }

  /** Gives out all rows, one after the other. */
  each(take: (row: PlacedRow) => void): void {
    const count = this.#columns.length;
    const starts = new Uint32Array(count);
    let base = 0;
    for (let row = 0; row < this.rows; row += 1) {
      const lengths = this.#lengths.subarray(row * count, (row + 1) * count);
      let size = 0;
      for (let i = 0; i < count; i += 1) {
        const length = lengths[i] as number;
        const free = (this.#columns[i] as Column).isRight ? (this.#widths[i] as number) - length : 0;
        starts[i] = base + (this.#starts[i] as number) + free;
        size += length;
      }
      take({ bytes: this.#bytes, starts, lengths, size });
      base += this.#tail + Math.max(lengths[count - 1] as number, this.#widths[count - 1] as number) + 1;
    }
  }
}

/** Where each column starts in a line, and how long that is. */
function placesOf(columns: readonly Column[], widths: Uint32Array): { starts: Uint32Array; length: number } {
  const starts = new Uint32Array(columns.length);
  let length = 0;
  for (const [i, { isShown, gap }] of columns.entries()) {
    if (isShown) length += gap;
    starts[i] = length;
    if (isShown) length += widths[i] as number;
  }
  return { starts, length };
}

function putBytes(to: Buffer, at: number, bytes: Buffer, from: number, length: number): void {
  if (length > SHORT) {
    bytes.copy(to, at, from, from + length);
    return;
  }
  for (let i = 0; i < length; i += 1) to[at + i] = bytes[from + i] as number;
}
