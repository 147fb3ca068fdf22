/** What summarize() counts, compared with what ss counts and with the records themselves. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Dump, dumpTcp, dumpUdp, dumpUnix, type TcpDiagMsg, type TcpInfo } from '../../lib/index.js';
import { type Histogram, type MemorySummary, type Summary, summarize } from '../../lib/metrics/index.js';
import { openSockets } from '../descriptors.js';
import { lackOfWorld } from '../tools.js';
import { type SsInet, type SsUnix, ssTcp, ssUdp, ssUnix } from '../world/ss.js';
import { Stage } from '../world/stage.js';
import { batchesOf, IP_SOCKETS, tcp, UNIX_SOCKETS, withInfo } from './sockets.js';

type SsSocket = SsInet | SsUnix;

const protocolOf = (socket: SsSocket): string => (socket.family === 'unix' ? socket.type : socket.protocol);

const MEMORY = ['rmemAlloc', 'wmemQueued', 'fwdAlloc', 'optmem', 'backlog', 'drops'] as const;

/** The sum of a field of those that have it; undefined if none has. */
function memoryOf(sockets: readonly SsSocket[]): MemorySummary | undefined {
  const having = sockets.flatMap((one) => (one.family === 'unix' ? one.meminfo : (one.skmeminfo ?? [])));
  if (having.length === 0) return undefined;
  const sums = MEMORY.map((field) => [field, having.reduce((sum, one) => sum + one[field], 0)]);
  return Object.fromEntries(sums) as MemorySummary;
}

function groupsOf(sockets: readonly SsSocket[], key: (one: SsSocket) => string): SsSocket[][] {
  const groups = new Map<string, SsSocket[]>();
  for (const socket of sockets) groups.set(key(socket), [...(groups.get(key(socket)) ?? []), socket]);
  return [...groups.values()];
}

const sum = (sockets: readonly SsSocket[], field: 'rqueue' | 'wqueue'): number =>
  sockets.reduce((all, one) => all + one[field], 0);

/** What should be in the summary, of what ss has printed. */
function socketsOf(sockets: readonly SsSocket[]): Summary['sockets'] {
  return groupsOf(sockets, (one) => `${one.family} ${protocolOf(one)} ${one.state}`).map((group) => {
    const [first] = group as [SsSocket];
    const memory = memoryOf(group);
    const isListening = first.state === 'LISTEN';
    return {
      family: first.family,
      protocol: protocolOf(first),
      state: first.state,
      labels: {},
      count: group.length,
      rqueue: isListening ? 0 : sum(group, 'rqueue'),
      wqueue: isListening ? 0 : sum(group, 'wqueue'),
      ...(memory !== undefined && { memory }),
    };
  });
}

const addressOfSs = (one: SsSocket): string => (one.family === 'unix' ? (one.name ?? '') : one.src);

function listenersOf(sockets: readonly SsSocket[]): Summary['listeners'] {
  const listening = sockets.filter(({ state }) => state === 'LISTEN');
  const key = (one: SsSocket) =>
    `${one.family} ${protocolOf(one)} ${addressOfSs(one)} ${'sport' in one && one.sport}`;
  return groupsOf(listening, key).map((group) => {
    const [first] = group as [SsSocket];
    return {
      family: first.family,
      protocol: protocolOf(first),
      labels: {},
      address: addressOfSs(first),
      ...('sport' in first && { port: first.sport }),
      sockets: group.length,
      queue: sum(group, 'rqueue'),
      limit: sum(group, 'wqueue'),
      full: group.filter(({ rqueue, wqueue }) => rqueue > wqueue).length,
    };
  });
}

/** Without an order. */
const sorted = <T>(all: readonly T[]): T[] =>
  [...all].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** A histogram made in the plainest way. */
function histogramOf(values: readonly number[], bounds: readonly number[]): Histogram {
  const below = bounds.map((bound) => values.filter((value) => value <= bound).length);
  const counts = [...below, values.length].map((count, i) => count - (below[i - 1] ?? 0));
  return {
    bounds,
    counts,
    sum: expect.closeTo(values.reduce((all, one) => all + one, 0)),
    count: values.length,
  };
}

describe.skipIf(lackOfWorld())('sockets in states that are known', () => {
  let stage: Stage;
  let sockets: SsSocket[];
  let summary: Summary;
  let records: TcpDiagMsg[];

  const dumpTcpThere = (): Dump<TcpDiagMsg> =>
    dumpTcp({ netns: stage.pid, show: ['info', 'skmeminfo'] }) as Dump<TcpDiagMsg>;
  const ask = async (): Promise<SsSocket[]> => {
    const all = await Promise.all([ssTcp(stage.pid), ssUdp(stage.pid), ssUnix(stage.pid)]);
    // What only time changes is of no use here.
    return all.flat().map((one) => ({ ...one, expires: undefined, info: undefined }) as unknown as SsSocket);
  };

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(IP_SOCKETS + UNIX_SOCKETS);
    const dumps = [
      dumpTcpThere(),
      dumpUdp({ netns: stage.pid, show: ['skmeminfo'] }),
      dumpUnix({ netns: stage.pid }),
    ];
    // Until nothing is on its way any more: what was sent is acknowledged a little later.
    for (let after: SsSocket[] | undefined; !isDeepStrictEqual(after, sockets) || after === undefined; ) {
      sockets = await ask();
      summary = await summarize<Awaited<ReturnType<(typeof dumps)[number]['toArray']>>[number]>(dumps);
      records = await dumpTcpThere().toArray();
      after = await ask();
    }
  });
  afterAll(() => stage?.close());

  test('are counted, with their queues and their memory, as ss tells them', () => {
    expect(sorted(summary.sockets)).toEqual(sorted(socketsOf(sockets)));
  });

  test('the listeners have the queues that ss tells of them', () => {
    expect(sorted(summary.listeners)).toEqual(sorted(listenersOf(sockets)));
  });

  test('and all of it is what was made', () => {
    const countOf = (family: string, protocol: string, state: string): number | undefined =>
      summary.sockets.find((one) => one.family === family && one.protocol === protocol && one.state === state)
        ?.count;
    expect(countOf('inet', 'tcp', 'LISTEN')).toBe(6);
    expect(countOf('inet6', 'tcp', 'LISTEN')).toBe(2);
    expect(countOf('inet', 'tcp', 'CLOSE_WAIT')).toBe(4);
    expect(countOf('inet', 'tcp', 'FIN_WAIT2')).toBe(4);
    expect(countOf('inet', 'tcp', 'TIME_WAIT')).toBe(5);
    // Both ends of ::1, and the accepting end of the IPv4 client.
    expect(countOf('inet6', 'tcp', 'ESTABLISHED')).toBe(3);
    expect(countOf('inet', 'udp', 'ESTABLISHED')).toBe(1);
    expect(countOf('unix', 'stream', 'LISTEN')).toBe(2);
    expect(countOf('unix', 'dgram', 'CLOSE')).toBeGreaterThanOrEqual(1);
    const established = summary.sockets.find(
      ({ family, protocol, state }) => family === 'inet' && protocol === 'tcp' && state === 'ESTABLISHED',
    );
    expect(established?.rqueue).toBeGreaterThan(12_345);
    expect(established?.wqueue).toBeGreaterThan(0);
    expect(established?.memory?.rmemAlloc).toBeGreaterThan(12_345);
  });

  test('a queue is full when the kernel lets nobody in any more, and those of a group are added up', () => {
    const listenerAt = (where: string | number) =>
      summary.listeners.find(({ port, address }) => port === where || address === where);
    expect(listenerAt(5001)).toMatchObject({ sockets: 1, queue: 3, limit: 2, full: 1 });
    expect(listenerAt(5002)).toMatchObject({ sockets: 1, queue: 2, limit: 8, full: 0 });
    expect(listenerAt(5003)).toMatchObject({ sockets: 3, queue: 30, limit: 120, full: 0 });
    expect(listenerAt('@full')).toMatchObject({ family: 'unix', queue: 2, limit: 1, full: 1 });
    expect(listenerAt('@some')).toMatchObject({ family: 'unix', queue: 3, limit: 9, full: 0 });
    expect(listenerAt('@some')).not.toHaveProperty('port');
    expect(listenerAt(5006)).toMatchObject({ family: 'inet6', address: '::', queue: 0 });
  });

  test('histograms are of the connections whose records have what is asked for', () => {
    for (const { family, labels, ...histograms } of summary.tcp) {
      const infos = records
        .filter((one) => one.family === family && one.state !== 'LISTEN')
        .flatMap((one): TcpInfo[] => (one.info === undefined ? [] : [one.info]));
      const values = (of: (info: TcpInfo) => number[]): number[] => infos.flatMap(of);
      expect(labels).toEqual({});
      expect(histograms).toEqual({
        rtt: histogramOf(
          values(({ rtt }) => (rtt > 0 ? [rtt / 1e6] : [])),
          histograms.rtt.bounds,
        ),
        retransmission: histogramOf(
          values(({ bytesSent, bytesRetrans }) => (bytesSent > 0 ? [bytesRetrans / bytesSent] : [])),
          histograms.retransmission.bounds,
        ),
        congestionWindow: histogramOf(
          values(({ sndCwnd }) => [sndCwnd]),
          histograms.congestionWindow.bounds,
        ),
        deliveryRate: histogramOf(
          values(({ deliveryRate }) => (deliveryRate > 0 ? [deliveryRate] : [])),
          histograms.deliveryRate.bounds,
        ),
      });
    }
    expect(summary.tcp.map(({ family }) => family).sort()).toEqual(['inet', 'inet6']);
  });

  test('sockets in TIME_WAIT have no info, and are in no histogram', () => {
    const inet = summary.tcp.find(({ family }) => family === 'inet');
    const connected = records.filter(
      ({ family, state }) => family === 'inet' && state !== 'LISTEN' && state !== 'TIME_WAIT',
    );
    expect(inet?.congestionWindow.count).toBe(connected.length);
  });

  test('what the dump was not asked for is not there', async () => {
    const bare = await summarize(dumpTcp({ netns: stage.pid }));
    expect(bare.tcp).toEqual([]);
    expect(bare.sockets.every((one) => !Object.hasOwn(one, 'memory'))).toBe(true);
    const whole = summary.sockets.filter(({ protocol }) => protocol === 'tcp');
    const countsOf = (all: Summary['sockets']) =>
      sorted(all.map(({ family, state, count }) => ({ family, state, count })));
    expect(countsOf(bare.sockets)).toEqual(countsOf(whole));
  });

  test('reading it leaves nothing open, whether it ends, is aborted or fails', async () => {
    const before = openSockets();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(summarize(dumpTcpThere(), { signal })).rejects.toThrow('enough');
    const controller = new AbortController();
    const reading = summarize(dumpTcpThere(), { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    const of = (): string => {
      throw new Error('no answer');
    };
    await expect(summarize(dumpTcpThere(), { labels: [{ name: 'mine', of }] })).rejects.toThrow('no answer');
    await summarize(dumpTcpThere());
    expect(openSockets()).toEqual(before);
  });
});

describe('histograms', () => {
  const tcpOf = async (...infos: Partial<TcpInfo>[]): Promise<Summary['tcp'][number]> =>
    (await summarize(batchesOf(...infos.map((info) => withInfo(info))))).tcp[0] as Summary['tcp'][number];
  const countAt = ({ bounds, counts }: Histogram, bound: number): number | undefined =>
    counts[bounds.indexOf(bound)];

  test('have a value that is a bound in the range that it ends', async () => {
    const { rtt } = await tcpOf({ rtt: 1000 }, { rtt: 1001 }, { rtt: 2500 }, { rtt: 100 });
    expect([countAt(rtt, 0.0001), countAt(rtt, 0.001), countAt(rtt, 0.0025)]).toEqual([1, 1, 2]);
    expect(rtt.count).toBe(4);
    expect(rtt.sum).toBeCloseTo(0.004601, 12);
    const { congestionWindow } = await tcpOf({ sndCwnd: 1 }, { sndCwnd: 10 }, { sndCwnd: 1280 });
    expect([1, 10, 1280].map((bound) => countAt(congestionWindow, bound))).toEqual([1, 1, 1]);
  });

  test('have what is above all bounds in a range behind them', async () => {
    const { congestionWindow, rtt } = await tcpOf({ sndCwnd: 1281, rtt: 60_000_000 }, { sndCwnd: 5000 });
    expect(congestionWindow.counts.at(-1)).toBe(2);
    expect(rtt.counts).toHaveLength(rtt.bounds.length + 1);
    expect([rtt.counts.at(-1), rtt.sum, rtt.count]).toEqual([1, 60, 1]);
  });

  test('leave out those who have not sent yet, and have those who lost nothing in the first range', async () => {
    const { retransmission } = await tcpOf({}, { bytesSent: 1000 }, { bytesSent: 1000, bytesRetrans: 10 });
    expect(retransmission.count).toBe(2);
    expect([countAt(retransmission, 0), countAt(retransmission, 0.01)]).toEqual([1, 1]);
    expect(retransmission.sum).toBeCloseTo(0.01, 12);
  });

  test('bounds ascend', async () => {
    const { labels, family, ...histograms } = await tcpOf({});
    for (const { bounds } of Object.values(histograms))
      expect([...bounds].sort((a, b) => a - b)).toEqual(bounds);
    expect([labels, family]).toEqual([{}, 'inet']);
  });
});

test('several dumps are one summary, and nothing is one too', async () => {
  const one = batchesOf(tcp({ rqueue: 1 }), tcp({ state: 'LISTEN', rqueue: 4, wqueue: 5, dst: '0.0.0.0' }));
  const twice = await summarize([one, one]);
  expect(twice.sockets.map(({ count }) => count)).toEqual([2, 2]);
  expect(twice.listeners).toMatchObject([
    { address: '192.0.2.1', port: 443, sockets: 2, queue: 8, limit: 10 },
  ]);
  expect(await summarize([])).toEqual({ sockets: [], listeners: [], tcp: [] });
});

test('wrong arguments are told before anything is read', async () => {
  const dump = { batches: () => expect.unreachable('nothing is to be read') };
  const wrong = async (options: unknown) => summarize(dump, options as never);
  await expect(summarize(undefined as never)).rejects.toThrow(/summarize: undefined is no dump/);
  await expect(summarize([dump, {}] as never)).rejects.toThrow(/is no dump, as dumpTcp\(\)/);
  await expect(wrong({ label: [] })).rejects.toThrow(/there is no option 'label'/);
  await expect(wrong({ limit: 0 })).rejects.toThrow(RangeError);
  await expect(wrong({ limit: '5' })).rejects.toThrow(TypeError);
  await expect(wrong({ listeners: 1.5 })).rejects.toThrow(/options\.listeners is 1\.5/);
  await expect(wrong({ signal: 'now' })).rejects.toThrow(/AbortSignal/);
});
