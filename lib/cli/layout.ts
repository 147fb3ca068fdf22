/** Rows as text: columns as wide as their widest cell, or spread over a screen, as `ss` sets them. */
import type { Paint } from './colours.js';
import { spread } from './widths.js';

/** The cells of one socket; those of an address and of a port touch. */
export type Row = readonly [
  netid: string,
  state: string,
  rqueue: string,
  wqueue: string,
  local: string,
  port: string,
  peer: string,
  peerPort: string,
  process: string,
];

const HEADINGS: Row = [
  'Netid',
  'State',
  'Recv-Q',
  'Send-Q',
  'Local Address:',
  'Port',
  'Peer Address:',
  'Port',
  'Process',
];

/** In front of each column. */
const GAPS: readonly string[] = ['', ' ', ' ', ' ', ' ', '', ' ', '', ''];
/** Addresses stand to the right, so that they touch their ports. */
const TO_THE_RIGHT: ReadonlySet<number> = new Set([4, 6]);

const NETID = 0;
const STATE = 1;
const PROCESS = 8;

export interface LayoutOptions {
  /** Whether sockets are of more than one kind, and of more than one state. */
  netid: boolean;
  state: boolean;
  header: boolean;
  /** How wide the screen is; undefined where there is none. */
  screen?: number | undefined;
  /** Undefined for no colours. */
  paint?: Paint | undefined;
}

/** A table that grows: what comes later is set as wide as all that came before. */
export class Layout {
  readonly #isShown: readonly boolean[];
  readonly #firstShown: number;
  readonly #screen: number | undefined;
  readonly #paint: Paint | undefined;
  readonly #widths: number[] = HEADINGS.map(() => 0);
  /** The cells of each row as one text, and how long each of them is: a million strings keep the garbage collector busy. */
  #rows: string[] = [];
  #lengths = new Uint32Array(HEADINGS.length * 64);
  /** Of the last row. `ss` does not count the last cell of all, so neither do we. */
  #last = 0;

  constructor({ netid, state, header, screen, paint }: LayoutOptions) {
    this.#screen = screen;
    this.#paint = paint;
    this.#isShown = HEADINGS.map((_, i) => (i !== NETID || netid) && (i !== STATE || state));
    this.#firstShown = this.#isShown.indexOf(true);
    if (!header) return;
    this.add(HEADINGS);
    this.#widths[PROCESS] = HEADINGS[PROCESS].length;
  }

  /** A cell may hold line breaks, and counts with all of its letters. */
  add(row: Row): void {
    const widths = this.#widths;
    if (this.#last > (widths[PROCESS] as number)) widths[PROCESS] = this.#last;
    const lengths = this.#lengthsFor(this.#rows.length);
    const at = this.#rows.length * HEADINGS.length;
    for (let column = 0; column < HEADINGS.length; column += 1) {
      const { length } = row[column] as string;
      lengths[at + column] = length;
      if (column !== PROCESS && length > (widths[column] as number)) widths[column] = length;
    }
    this.#last = row[PROCESS].length;
    this.#rows.push(row.join(''));
  }

  /** With room for one row more. */
  #lengthsFor(rows: number): Uint32Array {
    if ((rows + 1) * HEADINGS.length <= this.#lengths.length) return this.#lengths;
    const larger = new Uint32Array(this.#lengths.length * 2);
    larger.set(this.#lengths);
    this.#lengths = larger;
    return larger;
  }

  /** All that were added since the last time, the first time with the heading. */
  *lines(): Generator<string> {
    const rows = this.#rows;
    this.#rows = [];
    this.#last = 0;
    const widths = this.#spread();
    for (const [i, row] of rows.entries()) yield this.#line(row, i * HEADINGS.length, widths);
  }

  #spread(): readonly number[] {
    if (this.#screen === undefined) return this.#widths;
    const gaps = GAPS.map((gap, column) => (column === this.#firstShown ? 0 : gap.length));
    const needed = this.#widths.map((width, column) =>
      width === 0 || !this.#isShown[column] ? 0 : width + (gaps[column] as number),
    );
    return spread(needed, this.#screen).map((width, column) => Math.max(width - (gaps[column] as number), 0));
  }

  #line(row: string, first: number, widths: readonly number[]): string {
    let text = '';
    let state = '';
    let at = 0;
    for (let column = 0; column < HEADINGS.length; column += 1) {
      const end = at + (this.#lengths[first + column] as number);
      if (column === STATE && this.#paint !== undefined) state = row.slice(at, end);
      if (this.#isShown[column]) {
        const cell = row.slice(at, end);
        const width = widths[column] as number;
        // Nothing stands in front of the first column.
        if (column !== this.#firstShown) text += GAPS[column] as string;
        const padded = TO_THE_RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
        text += this.#paint === undefined ? padded : this.#paint(column, padded, state);
      }
      at = end;
    }
    return text;
  }
}
