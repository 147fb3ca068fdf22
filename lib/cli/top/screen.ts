/** A screen: what is told of sockets, set for a terminal of some size. Only what is on it is looked at. */
import type { DiagMsg } from '../../decode.js';
import { stateWord } from '../words.js';
import { endpointOf, type Manner } from './cells.js';
import { columnsFor, type Placed } from './columns.js';
import { detailTexts } from './detail.js';
import { amountText, countText } from './figures.js';
import { SAMPLES } from './history.js';
import type { Totals } from './sampler.js';
import { sparkline } from './sparkline.js';
import type { Draft, Grouping, SortKey, State, Surroundings } from './state.js';
import { clipped, fitted, type Line, type Span, span, type Tone, wrapped } from './text.js';
import type { Rows, Stock, View } from './view.js';

export interface Size {
  columns: number;
  rows: number;
}

/** What a screen is made of beside the sockets themselves. */
export interface News {
  /** Of the last refresh; undefined before the first. */
  totals: Totals | undefined;
  /** When that was, as of Date. */
  time: number;
  /** Of the last refreshes, the newest at the end. */
  sent: readonly number[];
  received: readonly number[];
  complaint: string | undefined;
  /** The record of the socket in detail; undefined while it is not read, or is gone. */
  detail: DiagMsg | undefined;
  isDetailGone: boolean;
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

const TITLES: Readonly<Record<Grouping, string>> = {
  socket: 'sockets',
  process: 'by process',
  remote: 'by remote address',
  netns: 'by network namespace',
};

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
      columns: columns.filter(({ isLine }) => isLine !== true).map(({ id }) => id),
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

/** On a low terminal, what the table shows too is left out first. */
function headerLines(state: State, news: News, stock: Stock, manner: Manner, rows: number): Line[] {
  const { totals, time } = news;
  const title = [
    span('sockdiag top', 'strong'),
    span(`  ${time === 0 ? '' : clockOf(time)}  every ${state.interval} s`),
    ...(state.isPaused ? [span('  PAUSED', 'warning')] : []),
    span(`  ${TITLES[state.grouping]}`),
    ...(state.within === undefined ? [] : [span(`  of ${state.within.name}`, 'strong')]),
    span(
      `  sorted by ${SORT_NAMES[state.sort] ?? state.sort}${state.isReversed ? ', reversed' : ''}`,
      'faint',
    ),
  ];
  return [
    title,
    stateLine(totals),
    ...(rows >= 16 ? [rateLine(news, manner)] : []),
    ...(rows >= 10 ? [choiceLine(state, stock)] : []),
  ];
}

const SORT_NAMES: Partial<Readonly<Record<SortKey, string>>> = {
  tx: 'bytes sent',
  rx: 'bytes received',
  rtt: 'RTT',
  retrans: 'retransmissions',
  resent: 'retransmissions a second',
  rqueue: 'Recv-Q',
  wqueue: 'Send-Q',
  count: 'sockets',
  netid: 'kind',
  local: 'local address',
  remote: 'remote address',
  owner: 'process',
};

function clockOf(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

function stateLine(totals: Totals | undefined): Line {
  if (totals === undefined) return [span('reading ...', 'faint')];
  const states = totals.states.map(([state, count]) => `${stateWord(state)} ${countText(count)}`);
  return [
    span(`${totals.count} ${totals.count === 1 ? 'socket' : 'sockets'}`, 'strong'),
    span(states.length === 0 ? '' : `  ${states.join('  ')}`),
  ];
}

function rateLine({ totals, sent, received }: News, { glyphs }: Manner): Line {
  const rate = (value: number | undefined, unit: string): string =>
    value === undefined || Number.isNaN(value) ? `-${unit}` : `${amountText(value)}${unit}`;
  return [
    span(`Sent ${rate(totals?.tx, 'B/s')} `),
    span(sparkline(sent, glyphs), 'good'),
    span(`  Received ${rate(totals?.rx, 'B/s')} `),
    span(sparkline(received, glyphs), 'other'),
    span(`  Sent again ${rate(totals?.resent, '/s')}`, (totals?.resent ?? 0) > 0 ? 'bad' : 'plain'),
  ];
}

function choiceLine({ states, filter }: State, { owners: { sight } }: Stock): Line {
  return [
    span(namesStates(filter) ? 'sockets in the states of the filter' : STATE_TITLES[states]),
    filter === '' ? span('  no filter', 'faint') : span(`  filter: ${filter}`, 'strong'),
    span(`  ${ownersTitle(sight)}`, 'faint'),
  ];
}

/** Then the choice of states is of no account. */
const namesStates = (filter: string): boolean => /^\s*(?:state|exclude)\b/.test(filter);

const STATE_TITLES: Readonly<Record<State['states'], string>> = {
  connected: 'connected sockets',
  listening: 'listening sockets',
  all: 'sockets in all states',
};

function ownersTitle(sight: { denied: number; hidden: boolean } | undefined): string {
  if (sight === undefined) return 'owners not known';
  if (sight.denied > 0) {
    return `owners: ${sight.denied} ${sight.denied === 1 ? 'process' : 'processes'} may not be read (CAP_SYS_PTRACE)`;
  }
  return sight.hidden ? 'owners: some processes may be hidden' : 'owners known';
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

function detailLines(stock: Stock, key: string, news: News, manner: Manner, width: number): Line[] {
  const { sockets } = stock;
  const row = sockets.find(key);
  if (row === undefined && news.detail === undefined) return [[span('this socket is gone', 'warning')]];
  const texts =
    news.detail === undefined
      ? []
      : detailTexts(news.detail, stock.owners.allOf((news.detail as { inode?: number }).inode ?? 0));
  const indent = 10;
  const lines = texts.flatMap(([heading, text]) =>
    wrapped(text, width - indent).map((piece, i) => [
      span((i === 0 ? heading : '').padEnd(indent), 'strong'),
      span(piece),
    ]),
  );
  const rule = (manner.glyphs === 'unicode' ? '─' : '-').repeat(width);
  const gone = news.isDetailGone ? [[span('It is gone; this is what was known last.', 'warning')]] : [];
  return [
    [span(rule, 'faint')],
    ...gone,
    ...(row === undefined ? [] : rowLines(stock, row, manner, width)),
    ...lines,
  ];
}

/** What it is, and its rates of late. */
function rowLines({ sockets }: Stock, row: number, manner: Manner, width: number): Line[] {
  const { glyphs } = manner;
  const many = Math.max(8, Math.min(SAMPLES, width - 24));
  const { tx, rx } = sockets.measures;
  const line = (heading: string, rate: number, rates: readonly number[], tone: Tone): Line => [
    span(heading.padEnd(10), 'strong'),
    span(`${amountText(rate) || '-'}B/s`.padEnd(10)),
    span(sparkline(rates, glyphs), tone),
  ];
  const ends = `${endpointOf(sockets, row, 'local', manner)} - ${endpointOf(sockets, row, 'remote', manner)}`;
  return [
    [span('Socket'.padEnd(10), 'strong'), span(`${sockets.kindOf(row)} ${ends}`)],
    line('Sent', tx[row] as number, sockets.sent.last(row, many), 'good'),
    line('Received', rx[row] as number, sockets.received.last(row, many), 'other'),
  ];
}
