/** A screen: what is told of sockets, set for a terminal of some size. Only what is on it is looked at. */
import type { Manner } from './cells.js';
import { columnsFor, type Placed, sortable } from './columns.js';
import { headerLines, STATE_TITLES } from './header.js';
import type { News } from './news.js';
import { detailLines } from './pane.js';
import type { Draft, State, Surroundings } from './state.js';
import { clipped, fitted, type Line, type Span, span, type Tone } from './text.js';
import type { Rows, Stock, View } from './view.js';

export interface Size {
  columns: number;
  rows: number;
}

export interface TableRow {
  spans: Line;
  isSelected: boolean;
  /** It is the one that is told of below. */
  isDetailed: boolean;
}

export interface Screen {
  /** The last column of a terminal stays empty: some do odd things there. */
  width: number;
  header: readonly Line[];
  heading: string;
  table: readonly TableRow[];
  /** Instead of rows, where there are none. */
  emptiness: string | undefined;
  /** Lines of the table that stay blank. */
  blanks: number;
  detail: readonly Line[];
  draft: Draft | undefined;
  footer: Line;
  hasHelp: boolean;
  /** How high the table is, for those who have the rest of it. */
  height: number;
  surroundings: Surroundings;
}

/** The cursor's mark, in front of each row. */
const MARK = 2;

export function makeScreen(
  view: View,
  stock: Stock,
  state: State,
  news: News,
  manner: Manner,
  size: Size,
): Screen {
  const width = size.columns - 1;
  const details = state.detail === undefined ? [] : detailLines(stock, state.detail, news, manner, width);
  const clip = (line: Line): Line =>
    clipped(
      line.map(({ text, tone }) => span(spoken(text, manner), tone)),
      width,
      manner.ellipsis,
    );
  const header = headerLines(state, news, stock, manner, size.rows);
  const { height, detail } = heightsOf(size.rows, header.length, details.length, state.draft);
  const rows = view.rows(state, state.first, state.first + height, manner);
  const columns = columnsFor(rows.columns, width - MARK);
  const at = rows.shown[state.cursor - state.first];
  const table = rows.shown.map(({ row, key }, i) => ({
    spans: columns.flatMap((column, place) => cellSpans(rows, row, column, place, manner)),
    isSelected: i === state.cursor - state.first,
    isDetailed: key === state.detail,
  }));
  return {
    width,
    header: header.map(clip),
    heading: headingOf(columns, state, manner),
    table,
    emptiness: table.length > 0 ? undefined : emptinessOf(state, news),
    blanks: Math.max(0, height - Math.max(1, table.length)),
    detail: details.slice(0, detail).map(clip),
    draft: state.draft,
    footer: clip(footerOf(news)),
    hasHelp: state.hasHelp,
    height,
    surroundings: {
      count: rows.count,
      height,
      selected: at && { key: at.key, name: rows.nameOf(at.key) },
      columns: sortable(columns),
    },
  };
}

function heightsOf(
  rows: number,
  header: number,
  details: number,
  draft: Draft | undefined,
): { height: number; detail: number } {
  const footer = draft === undefined ? 1 : draft.error === undefined ? 1 : 3;
  const rest = Math.max(1, rows - header - 1 - footer);
  const detail = Math.max(0, Math.min(details, rest - 3));
  return { height: rest - detail, detail };
}

function headingOf(columns: readonly Placed[], { sort, isReversed }: State, manner: Manner): string {
  const [up, down] = manner.glyphs === 'unicode' ? ['▲', '▼'] : ['^', 'v'];
  const cells = columns.map(({ id, heading, width, right }) => {
    const isSorted = sort === id || (sort === 'traffic' && (id === 'tx' || id === 'rx'));
    // Figures come with the largest first, and texts from A to Z.
    const arrow = isSorted ? ((right === true) === isReversed ? up : down) : '';
    return fitted(`${heading}${arrow}`, width, right === true, '');
  });
  return `${' '.repeat(MARK)}${cells.join(' ')}`;
}

function cellSpans(rows: Rows, row: number, column: Placed, place: number, manner: Manner): Span[] {
  const { id, width, right } = column;
  const text = rows.cellOf(row, column);
  const cell = fitted(spoken(text, manner), width, right === true, manner.ellipsis);
  return [span(`${place === 0 ? '' : ' '}${cell}`, toneOf(id, text))];
}

/** A terminal that is not of UTF-8 would make several letters of one. */
function spoken(text: string, { glyphs }: Manner): string {
  return glyphs === 'unicode' ? text : text.replace(/[^\x20-\x7e]/gu, '?');
}

function toneOf(id: Placed['id'], text: string): Tone {
  switch (id) {
    case 'tx':
    case 'sent':
      return text === '0' || text === '' ? 'faint' : 'good';
    case 'rx':
    case 'received':
      return text === '0' || text === '' ? 'faint' : 'other';
    case 'retrans':
    case 'resent':
      return text === '0' || text === '' ? 'faint' : 'bad';
    case 'rqueue':
    case 'wqueue':
      return text === '0' ? 'faint' : 'plain';
    case 'state':
      return text === 'ESTAB' || text === 'LISTEN' ? 'plain' : 'warning';
    default:
      return 'plain';
  }
}

/** Nothing found is another thing than not looked. */
function emptinessOf({ filter, states }: State, { totals, complaint }: News): string {
  if (totals === undefined) return complaint === undefined ? 'reading ...' : 'nothing could be read';
  if (filter !== '') return 'no socket fits the filter (/ edits it)';
  return states === 'all' ? 'there are no sockets' : `there are no ${STATE_TITLES[states]} (l: others)`;
}

const HINTS =
  'Enter detail  / filter  s sort  r reverse  g group  l states  p pause  +- interval  ? help  q quit';

function footerOf({ complaint }: News): Line {
  return complaint === undefined ? [span(HINTS, 'faint')] : [span(`! ${complaint}`, 'bad')];
}
