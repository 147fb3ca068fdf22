/** The rows that are on the screen: what a row is, in which order they come, and which of them fit. */

import { type CellOf, groupCells, type Manner, ownerOf, socketCells } from './cells.js';
import type { ColumnId } from './columns.js';
import { type Column, GROUP_COLUMNS, SOCKET_COLUMNS } from './columns.js';
import { type Groups, gather, makeGroups } from './groups.js';
import type { Ledger, Measure } from './ledger.js';
import { MEASURES } from './ledger.js';
import { byNumber, byText, type Compare, windowOf } from './order.js';
import { NOBODY, type Owners, UNSEEN } from './owners.js';
import type { Place } from './sampler.js';
import type { Sockets } from './sockets.js';
import type { Grouping, SortKey, State } from './state.js';

/** What rows are made of. */
export interface Stock {
  sockets: Sockets;
  owners: Owners;
  places: readonly Place[];
}

export interface Rows {
  columns: readonly Column[];
  cellOf: CellOf;
  /** How many there are; and those that were asked for, in order. */
  count: number;
  shown: readonly { row: number; key: string }[];
  nameOf: (key: string) => string;
}

type Chosen = Pick<State, 'grouping' | 'within' | 'sort' | 'isReversed'>;

/** Remembers the groups from one refresh to the next: they have sparklines too. */
export class View {
  readonly #stock: Stock;
  #groups: Groups = makeGroups();
  #grouping: Grouping = 'socket';

  constructor(stock: Stock) {
    this.#stock = stock;
  }

  /** Adds up what was read last, once for each refresh. */
  regroup(grouping: Grouping): void {
    if (grouping !== this.#grouping) this.#groups = makeGroups();
    this.#grouping = grouping;
    if (grouping !== 'socket') gather(this.#groups, this.#stock.sockets, groupKey(this.#stock, grouping));
  }

  /** The sockets that count, of the group that was chosen if one was. */
  members({ within }: Pick<State, 'within'>): Uint32Array {
    const { sockets } = this.#stock;
    if (within === undefined) return sockets.rows();
    const keyOf = groupKey(this.#stock, within.grouping);
    return sockets.rows((row) => keyOf(row) === within.key);
  }

  /** The rows from one place to another. */
  rows(chosen: Chosen, from: number, to: number, manner: Manner): Rows {
    const isGrouped = chosen.grouping !== 'socket';
    if (isGrouped && chosen.grouping !== this.#grouping) this.regroup(chosen.grouping);
    const { sockets, owners } = this.#stock;
    const ledger: Ledger<never> = (isGrouped ? this.#groups : sockets) as never;
    const all = isGrouped ? this.#groups.rows() : this.members(chosen);
    const nameOf = isGrouped ? groupName(this.#stock, chosen.grouping) : (key: string) => key;
    const cellOf = isGrouped
      ? groupCells(this.#groups, nameOf, manner)
      : socketCells(sockets, owners, manner);
    const compare = compareOf(ledger, chosen, (row, id) => sortText(this.#stock, row, id, nameOf, ledger));
    const shown = Array.from(windowOf(all, compare, from, to), (row) => ({ row, key: ledger.keyOf(row) }));
    const columns = isGrouped ? GROUP_COLUMNS : SOCKET_COLUMNS;
    return { columns, cellOf, count: all.length, shown, nameOf };
  }
}

function compareOf(
  { measures }: Pick<Ledger, 'measures'>,
  { sort, isReversed }: Pick<State, 'sort' | 'isReversed'>,
  textOf: (row: number, id: ColumnId) => string,
): Compare {
  if (sort === 'traffic') return byNumber(trafficOf(measures), !isReversed);
  if (!isMeasure(sort)) return byText((row) => textOf(row, sort), isReversed);
  const values = measures[sort];
  return byNumber((row) => values[row] as number, !isReversed);
}

function isMeasure(sort: SortKey): sort is Measure {
  return MEASURES.includes(sort as Measure);
}

/** Both directions; of which one alone may be known. */
function trafficOf({ tx, rx }: Ledger['measures']): (row: number) => number {
  return (row) => {
    const sent = tx[row] as number;
    const received = rx[row] as number;
    if (Number.isNaN(sent)) return received;
    return Number.isNaN(received) ? sent : sent + received;
  };
}

function sortText(
  { sockets, owners }: Stock,
  row: number,
  id: ColumnId,
  nameOf: (key: string) => string,
  ledger: Pick<Ledger, 'keyOf'>,
): string {
  switch (id) {
    case 'name':
      return nameOf(ledger.keyOf(row));
    case 'owner':
      return ownerOf(sockets, owners, row);
    case 'local':
      return sockets.localOf(row).address;
    case 'remote':
      return sockets.dstOf(row);
    case 'state':
      return sockets.stateOf(row);
    default:
      return sockets.kindOf(row);
  }
}

/** What sockets have in common that are in one group. */
function groupKey({ sockets, owners, places }: Stock, grouping: Grouping): (row: number) => string {
  switch (grouping) {
    case 'process':
      return (row) => ownerOf(sockets, owners, row);
    case 'remote':
      return (row) => (sockets.kindOf(row).startsWith('unix') ? UNIX : sockets.dstOf(row));
    case 'netns':
      return (row) => places[sockets.arrays.place[row] as number]?.prefix ?? '';
    default:
      return (row) => sockets.keyOf(row);
  }
}

const UNIX = 'unix';

function groupName({ places }: Stock, grouping: Grouping): (key: string) => string {
  switch (grouping) {
    case 'process':
      return (key) => PROCESSES[key] ?? key;
    case 'remote':
      return (key) => REMOTES[key] ?? key;
    default:
      return (key) => places.find(({ prefix }) => prefix === key)?.name ?? key;
  }
}

const PROCESSES: Readonly<Record<string, string>> = {
  [NOBODY]: '(no process)',
  [UNSEEN]: '(not known)',
};

const REMOTES: Readonly<Record<string, string>> = {
  '0.0.0.0': '(not connected)',
  '::': '(not connected, IPv6)',
  [UNIX]: '(unix sockets)',
};
