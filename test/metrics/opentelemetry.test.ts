/** A collector as instruments of OpenTelemetry, read by its own SDK. */
import { type Attributes, metrics as api, type Meter } from '@opentelemetry/api';
import {
  DataPointType,
  MeterProvider,
  type MetricData,
  MetricReader,
  type MetricReaderOptions,
} from '@opentelemetry/sdk-metrics';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Batches, type DiagMsg, dumpTcp, dumpUdp, dumpUnix, type SocketState } from '../../lib/index.js';
import { METRICS } from '../../lib/metrics/families.js';
import {
  type Collection,
  type Collector,
  collector,
  type Histogram,
  instrument,
  type MeterLike,
} from '../../lib/metrics/index.js';
import { lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';
import { batchesOf, IP_SOCKETS, tcp, UNIX_SOCKETS, withInfo } from './sockets.js';

/** Reads when it is asked to. */
class Reader extends MetricReader {
  readonly errors: unknown[] = [];

  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}

  /** By name. */
  async read(): Promise<Map<string, MetricData>> {
    const { resourceMetrics, errors } = await this.collect();
    this.errors.push(...errors);
    const found = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return new Map(found.map((metric) => [metric.descriptor.name, metric]));
  }
}

/** A meter and who reads it. */
function meterOf(options?: MetricReaderOptions): { meter: Meter; reader: Reader } {
  const reader = new Reader(options);
  return { meter: new MeterProvider({ readers: [reader] }).getMeter('sockdiag'), reader };
}

/** The values of a metric, by their attributes, whose order does not matter. */
function valuesOf(found: Map<string, MetricData>, name: string): Map<string, number> {
  const points = found.get(name)?.dataPoints ?? [];
  return new Map(points.map(({ attributes, value }) => [textOf(attributes), value as number]));
}

const textOf = (attributes: Attributes): string => JSON.stringify(Object.entries(attributes).sort());

const TYPES = {
  inet: conventions.NETWORK_TYPE_VALUE_IPV4,
  inet6: conventions.NETWORK_TYPE_VALUE_IPV6,
} as const;

const STATES: Record<string, string> = {
  CLOSE: conventions.NETWORK_CONNECTION_STATE_VALUE_CLOSED,
  CLOSE_WAIT: conventions.NETWORK_CONNECTION_STATE_VALUE_CLOSE_WAIT,
  CLOSING: conventions.NETWORK_CONNECTION_STATE_VALUE_CLOSING,
  ESTABLISHED: conventions.NETWORK_CONNECTION_STATE_VALUE_ESTABLISHED,
  FIN_WAIT1: conventions.NETWORK_CONNECTION_STATE_VALUE_FIN_WAIT_1,
  FIN_WAIT2: conventions.NETWORK_CONNECTION_STATE_VALUE_FIN_WAIT_2,
  LAST_ACK: conventions.NETWORK_CONNECTION_STATE_VALUE_LAST_ACK,
  LISTEN: conventions.NETWORK_CONNECTION_STATE_VALUE_LISTEN,
  SYN_RECV: conventions.NETWORK_CONNECTION_STATE_VALUE_SYN_RECEIVED,
  SYN_SENT: conventions.NETWORK_CONNECTION_STATE_VALUE_SYN_SENT,
  TIME_WAIT: conventions.NETWORK_CONNECTION_STATE_VALUE_TIME_WAIT,
};

/** Attributes as the conventions have them. */
function attributesOf({
  family,
  protocol,
  state,
}: {
  family: string;
  protocol: string;
  state?: string;
}): Attributes {
  const type = TYPES[family as keyof typeof TYPES];
  return {
    [conventions.ATTR_NETWORK_TRANSPORT]: type === undefined ? family : protocol,
    ...(type === undefined ? { 'sockdiag.protocol': protocol } : { [conventions.ATTR_NETWORK_TYPE]: type }),
    ...(state !== undefined && { [conventions.ATTR_NETWORK_CONNECTION_STATE]: STATES[state] as string }),
  };
}

const ownOf = (labels: Readonly<Record<string, string>>): Attributes =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [`sockdiag.${name}`, value]));

describe.skipIf(lackOfWorld())('of real sockets', () => {
  let stage: Stage;
  let collection: Collection;
  let found: Map<string, MetricData>;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(IP_SOCKETS + UNIX_SOCKETS);
    const all = collector({
      dumps: {
        tcp: dumpTcp({ netns: stage.pid, show: ['info', 'skmeminfo'], owners: true }),
        udp: dumpUdp({ netns: stage.pid, show: ['skmeminfo'], owners: true }),
        unix: dumpUnix({ netns: stage.pid, owners: true }),
      },
      labels: ['local_port', 'owner'],
      closed: true,
      // The same for both who ask.
      interval: 1e9,
    });
    const { meter, reader } = meterOf();
    instrument(meter, all);
    found = await reader.read();
    collection = await all.collect();
    await all.close();
    expect(reader.errors).toEqual([]);
  });
  afterAll(() => stage?.close());

  test('connections are counted as the semantic conventions want it', () => {
    const metric = found.get(conventions.METRIC_SYSTEM_NETWORK_CONNECTION_COUNT) as MetricData;
    expect(metric.descriptor).toMatchObject({ unit: '{connection}' });
    expect(metric).toMatchObject({ dataPointType: DataPointType.SUM, isMonotonic: false });
    const expected = collection.summary.sockets.map((one): [string, number] => [
      textOf({ ...attributesOf(one), ...ownOf(one.labels) }),
      one.count,
    ]);
    expect(valuesOf(found, conventions.METRIC_SYSTEM_NETWORK_CONNECTION_COUNT)).toEqual(new Map(expected));
    expect(expected.length).toBeGreaterThan(10);
    const transports = new Set(
      metric.dataPoints.map(({ attributes }) => attributes[conventions.ATTR_NETWORK_TRANSPORT]),
    );
    expect(transports).toEqual(
      new Set([
        conventions.NETWORK_TRANSPORT_VALUE_TCP,
        conventions.NETWORK_TRANSPORT_VALUE_UDP,
        conventions.NETWORK_TRANSPORT_VALUE_UNIX,
      ]),
    );
  });

  test('queues are those of the summary, without those of listeners', () => {
    const waiting = collection.summary.sockets.filter(({ state }) => state !== 'LISTEN');
    for (const [name, field] of [
      ['sockdiag.receive_queue', 'rqueue'],
      ['sockdiag.send_queue', 'wqueue'],
    ] as const) {
      const expected = waiting.map((one): [string, number] => [
        textOf({ ...attributesOf(one), ...ownOf(one.labels) }),
        one[field],
      ]);
      expect(valuesOf(found, name)).toEqual(new Map(expected));
    }
  });

  test('listeners are told with the attributes of addresses', () => {
    for (const [name, field] of [
      ['sockdiag.listener.count', 'sockets'],
      ['sockdiag.accept_queue.length', 'queue'],
      ['sockdiag.accept_queue.limit', 'limit'],
    ] as const) {
      const expected = collection.summary.listeners.map((one): [string, number] => {
        const where = {
          [conventions.ATTR_NETWORK_LOCAL_ADDRESS]: one.address,
          ...(one.port !== undefined && { [conventions.ATTR_NETWORK_LOCAL_PORT]: one.port }),
        };
        return [textOf({ ...attributesOf(one), ...where, ...ownOf(one.labels) }), one[field]];
      });
      expect(valuesOf(found, name)).toEqual(new Map(expected));
      expect(expected.length).toBeGreaterThan(5);
    }
  });

  test('a histogram is three instruments', () => {
    const histograms: [string, string, (tcp: Collection['summary']['tcp'][number]) => Histogram][] = [
      ['sockdiag.tcp.rtt', 's', ({ rtt }) => rtt],
      ['sockdiag.tcp.retransmission', '1', ({ retransmission }) => retransmission],
      ['sockdiag.tcp.congestion_window', '{segment}', ({ congestionWindow }) => congestionWindow],
      ['sockdiag.tcp.delivery_rate', 'By/s', ({ deliveryRate }) => deliveryRate],
    ];
    for (const [name, unit, of] of histograms) {
      const [buckets, sums, counts] = ['.bucket', '.sum', '.count'].map((end) => valuesOf(found, name + end));
      for (const one of collection.summary.tcp) {
        const { bounds, counts: each, sum, count } = of(one);
        const own = { ...attributesOf({ ...one, protocol: 'tcp' }), ...ownOf(one.labels) };
        expect([sums?.get(textOf(own)), counts?.get(textOf(own))]).toEqual([sum, count]);
        let below = 0;
        for (const [i, bound] of [...bounds.map(String), '+Inf'].entries()) {
          below += each[i] as number;
          expect(buckets?.get(textOf({ ...own, le: bound }))).toBe(below);
        }
      }
      expect(found.get(`${name}.sum`)?.descriptor.unit).toBe(unit);
      expect(found.get(`${name}.bucket`)?.descriptor.unit).toBe('1');
      expect(found.get(`${name}.bucket`)).toMatchObject({ isMonotonic: false });
    }
  });

  test('each has a description and a unit, and what only grows is told so', () => {
    for (const [name, { descriptor }] of found) {
      expect(descriptor.description, name).not.toBe('');
      expect(descriptor.unit, name).toMatch(/^(By|By\/s|s|1|\{[a-z]+\})$/);
    }
    for (const name of ['sockdiag.closed', 'sockdiag.closed.unseen', 'sockdiag.closed.sent.bucket'])
      expect(found.get(name), name).toMatchObject({ dataPointType: DataPointType.SUM, isMonotonic: true });
    expect(found.get('sockdiag.dump.success')).toMatchObject({ dataPointType: DataPointType.GAUGE });
    expect(valuesOf(found, 'sockdiag.dump.success')).toEqual(
      new Map(['tcp', 'udp', 'unix'].map((dump) => [textOf({ 'sockdiag.dump': dump }), 1])),
    );
    expect(valuesOf(found, 'sockdiag.lost_events')).toEqual(
      new Map(['queue', 'kernel'].map((reason) => [textOf({ 'sockdiag.reason': reason }), 0])),
    );
  });

  test('memory is told by what for', () => {
    const memory = valuesOf(found, 'sockdiag.memory');
    const total = [...memory]
      .filter(([key]) => key.includes('"rmem_alloc"'))
      .reduce((sum, [, one]) => sum + one, 0);
    expect(total).toBe(
      collection.summary.sockets.reduce((sum, one) => sum + (one.memory?.rmemAlloc ?? 0), 0),
    );
    expect(found.get('sockdiag.memory')?.descriptor.unit).toBe('By');
  });
});

/** What there is, which a test can change. */
class Changing implements Batches<DiagMsg> {
  records: DiagMsg[];
  opened = 0;

  constructor(...records: DiagMsg[]) {
    this.records = records;
  }

  async *batches(): AsyncGenerator<DiagMsg[], void> {
    this.opened++;
    yield this.records;
  }
}

const CONNECTIONS = conventions.METRIC_SYSTEM_NETWORK_CONNECTION_COUNT;

const key = (state: SocketState, family: 'inet' | 'inet6' = 'inet'): string =>
  textOf(attributesOf({ family, protocol: 'tcp', state }));

test('every metric that there is has its instruments, and no two share one', () => {
  const names: string[] = [];
  const one = { addCallback: () => undefined };
  const make = (name: string, options?: { unit?: string; description?: string }) => {
    names.push(name);
    expect(options?.unit).toBeTypeOf('string');
    expect(options?.description).toBeTypeOf('string');
    return one;
  };
  const meter: MeterLike<typeof one> = {
    createObservableGauge: make,
    createObservableUpDownCounter: make,
    createObservableCounter: make,
    addBatchObservableCallback: (_, instruments) => expect(instruments).toHaveLength(names.length),
    removeBatchObservableCallback: () => undefined,
  };
  instrument(meter, collector({ dumps: { tcp: batchesOf() } }));
  const histograms = METRICS.filter(({ type }) => type === 'histogram' || type === 'gaugehistogram').length;
  expect(names).toHaveLength(METRICS.length + 2 * histograms);
  expect(new Set(names).size).toBe(names.length);
  expect(names.every((name) => /^[a-z]+(\.[a-z_]+)+$/.test(name))).toBe(true);
});

test.each(Object.entries(STATES))('the state %s is %s', async (state, value) => {
  const { meter, reader } = meterOf();
  instrument(
    meter,
    collector({ dumps: { tcp: batchesOf(tcp({ state: state as SocketState, rqueue: 0 })) } }),
  );
  const [point] = (await reader.read()).get(CONNECTIONS)?.dataPoints ?? [];
  expect(point?.attributes).toEqual({
    [conventions.ATTR_NETWORK_TRANSPORT]: conventions.NETWORK_TRANSPORT_VALUE_TCP,
    [conventions.ATTR_NETWORK_TYPE]: conventions.NETWORK_TYPE_VALUE_IPV4,
    [conventions.ATTR_NETWORK_CONNECTION_STATE]: value,
  });
});

test('no two states are one', async () => {
  const states: SocketState[] = [...(Object.keys(STATES) as SocketState[]), 'NEW_SYN_RECV', 'BOUND_INACTIVE'];
  const { meter, reader } = meterOf();
  instrument(meter, collector({ dumps: { tcp: batchesOf(...states.map((state) => tcp({ state }))) } }));
  expect(valuesOf(await reader.read(), CONNECTIONS).size).toBe(states.length);
});

test('a reading is one collection', async () => {
  const { meter, reader } = meterOf();
  const dump = new Changing(tcp());
  instrument(meter, collector({ dumps: { tcp: dump } }));
  await reader.read();
  expect(dump.opened).toBe(1);
  await reader.read();
  expect(dump.opened).toBe(2);
});

describe('what is gone', () => {
  test('is 0, of each instrument, and may come again', async () => {
    const { meter, reader } = meterOf();
    const dump = new Changing(
      withInfo({ rtt: 5 }, { state: 'CLOSE_WAIT', rqueue: 9 }),
      tcp(),
      tcp({ state: 'LISTEN', rqueue: 3, wqueue: 2, dst: '0.0.0.0' }),
    );
    const all = [...dump.records];
    instrument(meter, collector({ dumps: { tcp: dump }, closed: true }));
    expect(valuesOf(await reader.read(), CONNECTIONS)).toEqual(
      new Map([
        [key('CLOSE_WAIT'), 1],
        [key('ESTABLISHED'), 1],
        [key('LISTEN'), 1],
      ]),
    );
    dump.records = [tcp()];
    for (let i = 0; i < 3; i++) {
      const found = await reader.read();
      const counts = valuesOf(found, CONNECTIONS);
      expect([counts.get(key('CLOSE_WAIT')) ?? 0, counts.get(key('ESTABLISHED'))]).toEqual([0, 1]);
      for (const name of [
        'sockdiag.receive_queue',
        'sockdiag.listener.count',
        'sockdiag.accept_queue.length',
        'sockdiag.accept_queue.full',
        'sockdiag.tcp.rtt.bucket',
        'sockdiag.tcp.rtt.count',
        'sockdiag.tcp.rtt.sum',
      ])
        expect(Math.max(0, ...valuesOf(found, name).values()), name).toBe(0);
    }
    dump.records = all;
    const again = await reader.read();
    expect(valuesOf(again, CONNECTIONS).get(key('CLOSE_WAIT'))).toBe(1);
    expect(Math.max(...valuesOf(again, 'sockdiag.tcp.rtt.count').values())).toBe(1);
  });

  test('is 0 for each of several readers', async () => {
    const readers = [new Reader(), new Reader()];
    const dump = new Changing(tcp({ state: 'CLOSE_WAIT' }), tcp());
    const meter = new MeterProvider({ readers }).getMeter('sockdiag');
    instrument(meter, collector({ dumps: { tcp: dump } }));
    for (const reader of readers) await reader.read();
    dump.records = [tcp()];
    for (const reader of [...readers, ...readers]) {
      const counts = valuesOf(await reader.read(), CONNECTIONS);
      expect([counts.get(key('CLOSE_WAIT')) ?? 0, counts.get(key('ESTABLISHED'))]).toEqual([0, 1]);
    }
  });

  test('does not become 0 if it is only counted: what has ended has ended', async () => {
    const { meter, reader } = meterOf();
    instrument(meter, collector({ dumps: { tcp: batchesOf() }, closed: true }));
    for (let i = 0; i < 2; i++) expect(valuesOf(await reader.read(), 'sockdiag.closed').size).toBe(4);
  });
});

test('after what instrument() returns, nothing is asked any more', async () => {
  const { meter, reader } = meterOf();
  const dump = new Changing(tcp());
  const undo = instrument(meter, collector({ dumps: { tcp: dump } }));
  await reader.read();
  undo();
  await reader.read();
  expect(dump.opened).toBe(1);
  undo();
});

test('what a collector throws, the reader is told', async () => {
  const { meter, reader } = meterOf();
  const all = collector({ dumps: { tcp: batchesOf() } });
  instrument(meter, all);
  await all.close();
  await reader.read();
  expect(`${reader.errors}`).toContain('the collector is closed');
});

test('the meter of the API, which does nothing without an SDK, is as good', () => {
  expect(() => instrument(api.getMeter('sockdiag'), collector())()).not.toThrow();
});

test('wrong arguments are told', () => {
  const all = collector();
  expect(() => instrument(undefined as never, all)).toThrow(
    /instrument: undefined is no Meter of OpenTelemetry/,
  );
  expect(() => instrument({} as MeterLike, all)).toThrow(TypeError);
  const { meter } = meterOf();
  expect(() => instrument(meter, undefined as never)).toThrow(/instrument: undefined is no collector/);
  expect(() => instrument(meter, {} as Collector)).toThrow(TypeError);
});
