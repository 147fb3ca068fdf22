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
const QUEUES: readonly number[] = [2, 3];
const PROCESS = 8;

export interface LayoutOptions {
  /** Whether sockets are of more than one kind, and of more than one state. */
  netid: boolean;
  state: boolean;
  queues: boolean;
  header: boolean;
}

/** A table that grows: what comes later is set as wide as all that came before. */
export class Layout {
  readonly #isShown: readonly boolean[];
  readonly #firstShown: number;
  readonly #widths: number[] = HEADINGS.map(() => 0);
  /** The cells of each row as one text, and how long each of them is: a million strings keep the garbage collector busy. */
  #rows: string[] = [];
  #lengths = new Uint32Array(HEADINGS.length * 64);
  /** Of the last row. `ss` does not count the last cell of all, so neither do we. */
  #last = 0;

  constructor({ netid, state, queues, header }: LayoutOptions) {
    const hidden = [...(netid ? [] : [NETID]), ...(state ? [] : [STATE]), ...(queues ? [] : QUEUES)];
    this.#isShown = HEADINGS.map((_, i) => !hidden.includes(i));
    this.#firstShown = this.#isShown.indexOf(true);
    if (header) this.add(HEADINGS);
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
    for (const [i, row] of rows.entries()) yield this.#line(row, i * HEADINGS.length);
  }

  #line(row: string, first: number): string {
    let text = '';
    let at = 0;
    for (let column = 0; column < HEADINGS.length; column += 1) {
      const end = at + (this.#lengths[first + column] as number);
      if (this.#isShown[column]) {
        const cell = row.slice(at, end);
        const width = this.#widths[column] as number;
        // Nothing stands in front of the first column.
        if (column !== this.#firstShown) text += GAPS[column] as string;
        text += TO_THE_RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
      }
      at = end;
    }
    return text;
  }
}
