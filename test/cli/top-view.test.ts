/** The live view's rows in their order, and what its header says of owners. */
import { expect, test } from 'vitest';

import type { Manner } from '../../lib/cli/top/cells.js';
import { SOCKET_COLUMNS } from '../../lib/cli/top/columns.js';
import { headerLines } from '../../lib/cli/top/header.js';
import { Owners } from '../../lib/cli/top/owners.js';
import { Sockets } from '../../lib/cli/top/sockets.js';
import { initialState, type SortKey } from '../../lib/cli/top/state.js';
import { type Stock, View } from '../../lib/cli/top/view.js';
import type { TcpDiagMsg, UnixDiagMsg } from '../../lib/index.js';

const MANNER: Manner = { glyphs: 'ascii', ellipsis: '~', isNumeric: true, device: String };

/** Sockets whose every column is in another order. */
const SEEN = [
  { cookie: 'a', state: 'LISTEN', src: '192.0.2.3', dst: '192.0.2.2', rqueue: 5, wqueue: 1, rtt: 30 },
  { cookie: 'b', state: 'ESTABLISHED', src: '192.0.2.1', dst: '192.0.2.3', rqueue: 1, wqueue: 9, rtt: 20 },
  { cookie: 'c', state: 'TIME_WAIT', src: '192.0.2.2', dst: '192.0.2.1', rqueue: 3, wqueue: 5, rtt: 10 },
];

function stockOf(): Stock {
  const sockets = new Sockets();
  sockets.begin();
  for (const { rtt, ...one } of SEEN) {
    const rest = { family: 'inet', protocol: 'tcp', timer: 'off', retrans: 0, sport: 1, dport: 2, inode: 0 };
    const info = { rtt, bytesAcked: 0, bytesReceived: 0, totalRetrans: 0 };
    sockets.put(one.cookie, { ...rest, ...one, info } as unknown as TcpDiagMsg, 1000, 0);
  }
  const unix = {
    family: 'unix',
    type: 'stream',
    state: 'ESTABLISHED',
    name: '/run/x',
    inode: 0,
    cookie: 'd',
  };
  sockets.put('d', unix as unknown as UnixDiagMsg, 1000, 0);
  sockets.end();
  return { sockets, owners: new Owners(false), places: [] };
}

/** The keys of the rows, in the order of a column. */
function sorted(sort: SortKey, isReversed = false): string[] {
  const chosen = { grouping: 'socket', within: undefined, sort, isReversed } as const;
  const { shown, count } = new View(stockOf()).rows(chosen, 0, 10, MANNER);
  expect(count).toBe(SEEN.length + 1);
  return shown.map(({ key }) => key);
}

test('rows are sorted by any column, figures from the largest on, texts from A to Z', () => {
  const tcp = (keys: readonly string[]): string => keys.filter((key) => key !== 'd').join('');
  expect(tcp(sorted('rqueue'))).toBe('acb');
  expect(tcp(sorted('wqueue'))).toBe('bca');
  expect(tcp(sorted('rqueue', true))).toBe('bca');
  // Of the others, none is told.
  expect(tcp(sorted('rtt'))[0]).toBe('b');
  expect(tcp(sorted('local'))).toBe('bca');
  expect(tcp(sorted('remote'))).toBe('cab');
  expect(tcp(sorted('state'))).toBe('bac');
  for (const { id } of SOCKET_COLUMNS) expect(sorted(id).toSorted()).toEqual(['a', 'b', 'c', 'd']);
});

test('groups are sorted by their names', () => {
  const view = new View(stockOf());
  const chosen = { grouping: 'remote', within: undefined, sort: 'name', isReversed: false } as const;
  const names = view.rows(chosen, 0, 10, MANNER).shown.map(({ key }) => key);
  expect(names.filter((name) => name.startsWith('192'))).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
});

test('the members of a group are those that have its key', () => {
  const view = new View(stockOf());
  const of = (grouping: 'remote' | 'socket', key: string): number =>
    view.members({ within: { grouping, key, name: key } }).length;
  expect([of('remote', '192.0.2.1'), of('remote', '192.0.2.9'), of('socket', 'b')]).toEqual([1, 0, 1]);
});

test('a socket that nobody is known to hold was not seen, or belongs to nobody', async () => {
  const owners = new Owners(false);
  const unheld = 0xffff_ffff;
  expect([owners.nameOf(0, 0), owners.nameOf(unheld, 0)]).toEqual(['-', '?']);
  await owners.refresh();
  const { denied, hidden } = owners.sight as { denied: number; hidden: boolean };
  // Only who sees all of them knows that it is nobody's, if it was there before.
  expect(owners.nameOf(unheld, 0)).toBe(denied === 0 && !hidden ? '-' : '?');
  expect(owners.nameOf(unheld, Number.POSITIVE_INFINITY)).toBe('?');
});

test.each([
  [undefined, 'owners not known'],
  [{ denied: 1, hidden: false }, 'owners: 1 process may not be read (CAP_SYS_PTRACE)'],
  [{ denied: 2, hidden: true }, 'owners: 2 processes may not be read (CAP_SYS_PTRACE)'],
  [{ denied: 0, hidden: true }, 'owners: some processes may be hidden'],
  [{ denied: 0, hidden: false }, 'owners known'],
])('of owners: %o', (sight, words) => {
  const stock = stockOf();
  stock.owners.sight = sight;
  const state = initialState({ states: 'connected', filter: '', interval: 1 });
  const news = { time: 0, totals: undefined } as never;
  const text = headerLines(state, news, stock, MANNER, 12)
    .flat()
    .map(({ text }) => text)
    .join('');
  expect(text).toContain('sockdiag top');
  expect(text).toContain(words);
});
