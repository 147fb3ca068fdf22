/** What watch makes of readings: here each of them is made up, so that every case comes. */
import { afterEach, describe, expect, test, vi } from 'vitest';

import {
  type Batches,
  type Change,
  type DiagMsg,
  dumpTcp,
  type EndEvent,
  type MptcpDiagMsg,
  type SctpDiagMsg,
  SockDiagError,
  type TcpDiagMsg,
  type TcpInfo,
  type UdpDiagMsg,
  type UnixDiagMsg,
  type WatchOptions,
  watch,
} from '../lib/index.js';

const TCP: TcpDiagMsg = {
  family: 'inet',
  protocol: 'tcp',
  state: 'ESTABLISHED',
  timer: 'off',
  retrans: 0,
  src: '127.0.0.1',
  sport: 1,
  dst: '127.0.0.1',
  dport: 2,
  ifindex: 0,
  cookie: 'c',
  expires: 0,
  rqueue: 0,
  wqueue: 0,
  uid: 0,
  inode: 7,
};

const tcp = (cookie: string, fields: Partial<TcpDiagMsg> = {}): TcpDiagMsg => ({ ...TCP, cookie, ...fields });

const withInfo = (cookie: string, info: Partial<TcpInfo>): TcpDiagMsg =>
  tcp(cookie, { info: info as TcpInfo });

/** A reading: its batches, or what makes them. */
type Reading<T> = T[][] | (() => T[][] | Promise<T[][]> | AsyncIterable<T[]>);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The readings of a script, one after the other; then it throws. */
class Script<T> implements Batches<T> {
  static readonly OVER: Error = new Error('the script is over');
  readonly #readings: Reading<T>[];
  /** How many were begun, how many are under way, and how many were at most. */
  begun = 0;
  open = 0;
  most = 0;

  constructor(...readings: Reading<T>[]) {
    this.#readings = readings;
  }

  async *batches(): AsyncGenerator<T[], void> {
    const reading = this.#readings[this.begun++];
    this.open++;
    this.most = Math.max(this.most, this.open);
    try {
      if (reading === undefined) throw Script.OVER;
      for await (const batch of typeof reading === 'function' ? await reading() : reading) yield batch;
      // Whoever tells of events has his turn before the reading ends.
      await turn();
    } finally {
      this.open--;
    }
  }
}

/** All changes of a script. */
async function play<T extends DiagMsg>(
  readings: Reading<T>[],
  options?: WatchOptions<TcpDiagMsg>,
): Promise<Change<T>[]> {
  const changes: Change<T>[] = [];
  const reading = async () => {
    for await (const change of watch(new Script(...readings), { interval: 1, ...options }))
      changes.push(change);
  };
  await expect(reading()).rejects.toBe(Script.OVER);
  return changes;
}

/** Changes in short: what, and whose. */
const brief = (changes: Change<DiagMsg>[]): string[] =>
  changes.map(({ type, socket }) => `${type} ${socket.cookie}`);

afterEach(() => {
  vi.useRealTimers();
});

describe('opened, changed, closed', () => {
  test('the first reading is what the others are compared with', async () => {
    const [a, b] = [tcp('a'), tcp('b')];
    const changes = await play([[[a]], [[a], [b]]]);
    expect(changes).toEqual([{ type: 'opened', socket: b }]);
  });

  test('with `existing` its sockets are opened', async () => {
    const changes = await play([[[tcp('a')]], [[tcp('a'), tcp('b')]]], { existing: true });
    expect(brief(changes)).toEqual(['opened a', 'opened b']);
  });

  test('changed has both records', async () => {
    const [before, now] = [tcp('a'), tcp('a', { rqueue: 5 })];
    const changes = await play([[[before]], [[tcp('a')]], [[now]], [[tcp('a', { rqueue: 5 })]]]);
    expect(changes).toEqual([{ type: 'changed', socket: now, previous: before }]);
  });

  test('`previous` is of the reading before, not of the last change', async () => {
    const readings = [1, 2, 3].map((expires) => [[tcp('a', { expires, rqueue: expires > 2 ? 1 : 0 })]]);
    const changes = await play(readings);
    expect(changes).toMatchObject([{ previous: { expires: 2 }, socket: { expires: 3 } }]);
  });

  test('closed has the record as it was seen last', async () => {
    const changes = await play([[[tcp('a')]], [[tcp('a', { expires: 9 })]], [], []]);
    expect(changes).toEqual([{ type: 'closed', socket: tcp('a', { expires: 9 }) }]);
  });

  test('what is missed once is not closed', async () => {
    const [a, b] = [tcp('a'), tcp('b')];
    expect(await play([[[a, b]], [[b]], [[a, b]], [[b]], [[a, b]]])).toEqual([]);
  });

  test('what changes while it is missed once is changed', async () => {
    const changes = await play([[[tcp('a')]], [], [[tcp('a', { wqueue: 1 })]]]);
    expect(brief(changes)).toEqual(['changed a']);
  });

  test('what is missed twice is closed, and opened when it is there after all', async () => {
    const changes = await play([[[tcp('a')]], [], [], [], [[tcp('a')]]]);
    expect(brief(changes)).toEqual(['closed a', 'opened a']);
  });

  test('what one reading gives twice is there once', async () => {
    const again = [[tcp('a')], [tcp('b'), tcp('a', { rqueue: 1 })]];
    const changes = await play([again, [...again, [tcp('c')], [tcp('c', { state: 'CLOSE_WAIT' })]]]);
    expect(brief(changes)).toEqual(['opened c']);
  });

  test('changes come in the order of the reading, those that are closed last', async () => {
    const changes = await play([
      [[tcp('a'), tcp('b'), tcp('c')]],
      [[tcp('b'), tcp('c')]],
      [[tcp('d')], [tcp('c', { rqueue: 1 })], [tcp('b', { rqueue: 1 })]],
    ]);
    expect(brief(changes)).toEqual(['opened d', 'changed c', 'changed b', 'closed a']);
  });
});

describe('which records are of the same socket', () => {
  test.each<[string, DiagMsg, DiagMsg]>([
    ['the same cookie in two namespaces', { ...TCP, netns: 1 }, { ...TCP, netns: 2 }],
    [
      'a listener of MPTCP and what it accepted, with info',
      mptcp({ dport: 0 }, 0),
      mptcp({ dport: 9 }, 0xabc),
    ],
    ['two that it accepted, with info', mptcp({ dport: 9 }, 1), mptcp({ dport: 9 }, 2)],
    ['and without', mptcp({ dport: 0 }), mptcp({ dport: 9 })],
    ['an endpoint of SCTP and its association', sctp(undefined), sctp(['10.0.0.1'])],
    ['two associations', sctp(['10.0.0.1']), sctp(['10.0.0.2'])],
  ])('not: %s', async (_what, a, b) => {
    expect(a.cookie).toBe(b.cookie);
    expect(await play([[[a, b]], [[a, b]], [[a]], [[a]]])).toEqual([{ type: 'closed', socket: b }]);
  });

  test.each<[string, DiagMsg, DiagMsg]>([
    [
      'MPTCP with another address, by its token',
      mptcp({ src: '10.0.0.1' }, 5),
      mptcp({ src: '10.0.0.2' }, 5),
    ],
    [
      'an association with another primary address and one address less',
      { ...sctp(['10.0.0.1', '10.0.0.2']), dst: '10.0.0.1' },
      { ...sctp(['10.0.0.1']), dst: '10.0.0.2' },
    ],
    ['TCP in TIME_WAIT', TCP, { ...TCP, state: 'TIME_WAIT', inode: 0 }],
    ['TCP that was connected anew', TCP, { ...TCP, dport: 99 }],
    ['the same namespace', { ...TCP, netns: 1 }, { ...TCP, netns: 1, rqueue: 1 }],
  ])('the same: %s', async (_what, a, b) => {
    expect(await play([[[a]], [[b]]])).toEqual([{ type: 'changed', socket: b, previous: a }]);
  });

  function mptcp(fields: Partial<MptcpDiagMsg>, token?: number): MptcpDiagMsg {
    const info = token === undefined ? {} : { info: { token } as NonNullable<MptcpDiagMsg['info']> };
    return { ...TCP, protocol: 'mptcp', ...fields, ...info } as MptcpDiagMsg;
  }

  function sctp(peers: string[] | undefined): SctpDiagMsg {
    const rest = peers && { peers: peers.map((addr) => ({ family: 'inet' as const, addr, port: 3 })) };
    return { ...TCP, protocol: 'sctp', ...rest } as unknown as SctpDiagMsg;
  }
});

describe('what is a change', () => {
  const UNIX: UnixDiagMsg = { family: 'unix', type: 'stream', state: 'LISTEN', inode: 1, cookie: 'u' };
  const bytes = (...values: number[]) => new Uint8Array(values);

  test.each<[string, DiagMsg, DiagMsg]>([
    ['a number', TCP, { ...TCP, rqueue: 1 }],
    ['a word', TCP, { ...TCP, state: 'CLOSE_WAIT' }],
    ['a property that comes', TCP, { ...TCP, mark: 0 }],
    ['a property that goes', { ...TCP, mark: 0 }, TCP],
    ['one for another', { ...TCP, mark: 0 }, { ...TCP, classId: 0 }],
    ['a member', withInfo('c', { rtt: 1 }), withInfo('c', { rtt: 2 })],
    ['a member that goes', withInfo('c', { rtt: 1, ato: 0 }), withInfo('c', { rtt: 1 })],
    ['a structure that goes', withInfo('c', { rtt: 1 }), TCP],
    ['a flag', withOptions({ sack: false }), withOptions({ sack: true })],
    ['an item', { ...UNIX, icons: [1, 2] }, { ...UNIX, icons: [1, 3] }],
    ['an item more', { ...UNIX, icons: [1] }, { ...UNIX, icons: [1, 0] }],
    ['no item', { ...UNIX, icons: [0] }, { ...UNIX, icons: [] }],
    ['a byte', { ...UNIX, nameBytes: bytes(0, 1) }, { ...UNIX, nameBytes: bytes(0, 2) }],
    ['a byte more', { ...UNIX, nameBytes: bytes(1) }, { ...UNIX, nameBytes: bytes(1, 0) }],
    [
      'a byte of what is not known',
      { ...UNIX, unknown: { 99: bytes(1) } },
      { ...UNIX, unknown: { 99: bytes(2) } },
    ],
    ['an owner', owned([3]), owned([3, 4])],
    ["an owner's descriptor", owned([3]), owned([4])],
  ])('%s', async (_what, before, now) => {
    expect(await play([[[before]], [[now]]])).toMatchObject([{ type: 'changed', socket: now }]);
  });

  test.each<[string, DiagMsg, DiagMsg]>([
    ['the same in other objects', structuredClone(owned([3])), owned([3])],
    ['the same bytes', { ...UNIX, nameBytes: bytes(1, 2) }, { ...UNIX, nameBytes: bytes(1, 2) }],
    ['the same items', { ...UNIX, icons: [1, 2] }, { ...UNIX, icons: [1, 2] }],
    ['another order of properties', { ...TCP, mark: 1, tos: 2 }, { ...TCP, tos: 2, mark: 1 }],
    ['a timer that runs', { ...TCP, timer: 'on', expires: 200 }, { ...TCP, timer: 'on', expires: 100 }],
    ...[
      'lastDataSent',
      'lastAckSent',
      'lastDataRecv',
      'lastAckRecv',
      'busyTime',
      'rwndLimited',
      'sndbufLimited',
      'totalRtoTime',
    ].map((name): [string, DiagMsg, DiagMsg] => [
      name,
      withInfo('c', { rtt: 1, [name]: 1 }),
      withInfo('c', { rtt: 1, [name]: 2 }),
    ]),
  ])('not: %s', async (_what, before, now) => {
    expect(await play([[[before]], [[now]]])).toEqual([]);
  });

  function withOptions(options: Partial<TcpInfo['options']>): TcpDiagMsg {
    return withInfo('c', { options: Object.freeze(options) as TcpInfo['options'] });
  }

  function owned(fds: number[]): TcpDiagMsg {
    return { ...TCP, owners: fds.map((fd) => ({ pid: 1, comm: 'init', fd, startTime: 9 })) };
  }
});

describe('rates', () => {
  /** The rates between two records that are read `seconds` apart, whatever the clock on the wall does. */
  async function ratesBetween(before: DiagMsg, now: DiagMsg, seconds = 2): Promise<unknown> {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'Date'] });
    const script = new Script<DiagMsg>([[before]], [[now]]);
    const changes = watch(script, { interval: seconds * 1000 });
    const change = changes.next();
    while (vi.getTimerCount() === 0) await turn();
    // The clock on the wall is set back by decades.
    vi.setSystemTime(0);
    vi.advanceTimersByTime(seconds * 1000);
    const { value } = await change;
    await changes.return();
    expect(value).toMatchObject({ type: 'changed', socket: now });
    return (value as { rates?: unknown }).rates;
  }

  const U32 = 2 ** 32;

  test('are a second, over the time that passed, whatever the clock on the wall does', async () => {
    const before = withInfo('c', { bytesReceived: 1000, segsIn: 10, busyTime: 0, rtt: 1 });
    const now = withInfo('c', { bytesReceived: 5000, segsIn: 14, busyTime: 1_000_000, rtt: 2 });
    expect(await ratesBetween(before, now, 4)).toEqual({ bytesReceived: 1000, segsIn: 1, busyTime: 250_000 });
  });

  test.each<[string, Partial<TcpInfo>, Partial<TcpInfo>, object | undefined]>([
    ['32 bits that are full start again', { segsOut: U32 - 6 }, { segsOut: 4 }, { segsOut: 5 }],
    ['16 bits likewise', { totalRto: 65_535 }, { totalRto: 1 }, { totalRto: 1 }],
    [
      '32 bits that went back are left out',
      { segsOut: 1000, segsIn: 1 },
      { segsOut: 4, segsIn: 3 },
      { segsIn: 1 },
    ],
    [
      '64 bits that went back are left out',
      { bytesAcked: U32, segsIn: 1 },
      { bytesAcked: 4, segsIn: 3 },
      { segsIn: 1 },
    ],
    [
      'and nothing beside them is full',
      { bytesSent: 9, segsOut: U32 - 6 },
      { bytesSent: 1, segsOut: 4 },
      undefined,
    ],
    ['one that only one record has is left out', { segsOut: 1 }, { segsOut: 3, rehash: 4 }, { segsOut: 1 }],
    ['what grows not is 0', { segsOut: 1, rtt: 1 }, { segsOut: 1, rtt: 2 }, { segsOut: 0 }],
    ['gauges have none', { retransmits: 1, rtt: 1 }, { retransmits: 3, rtt: 2 }, undefined],
  ])('%s', async (_what, before, now, expected) => {
    expect(await ratesBetween(withInfo('c', before), withInfo('c', now))).toEqual(expected);
  });

  test.each<[string, string, object, object, object]>([
    ['UDP', 'skmeminfo', { ...TCP, protocol: 'udp' }, { drops: 1 }, { drops: 5 }],
    ['unix', 'meminfo', { family: 'unix', cookie: 'u' }, { drops: U32 - 3 }, { drops: 1 }],
    [
      'MPTCP',
      'info',
      { ...TCP, protocol: 'mptcp' },
      { token: 1, retransmits: 1 },
      { token: 1, retransmits: 5 },
    ],
    ['SCTP', 'info', { ...TCP, protocol: 'sctp' }, { opackets: 1 }, { opackets: 5 }],
    ['XDP', 'stats', { family: 'xdp', cookie: 'x' }, { nRxFull: 1 }, { nRxFull: 5 }],
    ['TIPC', 'stat', { family: 'tipc', cookie: 't' }, { drop: 1 }, { drop: 5 }],
  ])('of %s in %s', async (_what, part, record, before, now) => {
    const name = Object.keys(now).at(-1) as string;
    const rates = await ratesBetween(
      { ...record, [part]: before } as unknown as DiagMsg,
      { ...record, [part]: now } as unknown as DiagMsg,
    );
    expect(rates).toEqual({ [name]: 2 });
  });

  test('the memory in short of IP sockets has no counters', async () => {
    const record = (rmem: number) => ({ ...TCP, meminfo: { rmem, drops: rmem } }) as unknown as UdpDiagMsg;
    expect(await ratesBetween(record(1), record(2))).toBeUndefined();
  });
});

describe('destroy events', () => {
  /** Tells what it is given, and then waits for the next. */
  class Events implements AsyncIterableIterator<EndEvent<TcpDiagMsg>> {
    readonly #told: (EndEvent<TcpDiagMsg> | Error)[] = [];
    #ask: (() => void) | undefined;
    returned = 0;
    refs = 1;

    unref(): void {
      this.refs--;
    }

    tell(...events: (EndEvent<TcpDiagMsg> | Error)[]): void {
      this.#told.push(...events);
      this.#ask?.();
    }

    destroyed(socket: TcpDiagMsg): void {
      this.tell({ type: 'destroyed', socket });
    }

    async next(): Promise<IteratorResult<EndEvent<TcpDiagMsg>, undefined>> {
      while (this.#told.length === 0) {
        await new Promise<void>((resolve) => {
          this.#ask = resolve;
        });
      }
      const event = this.#told.shift() as EndEvent<TcpDiagMsg> | Error;
      if (event instanceof Error) throw event;
      return { done: false, value: event };
    }

    async return(): Promise<IteratorResult<EndEvent<TcpDiagMsg>, undefined>> {
      this.returned++;
      return { done: true, value: undefined };
    }

    [Symbol.asyncIterator](): this {
      return this;
    }
  }

  const final = tcp('a', { state: 'CLOSE', inode: 0, uid: 0 });
  const there = tcp('a');
  const timewait = tcp('a', { state: 'TIME_WAIT', timer: 'timewait', inode: 0 });
  const finwait2 = tcp('a', { state: 'FIN_WAIT2', timer: 'timewait', inode: 0 });

  test('what is destroyed and missed once is closed at once', async () => {
    const events = new Events();
    const tell = (): TcpDiagMsg[][] => {
      events.destroyed(final);
      return [];
    };
    const readings = [[[there, tcp('b')]], tell, [[tcp('b')]], [[tcp('b', { rqueue: 1 })]]];
    const script = new Script(...readings);
    const changes = watch(script, { interval: 1, events });
    expect((await changes.next()).value).toEqual({ type: 'closed', socket: there, final });
    expect(script.begun).toBe(2);
    expect(brief([(await changes.next()).value as Change<TcpDiagMsg>])).toEqual(['changed b']);
    await changes.return();
    expect(events).toMatchObject({ returned: 1, refs: 0 });
  });

  test('an event of another namespace is of another socket', async () => {
    const events = new Events();
    const tell = (): TcpDiagMsg[][] => {
      events.destroyed({ ...final, netns: 2 });
      return [];
    };
    const both = [
      { ...there, netns: 1 },
      { ...there, netns: 2 },
    ];
    const changes = await play<TcpDiagMsg>([[both], tell], { events });
    expect(changes).toEqual([{ type: 'closed', socket: both[1], final: { ...final, netns: 2 } }]);
  });

  test('one that is told between two readings, or while the one before is under way, counts as well', async () => {
    const events = new Events();
    const readings: Reading<TcpDiagMsg>[] = [
      [[there]],
      async () => {
        events.destroyed(final);
        return [[there]];
      },
      [[tcp('b')]],
    ];
    const changes = await play(readings, { events });
    expect(changes).toEqual([
      { type: 'opened', socket: tcp('b') },
      { type: 'closed', socket: there, final },
    ]);
  });

  test('a socket that its own first reading tells of is known to the events of that reading', async () => {
    const events = new Events();
    async function* first(): AsyncGenerator<TcpDiagMsg[], void> {
      yield [there];
      events.destroyed(final);
    }
    expect(await play<TcpDiagMsg>([first, []], { events })).toEqual([
      { type: 'closed', socket: there, final },
    ]);
  });

  test.each([
    ['TIME_WAIT', timewait],
    ['FIN_WAIT2 of nobody', finwait2],
  ])(
    'what has gone over into %s is changed, missed once, and closed with the final record',
    async (_s, mini) => {
      const events = new Events();
      const tell = (): TcpDiagMsg[][] => {
        events.destroyed(final);
        return [[mini]];
      };
      const changes = await play([[[there]], tell, [], [[mini]], [], []], { events });
      expect(changes).toEqual([
        { type: 'changed', socket: mini, previous: there },
        { type: 'closed', socket: mini, final },
      ]);
    },
  );

  test('when some were lost, what is missed twice is closed', async () => {
    const events = new Events();
    const tell = (): TcpDiagMsg[][] => {
      events.tell({ type: 'lost' });
      return [];
    };
    expect(await play([[[there]], tell, [[there]], [], []], { events })).toEqual([
      { type: 'closed', socket: there },
    ]);
  });

  test('sockets that were never seen are nothing', async () => {
    const events = new Events();
    const tell = (): TcpDiagMsg[][] => {
      events.destroyed(tcp('z'));
      return [[there]];
    };
    expect(await play([[[there]], tell, [[there]]], { events })).toEqual([]);
  });

  test('the end of the events is not the end of the watching', async () => {
    const events = (async function* (): AsyncGenerator<EndEvent<TcpDiagMsg>, void> {})();
    expect(await play([[[there]], [], []], { events })).toEqual([{ type: 'closed', socket: there }]);
  });

  test('what they throw is thrown, behind the changes that were found', async () => {
    const [events, trouble] = [new Events(), new Error('no more events')];
    const tell = (): TcpDiagMsg[][] => [[tcp('b'), tcp('d')]];
    const changes = watch(new Script<TcpDiagMsg>([[there]], tell, [[]], [[]]), { interval: 1, events });
    expect((await changes.next()).value).toMatchObject({ type: 'opened', socket: { cookie: 'b' } });
    events.tell(trouble);
    await turn();
    expect((await changes.next()).value).toMatchObject({ type: 'opened', socket: { cookie: 'd' } });
    await expect(changes.next()).rejects.toBe(trouble);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });

  test('what they throw wakes who waits for the next reading', async () => {
    const [events, trouble] = [new Events(), new Error('no more events')];
    const changes = watch(new Script<TcpDiagMsg>([[there]]), { interval: 0x7fff_ffff, events });
    const next = changes.next();
    await turn();
    await turn();
    events.tell(trouble);
    await expect(next).rejects.toBe(trouble);
    expect(events.returned).toBe(1);
  });

  test('leaving does not wait for the next event', async () => {
    let ended = false;
    const events = (async function* (): AsyncGenerator<EndEvent<TcpDiagMsg>, void> {
      try {
        await new Promise(() => undefined);
        yield { type: 'lost' };
      } finally {
        ended = true;
      }
    })();
    for await (const { socket } of watch(new Script([[there]]), { existing: true, events })) {
      expect(socket).toBe(there);
      break;
    }
    expect(ended).toBe(false);
  });
});

describe('how it is read', () => {
  const changing = (length: number): Reading<TcpDiagMsg>[] =>
    Array.from({ length }, (_, i) => [[tcp('a', { rqueue: i }), tcp('b', { rqueue: i })]]);

  test('nothing is read before it is asked for, and nothing ahead', async () => {
    const script = new Script(...changing(9));
    const changes = watch(script, { interval: 1 });
    await turn();
    expect(script.begun).toBe(0);
    await changes.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(script.begun).toBe(2);
    await changes.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(script.begun).toBe(2);
    await changes.next();
    expect(script.begun).toBe(3);
    await changes.return();
  });

  test('one reading at a time, however long it takes, and though many wait', async () => {
    const slow = changing(6).map((batches) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return batches as TcpDiagMsg[][];
    });
    const script = new Script(...slow);
    const changes = watch(script, { interval: 1 });
    const answers = await Promise.all(Array.from({ length: 10 }, () => changes.next()));
    expect(answers.map(({ value }) => (value as Change<TcpDiagMsg>).socket.rqueue)).toEqual([
      1, 1, 2, 2, 3, 3, 4, 4, 5, 5,
    ]);
    expect(script.most).toBe(1);
    await expect(changes.next()).rejects.toBe(Script.OVER);
  });

  test('without time to wait, others get their turn', async () => {
    let [readings, hadTurn] = [0, false];
    setImmediate(() => {
      hadTurn = true;
    });
    const empty: Batches<TcpDiagMsg> = {
      async *batches() {
        if (hadTurn || ++readings > 1000) throw Script.OVER;
        yield [];
      },
    };
    await expect(watch(empty, { interval: Number.MIN_VALUE }).next()).rejects.toBe(Script.OVER);
    expect(hadTurn).toBe(true);
  });

  test('an error of a reading is thrown behind what it had found, and is the end', async () => {
    const trouble = new SockDiagError('the kernel stopped', { code: 'EAGAIN' });
    const failing: Batches<TcpDiagMsg> = {
      async *batches() {
        yield [tcp('a')];
        throw trouble;
      },
    };
    const changes = watch(failing, { existing: true });
    expect((await changes.next()).value).toEqual({ type: 'opened', socket: tcp('a') });
    await expect(changes.next()).rejects.toBe(trouble);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });

  test('what cannot even begin is thrown as well', async () => {
    const trouble = new TypeError('no');
    const failing: Batches<TcpDiagMsg> = {
      batches() {
        throw trouble;
      },
    };
    await expect(watch(failing).next()).rejects.toBe(trouble);
  });

  test('a real dump that fails says why', async () => {
    await expect(watch(dumpTcp({ netns: 'sockdiag-no-such-namespace' })).next()).rejects.toMatchObject({
      name: 'SockDiagError',
      code: 'ENOENT',
    });
  });
});

describe('how it ends', () => {
  const forever = 0x7fff_ffff;

  /** Readings of which the second never comes. */
  function stuck(): { script: Script<TcpDiagMsg>; isStuck: Promise<void> } {
    let tell = (): void => undefined;
    const isStuck = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const script = new Script<TcpDiagMsg>([[tcp('a'), tcp('b')]], () => {
      tell();
      return new Promise(() => undefined);
    });
    return { script, isStuck };
  }

  const reason = new Error('that is enough');

  test('aborted before the first reading, it throws the reason and reads nothing', async () => {
    const script = new Script<TcpDiagMsg>([]);
    const changes = watch(script, { signal: AbortSignal.abort(reason) });
    await expect(changes.next()).rejects.toBe(reason);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
    expect(script.begun).toBe(0);
  });

  test('aborted while it waits for the next reading', async () => {
    const controller = new AbortController();
    const script = new Script<TcpDiagMsg>([[tcp('a')]]);
    const changes = watch(script, { interval: forever, signal: controller.signal });
    const next = changes.next();
    while (script.begun < 1 || script.open > 0) await turn();
    await turn();
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });

  test('aborted while a reading is under way that never comes', async () => {
    const controller = new AbortController();
    const { script, isStuck } = stuck();
    const next = watch(script, { interval: 1, signal: controller.signal }).next();
    await isStuck;
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
  });

  test('aborted while changes are there, it gives no more of them', async () => {
    const controller = new AbortController();
    const { script } = stuck();
    const changes = watch(script, { existing: true, signal: controller.signal });
    await changes.next();
    controller.abort(reason);
    await expect(changes.next()).rejects.toBe(reason);
  });

  test('aborted before it goes on with a batch that has come, it makes nothing of it', async () => {
    const controller = new AbortController();
    let asked = 0;
    const last: Batches<TcpDiagMsg> = {
      batches() {
        const next = async (): Promise<IteratorResult<TcpDiagMsg[], undefined>> => {
          asked++;
          if (asked > 1) return { done: true, value: undefined };
          queueMicrotask(() => queueMicrotask(() => controller.abort(reason)));
          return { done: false, value: [tcp('a')] };
        };
        return { [Symbol.asyncIterator]: () => ({ next }) };
      },
    };
    await expect(watch(last, { existing: true, signal: controller.signal }).next()).rejects.toBe(reason);
    expect(asked).toBe(1);
  });

  test("the dump's own signal ends it too", async () => {
    const dump = dumpTcp({ signal: AbortSignal.abort(reason) });
    await expect(watch(dump).next()).rejects.toBe(reason);
  });

  test('leaving the loop ends it, and no listener stays with the signal', async () => {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    const { script } = stuck();
    const changes = watch(script, { existing: true, signal: controller.signal });
    for await (const { type } of changes) {
      expect(type).toBe('opened');
      break;
    }
    expect(removed).toHaveBeenCalledTimes(1);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
    controller.abort(reason);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });

  test('`return` and dispose answer who waits', async () => {
    for (const end of ['return', Symbol.asyncDispose] as const) {
      const script = new Script<TcpDiagMsg>([[tcp('a')]]);
      const changes = watch(script, { interval: forever });
      const both = [changes.next(), changes.next()];
      while (script.begun < 1 || script.open > 0) await turn();
      await turn();
      await changes[end]();
      for (const answer of await Promise.all(both)) expect(answer).toEqual({ done: true, value: undefined });
      expect(script.begun).toBe(1);
    }
  });

  test('no timer stays behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const script = new Script<TcpDiagMsg>([[tcp('a')]]);
    const changes = watch(script, { interval: 1000 });
    const next = changes.next();
    while (vi.getTimerCount() === 0) await turn();
    await changes.return();
    await next;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('wrong arguments', () => {
  const dump = dumpTcp();

  test.each<[string, unknown, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ['no dump', undefined, {}, TypeError, /^watch: the first argument must be a dump/],
    ['null', null, {}, TypeError, /must be a dump/],
    ['the function that makes one', dumpTcp, {}, TypeError, /must be a dump/],
    ['options that are none', dump, 1000, TypeError, /^watch: options must be an object/],
    ['an option that is none', dump, { netns: 1 }, TypeError, /^watch: there is no option 'netns'/],
    ['interval of text', dump, { interval: '1000' }, TypeError, /options\.interval is of the type string/],
    [
      'interval 0',
      dump,
      { interval: 0 },
      RangeError,
      /options\.interval is 0, but must be a number of milliseconds/,
    ],
    ['below', dump, { interval: -1 }, RangeError, /interval is -1/],
    ['NaN', dump, { interval: Number.NaN }, RangeError, /interval is NaN/],
    ['Infinity', dump, { interval: Infinity }, RangeError, /interval is Infinity/],
    ['more than a timer holds', dump, { interval: 2 ** 31 }, RangeError, /at most 2147483647/],
    ['a signal that is none', dump, { signal: {} }, TypeError, /options\.signal .* must be an AbortSignal/],
    ['existing', dump, { existing: 1 }, TypeError, /options\.existing must be true or false/],
    ['events', dump, { events: [] }, TypeError, /options\.events must be something that for await can read/],
  ])('%s', (_what, first, options, kind, words) => {
    const call = () => watch(first as Batches<TcpDiagMsg>, options as WatchOptions);
    expect(call).toThrow(kind);
    expect(call).toThrow(words);
  });

  test('undefined is not given', () => {
    watch(dump, { interval: undefined, signal: undefined, existing: undefined, events: undefined });
    watch(dump);
  });
});
