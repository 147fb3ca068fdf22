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
  #widths: readonly number[] = HEADINGS.map(() => 0);
  #heading: readonly Row[];

  constructor({ netid, state, header }: LayoutOptions) {
    this.#columns = HEADINGS.map((_, i) => i).filter((i) => (i !== NETID || netid) && (i !== STATE || state));
    this.#heading = header ? [HEADINGS] : [];
  }

  /** The heading, if it was not given before, and these. A cell may hold line breaks, and counts with all of its letters. */
  *lines(rows: readonly Row[]): Generator<string> {
    const all = [...this.#heading, ...rows];
    this.#heading = [];
    // `ss` does not count the last cell of all, so neither do we.
    this.#widths = this.#widths.map((least, i) => widest(i === PROCESS ? all.slice(0, -1) : all, i, least));
    for (const row of all) yield line(row, this.#columns, this.#widths);
  }
}

function widest(rows: readonly Row[], column: number, least: number): number {
  let most = least;
  for (const row of rows) {
    const { length } = row[column] as string;
    if (length > most) most = length;
  }
  return most;
}

function line(row: Row, columns: readonly number[], widths: readonly number[]): string {
  let text = '';
  for (const column of columns) {
    const cell = row[column] as string;
    const width = widths[column] as number;
    // Nothing stands in front of the first column.
    if (column !== columns[0]) text += GAPS[column] as string;
    text += TO_THE_RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
  }
  return text;
}
