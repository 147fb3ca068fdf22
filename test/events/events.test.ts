/** The ends of sockets: each once, with what it was; and what is lost is told. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import {
  type DestroyedWatcher,
  dumpTcp,
  type WatchDestroyedOptions,
  watchDestroyed,
} from '../../lib/index.js';
import { openSockets } from '../descriptors.js';
import { lackOf, skip } from '../tools.js';
import { Collector } from './collect.js';
import { type Made, Namespace } from './namespace.js';
import { SsEvents } from './ss.js';

const cannot =
  process.getuid?.() !== 0 ? skip('a network namespace needs root') : lackOf('unshare', 'python3', 'ip');

describe.skipIf(cannot)('in a namespace', () => {
  let namespace: Namespace;
  const watchers: DestroyedWatcher[] = [];
  let before: string[];

  beforeAll(async () => {
    namespace = await Namespace.make();
    before = openSockets();
  });
  afterAll(async () => {
    for (const watcher of watchers) watcher.close();
    expect(openSockets()).toEqual(before);
    await namespace?.end();
  });

  function watch(options: WatchDestroyedOptions = {}): Collector {
    const watcher = watchDestroyed({ netns: namespace.pid, ...options });
    watchers.push(watcher);
    return new Collector(watcher);
  }

  const cookiesOf = (sockets: readonly { cookie: string }[]): string[] =>
    sockets.map(({ cookie }) => cookie).sort();

  test.each(['inet', 'inet6'] as const)('%s: each socket once, with its tuple and cookie', async (family) => {
    const all = watch();
    const made: Made[] = [
      ...(await namespace.ask('connection', { family })),
      ...(await namespace.ask('datagram', { family })),
      ...(await namespace.ask('datagram', { family, connected: true })),
    ];
    const sockets = await all.gather(made.length);
    expect(cookiesOf(sockets)).toEqual(cookiesOf(made));
    for (const each of made) {
      const connected = each.protocol === 'udp' && each.dport !== 0;
      const socket = sockets.find(({ cookie }) => cookie === each.cookie);
      expect(socket).toMatchObject({ ...each, ifindex: 0, state: connected ? 'ESTABLISHED' : 'CLOSE' });
      expect(socket).not.toHaveProperty('unknown');
      for (const absent of ['uid', 'inode', 'wqueue', 'timer', 'expires', 'retrans']) {
        expect(socket).not.toHaveProperty(absent);
      }
      expect(Object.hasOwn(socket as object, 'rqueue')).toBe(each.protocol === 'tcp');
      expect(Object.hasOwn(socket as object, 'info')).toBe(each.protocol === 'tcp');
    }
  });

  test('an IPv4 connection of a dual-stack listener: one end is inet, the other inet6', async () => {
    const all = watch();
    const made = await namespace.ask('connection', { family: 'dual' });
    const sockets = await all.gather(2);
    const mapped = sockets.find(({ cookie }) => cookie === made[1].cookie);
    expect(cookiesOf(sockets)).toEqual(cookiesOf(made));
    expect(mapped).toMatchObject({ family: 'inet6', src: '::ffff:127.0.0.1', dst: '::ffff:127.0.0.1' });
  });

  test.each(['client', 'server'] as const)('info has the totals, whoever closes (%s first)', async (how) => {
    const all = watch({ protocols: ['tcp'] });
    const made = await namespace.ask('connection', { up: 70_001, down: 12_345, how });
    const sockets = await all.gather(2);
    const infoOf = ({ cookie }: Made) => {
      const socket = sockets.find((other) => other.cookie === cookie);
      return socket?.protocol === 'tcp' ? socket.info : undefined;
    };
    expect(infoOf(made[0])).toMatchObject({ bytesSent: 70_001, state: 'CLOSE' });
    expect(infoOf(made[1])).toMatchObject({ bytesSent: 12_345, state: 'CLOSE' });
    // SYN and FIN are counted among what is acknowledged.
    expect((infoOf(made[0])?.bytesAcked as number) - 70_001).toBeOneOf([1, 2]);
    expect((infoOf(made[1])?.bytesReceived as number) - 70_001).toBeOneOf([0, 1]);
    expect((infoOf(made[0])?.bytesReceived as number) - 12_345).toBeOneOf([0, 1]);
  });

  test('who goes to TIME_WAIT ends then: the event comes while a dump still has the mini-socket', async () => {
    const all = watch({ protocols: ['tcp'] });
    const made = await namespace.ask('connection', { how: 'client' });
    expect(cookiesOf(await all.gather(2))).toEqual(cookiesOf(made));
    const left = await dumpTcp({ netns: namespace.pid, filter: `sport = ${made[0].sport}` }).toArray();
    expect(left).toMatchObject([{ state: 'TIME_WAIT', cookie: made[0].cookie, dport: made[0].dport }]);
  });

  test('what was never read stands in rqueue', async () => {
    const all = watch({ protocols: ['tcp'] });
    const [client] = await namespace.ask('connection', { down: 321, how: 'unread' });
    const sockets = await all.gather(2);
    expect(sockets.find(({ cookie }) => cookie === client.cookie)).toMatchObject({ rqueue: 321 });
  });

  test('who aborts forgets what it was; its peer does not', async () => {
    const all = watch({ protocols: ['tcp'] });
    const [client, server] = await namespace.ask('connection', { up: 5, how: 'abort' });
    const sockets = await all.gather(2);
    const ends = [client, server].map((made) => sockets.find(({ cookie }) => cookie === made.cookie));
    expect(ends[0]).toMatchObject({ sport: client.sport, cookie: client.cookie });
    expect(ends[0]).toMatchObject({ src: '0.0.0.0', dst: client.dst, dport: 0, info: { bytesAcked: 0 } });
    expect(ends[1]).toMatchObject({ ...server });
  });

  test('a listener ends as well', async () => {
    await namespace.ask('connection', {});
    const all = watch({ protocols: ['tcp'] });
    const made = await namespace.ask('deaf', {});
    expect(made.length).toBeGreaterThan(0);
    expect(cookiesOf(await all.gather(made.length))).toEqual(cookiesOf(made));
  });

  test('protocols, family and show', async () => {
    const tcp = watch({ protocols: ['tcp'], family: 'inet', show: [] });
    const udp = watch({ protocols: ['udp', 'udp'], family: 'inet6' });
    const asked = watch({ protocols: ['tcp'], family: 'inet', show: ['info'] });
    const [client] = await namespace.ask('connection', { family: 'inet' });
    await namespace.ask('connection', { family: 'inet6' });
    await namespace.ask('datagram', { family: 'inet' });
    const [datagram] = await namespace.ask('datagram', { family: 'inet6' });
    expect(cookiesOf(await udp.gather(1))).toEqual([datagram.cookie]);
    const sockets = await tcp.gather(2);
    expect(sockets).toHaveLength(2);
    expect(cookiesOf(sockets)).toContain(client.cookie);
    for (const socket of sockets) {
      expect(socket).not.toHaveProperty('info');
      expect(socket).not.toHaveProperty('unknown');
    }
    expect((await asked.gather(2)).every((socket) => 'info' in socket)).toBe(true);
  });

  test('filters: by ports and addresses in the kernel, the rest here', async () => {
    const port = 5353;
    const byPort = watch({ filter: `sport = ${port}` });
    const byAddress = watch({ filter: 'src [::1] and not dport = 9' });
    const byBoth = watch({ filter: `sport = ${port} and not autobound` });
    const never = watch({ filter: 'src unix:*' });
    const cookies = await namespace.ask('datagrams', { count: 3, port });
    await namespace.ask('datagrams', { count: 3 });
    await namespace.ask('datagram', { family: 'inet6', connected: true });
    const [six] = await namespace.ask('datagram', { family: 'inet6' });
    expect(cookiesOf(await byPort.gather(3))).toEqual([...cookies].sort());
    expect(cookiesOf(await byBoth.gather(3))).toEqual([...cookies].sort());
    expect(cookiesOf(await byAddress.gather(1))).toEqual([six.cookie]);
    expect(never.events).toEqual([]);
  });

  test('sockets that were never bound come only where they are asked for', async () => {
    const usual = watch({ protocols: ['tcp'] });
    const all = watch({ protocols: ['tcp'], filter: 'sport = 0 or sport != 0' });
    const [cookie] = await namespace.ask('unbound', {});
    const made = await namespace.ask('connection', {});
    expect(cookiesOf(await all.gather(3))).toEqual([cookie as string, ...cookiesOf(made)].sort());
    expect(cookiesOf(await usual.gather(2))).toEqual(cookiesOf(made));
  });

  test('where the kernel has little room for programs, they get coarser and the filter stays true', async () => {
    await namespace.ask('sysctl', { name: 'net/core/optmem_max', value: 8192 });
    const ports = Array.from({ length: 700 }, (_, i) => `sport = :${10_000 + 3 * i}`).join(' or ');
    const all = watch({ filter: `(${ports}) and not dst 10.0.0.0/8` });
    await namespace.ask('datagrams', { count: 1, port: 10_001 });
    const [wanted] = await namespace.ask('datagrams', { count: 1, port: 10_003 });
    expect(cookiesOf(await all.gather(1))).toEqual([wanted]);
  });

  test('what root sends to the groups is no event, and ends nothing', async () => {
    const all = watch();
    // A UDP socket on port 6001 that is none, as the kernel would tell it, and the same with a wrong length.
    const body = `000000000000000002070000177100007f000001${'0'.repeat(120)}05000a0011000000`;
    for (const header of ['6000000014000000', '6100000014000000']) {
      await namespace.ask('forge', { group: 2, message: header + body });
    }
    const made = await namespace.ask('datagram', {});
    expect(cookiesOf(await all.gather(1))).toEqual(cookiesOf(made));
  });

  test.skipIf(lackOf('ss', 'nsenter', 'stdbuf'))('ss says the same of every socket', async () => {
    const ss = await SsEvents.watch(namespace);
    onTestFinished(() => ss.end());
    const all = watch();
    const made: Made[] = [];
    for (const family of ['inet', 'inet6', 'dual'] as const) {
      for (const how of ['client', 'server', 'abort', 'unread'] as const) {
        made.push(...(await namespace.ask('connection', { family, up: 4000, down: 77, how })));
      }
    }
    for (const family of ['inet', 'inet6'] as const) {
      made.push(...(await namespace.ask('datagram', { family })));
      made.push(...(await namespace.ask('datagram', { family, connected: true })));
    }
    const sockets = await all.gather(made.length);
    expect(cookiesOf(sockets)).toEqual(cookiesOf(made));
    const theirs = await ss.gather(made.length);
    expect(cookiesOf(theirs)).toEqual(cookiesOf(made));
    for (const their of theirs) {
      const { info, ...fields } = their;
      const our = sockets.find(({ cookie }) => cookie === their.cookie);
      expect(our).toMatchObject(fields);
      if (our?.protocol === 'tcp') expect(our.info).toMatchObject(info);
    }
  });

  test.each([
    ['close', 20_000],
    ['abort', 20_000],
  ] as const)(
    'a burst of connections (%s): each end exactly once',
    async (how, count) => {
      const all = watch({ protocols: ['tcp'], family: 'inet' });
      const cookies = await namespace.ask('burst', { count, how });
      expect(new Set(cookies).size).toBe(2 * count);
      const given = cookiesOf(await all.gather(2 * count));
      expect(new Set(given).size).toBe(given.length);
      const known = new Set(cookies);
      expect(given.filter((cookie) => !known.has(cookie))).toEqual([]);
      expect(given.length + all.lost).toBe(2 * count);
      // Somebody reads; on a machine that has other things to do, the kernel may still have no room, and says so.
      expect(all.events.filter((event) => event.type === 'lost' && event.reason === 'queue')).toEqual([]);
    },
    120_000,
  );

  test('a reader that stops: what was kept comes, the rest is counted, at its place', async () => {
    const watcher = watchDestroyed({ netns: namespace.pid, protocols: ['udp'], queue: 100 });
    watchers.push(watcher);
    // Who reads shows when all have come.
    const reader = watch({ protocols: ['udp'] });
    const first = await namespace.ask('datagrams', { count: 1001 });
    await reader.gather(1001);
    const all = new Collector(watcher);
    const kept = cookiesOf(await all.gather(1001));
    expect(all.events.map(({ type }) => type)).toEqual([...new Array(100).fill('destroyed'), 'lost']);
    expect(all.events.at(-1)).toEqual({ type: 'lost', reason: 'queue', count: 901 });
    expect(new Set(kept).size).toBe(100);
    expect(first).toEqual(expect.arrayContaining(kept));

    const second = await namespace.ask('datagrams', { count: 50 });
    const sockets = await all.gather(1051);
    expect(cookiesOf(sockets.slice(100))).toEqual([...second].sort());
    expect(all.events[100]).toMatchObject({ type: 'lost' });
  });
});
