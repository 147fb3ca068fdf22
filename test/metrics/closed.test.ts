/** The ends of sockets: how many, and of connections what they did and how long they were there. */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import {
  type DestroyedEvent,
  type DestroyedWatcher,
  dumpTcp,
  type WatchDestroyedOptions,
  watchDestroyed,
} from '../../lib/index.js';
import { ClosedCounter } from '../../lib/metrics/closed.js';
import type { ClosedSummary, Histogram } from '../../lib/metrics/index.js';
import { Sightings } from '../../lib/metrics/sightings.js';
import { Collector } from '../events/collect.js';
import { lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';
import { Inside } from './inside.js';

describe('sightings', () => {
  /** Numbers that differ in few bits, at either end, and in all: many are above 2^53, and many above 2^63. */
  const cookies: string[] = [];
  let state = 1n;
  for (let i = 0n; i < 70_000n; i++) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    const numbers = [i + 1n, (i + 1n) << 32n, state, 0xffff_ffff_ffff_ffffn - i];
    cookies.push(...numbers.map((number) => number.toString(16)));
  }

  test('have the time of each, and no other', () => {
    expect(new Set(cookies).size).toBeGreaterThan(200_000);
    const [known, unknown] = [cookies.filter((_, i) => i % 8 < 7), cookies.filter((_, i) => i % 8 === 7)];
    const sightings = new Sightings();
    const times = new Map<string, number>();
    known.forEach((cookie, i) => {
      sightings.see(cookie, i / 10);
      if (!times.has(cookie)) times.set(cookie, i / 10);
    });
    const asked = [...known, ...unknown];
    const wrong = (): string[] => asked.filter((cookie) => sightings.first(cookie) !== times.get(cookie));
    // While a dump is under way, and behind it.
    expect(wrong()).toEqual([]);
    sightings.end(true);
    expect(wrong()).toEqual([]);
  });

  test('that come again keep their first time, and those that do not are forgotten', () => {
    const sightings = new Sightings();
    for (const cookie of cookies) sightings.see(cookie, 1);
    sightings.end(true);
    const [kept, gone] = [cookies.slice(0, 1000), cookies.slice(2000, 3000)].map((some) => new Set(some));
    for (const cookie of kept as Set<string>) sightings.see(cookie, 2);
    // Until the dump has ended, nobody is gone.
    expect(sightings.first([...(gone as Set<string>)][0] as string)).toBe(1);
    sightings.end(true);
    for (const cookie of kept as Set<string>) expect(sightings.first(cookie)).toBe(1);
    for (const cookie of gone as Set<string>) {
      if (!kept?.has(cookie)) expect(sightings.first(cookie)).toBeUndefined();
    }
  });

  test('a dump that was cut makes nobody be gone', () => {
    const sightings = new Sightings();
    sightings.see('ffffffffffffffff', 1);
    sightings.see('a', 1);
    sightings.end(true);
    sightings.see('a', 2);
    sightings.end(false);
    expect([sightings.first('ffffffffffffffff'), sightings.first('a')]).toEqual([1, 1]);
    sightings.see('a', 3);
    sightings.end(true);
    expect([sightings.first('ffffffffffffffff'), sightings.first('a')]).toEqual([undefined, 1]);
  });

  test('of nobody change nothing, and zero is nobody', () => {
    const sightings = new Sightings();
    sightings.see('a', 1);
    sightings.end(true);
    sightings.end(true);
    expect(sightings.first('a')).toBe(1);
    sightings.see('0', 2);
    expect(sightings.first('0')).toBeUndefined();
  });
});

/** All sockets that it has counted. */
const countOf = ({ sockets }: ClosedSummary): number => sockets.reduce((sum, { count }) => sum + count, 0);

const lostOf = ({ lost }: ClosedSummary): number => lost.reduce((sum, { count }) => sum + count, 0);

const kindsOf = ({ sockets }: ClosedSummary): Record<string, number> =>
  Object.fromEntries(sockets.map(({ family, protocol, count }) => [`${protocol} ${family}`, count]));

const rangeOf = ({ bounds, counts }: Histogram): (number | undefined)[] =>
  counts.flatMap((count, i) => new Array<number | undefined>(count).fill(bounds[i]));

describe('a counter', () => {
  const event = (fields: object): DestroyedEvent => ({
    type: 'destroyed',
    socket: {
      family: 'inet',
      protocol: 'tcp',
      state: 'CLOSE',
      src: '192.0.2.1',
      sport: 1,
      dst: '198.51.100.1',
      dport: 2,
      ifindex: 0,
      cookie: 'a',
      rqueue: 0,
      ...fields,
    },
  });

  test('has all there is from the start, and gives copies', () => {
    const counter = new ClosedCounter(new Sightings(), () => 0);
    const none = counter.summary();
    expect(kindsOf(none)).toEqual({ 'tcp inet': 0, 'udp inet': 0, 'tcp inet6': 0, 'udp inet6': 0 });
    expect(none.connections.map(({ family }) => family)).toEqual(['inet', 'inet6']);
    expect(none.lost.map(({ reason, times, count }) => [reason, times, count])).toEqual([
      ['queue', 0, 0],
      ['kernel', 0, 0],
    ]);
    counter.count(event({}));
    expect(countOf(none)).toBe(0);
    expect(none.connections[0]?.sent.count).toBe(0);
    expect(countOf(counter.summary())).toBe(1);
  });

  test('counts losses, those too of which nobody knows how many', () => {
    const counter = new ClosedCounter(new Sightings(), () => 0);
    counter.count({ type: 'lost', reason: 'queue', count: 7 });
    counter.count({ type: 'lost', reason: 'kernel' });
    counter.count({ type: 'lost', reason: 'kernel', count: 3 });
    expect(counter.summary().lost).toEqual([
      { reason: 'queue', times: 1, count: 7 },
      { reason: 'kernel', times: 2, count: 3 },
    ]);
    expect(countOf(counter.summary())).toBe(0);
  });

  test('a connection lasts from the first dump that had it, and for no less than no time', () => {
    const sightings = new Sightings();
    let seconds = 100;
    const counter = new ClosedCounter(sightings, () => seconds);
    for (const cookie of ['a', 'b']) sightings.see(cookie, 100);
    sightings.end(true);
    // Rounded, it is ahead of the clock.
    sightings.see('c', 100.06);
    seconds = 100.07;
    counter.count(event({ cookie: 'c', family: 'inet6', dst: '2001:db8::1' }));
    seconds = 107.5;
    counter.count(event({ cookie: 'a' }));
    counter.count(event({ cookie: 'x' }));
    const [inet, inet6] = counter.summary().connections;
    expect(rangeOf(inet?.duration as Histogram)).toEqual([15]);
    expect(inet?.duration.sum).toBeCloseTo(7.5);
    expect([inet?.unseen, inet?.sent.count, inet6?.unseen]).toEqual([1, 2, 0]);
    expect([inet6?.duration.sum, inet6?.duration.count]).toEqual([0, 1]);
  });

  test('listeners and sockets that were never connected are no connections; UDP sockets are none', () => {
    const counter = new ClosedCounter(new Sightings(), () => 0);
    counter.count(event({ dst: '0.0.0.0', dport: 0 }));
    counter.count(event({ family: 'inet6', dst: '::', dport: 0 }));
    counter.count(event({ protocol: 'udp', state: 'ESTABLISHED' }));
    const { connections, ...rest } = counter.summary();
    expect(kindsOf({ connections, ...rest })).toMatchObject({ 'tcp inet': 1, 'tcp inet6': 1, 'udp inet': 1 });
    expect(connections.map(({ sent, unseen }) => [sent.count, unseen])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('tells what ended the watching, ever after', async () => {
    const error = new Error('nobody tells any more');
    const watcher = {
      unref: () => watcher,
      close: () => undefined,
      // biome-ignore lint/correctness/useYield: it fails before there is anything to give
      async *[Symbol.asyncIterator]() {
        throw error;
      },
    };
    const counter = new ClosedCounter(new Sightings(), () => 0);
    counter.follow(watcher as unknown as DestroyedWatcher);
    await sleep(1);
    expect(() => counter.summary()).toThrow(error);
    expect(() => counter.summary()).toThrow(error);
  });
});

test('a collector that cannot listen any more says so as of a dump', async () => {
  const error = new Error('nobody tells any more');
  vi.doMock('../../lib/events/destroyed.js', () => ({
    watchDestroyed: () => {
      const watcher = {
        unref: () => watcher,
        close: () => undefined,
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
      };
      return watcher;
    },
  }));
  vi.resetModules();
  try {
    const { collector } = await import('../../lib/metrics/collector.js');
    const all = collector({ closed: true, dumps: { tcp: { async *batches() {} } } });
    const collection = await all.collect();
    expect(collection.dumps).toMatchObject([{ dump: 'tcp' }, { dump: 'closed', cut: false, error }]);
    expect(collection.dumps[0]).not.toHaveProperty('error');
    expect(collection).not.toHaveProperty('closed');
    await all.close();
  } finally {
    vi.doUnmock('../../lib/events/destroyed.js');
    vi.resetModules();
  }
});

describe.skipIf(lackOfWorld())('real sockets', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(`
      servers = {host: listener(host, 0, backlog=500) for host in ('127.0.0.1', '::1')}
      def pair(host): return connection(servers[host], host)
      def shut(*pairs):
          """The first end of each goes to TIME_WAIT."""
          for near, far in pairs:
              near.close()
              while far.recv(65536): pass
              far.close()`);
  });
  afterAll(() => stage?.close());

  /** A counter, whose clock is the test's, and the same events as somebody else gets them. */
  class Watching {
    readonly sightings: Sightings = new Sightings();
    seconds = 1000;
    readonly counter: ClosedCounter = new ClosedCounter(this.sightings, () => this.seconds);
    readonly others: Collector;

    constructor(options: WatchDestroyedOptions = {}) {
      const [own, other] = [options, {}].map((one) => watchDestroyed({ netns: stage.pid, ...one }));
      this.counter.follow(own as DestroyedWatcher);
      this.others = new Collector(other as DestroyedWatcher);
      onTestFinished(() => {
        this.counter.close();
        other?.close();
      });
    }

    async look(): Promise<void> {
      for await (const { cookie } of dumpTcp({ netns: stage.pid })) this.sightings.see(cookie, this.seconds);
      this.sightings.end(true);
    }

    /** When so many have ended, or were lost. */
    async after(count: number): Promise<ClosedSummary> {
      await this.others.gather(count);
      for (let i = 0; i < 1000; i++) {
        const summary = this.counter.summary();
        if (countOf(summary) + lostOf(summary) >= count) return summary;
        await sleep(10);
      }
      return this.counter.summary();
    }
  }

  test('are counted by family and protocol, and connections apart from all else', async () => {
    const watching = new Watching();
    await stage.run(`
      shut(*[pair('127.0.0.1') for n in range(5)], pair('::1'))
      for n in range(3): datagram('127.0.0.1').close()
      datagram('::1', 0, ('::1', 9)).close()
      listener('127.0.0.1').close()
      bound = socket.socket()
      bound.bind(('127.0.0.1', 0))
      bound.close()`);
    const summary = await watching.after(18);
    expect(kindsOf(summary)).toEqual({ 'tcp inet': 12, 'tcp inet6': 2, 'udp inet': 3, 'udp inet6': 1 });
    expect(summary.connections.map(({ sent }) => sent.count)).toEqual([10, 2]);
    expect(summary.lost.map(({ times }) => times)).toEqual([0, 0]);
  });

  test('bytes are those that were sent and received, both ends by themselves', async () => {
    const watching = new Watching();
    await stage.run(`
      near, far = pair('127.0.0.1')
      near.sendall(b'u' * 70001)
      far.sendall(b'd' * 12345)
      while near.recv(65536, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b'd' * 12345: pass
      near.recv(65536)
      shut((near, far), pair('127.0.0.1'))`);
    const [inet] = (await watching.after(4)).connections;
    expect(inet?.sent.sum).toBe(70_001 + 12_345);
    expect(rangeOf(inet?.sent as Histogram)).toEqual([0, 0, 1e5, 1e5]);
    // The end of a stream counts as one where it was received.
    const more = (inet?.received.sum as number) - (inet?.sent.sum as number);
    expect(more).toBeGreaterThanOrEqual(0);
    expect(more).toBeLessThanOrEqual(4);
    expect([inet?.received.count, inet?.retransmitted.count]).toEqual([4, 4]);
  });

  test('their histograms are of what the kernel told others of the same ends', async () => {
    const watching = new Watching();
    // Nobody is there, and so the first segment is sent again.
    await stage.run(`
      for words in ('link add v0 type veth peer name v1', 'link set v0 up', 'link set v1 up',
                    'address add 10.9.0.1/24 dev v0', 'neigh add 10.9.0.2 lladdr 02:00:00:00:00:99 dev v0'):
          subprocess.run(['ip'] + words.split(), check=True)
      lonely = socket.socket()
      lonely.setblocking(False)
      lonely.connect_ex(('10.9.0.2', 80))
      pairs = [pair('127.0.0.1') for n in range(3)]
      for n in range(3): pairs[n][0].sendall(b'x' * 10 ** (n + 2))
      shut(*pairs)`);
    const lonely = dumpTcp({ netns: stage.pid, show: ['info'], filter: 'dst 10.9.0.2' });
    for (let i = 0; i < 1000 && ((await lonely.toArray())[0]?.info?.totalRetrans ?? 0) < 1; i++)
      await sleep(20);
    await stage.run('lonely.close()');
    const [inet] = (await watching.after(7)).connections;
    const infos = (await watching.others.gather(7)).flatMap((one) =>
      'info' in one && one.info ? [one.info] : [],
    );
    expect(infos).toHaveLength(7);
    const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0);
    expect(inet?.sent.sum).toBe(sum(infos.map(({ bytesSent }) => bytesSent)));
    expect(inet?.received.sum).toBe(sum(infos.map(({ bytesReceived }) => bytesReceived)));
    expect(inet?.retransmitted.sum).toBe(sum(infos.map(({ totalRetrans }) => totalRetrans)));
    expect(inet?.retransmitted.sum).toBeGreaterThanOrEqual(1);
    expect(inet?.retransmitted.counts[0]).toBe(infos.filter(({ totalRetrans }) => totalRetrans === 0).length);
  });

  test('a connection lasts from the first dump that had it; one that none had is unseen', async () => {
    const watching = new Watching();
    await stage.run(`first = pair('127.0.0.1')`);
    await watching.look();
    watching.seconds += 10;
    await stage.run(`second = pair('127.0.0.1')`);
    await watching.look();
    watching.seconds += 100;
    await stage.run(`shut(first, second, pair('127.0.0.1'))`);
    const [inet, inet6] = (await watching.after(6)).connections;
    expect(rangeOf(inet?.duration as Histogram)).toEqual([300, 300, 300, 300]);
    expect(inet?.duration.sum).toBeCloseTo(2 * 110 + 2 * 100);
    expect([inet?.unseen, inet?.sent.count, inet6?.unseen]).toEqual([2, 6, 0]);
  });

  test('a connection that waits in TIME_WAIT has ended once', async () => {
    const watching = new Watching();
    await stage.run(`waiting = pair('127.0.0.1')`);
    await watching.look();
    await stage.run(`shut(waiting)`);
    await watching.after(2);
    await watching.look();
    const [left] = await dumpTcp({ netns: stage.pid, states: ['TIME_WAIT'] }).toArray();
    expect(watching.sightings.first(left?.cookie as string)).toBeDefined();
    const summary = await watching.after(2);
    expect([countOf(summary), summary.connections[0]?.duration.count]).toEqual([2, 2]);
  });

  test('more than the queue holds are counted as lost', async () => {
    const watching = new Watching({ queue: 100 });
    // Nobody here can read meanwhile.
    const program = `
import socket
for n in range(1000):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(('127.0.0.1', 0))
    sock.close()`;
    const { status } = spawnSync('nsenter', [`--net=/proc/${stage.pid}/ns/net`, 'python3', '-c', program]);
    expect(status).toBe(0);
    const summary = await watching.after(1000);
    expect(countOf(summary) + lostOf(summary)).toBe(1000);
    const [queue] = summary.lost;
    expect(queue?.reason).toBe('queue');
    expect(queue?.times).toBeGreaterThan(0);
    expect(queue?.count).toBeGreaterThan(0);
  });

  test('a collector there counts them from its start, and knows those that it saw', async () => {
    await stage.run(`before = pair('127.0.0.1')`);
    const inside = await Inside.enter(stage.pid);
    try {
      const none = (await inside.collect()).closed as ClosedSummary;
      expect([countOf(none), none.connections[0]?.sent.count]).toEqual([0, 0]);
      const ends = new Watching();
      await stage.run(`shut(before, pair('127.0.0.1'), pair('::1'))`);
      // A dump before the kernel has told would have those in TIME_WAIT, and these would be seen.
      await ends.after(6);
      let closed = none;
      for (let i = 0; i < 1000 && countOf(closed) < 6; i++) {
        await sleep(10);
        closed = (await inside.collect()).closed as ClosedSummary;
      }
      expect(kindsOf(closed)).toEqual({ 'tcp inet': 4, 'tcp inet6': 2, 'udp inet': 0, 'udp inet6': 0 });
      const told = closed.connections.map(({ duration, unseen }) => [duration.count, unseen]);
      expect(told).toEqual([
        [2, 2],
        [0, 2],
      ]);
      expect(closed.connections[0]?.duration.sum).toBeGreaterThanOrEqual(0);
    } finally {
      expect(await inside.end()).toBe(0);
    }
  });
});
