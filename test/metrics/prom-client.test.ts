/** A collector among the metrics of prom-client. */
import client from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Batches, type DiagMsg, dumpTcp, dumpUnix } from '../../lib/index.js';
import {
  type Collection,
  type Collector,
  collector,
  expose,
  type PromRegistry,
  register,
} from '../../lib/metrics/index.js';
import { lackOf, lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';
import { batchesOf, IP_SOCKETS, tcp, UNIX_SOCKETS, withInfo } from './sockets.js';
import { keyOf, promtool, readText, type Series, seriesOf } from './text.js';

const { Counter, Gauge, Registry } = client;
type Registry = client.Registry;

/** Gives the same collection each time; counts how often. */
class Fixed implements Collector {
  readonly #collection: Promise<Collection>;
  asked = 0;

  constructor(collection: Promise<Collection>) {
    this.#collection = collection;
  }

  collect(): Promise<Collection> {
    this.asked++;
    return this.#collection;
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Whoever reads its text needs no end of it. */
const read = (text: string): Series[] =>
  readText(text.replace(/\n\n+/g, '\n').replace(/# EOF\n$/, '')).series;

const sorted = (series: Series[]): Series[] => [...series].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

function openRegistry(): Registry {
  const registry: client.Registry<client.RegistryContentType> = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry as Registry;
}

const records = (): Batches<DiagMsg> =>
  batchesOf(
    withInfo({ rtt: 100, bytesSent: 10 }),
    tcp({ state: 'LISTEN', rqueue: 2, wqueue: 1 }),
    tcp({ dst: '::1', family: 'inet6' }),
  );

const made = (): Collector => collector({ dumps: { tcp: records() }, closed: true });

describe.skipIf(lackOfWorld())('of real sockets', () => {
  let stage: Stage;
  let fixed: Fixed;
  let collection: Collection;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(IP_SOCKETS + UNIX_SOCKETS);
    const all = collector({
      dumps: {
        tcp: dumpTcp({ netns: stage.pid, show: ['info', 'skmeminfo'] }),
        unix: dumpUnix({ netns: stage.pid }),
      },
      labels: ['local_port', { name: 'mine', of: () => 'a"b\\c\nd é' }],
      closed: true,
    });
    collection = await all.collect();
    await all.close();
    fixed = new Fixed(Promise.resolve(collection));
  });
  afterAll(() => stage?.close());

  test('its text has the same series as expose() has', async () => {
    const registry = new Registry();
    register(registry, fixed);
    const text = await registry.metrics();
    expect(sorted(read(text))).toEqual(sorted(read(expose(collection))));
    expect(seriesOf(readText(expose(collection)), 'sockdiag_listener_sockets', { port: '5003' })).toBe(3);
  });

  test('as OpenMetrics too, but that histograms of what there is now are called histograms', async () => {
    const registry = openRegistry();
    register(registry, fixed);
    for (let scrape = 0; scrape < 2; scrape++) {
      const text = await registry.metrics();
      expect(text.endsWith('# EOF\n')).toBe(true);
      expect(text).toContain('# TYPE sockdiag_closed_sockets counter\n');
      expect(text).toContain('\nsockdiag_closed_sockets_total{');
      expect(text).toContain('# TYPE sockdiag_tcp_rtt_seconds histogram\n');
      expect(sorted(read(text))).toEqual(sorted(read(expose(collection))));
    }
  });

  test.skipIf(lackOf('promtool'))('Prometheus has nothing to say of it', async () => {
    const registry = new Registry();
    register(registry, fixed);
    expect(promtool(await registry.metrics())).toEqual({ status: 0, output: '' });
  });
});

test.each(['prometheus', 'openmetrics'])(
  'a scrape is one collection, whatever it reads: %s',
  async (format) => {
    let opened = 0;
    const counted = {
      async *batches() {
        opened++;
        yield* records().batches();
      },
    };
    const registry = format === 'prometheus' ? new Registry() : openRegistry();
    register(registry, collector({ dumps: { tcp: counted } }));
    await registry.metrics();
    expect(opened).toBe(1);
    await registry.getMetricsAsJSON();
    expect(opened).toBe(2);
    await registry.getSingleMetricAsString('sockdiag_sockets');
    expect(opened).toBe(3);
  },
);

test('other metrics are beside it', async () => {
  const registry = new Registry();
  new Gauge({ name: 'mine', help: 'Mine.', registers: [registry] }).set(5);
  register(registry, made());
  const text = readText((await registry.metrics()).replace(/\n\n+/g, '\n'));
  expect([seriesOf(text, 'mine'), seriesOf(text, 'sockdiag_sockets', { state: 'LISTEN' })]).toEqual([5, 1]);
});

describe('what register() returns', () => {
  test.each([
    ['prometheus', () => new Registry()],
    ['openmetrics', openRegistry],
  ])('takes all of it out again, and only that: %s', async (_, make) => {
    const registry = make();
    new Gauge({ name: 'mine', help: 'Mine.', registers: [registry] });
    const all = made();
    const undo = register(registry, all);
    expect(registry.getMetricsAsArray().length).toBeGreaterThan(20);
    // Counters have another name behind a scrape.
    await registry.metrics();
    undo();
    expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(['mine']);
    undo();
    // There is room for it again.
    register(registry, all)();
    expect(registry.getMetricsAsArray()).toHaveLength(1);
  });

  test('of one registry leaves another one alone', async () => {
    const [one, other] = [new Registry(), new Registry()];
    const all = made();
    const undo = register(one, all);
    register(other, all);
    undo();
    expect(one.getMetricsAsArray()).toEqual([]);
    expect(await other.metrics()).toContain('sockdiag_sockets{');
  });
});

test('a name that is taken already leaves nothing behind, and what was there', async () => {
  const registry = new Registry();
  const theirs = new Counter({ name: 'sockdiag_dump_cut', help: 'Theirs.', registers: [registry] });
  theirs.inc(3);
  expect(() => register(registry, made())).toThrow('sockdiag_dump_cut has already been registered');
  expect(registry.getMetricsAsArray()).toEqual([theirs]);
  expect(await registry.metrics()).toContain('sockdiag_dump_cut 3');
  const own = new Registry();
  register(own, made());
  expect(() => register(own, made())).toThrow('sockdiag_sockets has already been registered');
  expect(await own.metrics()).toContain('sockdiag_sockets{');
});

test("the registry's own labels are in all series, and do not stay in ours", async () => {
  const registry = new Registry();
  registry.setDefaultLabels({ host: 'a', state: 'theirs' });
  const collection = await made().collect();
  const fixed = new Fixed(Promise.resolve(collection));
  register(registry, fixed);
  const before = structuredClone(collection);
  for (let i = 0; i < 2; i++) {
    const series = read(await registry.metrics());
    expect(series.every(({ labels }) => labels['host'] === 'a')).toBe(true);
    const sockets = series.filter(({ name }) => name === 'sockdiag_sockets');
    // What we have is not overwritten.
    expect(sockets.map(({ labels }) => labels['state']).sort()).toEqual([
      'ESTABLISHED',
      'ESTABLISHED',
      'LISTEN',
    ]);
    const json = await registry.getMetricsAsJSON();
    expect(
      json.flatMap(({ values }) => (values as Series[]).map(({ labels }) => labels['host'])),
    ).not.toContain(undefined);
  }
  expect(collection).toEqual(before);
});

test('getMetricsAsJSON has names, types and values', async () => {
  const registry = new Registry();
  register(registry, made());
  const all = await registry.getMetricsAsJSON();
  const metricOf = (name: string) => all.find((metric) => metric.name === name);
  expect(metricOf('sockdiag_sockets')).toMatchObject({
    name: 'sockdiag_sockets',
    help: 'Sockets that there are.',
    type: 'gauge',
    aggregator: 'sum',
  });
  const sockets = (metricOf('sockdiag_sockets') as unknown as { values: Series[] }).values;
  expect(sockets).toContainEqual({ labels: { family: 'inet', protocol: 'tcp', state: 'LISTEN' }, value: 1 });
  const rtt = (
    metricOf('sockdiag_tcp_rtt_seconds') as unknown as { values: (Series & { metricName: string })[] }
  ).values;
  expect(rtt[0]).toEqual({
    labels: { le: 0.0001, family: 'inet' },
    value: 1,
    metricName: 'sockdiag_tcp_rtt_seconds_bucket',
  });
  expect(rtt.filter(({ labels }) => `${labels['le']}` === '+Inf')).toHaveLength(1);
  expect(metricOf('sockdiag_closed_sockets_total')).toMatchObject({ type: 'counter' });
});

test('one registry may be merged with another, of either format', async () => {
  for (const make of [() => new Registry(), openRegistry]) {
    const [one, other] = [make(), make()];
    new Gauge({ name: 'mine', help: 'Mine.', registers: [other] }).set(5);
    register(one, made());
    const merged = Registry.merge([one, other]);
    const names = new Set(read(await merged.metrics()).map(({ name }) => name));
    expect(names).toContain('mine');
    expect(names).toContain('sockdiag_sockets');
    expect(names).toContain('sockdiag_closed_sockets_total');
  }
});

test('resetMetrics takes nothing away: there is what there is', async () => {
  const registry = new Registry();
  register(registry, made());
  registry.resetMetrics();
  expect(await registry.metrics()).toContain(
    'sockdiag_sockets{family="inet",protocol="tcp",state="LISTEN"} 1',
  );
});

test('what a collector throws, whoever reads the registry has thrown', async () => {
  const registry = new Registry();
  const all = made();
  register(registry, all);
  await all.close();
  await expect(registry.metrics()).rejects.toThrow('the collector is closed');
});

test('wrong arguments are told', () => {
  const all = made();
  expect(() => register(undefined as never, all)).toThrow(
    /register: undefined is no registry of prom-client/,
  );
  expect(() => register({} as PromRegistry, all)).toThrow(TypeError);
  expect(() => register(new Registry(), {} as Collector)).toThrow(
    /is no collector, as collector\(\) makes it/,
  );
  const registry = new Registry();
  expect(() => register(registry, undefined as never)).toThrow(TypeError);
  expect(registry.getMetricsAsArray()).toEqual([]);
});
