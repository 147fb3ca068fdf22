/** What was collected, as metrics with the names and units that Prometheus wants. */

import type { ClosedConnections, ClosedSummary, LostEvents } from './closed.js';
import type { Collection, DumpOutcome } from './collector.js';
import type { Histogram } from './histogram.js';
import type {
  LabelValues,
  ListenerSummary,
  MemorySummary,
  SocketKind,
  SocketsSummary,
  Summary,
  TcpSummary,
} from './summary.js';

/** One value, or one histogram, with what it is of. */
export interface Sample {
  labels: LabelValues;
  value: number | Histogram;
}

/**
 * A metric: what it is called, what it means, and its values now. A `gaugehistogram` is of what there is now, and its counts
 * can fall; a `histogram` is of all that was, as a `counter` is. The name of a counter ends with `_total`.
 */
export interface MetricFamily {
  name: string;
  help: string;
  /** A base unit of Prometheus, with which the name ends; absent for plain numbers. */
  unit?: 'seconds' | 'bytes' | 'ratio';
  type: 'gauge' | 'counter' | 'gaugehistogram' | 'histogram';
  samples: Sample[];
}

/** All but the values. */
export interface Definition<T> extends Omit<MetricFamily, 'samples'> {
  /** Its values. */
  of(collected: T): Sample[];
}

type Metrics<T> = readonly Definition<T>[];

const kind = ({ family, protocol, labels }: SocketKind): LabelValues => ({
  family,
  protocol,
  ...labels,
});

const socketLabels = (sockets: SocketsSummary): LabelValues => ({ ...kind(sockets), state: sockets.state });

const listenerLabels = (listener: ListenerSummary): LabelValues => ({
  ...kind(listener),
  address: listener.address,
  port: String(listener.port ?? ''),
});

function each<T>(
  all: readonly T[],
  labels: (one: T) => LabelValues,
  value: (one: T) => number | Histogram,
): Sample[] {
  return all.map((one) => ({ labels: labels(one), value: value(one) }));
}

/** Values with the same labels are one, in the order of the first of each. */
function added(samples: readonly { labels: LabelValues; value: number }[]): Sample[] {
  const sums = new Map<string, { labels: LabelValues; value: number }>();
  for (const { labels, value } of samples) {
    const key = JSON.stringify(labels);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { labels, value });
    else sum.value += value;
  }
  return [...sums.values()];
}

/** What of the memory is bytes, by the kernel's words as others write them. */
const MEMORY_KINDS = [
  ['rmem_alloc', 'rmemAlloc'],
  ['wmem_queued', 'wmemQueued'],
  ['fwd_alloc', 'fwdAlloc'],
  ['optmem', 'optmem'],
  ['backlog', 'backlog'],
] as const satisfies readonly (readonly [string, keyof MemorySummary])[];

function memorySamples({ sockets }: Summary): Sample[] {
  return added(
    sockets.flatMap((one) => {
      const { memory } = one;
      if (memory === undefined) return [];
      return MEMORY_KINDS.map(([word, key]) => ({
        labels: { ...kind(one), kind: word },
        value: memory[key],
      }));
    }),
  );
}

function dropSamples({ sockets }: Summary): Sample[] {
  return added(
    sockets.flatMap((one) =>
      one.memory === undefined ? [] : [{ labels: kind(one), value: one.memory.drops }],
    ),
  );
}

function fullSamples({ listeners }: Summary): Sample[] {
  return added(
    listeners.map(({ family, protocol, full }) => ({ labels: { family, protocol }, value: full })),
  );
}

const tcpSamples =
  (histogram: (tcp: TcpSummary) => Histogram) =>
  ({ tcp }: Summary): Sample[] =>
    each(tcp, ({ family, labels }) => ({ family, ...labels }), histogram);

const connectionSamples =
  (value: (connections: ClosedConnections) => number | Histogram) =>
  ({ connections }: ClosedSummary): Sample[] =>
    each(connections, ({ family }) => ({ family }), value);

const lossSamples =
  (value: (lost: LostEvents) => number) =>
  ({ lost }: ClosedSummary): Sample[] =>
    each(lost, ({ reason }) => ({ reason }), value);

const dumpSamples =
  (value: (outcome: DumpOutcome) => number) =>
  ({ dumps }: Collection): Sample[] =>
    each(dumps, ({ dump }) => ({ dump }), value);

const isWaiting = ({ state }: SocketsSummary): boolean => state !== 'LISTEN';

const SUMMARY_METRICS: Metrics<Summary> = [
  {
    name: 'sockdiag_sockets',
    help: 'Sockets that there are.',
    type: 'gauge',
    of: ({ sockets }) => each(sockets, socketLabels, ({ count }) => count),
  },
  {
    name: 'sockdiag_receive_queue_bytes',
    help: 'What was received and not yet read.',
    unit: 'bytes',
    type: 'gauge',
    of: ({ sockets }) => each(sockets.filter(isWaiting), socketLabels, ({ rqueue }) => rqueue),
  },
  {
    name: 'sockdiag_send_queue_bytes',
    help: 'What was sent or is to be sent, and is not yet acknowledged.',
    unit: 'bytes',
    type: 'gauge',
    of: ({ sockets }) => each(sockets.filter(isWaiting), socketLabels, ({ wqueue }) => wqueue),
  },
  {
    name: 'sockdiag_memory_bytes',
    help: 'Memory that sockets hold, by what for (SK_MEMINFO).',
    unit: 'bytes',
    type: 'gauge',
    of: memorySamples,
  },
  {
    name: 'sockdiag_dropped_packets',
    help: 'Packets that were dropped for want of room by the sockets that there are now.',
    type: 'gauge',
    of: dropSamples,
  },
  {
    name: 'sockdiag_listener_sockets',
    help: 'Sockets that listen at an address.',
    type: 'gauge',
    of: ({ listeners }) => each(listeners, listenerLabels, ({ sockets }) => sockets),
  },
  {
    name: 'sockdiag_accept_queue_connections',
    help: 'Connections that wait to be accepted.',
    type: 'gauge',
    of: ({ listeners }) => each(listeners, listenerLabels, ({ queue }) => queue),
  },
  {
    name: 'sockdiag_accept_queue_limit_connections',
    help: 'Connections that may wait to be accepted.',
    type: 'gauge',
    of: ({ listeners }) => each(listeners, listenerLabels, ({ limit }) => limit),
  },
  {
    name: 'sockdiag_accept_queues_full',
    help: 'Listening sockets whose accept queue is full, all of them.',
    type: 'gauge',
    of: fullSamples,
  },
  {
    name: 'sockdiag_tcp_rtt_seconds',
    help: 'Smoothed round-trip times of the TCP connections that there are.',
    unit: 'seconds',
    type: 'gaugehistogram',
    of: tcpSamples(({ rtt }) => rtt),
  },
  {
    name: 'sockdiag_tcp_retransmission_ratio',
    help: 'Of the bytes that each TCP connection has sent, the part that it sent again.',
    unit: 'ratio',
    type: 'gaugehistogram',
    of: tcpSamples(({ retransmission }) => retransmission),
  },
  {
    name: 'sockdiag_tcp_congestion_window_segments',
    help: 'Congestion windows of the TCP connections that there are.',
    type: 'gaugehistogram',
    of: tcpSamples(({ congestionWindow }) => congestionWindow),
  },
  {
    name: 'sockdiag_tcp_delivery_rate_bytes_per_second',
    help: 'How fast the TCP connections that there are delivered data of late.',
    type: 'gaugehistogram',
    of: tcpSamples(({ deliveryRate }) => deliveryRate),
  },
];

const CLOSED_METRICS: Metrics<ClosedSummary> = [
  {
    name: 'sockdiag_closed_sockets_total',
    help: 'Sockets that have ended.',
    type: 'counter',
    of: ({ sockets }) =>
      each(
        sockets,
        ({ family, protocol }) => ({ family, protocol }),
        ({ count }) => count,
      ),
  },
  {
    name: 'sockdiag_closed_sent_bytes',
    help: 'What the TCP connections that have ended had sent, those bytes included that were sent again.',
    unit: 'bytes',
    type: 'histogram',
    of: connectionSamples(({ sent }) => sent),
  },
  {
    name: 'sockdiag_closed_received_bytes',
    help: 'What the TCP connections that have ended had received.',
    unit: 'bytes',
    type: 'histogram',
    of: connectionSamples(({ received }) => received),
  },
  {
    name: 'sockdiag_closed_retransmitted_segments',
    help: 'What the TCP connections that have ended had sent again.',
    type: 'histogram',
    of: connectionSamples(({ retransmitted }) => retransmitted),
  },
  {
    name: 'sockdiag_closed_duration_seconds',
    help: 'How long the TCP connections that have ended were open at least: from the first scrape that saw them.',
    unit: 'seconds',
    type: 'histogram',
    of: connectionSamples(({ duration }) => duration),
  },
  {
    name: 'sockdiag_closed_unseen_total',
    help: 'TCP connections that have ended and that no scrape saw: they have no duration.',
    type: 'counter',
    of: connectionSamples(({ unseen }) => unseen),
  },
  {
    name: 'sockdiag_lost_events_total',
    help: 'Ends of sockets that were missed, as far as their number is known.',
    type: 'counter',
    of: lossSamples(({ count }) => count),
  },
  {
    name: 'sockdiag_event_losses_total',
    help: 'How often ends of sockets were missed.',
    type: 'counter',
    of: lossSamples(({ times }) => times),
  },
];

const READING_METRICS: Metrics<Collection> = [
  {
    name: 'sockdiag_scrape_seconds',
    help: 'How long it took to read all of this.',
    unit: 'seconds',
    type: 'gauge',
    of: ({ seconds }) => [{ labels: {}, value: seconds }],
  },
  {
    name: 'sockdiag_scrape_timestamp_seconds',
    help: 'When the reading of it began.',
    unit: 'seconds',
    type: 'gauge',
    of: ({ startedAt }) => [{ labels: {}, value: startedAt / 1000 }],
  },
  {
    name: 'sockdiag_dump_seconds',
    help: 'How long it took to read a kind of sockets.',
    unit: 'seconds',
    type: 'gauge',
    of: dumpSamples(({ seconds }) => seconds),
  },
  {
    name: 'sockdiag_dump_success',
    help: '1 if a kind of sockets was read to its end, 0 if it is missing here.',
    type: 'gauge',
    of: dumpSamples(({ cut, error }) => (cut || error ? 0 : 1)),
  },
  {
    name: 'sockdiag_dump_cut',
    help: '1 if a kind of sockets is missing here because the time was up.',
    type: 'gauge',
    of: dumpSamples(({ cut }) => (cut ? 1 : 0)),
  },
];

/** All metrics there are, closed sockets' included. */
export const METRICS: Metrics<Collection> = [
  ...SUMMARY_METRICS.map((metric) => ({ ...metric, of: ({ summary }: Collection) => metric.of(summary) })),
  ...CLOSED_METRICS.map((metric) => ({
    ...metric,
    of: ({ closed }: Collection) => (closed === undefined ? [] : metric.of(closed)),
  })),
  ...READING_METRICS,
];

/** The metrics of a collection, without those of which there is nothing to tell. */
export function familiesOf(collection: Collection): MetricFamily[] {
  return METRICS.map(({ of, ...metric }) => ({ ...metric, samples: of(collection) })).filter(
    ({ samples }) => samples.length > 0,
  );
}
