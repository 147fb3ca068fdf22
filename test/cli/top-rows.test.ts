/** The live view's rows: what is remembered of sockets, how fast they are, what they have in common, and which come first. */
import { describe, expect, test } from 'vitest';

import { gather, makeGroups } from '../../lib/cli/top/groups.js';
import { History, SAMPLES } from '../../lib/cli/top/history.js';
import { Ledger } from '../../lib/cli/top/ledger.js';
import { byNumber, byText, windowOf } from '../../lib/cli/top/order.js';
import { totalsOf } from '../../lib/cli/top/sampler.js';
import { Sockets } from '../../lib/cli/top/sockets.js';
import type { TcpDiagMsg } from '../../lib/index.js';
import { Random } from '../filter/random.js';

interface Likeness {
  cookie: string;
  acked?: number;
  received?: number;
  retrans?: number;
  rtt?: number;
  state?: string;
  dst?: string;
}

function record({
  cookie,
  acked,
  received,
  retrans,
  rtt = 0,
  state = 'ESTABLISHED',
  dst = '192.0.2.1',
}: Likeness) {
  const info =
    acked === undefined
      ? undefined
      : { bytesAcked: acked, bytesReceived: received, totalRetrans: retrans, rtt };
  return {
    ...{ family: 'inet', protocol: 'tcp', state, src: '192.0.2.9', sport: 443, dst, dport: 1000 },
    ...{ timer: 'off', retrans: 0, expires: 0, ifindex: 0, cookie, rqueue: 1, wqueue: 2, uid: 0, inode: 7 },
    ...(info !== undefined && { info }),
  } as unknown as TcpDiagMsg;
}

/** One look at these, at a time in milliseconds. */
function look(sockets: Sockets, at: number, ...seen: Likeness[]): void {
  sockets.begin();
  for (const one of seen) sockets.put(one.cookie, record(one), at, 0);
  sockets.end();
}

const measuresOf = (sockets: Sockets, key: string) => {
  const row = sockets.find(key) as number;
  const { tx, rx, rtt, retrans, resent } = sockets.measures;
  return [tx[row], rx[row], rtt[row], retrans[row], resent[row]];
};

describe('sockets', () => {
  test('have rates of the time that has passed', () => {
    const sockets = new Sockets();
    look(sockets, 1000, { cookie: 'a', acked: 500, received: 10, retrans: 1, rtt: 40 });
    expect(measuresOf(sockets, 'a')).toEqual([Number.NaN, Number.NaN, 40, 1, Number.NaN]);
    look(sockets, 3000, { cookie: 'a', acked: 2500, received: 10, retrans: 4, rtt: 60 });
    expect(measuresOf(sockets, 'a')).toEqual([1000, 0, 60, 4, 1.5]);
    look(sockets, 3500, { cookie: 'a', acked: 2600, received: 20, retrans: 4, rtt: 60 });
    expect(measuresOf(sockets, 'a')).toEqual([200, 20, 60, 4, 0]);
    const row = sockets.find('a') as number;
    expect(sockets.sent.last(row, 4).map((rate) => Math.round(rate / 100))).toEqual([
      Number.NaN,
      Number.NaN,
      10,
      2,
    ]);
  });

  test('without counters have no rates, which are not 0', () => {
    const sockets = new Sockets();
    look(
      sockets,
      0,
      { cookie: 'udp' },
      { cookie: 'listener', acked: 0, received: 0, retrans: 0, state: 'LISTEN' },
    );
    look(
      sockets,
      1000,
      { cookie: 'udp' },
      { cookie: 'listener', acked: 0, received: 0, retrans: 0, state: 'LISTEN' },
    );
    for (const key of ['udp', 'listener']) {
      expect(measuresOf(sockets, key)).toEqual(new Array(5).fill(Number.NaN));
    }
  });

  test('that begin to count anew have no rate, and not a negative one', () => {
    const sockets = new Sockets();
    look(sockets, 0, { cookie: 'a', acked: 900, received: 900, retrans: 9 });
    look(sockets, 1000, { cookie: 'a', acked: 5, received: 901, retrans: 0 });
    expect(measuresOf(sockets, 'a')).toEqual([Number.NaN, 1, Number.NaN, 0, Number.NaN]);
  });

  test('count above what 32 bits hold, and single retransmissions of many', () => {
    const sockets = new Sockets();
    look(sockets, 0, { cookie: 'a', acked: 2 ** 40, received: 0, retrans: 2 ** 30 });
    look(sockets, 1000, { cookie: 'a', acked: 2 ** 40 + 3, received: 0, retrans: 2 ** 30 + 1 });
    expect(measuresOf(sockets, 'a').filter((_, i) => i !== 3)).toEqual([3, 0, Number.NaN, 1]);
  });

  test('are forgotten when they are gone, and others take their rows', () => {
    const sockets = new Sockets();
    look(sockets, 0, { cookie: 'a', acked: 5, received: 5, retrans: 0 }, { cookie: 'b', acked: 1 });
    const row = sockets.find('a');
    look(sockets, 1000, { cookie: 'b', acked: 1 });
    expect([sockets.size, sockets.find('a')]).toEqual([1, undefined]);
    look(sockets, 2000, { cookie: 'b', acked: 1 }, { cookie: 'c', acked: 7, received: 7, retrans: 0 });
    expect(sockets.find('c')).toBe(row);
    expect(measuresOf(sockets, 'c')).toEqual([Number.NaN, Number.NaN, Number.NaN, 0, Number.NaN]);
    expect(sockets.sent.last(row as number, 3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  test('that a dump tells of twice are looked at once', () => {
    const sockets = new Sockets();
    look(sockets, 0, { cookie: 'a', acked: 0, received: 0, retrans: 0 });
    look(
      sockets,
      1000,
      { cookie: 'a', acked: 100, received: 0, retrans: 0 },
      { cookie: 'a', acked: 101, received: 0, retrans: 0 },
    );
    expect(measuresOf(sockets, 'a')[0]).toBe(100);
  });

  test('stay as they were where a look came to nothing', () => {
    const sockets = new Sockets();
    look(sockets, 0, { cookie: 'a', acked: 0 }, { cookie: 'b', acked: 0 });
    look(sockets, 1000, { cookie: 'a', acked: 10 }, { cookie: 'b', acked: 20 });
    sockets.begin();
    sockets.put('a', record({ cookie: 'a', acked: 15 }), 1500, 0);
    sockets.cancel();
    expect(sockets.size).toBe(2);
    look(sockets, 2000, { cookie: 'a', acked: 20 }, { cookie: 'b', acked: 40 });
    const rates = (key: string) => sockets.sent.last(sockets.find(key) as number, 3).map(Math.round);
    // A history is not exact: 5 bytes in half a second are 10, and 20 in one are 19.
    expect(rates('a')).toEqual([Number.NaN, 10, 10]);
    expect(rates('b')).toEqual([Number.NaN, 19, 19]);
  });

  test('are many', () => {
    const sockets = new Sockets();
    const all = Array.from({ length: 3000 }, (_, i) => ({
      cookie: i.toString(16),
      acked: i,
      received: 0,
      retrans: 0,
    }));
    look(sockets, 0, ...all);
    look(sockets, 1000, ...all.map((one) => ({ ...one, acked: one.acked * 2 })));
    expect(sockets.size).toBe(3000);
    expect(measuresOf(sockets, (2999).toString(16))[0]).toBe(2999);
    const totals = totalsOf(sockets, sockets.rows());
    expect(totals).toEqual({ states: [['ESTABLISHED', 3000]], count: 3000, tx: 4498500, rx: 0, resent: 0 });
  });
});

test('the states are told in the order of how many they are', () => {
  const sockets = new Sockets();
  const waiting = ['x', 'y', 'z'].map((cookie) => ({ cookie, state: 'TIME_WAIT' }));
  look(sockets, 0, { cookie: 'a' }, ...waiting, { cookie: 'n', state: 'UNKNOWN_14' });
  expect(totalsOf(sockets, sockets.rows())).toEqual({
    states: [
      ['TIME_WAIT', 3],
      ['ESTABLISHED', 1],
      ['UNKNOWN', 1],
    ],
    count: 5,
    tx: Number.NaN,
    rx: Number.NaN,
    resent: Number.NaN,
  });
});

test('a history tells rates well enough for bars, and forgets the oldest', () => {
  const history = new History();
  history.grow(2);
  const rates = [0, 1, 10, 1e3, 1e6, 1e9, 1e12, Number.NaN];
  for (const rate of rates) {
    history.advance();
    history.put(1, rate);
  }
  for (const [i, rate] of history.last(1, rates.length).entries()) {
    const told = rates[i] as number;
    if (Number.isNaN(told) || told === 0) expect(rate).toBe(told);
    else expect(Math.abs(rate / told - 1)).toBeLessThan(0.07);
  }
  expect(history.last(0, 2)).toEqual([Number.NaN, Number.NaN]);
  for (let i = 0; i < SAMPLES; i++) {
    history.advance();
    history.put(1, i);
  }
  expect(history.last(1, 1000)).toHaveLength(SAMPLES);
  expect(history.last(1, 1000)[0]).toBe(0);
});

describe('groups', () => {
  const sockets = new Sockets();
  const both = [
    { cookie: 'a', acked: 0, received: 0, retrans: 0, rtt: 100, dst: '192.0.2.1' },
    { cookie: 'b', acked: 0, received: 0, retrans: 0, rtt: 300, dst: '192.0.2.1' },
    { cookie: 'c', dst: '192.0.2.2' },
  ];
  look(sockets, 0, ...both);
  look(
    sockets,
    1000,
    ...both.map((one) => ('acked' in one ? { ...one, acked: 50, received: 5, retrans: 1 } : one)),
  );

  test('add up what is known of their sockets', () => {
    const groups = makeGroups();
    gather(groups, sockets, (row) => sockets.remoteOf(row).address);
    const told = (key: string) =>
      Object.fromEntries(
        Object.entries(groups.measures).map(([name, column]) => [name, column[groups.find(key) as number]]),
      );
    expect(told('192.0.2.1')).toEqual({
      ...{ count: 2, tx: 100, rx: 10, rtt: 200, retrans: 2, resent: 2, rqueue: 2, wqueue: 4 },
    });
    const none = { tx: Number.NaN, rx: Number.NaN, rtt: Number.NaN, retrans: Number.NaN, resent: Number.NaN };
    expect(told('192.0.2.2')).toEqual({ count: 1, rqueue: 1, wqueue: 2, ...none });
  });

  test('have a history, and go when their last socket does', () => {
    const groups = makeGroups();
    gather(groups, sockets, () => 'old');
    gather(groups, sockets, (row) => (sockets.keyOf(row) === 'c' ? 'other' : 'old'));
    expect(groups.sent.last(groups.find('old') as number, 2).map(Math.round)).toEqual([101, 101]);
    gather(groups, sockets, () => 'new');
    expect([groups.size, groups.find('old')]).toEqual([1, undefined]);
  });
});

describe('order', () => {
  const random = new Random(7);
  const rows = () => Uint32Array.from({ length: 500 }, (_, i) => i);
  const figures = Array.from({ length: 500 }, () => {
    const one = random.next();
    return one < 0.2 ? Number.NaN : Math.floor(one * 40);
  });
  const figureOf = (row: number) => figures[row] as number;

  test.each([true, false])('of numbers, those without one last (largest first: %s)', (largestFirst) => {
    const compare = byNumber(figureOf, largestFirst);
    const told = (row: number) => (Number.isNaN(figureOf(row)) ? undefined : figureOf(row));
    // Array.prototype.sort has undefined last, and is stable.
    const known = [...rows()].filter((row) => told(row) !== undefined);
    known.sort((a, b) => (largestFirst ? figureOf(b) - figureOf(a) : figureOf(a) - figureOf(b)));
    const all = [...known, ...[...rows()].filter((row) => told(row) === undefined)];
    expect([...windowOf(rows(), compare, 0, 500)]).toEqual(all);
    for (const [from, to] of [
      [0, 1],
      [0, 20],
      [17, 60],
      [250, 251],
      [480, 500],
      [490, 900],
      [0, 0],
    ] as const) {
      expect([...windowOf(rows(), compare, from, to)]).toEqual(all.slice(from, to));
    }
  });

  test('of texts', () => {
    const texts = ['b', 'a', 'c', 'a'];
    const some = () => Uint32Array.from([0, 1, 2, 3]);
    expect([
      ...windowOf(
        some(),
        byText((row) => texts[row] as string, false),
        0,
        4,
      ),
    ]).toEqual([1, 3, 0, 2]);
    expect([
      ...windowOf(
        some(),
        byText((row) => texts[row] as string, true),
        0,
        4,
      ),
    ]).toEqual([2, 0, 1, 3]);
  });

  test('of nothing', () => {
    expect(windowOf(new Uint32Array(0), byNumber(figureOf, true), 0, 10)).toHaveLength(0);
  });
});

test('a ledger gives each key a row of its own', () => {
  const ledger = new Ledger({});
  ledger.begin();
  const rows = Array.from({ length: 1000 }, (_, i) => ledger.rowOf(String(i)));
  expect(new Set(rows).size).toBe(1000);
  expect(rows.map((row) => ledger.keyOf(row))).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
  expect(ledger.see(3)).toBe(true);
  expect(ledger.see(3)).toBe(false);
  ledger.end();
  expect([...ledger.rows()]).toEqual([3]);
});
