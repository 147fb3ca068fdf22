/** Which columns there are, and which of them a terminal has room for. */
import type { Measure } from './ledger.js';

export type ColumnId =
  | 'netid'
  | 'state'
  | 'name'
  | 'local'
  | 'remote'
  | 'owner'
  | 'sent'
  | 'received'
  | Measure;

export interface Column {
  id: ColumnId;
  heading: string;
  /** Figures stand to the right. */
  right?: true;
  /** It is a sparkline, which nothing can be sorted by. */
  isLine?: true;
}

const figure = (id: ColumnId, heading: string): Column => ({ id, heading, right: true });
const line = (id: ColumnId): Column => ({ id, heading: '', isLine: true });

const TX = figure('tx', 'Sent/s');
const RX = figure('rx', 'Recv/s');
const MEASURED: readonly Column[] = [
  figure('rtt', 'RTT'),
  TX,
  line('sent'),
  RX,
  line('received'),
  figure('resent', 'Retr/s'),
];
const QUEUES: readonly Column[] = [figure('rqueue', 'Recv-Q'), figure('wqueue', 'Send-Q')];

/** In the order of the screen. */
export const SOCKET_COLUMNS: readonly Column[] = [
  { id: 'netid', heading: 'Netid' },
  { id: 'state', heading: 'State' },
  { id: 'local', heading: 'Local' },
  { id: 'remote', heading: 'Remote' },
  ...MEASURED.slice(0, -1),
  figure('retrans', 'Retr'),
  ...QUEUES,
  { id: 'owner', heading: 'Process' },
];

export const GROUP_COLUMNS: readonly Column[] = [
  { id: 'name', heading: 'Name' },
  figure('count', 'Sockets'),
  ...MEASURED,
  figure('retrans', 'Retr'),
  ...QUEUES,
];

/**
 * What a terminal is used for as it gets wider: another column, or a wider one. On a narrow one, the last steps are not
 * taken. It depends on the width alone, so that columns do not move about.
 */
const STEPS: readonly (readonly [id: ColumnId, width: number])[] = [
  ['name', 15],
  ['remote', 15],
  ['tx', 7],
  ['rx', 7],
  ['count', 7],
  ['state', 6],
  ['owner', 12],
  ['rtt', 7],
  ['local', 6],
  ['retrans', 5],
  ['remote', 21],
  ['wqueue', 6],
  ['rqueue', 6],
  ['local', 21],
  ['state', 10],
  ['sent', 8],
  ['received', 8],
  ['netid', 5],
  ['resent', 6],
  ['owner', 20],
  ['name', 40],
  ['remote', 47],
  ['local', 47],
  ['sent', 16],
  ['received', 16],
  ['owner', 40],
];

const GAP = 1;

export interface Placed extends Column {
  width: number;
}

/** The columns that there is room for, each with its width. There is always one. */
export function columnsFor(columns: readonly Column[], width: number): Placed[] {
  const widths = new Map<ColumnId, number>();
  let left = width;
  let isFull = false;
  for (const [id, wanted] of STEPS) {
    const now = widths.get(id);
    if (!columns.some((column) => column.id === id) || (isFull && now === undefined)) continue;
    const cost = wanted - (now ?? (widths.size > 0 ? -GAP : 0));
    // None comes before a more important one; those that are there may still grow.
    isFull ||= cost > left && now === undefined && widths.size > 0;
    if (isFull && now === undefined) continue;
    const paid = Math.min(cost, left);
    widths.set(id, wanted - (cost - paid));
    left -= paid;
  }
  return columns.flatMap((column) => {
    const given = widths.get(column.id);
    return given === undefined ? [] : [{ ...column, width: given }];
  });
}

/** What the rows can be sorted by, in the order of the screen. */
export function sortable(columns: readonly Column[]): ColumnId[] {
  return columns.filter(({ isLine }) => isLine !== true).map(({ id }) => id);
}
