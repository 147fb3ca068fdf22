/** Rows as text: columns as wide as their widest cell, as `ss` sets them. */

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
}

/** A table that grows: what comes later is set as wide as all that came before. */
export class Layout {
  readonly #columns: readonly number[];
  readonly #widths: number[] = HEADINGS.map(() => 0);
  /** Of all rows, one behind the other: a hundred thousand arrays would keep the garbage collector busy. */
  #cells: string[] = [];
  /** Of the last row. `ss` does not count the last cell of all, so neither do we. */
  #last = 0;

  constructor({ netid, state, header }: LayoutOptions) {
    this.#columns = HEADINGS.map((_, i) => i).filter((i) => (i !== NETID || netid) && (i !== STATE || state));
    if (header) this.add(HEADINGS);
  }

  /** A cell may hold line breaks, and counts with all of its letters. */
  add(row: Row): void {
    const widths = this.#widths;
    if (this.#last > (widths[PROCESS] as number)) widths[PROCESS] = this.#last;
    for (let column = 0; column < PROCESS; column += 1) {
      const { length } = row[column] as string;
      if (length > (widths[column] as number)) widths[column] = length;
    }
    this.#last = row[PROCESS].length;
    this.#cells.push(...row);
  }

  /** All that were added since the last time, the first time with the heading. */
  *lines(): Generator<string> {
    const cells = this.#cells;
    this.#cells = [];
    this.#last = 0;
    for (let at = 0; at < cells.length; at += HEADINGS.length) yield this.#line(cells, at);
  }

  #line(cells: readonly string[], at: number): string {
    let text = '';
    for (const column of this.#columns) {
      const cell = cells[at + column] as string;
      const width = this.#widths[column] as number;
      // Nothing stands in front of the first column.
      if (column !== this.#columns[0]) text += GAPS[column] as string;
      text += TO_THE_RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
    }
    return text;
  }
}
