/** The text for Prometheus, as others read it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type DiagMsg, dumpTcp, dumpUdp, dumpUnix, type SkMeminfo } from '../../lib/index.js';
import { ClosedCounter } from '../../lib/metrics/closed.js';
import {
  type Collection,
  collector,
  type ExposeOptions,
  expose,
  type Histogram,
  type Label,
} from '../../lib/metrics/index.js';
import { Sightings } from '../../lib/metrics/sightings.js';
import { lackOf, lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';
import { Inside } from './inside.js';
import { batchesOf, IP_SOCKETS, tcp, UNIX_SOCKETS, withInfo } from './sockets.js';
import { keyOf, lackOfParsers, parsed, promtool, readText, seriesOf, type Text } from './text.js';

const FORMATS = ['prometheus', 'openmetrics'] as const;

const textsOf = (collection: Collection): Text[] =>
  FORMATS.map((format) => readText(expose(collection, { format }).replace(/# EOF\n$/, '')));

const collectionOf = (records: DiagMsg[], labels: Label[] = []): Promise<Collection> =>
  collector({ dumps: { all: batchesOf(...records) }, labels }).collect();

const MEMORY: SkMeminfo = {
  rmemAlloc: 7,
  rcvbuf: 1,
  wmemAlloc: 2,
  sndbuf: 3,
  fwdAlloc: 4,
  wmemQueued: 5,
  optmem: 6,
  backlog: 8,
  drops: 3,
};

/** With all that there can be. */
async function whole(): Promise<Collection> {
  const records = [
    withInfo({ rtt: 100, bytesSent: 1000, bytesRetrans: 10, deliveryRate: 5e5 }, { rqueue: 3, wqueue: 4 }),
    withInfo({ rtt: 9_000_000, sndCwnd: 3000 }, { family: 'inet6', dst: '2001:db8::1' }),
    tcp({ state: 'LISTEN', rqueue: 6, wqueue: 5, dst: '0.0.0.0', dport: 0 }),
    { ...tcp({ skmeminfo: MEMORY }), protocol: 'udp' } as DiagMsg,
  ];
  const counter = new ClosedCounter(new Sightings(), () => 0);
  counter.count({ type: 'lost', reason: 'kernel', count: 5 });
  return { ...(await collectionOf(records)), closed: counter.summary() };
}

/** Quotes, backslashes, ends of lines, what looks like one of these escaped, and letters of all sorts. */
const VALUES = [
  '"',
  '\\',
  '\n',
  '\\n',
  '\\\\"\n"\\',
  'a="b",c="d"} 1',
  '# HELP',
  ' ',
  'é 😀 ∞ 漢字',
  '\u2028\t\r',
  '{}',
  'x'.repeat(5000),
];

describe('label values', () => {
  const collection = (): Promise<Collection> =>
    collectionOf(
      VALUES.map((_, i) => tcp({ sport: i })),
      [{ name: 'mine', of: (record) => VALUES[(record as { sport: number }).sport] as string }],
    );

  test.each(FORMATS)('come back as they were: %s', async (format) => {
    const text = expose(await collection(), { format }).replace(/# EOF\n$/, '');
    const sockets = readText(text).series.filter(({ name }) => name === 'sockdiag_sockets');
    expect(sockets.map(({ labels }) => labels['mine'])).toEqual(VALUES);
    expect(sockets[0]?.labels).toEqual({ family: 'inet', protocol: 'tcp', state: 'ESTABLISHED', mine: '"' });
  });

  test.skipIf(lackOfParsers()).each(FORMATS)('come back so to others as well: %s', async (format) => {
    const text = expose(await collection(), { format });
    const sockets = parsed(text, format).filter(({ name }) => name === 'sockdiag_sockets');
    expect(sockets.map(({ labels }) => labels['mine'])).toEqual(VALUES);
  });

  test.skipIf(lackOf('promtool'))('are good for Prometheus', async () => {
    expect(promtool(expose(await collection()))).toEqual({ status: 0, output: '' });
  });
});

describe('the formats', () => {
  test('the one for Prometheus is what is meant without a word, and both are wholly read', async () => {
    const collection = await whole();
    expect(expose(collection)).toBe(expose(collection, { format: 'prometheus' }));
    expect(expose(collection, { format: undefined })).toBe(expose(collection, {}));
    expect(expose(collection)).not.toContain('# EOF');
    const open = expose(collection, { format: 'openmetrics' });
    expect(open.endsWith('\n# EOF\n')).toBe(true);
    expect(open.match(/# EOF/g)).toHaveLength(1);
  });

  test('each family is in one piece, under one HELP and one TYPE, and no series comes twice', async () => {
    const collection = await whole();
    for (const format of FORMATS) {
      const text = expose(collection, { format });
      const families = [...text.matchAll(/^# HELP (\S+) .+\n# TYPE (\S+) (\S+)\n/gm)];
      expect(families.length).toBe(text.match(/^# TYPE/gm)?.length);
      expect(families.every(([, help, type]) => help === type)).toBe(true);
    }
    for (const { series, types, helps } of textsOf(collection)) {
      expect(new Set(series.map(keyOf)).size).toBe(series.length);
      expect(Object.keys(helps)).toEqual(Object.keys(types));
      const families = series.map(({ name }) => familyOf(name, Object.keys(types)));
      const pieces = families.filter((family, i) => family !== families[i - 1]);
      expect(pieces).toEqual(Object.keys(types));
    }
  });

  test('both have the same values', async () => {
    const [text, open] = textsOf(await whole()) as [Text, Text];
    const gauges = Object.keys(open.types).filter((family) => open.types[family] === 'gaugehistogram');
    const renamed = text.series.map((one) => {
      const family = gauges.find((gauge) => one.name.startsWith(`${gauge}_`)) ?? '';
      return family === '' ? one : { ...one, name: one.name.replace(/_(sum|count)$/, '_g$1') };
    });
    expect(open.series).toEqual(renamed);
  });

  const familyOf = (name: string, families: readonly string[]): string | undefined =>
    families.find((family) => new RegExp(`^${family}(_(total|bucket|g?sum|g?count))?$`).test(name));

  test('histograms of what there is now are gauge histograms, and for Prometheus histograms', async () => {
    const [text, open] = textsOf(await whole()) as [Text, Text];
    const rtt = 'sockdiag_tcp_rtt_seconds';
    expect([text.types[rtt], open.types[rtt]]).toEqual(['histogram', 'gaugehistogram']);
    expect(seriesOf(text, `${rtt}_count`, { family: 'inet' })).toBe(1);
    expect(seriesOf(open, `${rtt}_gcount`, { family: 'inet' })).toBe(1);
    expect(seriesOf(open, `${rtt}_gsum`, { family: 'inet' })).toBe(0.0001);
    expect(seriesOf(open, `${rtt}_count`)).toBeUndefined();
    const duration = 'sockdiag_closed_duration_seconds';
    expect([text.types[duration], open.types[duration]]).toEqual(['histogram', 'histogram']);
    expect(seriesOf(open, `${duration}_count`, { family: 'inet6' })).toBe(0);
  });

  test('counters end with _total, and their families do so for Prometheus only', async () => {
    const [text, open] = textsOf(await whole()) as [Text, Text];
    const countersOf = ({ types }: Text): string[] =>
      Object.keys(types).filter((family) => types[family] === 'counter');
    expect(countersOf(text).every((family) => family.endsWith('_total'))).toBe(true);
    expect(countersOf(open).map((family) => `${family}_total`)).toEqual(countersOf(text));
    expect(countersOf(text)).toHaveLength(4);
    for (const one of [text, open]) {
      expect(seriesOf(one, 'sockdiag_lost_events_total', { reason: 'kernel' })).toBe(5);
      expect(seriesOf(one, 'sockdiag_event_losses_total', { reason: 'kernel' })).toBe(1);
      expect(seriesOf(one, 'sockdiag_closed_sockets_total', { family: 'inet', protocol: 'udp' })).toBe(0);
    }
  });

  test('names end with their units, which OpenMetrics is told', async () => {
    const [text, open] = textsOf(await whole()) as [Text, Text];
    expect(text.units).toEqual({});
    expect(Object.keys(open.units).length).toBeGreaterThan(5);
    for (const [family, unit] of Object.entries(open.units)) expect(family.endsWith(`_${unit}`)).toBe(true);
  });

  test('without closed sockets, and without any, there is nothing of them', async () => {
    const none = await collectionOf([]);
    const [text] = textsOf(none) as [Text];
    expect(Object.keys(text.types)).toEqual([
      'sockdiag_scrape_seconds',
      'sockdiag_scrape_timestamp_seconds',
      'sockdiag_dump_seconds',
      'sockdiag_dump_success',
      'sockdiag_dump_cut',
    ]);
    expect(seriesOf(text, 'sockdiag_scrape_timestamp_seconds')).toBe(none.startedAt / 1000);
  });

  test('dumps that could not be read are told', async () => {
    const collection = await collectionOf([]);
    const outcome = { seconds: 1, sockets: 0, cut: false };
    const dumps = [
      { dump: 'good', ...outcome },
      { dump: 'cut', ...outcome, cut: true },
      { dump: 'bad', ...outcome, error: new Error('no') },
    ];
    const [text] = textsOf({ ...collection, dumps }) as [Text];
    const of = (name: string) => dumps.map(({ dump }) => seriesOf(text, name, { dump }));
    expect(of('sockdiag_dump_success')).toEqual([1, 0, 0]);
    expect(of('sockdiag_dump_cut')).toEqual([0, 1, 0]);
    expect(of('sockdiag_dump_seconds')).toEqual([1, 1, 1]);
  });

  test('numbers of any size are read as what they are', async () => {
    const collection = await collectionOf([]);
    for (const seconds of [0, 1e-9, 0.1 + 0.2, 123456789.125, 2 ** 53, 1e21, 1.5e300, Infinity, -Infinity]) {
      const [text] = textsOf({ ...collection, seconds }) as [Text];
      expect(seriesOf(text, 'sockdiag_scrape_seconds')).toBe(seconds);
    }
  });

  test('wrong options are told', async () => {
    const collection = await whole();
    const of = (options: unknown) => () => expose(collection, options as ExposeOptions);
    expect(of({ format: 'text' })).toThrow(
      /options\.format is 'text', but must be 'openmetrics' or 'prometheus'/,
    );
    expect(of({ format: 'text' })).toThrow(TypeError);
    expect(of({ type: 'openmetrics' })).toThrow(/there is no option 'type'/);
    expect(of('openmetrics')).toThrow(TypeError);
  });
});

describe.skipIf(lackOfWorld())('of real sockets', () => {
  let stage: Stage;
  let collection: Collection;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(IP_SOCKETS + UNIX_SOCKETS);
    collection = await collector({
      dumps: {
        tcp: dumpTcp({ netns: stage.pid, show: ['info', 'skmeminfo'], owners: true }),
        udp: dumpUdp({ netns: stage.pid, show: ['skmeminfo'], owners: true }),
        unix: dumpUnix({ netns: stage.pid, owners: true }),
      },
      labels: ['local_port', 'remote_network', 'owner', 'cgroup'],
    }).collect();
  });
  afterAll(() => stage?.close());

  test('all that the summary has is there, and no series twice', () => {
    for (const text of textsOf(collection)) {
      expect(new Set(text.series.map(keyOf)).size).toBe(text.series.length);
      for (const { family, protocol, state, labels, count, rqueue, wqueue, memory } of collection.summary
        .sockets) {
        const all = { family, protocol, state, ...labels };
        expect(seriesOf(text, 'sockdiag_sockets', all)).toBe(count);
        const queues = ['receive', 'send'].map((way) => seriesOf(text, `sockdiag_${way}_queue_bytes`, all));
        expect(queues).toEqual(state === 'LISTEN' ? [undefined, undefined] : [rqueue, wqueue]);
        if (memory !== undefined) expect(seriesOf(text, 'sockdiag_dropped_packets', labels)).toBeDefined();
      }
      for (const { family, protocol, address, port, labels, ...numbers } of collection.summary.listeners) {
        const all = { family, protocol, address, port: `${port ?? ''}`, ...labels };
        expect(seriesOf(text, 'sockdiag_listener_sockets', all)).toBe(numbers.sockets);
        expect(seriesOf(text, 'sockdiag_accept_queue_connections', all)).toBe(numbers.queue);
        expect(seriesOf(text, 'sockdiag_accept_queue_limit_connections', all)).toBe(numbers.limit);
      }
    }
  });

  test('what has no state in it is added up over the states', () => {
    const [text] = textsOf(collection) as [Text];
    const total = (name: string, labels: Record<string, string>): number =>
      text.series
        .filter((one) => one.name === name && Object.entries(labels).every(([k, v]) => one.labels[k] === v))
        .reduce((sum, { value }) => sum + value, 0);
    const { sockets, listeners } = collection.summary;
    for (const [kind, field] of [
      ['rmem_alloc', 'rmemAlloc'],
      ['fwd_alloc', 'fwdAlloc'],
      ['wmem_queued', 'wmemQueued'],
    ] as const) {
      const sum = sockets.reduce((all, { memory }) => all + (memory?.[field] ?? 0), 0);
      expect(total('sockdiag_memory_bytes', { kind })).toBe(sum);
      expect(sum).toBeGreaterThan(0);
    }
    const full = listeners
      .filter(({ protocol }) => protocol === 'tcp')
      .reduce((all, one) => all + one.full, 0);
    expect(seriesOf(text, 'sockdiag_accept_queues_full', { family: 'inet', protocol: 'tcp' })).toBe(full);
    expect(full).toBe(1);
  });

  test('buckets are cumulative, in their order, and the last one has all', () => {
    const [text, open] = textsOf(collection) as [Text, Text];
    const histograms: [string, (tcp: (typeof collection.summary.tcp)[number]) => Histogram][] = [
      ['sockdiag_tcp_rtt_seconds', ({ rtt }) => rtt],
      ['sockdiag_tcp_retransmission_ratio', ({ retransmission }) => retransmission],
      ['sockdiag_tcp_congestion_window_segments', ({ congestionWindow }) => congestionWindow],
      ['sockdiag_tcp_delivery_rate_bytes_per_second', ({ deliveryRate }) => deliveryRate],
    ];
    for (const [name, histogramOf] of histograms) {
      for (const one of collection.summary.tcp) {
        const { bounds, counts, sum, count } = histogramOf(one);
        const all = { family: one.family, ...one.labels };
        const expected = [...bounds, Infinity].map((bound, i) => [
          bound,
          counts.slice(0, i + 1).reduce((below, some) => below + some, 0),
        ]);
        for (const [read, g] of [
          [text, ''],
          [open, 'g'],
        ] as const) {
          const buckets = read.series.filter(
            ({ name: own, labels: { le: _, ...labels } }) =>
              own === `${name}_bucket` &&
              keyOf({ name, labels, value: 0 }) === keyOf({ name, labels: all, value: 0 }),
          );
          const les = buckets.map(({ labels, value }) => [
            Number(labels['le']?.replace('+Inf', 'Infinity')),
            value,
          ]);
          expect(les).toEqual(expected);
          expect(buckets.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value: count });
          expect(seriesOf(read, `${name}_${g}sum`, all)).toBe(sum);
          expect(seriesOf(read, `${name}_${g}count`, all)).toBe(count);
        }
      }
    }
  });

  test.skipIf(lackOfParsers()).each(FORMATS)("Prometheus's own parsers read the same: %s", (format) => {
    const text = expose(collection, { format });
    expect(parsed(text, format)).toEqual(readText(text.replace(/# EOF\n$/, '')).series);
  });

  const lacks = lackOf('promtool') || lackOfParsers();
  test.skipIf(lacks)('a collector there that counts closed sockets too is good for all of them', async () => {
    const inside = await Inside.enter(stage.pid);
    try {
      await stage.run(`
        for n in range(3):
            near, far = connection(server, '127.0.0.1')
            near.close()
            far.close()`);
      const [text, open] = await inside.texts();
      expect(readText(text).types).toHaveProperty('sockdiag_closed_sockets_total', 'counter');
      expect(promtool(text)).toEqual({ status: 0, output: '' });
      expect(parsed(text, 'prometheus').length).toBe(readText(text).series.length);
      expect(parsed(open, 'openmetrics').length).toBe(parsed(text, 'prometheus').length);
    } finally {
      expect(await inside.end()).toBe(0);
    }
  });
});

test.each([[undefined], [{}], [{ sockets: [], listeners: [], tcp: [] }], ['text']])(
  '%o is no collection',
  (wrong) => {
    expect(() => expose(wrong as never)).toThrow(/^expose: .* is no collection, as a collector makes it$/);
  },
);

test('there is no other format', () => {
  expect(() => expose({} as never, { format: 'json' } as never)).toThrow(TypeError);
});
