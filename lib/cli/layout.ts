/** Rows as lines: columns as wide as their widest cell, or spread over a screen, as `ss` sets them. */
import { Budget, costOf } from './budget.js';
import { Cells } from './cells.js';
import type { Paint } from './colours.js';
import { BLANK, type Column, LINE_BREAK, type PlacedRow, Sheet } from './sheet.js';
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

const NETID = 0;
const STATE = 1;
const QUEUES: readonly number[] = [2, 3];
const PROCESS = 8;

/** In front of each column. */
const GAPS: readonly number[] = [0, 1, 1, 1, 1, 0, 1, 0, 0];
/** Addresses stand to the right, so that they touch their ports. */
const isRight = (column: number): boolean => column === 4 || column === 6;

/** How many bytes of lines are set at a time: few at first, as long as columns still get wider. */
const FIRST_SHEET = 1 << 14;
const LAST_SHEET = 1 << 18;
/** What colours add to a row at most. */
const PAINT_ROOM = 16 * HEADINGS.length;

export interface LayoutOptions {
  /** Whether sockets are of more than one kind, and of more than one state. */
  netid: boolean;
  state: boolean;
  queues: boolean;
  header: boolean;
  /** How wide the screen is; undefined where there is none. */
  screen?: number | undefined;
  /** Undefined for no colours. */
  paint?: Paint | undefined;
  /** Takes lines, many at a time. */
  print: (lines: Uint8Array) => void;
}

/**
 * A table that grows: what comes later is set as wide as all that came before. Each row is set at once, while the kernel works
 * on the next ones, and once more if a column gets wider after it. When there is much of it, it is printed before all is
 * there, where `ss` does so too.
 */
export class Layout {
  /** The cells of the next row: for whoever puts them there by hand, and then calls `next`. */
  readonly cells: Cells = new Cells(HEADINGS.length);
  readonly #columns: readonly Column[];
  /** Of each of them, whether it is shown: 1 or 0. */
  readonly #shown: Uint8Array;
  readonly #screen: number | undefined;
  readonly #paint: Paint | undefined;
  readonly #print: (lines: Uint8Array) => void;
  /** Of all columns, in bytes, as `ss` counts. */
  readonly #widths: Uint32Array = new Uint32Array(HEADINGS.length);
  /** Of the last cell of the last row. `ss` does not count it before there is another row, so neither do we. */
  #lastTail = 0;
  #widestTail: number;
  readonly #budget = new Budget();
  /** Not printed yet. */
  #sheets: Sheet[] = [];
  #capacity = FIRST_SHEET;
  /** Where states are not shown, because all have the same. */
  #onlyState = '';

  constructor({ netid, state, queues, header, screen, paint, print }: LayoutOptions) {
    const hidden = [...(netid ? [] : [NETID]), ...(state ? [] : [STATE]), ...(queues ? [] : QUEUES)];
    const shown = HEADINGS.map((_, i) => !hidden.includes(i));
    const first = shown.indexOf(true);
    // Nothing stands in front of the first column.
    this.#columns = shown.map((isShown, i) => ({
      isShown,
      gap: i === first ? 0 : (GAPS[i] as number),
      isRight: isRight(i),
    }));
    this.#shown = Uint8Array.from(shown, Number);
    this.#screen = screen;
    this.#paint = paint;
    this.#print = print;
    this.#widestTail = header ? HEADINGS[PROCESS].length : 0;
    this.#widths[PROCESS] = this.#widestTail;
    if (header) this.add(HEADINGS);
  }

  /** A cell may hold line breaks, and counts with all of its bytes. */
  add(row: Row): void {
    for (const cell of row) this.cells.add(cell);
    this.next();
  }

  /** All cells of a row are there. */
  next(): void {
    const { cells } = this;
    const isWider = this.#measure(cells.ends);
    if (isWider) this.#capacity = FIRST_SHEET;
    if (isWider || this.#sheets.at(-1)?.put(cells) !== true) this.#newSheet(cells.at).put(cells);
    if (this.#paint !== undefined && !(this.#columns[STATE] as Column).isShown)
      this.#onlyState = this.#stateOf(cells);
    cells.clear();
    if (this.#budget.isSpent) this.flush();
  }

  /** Whether a column got wider, so that another sheet is needed. */
  #measure(ends: Uint32Array): boolean {
    const widths = this.#widths;
    const shown = this.#shown;
    let isWider = false;
    let start = 0;
    let cost = 0;
    for (let column = 0; column < PROCESS; column += 1) {
      const end = ends[column] as number;
      const length = end - start;
      start = end;
      if (shown[column] === 0) continue;
      cost += costOf(length);
      if (length <= (widths[column] as number)) continue;
      widths[column] = length;
      isWider = true;
    }
    if (this.#lastTail > this.#widestTail) this.#widestTail = this.#lastTail;
    this.#lastTail = (ends[PROCESS] as number) - start;
    cost += costOf(this.#lastTail) + costOf(0);
    if (!this.#budget.takes(cost)) this.#spend(ends);
    return isWider;
  }

  /** Cell by cell. What is not shown costs nothing, and the last one is two: the processes, and all else. */
  #spend(ends: Uint32Array): void {
    for (let column = 0; column <= PROCESS; column += 1) {
      const start = column === 0 ? 0 : (ends[column - 1] as number);
      if (this.#shown[column] !== 0) this.#budget.spend((ends[column] as number) - start);
    }
    this.#budget.spend(0);
  }

  #stateOf({ bytes, ends }: Cells): string {
    return bytes.toString('latin1', ends[STATE - 1], ends[STATE]);
  }

  /** For a row of so many bytes, at least. */
  #newSheet(size: number): Sheet {
    const room = this.#room(this.#widths) + size;
    const sheet = new Sheet(this.#columns, this.#widths, Math.max(this.#capacity, room));
    this.#capacity = Math.min(this.#capacity * 2, LAST_SHEET);
    this.#sheets.push(sheet);
    return sheet;
  }

  /** Of the blanks of a row, its colours and the end of its line. */
  #room(widths: Uint32Array): number {
    return widths.reduce((sum, width, column) => sum + width + (GAPS[column] as number), PAINT_ROOM);
  }

  /** Prints all rows that are not printed yet, the first time with the heading. */
  flush(): void {
    const widths = this.#finalWidths();
    const isForScreen = this.#paint !== undefined || this.#screen !== undefined;
    for (const sheet of this.#sheets) {
      if (isForScreen) this.#printOnScreen(sheet, widths);
      else this.#print(sheet.has(widths) ? sheet.lines : sheet.linesWith(widths));
    }
    this.#sheets = [];
    this.#lastTail = 0;
    this.#budget.clear();
  }

  #finalWidths(): Uint32Array {
    const needed = this.#widths.with(PROCESS, this.#widestTail);
    if (this.#screen === undefined) return needed;
    const outer = Array.from(needed, (width, column) => {
      const { isShown, gap } = this.#columns[column] as Column;
      return width === 0 || !isShown ? 0 : width + gap;
    });
    return Uint32Array.from(spread(outer, this.#screen), (width, column) =>
      Math.max(width - (this.#columns[column] as Column).gap, 0),
    );
  }

  /** Colours make lines longer, and a narrow screen makes columns narrower than what is in them. */
  #printOnScreen(sheet: Sheet, widths: Uint32Array): void {
    const room = this.#room(widths);
    let chunk = Buffer.alloc(LAST_SHEET, BLANK);
    let end = 0;
    sheet.each((row) => {
      const needed = row.size + room;
      if (end + needed > chunk.length) {
        this.#print(chunk.subarray(0, end));
        chunk = Buffer.alloc(Math.max(LAST_SHEET, needed), BLANK);
        end = 0;
      }
      end = this.#putLine(chunk, end, row, widths);
    });
    this.#print(chunk.subarray(0, end));
  }

  /** Puts a row into blanks that have room for it; answers where it ends. */
  #putLine(line: Buffer, at: number, row: PlacedRow, widths: Uint32Array): number {
    const columns = this.#columns;
    let next = at;
    let state = this.#onlyState;
    for (let i = 0; i < columns.length; i += 1) {
      const { isShown, gap, isRight } = columns[i] as Column;
      if (!isShown) continue;
      const from = row.starts[i] as number;
      const length = row.lengths[i] as number;
      const start = next + gap;
      next = start + Math.max(widths[i] as number, length);
      const to = isRight ? next - length : start;
      for (let k = 0; k < length; k += 1) line[to + k] = row.bytes[from + k] as number;
      if (this.#paint === undefined) continue;
      if (i === STATE) state = row.bytes.toString('latin1', from, from + length);
      next = start + line.write(this.#paint(i, line.toString('utf8', start, next), state), start);
    }
    line[next] = LINE_BREAK;
    return next + 1;
  }
}
