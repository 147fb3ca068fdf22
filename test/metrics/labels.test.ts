/** What sockets are told apart by, and that there are never more values than there may be. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type DiagMsg, dumpTcp, dumpUnix, type Netns, owners } from '../../lib/index.js';
import {
  type Collection,
  collector,
  type Label,
  type LabelName,
  remoteNetwork,
  type Summary,
  summarize,
} from '../../lib/metrics/index.js';
import { isSanitized, lackOfWorld, skip } from '../tools.js';
import { Stage } from '../world/stage.js';
import { addressOf, batchesOf, tcp } from './sockets.js';

/** How many sockets there are with each value of a label. */
function countsOf({ sockets }: Summary, name: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { labels, count } of sockets) {
    const value = labels[name] as string;
    counts[value] = (counts[value] ?? 0) + count;
  }
  return counts;
}

async function labelOf(label: LabelName | Label, record: DiagMsg): Promise<string | undefined> {
  const { sockets } = await summarize(batchesOf(record), { labels: [label] });
  return sockets[0]?.labels[typeof label === 'string' ? label : label.name];
}

describe('remote_network', () => {
  test.each([
    ['198.51.100.77', {}, '198.51.100.0/24'],
    ['198.51.100.77', { inet: 32 }, '198.51.100.77/32'],
    ['198.51.100.77', { inet: 23 }, '198.51.100.0/23'],
    ['198.51.101.77', { inet: 23 }, '198.51.100.0/23'],
    ['198.51.100.77', { inet: 1 }, '128.0.0.0/1'],
    ['198.51.100.77', { inet: 0 }, '0.0.0.0/0'],
    ['2001:db8:1:2:3:4:5:6', {}, '2001:db8:1:2::/64'],
    ['2001:db8:1:2:3:4:5:6', { inet6: 128 }, '2001:db8:1:2:3:4:5:6/128'],
    ['2001:db8:1:2:3:4:5:6', { inet6: 33 }, '2001:db8::/33'],
    ['2001:db8:8001:2::', { inet6: 33 }, '2001:db8:8000::/33'],
    ['2001:db8:1:2:3:4:5:6', { inet6: 0 }, '::/0'],
    ['fe80::1', {}, 'fe80::/64'],
    // The client speaks IPv4, whatever the server's socket is.
    ['::ffff:198.51.100.77', {}, '198.51.100.0/24'],
    ['::ffff:198.51.100.77', { inet: 30, inet6: 128 }, '198.51.100.76/30'],
    // Nobody is at the other end.
    ['0.0.0.0', {}, ''],
    ['::', {}, ''],
    ['::ffff:0.0.0.0', {}, ''],
  ])('of %s with %o is %s', async (dst, options, network) => {
    expect(await labelOf(remoteNetwork(options), tcp({ dst }))).toBe(network);
    if (Object.keys(options).length === 0)
      expect(await labelOf('remote_network', tcp({ dst }))).toBe(network);
  });

  test('is nothing for what has no address', async () => {
    const unix = { family: 'unix', type: 'stream', state: 'CLOSE', inode: 1, cookie: '1' } as const;
    expect(await labelOf('remote_network', unix)).toBe('');
    expect(await labelOf('local_port', unix)).toBe('');
  });

  test('is right for more networks than it remembers', async () => {
    const records = Array.from({ length: 10_000 }, (_, i) => tcp({ dst: addressOf(i) }));
    const summary = await summarize(batchesOf(...records, ...records), {
      labels: [remoteNetwork({ inet: 32 })],
      limit: 10_000,
    });
    const counts = countsOf(summary, 'remote_network');
    expect(counts).toEqual(Object.fromEntries(records.map(({ dst }) => [`${dst}/32`, 2])));
  });

  test('wrong options are told', () => {
    expect(() => remoteNetwork({ inet: 33 })).toThrow(
      /options\.inet is 33, but must be a whole number from 0 to 32/,
    );
    expect(() => remoteNetwork({ inet: 33 })).toThrow(RangeError);
    expect(() => remoteNetwork({ inet6: -1 })).toThrow(RangeError);
    expect(() => remoteNetwork({ inet6: '64' } as never)).toThrow(TypeError);
    expect(() => remoteNetwork({ ipv4: 24 } as never)).toThrow(/there is no option 'ipv4'/);
  });
});

describe('owner', () => {
  const held = (...names: string[]) =>
    tcp({ owners: names.map((comm, i) => ({ pid: i + 1, comm, fd: 3, startTime: 1 })) });

  test('is the first process, of several', async () => {
    expect(await labelOf('owner', held('nginx', 'worker'))).toBe('nginx');
  });

  test('tells nobody from what is not known', async () => {
    expect(await labelOf('owner', held())).toBe('');
    expect(await labelOf('owner', tcp())).toBe('unknown');
  });
});

describe.skipIf(lackOfWorld())('of real sockets', () => {
  let stage: Stage;
  let other: Stage;
  beforeAll(async () => {
    [stage, other] = await Promise.all([Stage.open(), Stage.open()]);
    await stage.run(`
      kept = [listener('127.0.0.1', 7001), listener('::', 7002)]
      kept += [connection(kept[0], '127.0.0.1') for n in range(3)]
      kept += [connection(kept[1], '127.0.0.1'), connection(kept[1], '::1')]`);
    await other.run(`kept = [listener('127.0.0.1', 7001), listener('127.0.0.1', 7003)]`);
  });
  afterAll(() => Promise.all([stage?.close(), other?.close()]));

  test('local_port: as the records have it', async () => {
    const dump = dumpTcp({ netns: stage.pid, states: ['ESTABLISHED', 'LISTEN'] });
    const expected: Record<string, number> = {};
    for await (const { sport } of dump) expected[sport] = (expected[sport] ?? 0) + 1;
    const counts = countsOf(await summarize(dump, { labels: ['local_port'] }), 'local_port');
    expect(counts).toEqual(expected);
    expect([counts['7001'], counts['7002']]).toEqual([4, 3]);
  });

  test('remote_network: one client that comes by IPv4 to a dual-stack server is in 127.0.0.0/24', async () => {
    const dump = dumpTcp({ netns: stage.pid, filter: 'sport = :7002' });
    const summary = await summarize(dump, { labels: ['remote_network'] });
    expect(countsOf(summary, 'remote_network')).toEqual({ '': 1, '127.0.0.0/24': 1, '::/64': 1 });
  });

  test('owner: the one who made them', async () => {
    const dump = dumpTcp({ netns: stage.pid, states: ['LISTEN'], owners: true });
    const comm = [...(await owners({ pids: [stage.pid] })).sockets.values()][0]?.[0]?.comm as string;
    expect(countsOf(await summarize(dump, { labels: ['owner'] }), 'owner')).toEqual({ [comm]: 2 });
    const without = dumpTcp({ netns: stage.pid, states: ['LISTEN'] });
    expect(countsOf(await summarize(without, { labels: ['owner'] }), 'owner')).toEqual({ unknown: 2 });
  });

  test('netns: the namespaces of one dump, and none where there is but one', async () => {
    const inode = async (of: Stage): Promise<string> =>
      String(await of.run(`result = os.stat('/proc/self/ns/net').st_ino`));
    const [own, others] = [await inode(stage), await inode(other)];
    const netns: Netns[] = [stage.pid, other.pid];
    const summary = await summarize(dumpTcp({ netns, states: ['LISTEN'] }), { labels: ['netns'] });
    expect(countsOf(summary, 'netns')).toEqual({ [own]: 2, [others]: 2 });
    // The same address in both.
    const at7001 = summary.listeners.filter(({ port }) => port === 7001);
    expect(at7001.map(({ labels }) => labels['netns']).sort()).toEqual([own, others].sort());
    const single = await summarize(dumpTcp({ netns: stage.pid, states: ['LISTEN'] }), { labels: ['netns'] });
    expect(countsOf(single, 'netns')).toEqual({ '': 2 });
  });

  test('limit: addresses of one sort each, live', async () => {
    await stage.run(`
      many = listener('0.0.0.0', 7009, backlog=200)
      far = []
      for n in range(100):
          sock = socket.socket()
          sock.bind(('127.0.1.%d' % (n + 1), 0))
          sock.connect(('127.0.0.1', 7009))
          far.append(sock)`);
    const dump = dumpTcp({ netns: stage.pid, states: ['ESTABLISHED'], filter: 'sport = :7009' });
    const counts = countsOf(
      await summarize(dump, { labels: [remoteNetwork({ inet: 32 })], limit: 10 }),
      'remote_network',
    );
    expect(Object.keys(counts)).toHaveLength(11);
    expect(counts['other']).toBe(90);
    await stage.run('for sock in far + [many]: sock.close()');
  });
});

describe.skipIf(lackOfWorld())('cgroup', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage?.close());

  test('is the path that /proc tells of the process that made the socket', async () => {
    const path = await stage.run<string | null>(`
      import cgroups
      outer = listener('127.0.0.1', 0)
      group = cgroups.group()
      try:
          group.__enter__()
          kept = [listener('127.0.0.1', 0) for n in range(2)]
          result = cgroups.path_of('')
      except OSError:
          result = None`);
    if (path === null && skip('no cgroup can be made here')) return;
    try {
      const dump = dumpTcp({ netns: stage.pid });
      const [record] = await dump.toArray();
      if (record?.cgroupId === undefined && skip('this kernel tells no cgroups')) return;
      const counts = countsOf(await summarize(dump, { labels: ['cgroup'] }), 'cgroup');
      expect(path).toMatch(/sockdiag-world-/);
      expect(counts).toMatchObject({ [path as string]: 2 });
      expect(Object.values(counts).sort()).toEqual([1, 2]);
    } finally {
      await stage.run('group.__exit__(None, None, None)');
    }
  });

  test('is nothing for unix sockets, whose records do not tell', async () => {
    await stage.run('pair = socket.socketpair()');
    const summary = await summarize(dumpUnix({ netns: stage.pid }), { labels: ['cgroup'] });
    expect(countsOf(summary, 'cgroup')).toEqual({ '': 2 });
  });

  test('is unreachable where there is none of that number', async () => {
    expect(await labelOf('cgroup', tcp({ cgroupId: 2 ** 50 }))).toBe('unreachable');
    expect(await labelOf('cgroup', tcp())).toBe('');
  });
});

describe("labels of somebody's own", () => {
  const labelled = (of: (record: DiagMsg) => unknown): Label => ({ name: 'mine', of: of as Label['of'] });

  test.each([
    [undefined, ''],
    [null, ''],
    ['', ''],
    [0, '0'],
    [false, 'false'],
    [12n, '12'],
    [Symbol('s'), 'Symbol(s)'],
    [['a', 'b'], 'a,b'],
    ['a"b\\c\nd', 'a"b\\c\nd'],
    // Half of a letter, which is written like each other half.
    ['a\ud83d', 'a\ufffd'],
    ['a\ude00', 'a\ufffd'],
    ['😀', '😀'],
  ])('whatever one answers is text: %o', async (answer, text) => {
    expect(
      await labelOf(
        labelled(() => answer),
        tcp(),
      ),
    ).toBe(text);
  });

  test('one that throws ends the reading, and is told of the dump', async () => {
    const error = new Error('I do not know');
    const of = (): string => {
      throw error;
    };
    const dump = batchesOf(tcp());
    await expect(summarize(dump, { labels: [labelled(of)] })).rejects.toBe(error);
    const { dumps, summary } = await collector({ dumps: { tcp: dump }, labels: [labelled(of)] }).collect();
    expect(dumps).toMatchObject([{ dump: 'tcp', cut: false, error }]);
    expect(summary.sockets).toEqual([]);
  });

  test('one that answers anew each time is asked once for each socket', async () => {
    let asked = 0;
    const records = Array.from({ length: 100 }, () => tcp());
    const summary = await summarize(batchesOf(...records), { labels: [labelled(() => asked++ % 7)] });
    expect(asked).toBe(100);
    expect(Object.values(countsOf(summary, 'mine'))).toEqual([15, 15, 14, 14, 14, 14, 14]);
    expectDistinct(summary);
  });

  test.each([
    [['nope'], /labels\[0\] is 'nope', but must be one of local_port, remote_network, owner, netns, cgroup/],
    ['owner', /must be an array of labels/],
    [[{ name: 'mine' }], /labels\[0\] is .*, or \{ name, of \}/],
    [[null], /labels\[0\] is null/],
    [['owner', 'owner'], /labels\[1\]: there is a label 'owner' already/],
    [['owner', { name: 'owner', of: () => '' }], /there is a label 'owner' already/],
    [[{ name: 'state', of: () => '' }], /labels\[0\]\.name is 'state', which says something else already/],
    [[{ name: 'le', of: () => '' }], /says something else already/],
    [[{ name: 'a-b', of: () => '' }], /must be of letters, digits and _/],
    [[{ name: '1a', of: () => '' }], /must be of letters/],
    [[{ name: '__name__', of: () => '' }], /must be of letters/],
    [[{ name: '', of: () => '' }], /must be of letters/],
  ])('wrong ones are told: %o', (labels, words) => {
    const make = () => collector({ labels: labels as never });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(words);
  });

  test('there are at most five', () => {
    const labels = Array.from({ length: 6 }, (_, i) => ({ name: `l${i}`, of: () => '' }));
    expect(() => collector({ labels })).toThrow(RangeError);
    expect(() => collector({ labels })).toThrow(/has 6 labels, but there must be at most 5/);
  });
});

/** No two are of the same sockets: Prometheus would take nothing of the scrape. */
function expectDistinct({ sockets, listeners, tcp: connections }: Summary): void {
  const keys = [
    sockets.map(({ family, protocol, state, labels }) => [family, protocol, state, labels]),
    listeners.map(({ family, protocol, address, port, labels }) => [family, protocol, address, port, labels]),
    connections.map(({ family, labels }) => [family, labels]),
  ];
  for (const all of keys) expect(new Set(all.map((key) => JSON.stringify(key))).size).toBe(all.length);
}

const ofAll = (count: number, make: (i: number) => DiagMsg) => ({
  async *batches(): AsyncGenerator<DiagMsg[], void> {
    for (let i = 0; i < count; i += 1000) yield Array.from({ length: 1000 }, (_, j) => make(i + j));
  },
});

const total = ({ sockets }: Summary): number => sockets.reduce((all, { count }) => all + count, 0);

describe('with many values', () => {
  const COUNT = 100_000;
  const dump = ofAll(COUNT, (i) => tcp({ dst: addressOf(i), sport: 1 + (i % 60_000) }));
  const bits: Label[] = [3, 5, 7, 11].map((n) => ({
    name: `rest_of_${n}`,
    of: (record) => `${(record as { sport: number }).sport % (n * 17)}`,
  }));

  test('one label has as many as the limit says, the first ones, and one for all others', async () => {
    const summary = await summarize(dump, { labels: [remoteNetwork({ inet: 32 })], limit: 50 });
    const counts = countsOf(summary, 'remote_network');
    const first = Array.from({ length: 50 }, (_, i) => [`${addressOf(i)}/32`, 1]);
    expect(counts).toEqual({ ...Object.fromEntries(first), other: COUNT - 50 });
    expectDistinct(summary);
  });

  test('the limit is 50 if it is not given', async () => {
    const counts = countsOf(await summarize(dump, { labels: ['local_port'] }), 'local_port');
    expect(Object.keys(counts)).toHaveLength(51);
  });

  test.each([
    [2, 5],
    [2, 50],
    [5, 50],
    [5, 1],
  ])('%i labels together have at most 20 times as many sets (limit %i)', async (count, limit) => {
    const labels = [remoteNetwork({ inet: 32 }), 'local_port' as const, ...bits].slice(0, count);
    const all = collector({ dumps: { tcp: dump }, labels, limit });
    for (let round = 0; round < 3; round++) {
      const { summary } = await all.collect();
      const sets = new Set(summary.sockets.map((one) => JSON.stringify(one.labels)));
      expect(sets.size).toBeLessThanOrEqual(20 * limit + 1);
      expect(sets.size).toBeGreaterThan(1);
      expect(total(summary)).toBe(COUNT);
      expectDistinct(summary);
      for (const label of labels) {
        const name = typeof label === 'string' ? label : label.name;
        expect(Object.keys(countsOf(summary, name)).length).toBeLessThanOrEqual(limit + 1);
      }
    }
  });

  test("a value that is 'other' by itself is one with all others", async () => {
    const labels: Label[] = ['a', 'b'].map((name) => ({
      name,
      of: (record) => ['other', 'x', 'y', 'z'][(record as { sport: number }).sport % 4] as string,
    }));
    const summary = await summarize(dump, { labels, limit: 2 });
    expect(total(summary)).toBe(COUNT);
    expectDistinct(summary);
  });

  test('listeners have their own limit, by address and port', async () => {
    const listening = ofAll(3000, (i) =>
      tcp({ state: 'LISTEN', src: addressOf(i % 300), sport: 80, dst: '0.0.0.0', rqueue: 2, wqueue: 1 }),
    );
    const few = await summarize(listening, { listeners: 5, labels: ['local_port'] });
    expect(few.listeners).toHaveLength(6);
    expect(few.listeners.slice(0, 5)).toMatchObject(
      [0, 1, 2, 3, 4].map((i) => ({ address: addressOf(i), port: 80, sockets: 10, queue: 20, full: 10 })),
    );
    const others = { address: 'other', labels: { local_port: 'other' }, sockets: 2950, limit: 2950 };
    expect(few.listeners[5]).toMatchObject(others);
    expect(few.listeners[5]).not.toHaveProperty('port');
    expect((await summarize(listening)).listeners).toHaveLength(201);
    expectDistinct(few);
  });

  test("a unix listener that is named 'other' is one of the others", async () => {
    const records = ['a', 'b', 'other'].map((name) => {
      const queues = { rqueue: 1, wqueue: 2 };
      return {
        family: 'unix',
        type: 'stream',
        state: 'LISTEN',
        inode: 1,
        cookie: '1',
        name,
        ...queues,
      } as const;
    });
    const summary = await summarize(batchesOf(...records), { listeners: 1 });
    expect(summary.listeners).toMatchObject([
      { address: 'a', sockets: 1 },
      { address: 'other', sockets: 2, queue: 2, limit: 4 },
    ]);
    expectDistinct(summary);
  });
});

describe('from one collection to the next', () => {
  /** What comes in each collection. */
  async function collections(rounds: string[][], limit: number, dumps = 1): Promise<Collection[]> {
    let round = 0;
    const names = Array.from({ length: dumps }, (_, i) => `tcp${i}`);
    const all = collector({
      dumps: () => {
        const dump = batchesOf(
          ...(rounds[round] as string[]).map((dst) => tcp({ dst, src: dst, state: 'LISTEN' })),
        );
        return Object.fromEntries(names.map((name) => [name, dump]));
      },
      labels: [{ name: 'client', of: (record) => (record as { dst: string }).dst }],
      limit,
      listeners: limit,
    });
    const found: Collection[] = [];
    for (; round < rounds.length; round++) found.push(await all.collect());
    return found;
  }

  test('a value keeps its place while it occurs, whoever comes before it', async () => {
    const rounds = [
      ['a', 'b'],
      ['x', 'y', 'b', 'a'],
      ['z', 'a', 'x'],
      ['z', 'a', 'x'],
    ];
    const found = await collections(rounds, 2);
    const counts = found.map(({ summary }) => countsOf(summary, 'client'));
    expect(counts).toEqual([
      { a: 1, b: 1 },
      { other: 2, b: 1, a: 1 },
      // b is gone, and its place is free behind this collection.
      { other: 2, a: 1 },
      { z: 1, a: 1, other: 1 },
    ]);
    const addresses = found.map(({ summary }) => summary.listeners.map(({ address }) => address).sort());
    expect(addresses).toEqual([
      ['a', 'b'],
      ['a', 'b', 'other'],
      ['a', 'other'],
      ['a', 'other', 'z'],
    ]);
  });

  test('those that occur most have places in the end, and keep them', async () => {
    const strangers = Array.from({ length: 5000 }, (_, i) => `stranger ${i}`);
    const often = (value: string, times: number): string[] => new Array<string>(times).fill(value);
    // Who occurs once comes first.
    const round = [...strangers, ...often('a', 900), ...often('b', 500), ...often('c', 400)];
    const found = await collections([round, round, round, round], 2);
    const all = round.length;
    const kept = { a: 900, b: 500, other: all - 1400 };
    expect(found.map(({ summary }) => countsOf(summary, 'client'))).toEqual([
      { 'stranger 0': 1, 'stranger 1': 1, other: all - 2 },
      kept,
      // c occurs less than twice as often.
      kept,
      kept,
    ]);
  });

  test('of a collection that was cut, nobody loses a place', async () => {
    const rounds = [['a', 'b', 'b', 'b'], ['a'], ['a', 'b', 'b', 'b']];
    const never = new Promise<never>(() => undefined);
    const all = collector({
      dumps: () => {
        const [values = []] = rounds.splice(0, 1);
        const batches = async function* (): AsyncGenerator<DiagMsg[]> {
          yield values.map((dst) => tcp({ dst }));
          // Of the second one, b never comes.
          if (rounds.length === 1) await never;
        };
        return { tcp: { batches } };
      },
      labels: [{ name: 'client', of: (record) => (record as { dst: string }).dst }],
      limit: 1,
      timeout: 200,
    });
    const counts = [];
    for (let i = 0; i < 3; i++) counts.push(countsOf((await all.collect()).summary, 'client'));
    expect(counts).toEqual([{ a: 1, other: 3 }, {}, { b: 3, other: 1 }]);
  });

  test('several dumps of one collection have the same places, and one value each', async () => {
    const [first, second] = await collections(
      [
        ['a', 'b', 'c'],
        ['c', 'b'],
      ],
      2,
      3,
    );
    expect(countsOf((first as Collection).summary, 'client')).toEqual({ a: 3, b: 3, other: 3 });
    expect(countsOf((second as Collection).summary, 'client')).toEqual({ other: 3, b: 3 });
    for (const { summary } of [first, second] as Collection[]) expectDistinct(summary);
    expect((first as Collection).summary.listeners).toHaveLength(3);
  });
});

describe.skipIf(isSanitized('memory is measured'))('memory', () => {
  test('does not grow with the number of values, nor with that of the sockets', () => {
    const program = join(import.meta.dirname, 'programs/memory.mjs');
    const words = ['--expose-gc', '--max-semi-space-size=2', program];
    const env = { ...process.env, NODE_V8_COVERAGE: '' };
    const run = (count: number): { grown: number; sockets: number; listeners: number } =>
      JSON.parse(execFileSync(process.execPath, [...words, `${count}`], { encoding: 'utf8', env }));
    const [few, many] = [run(10_000), run(500_000)];
    // A hundred bytes for each would be 49 megabytes.
    expect(many.grown - few.grown).toBeLessThan(4 << 20);
    expect(many.sockets).toBeLessThanOrEqual(2 * (20 * 50 + 1));
    expect(many.listeners).toBe(201);
  });
});
