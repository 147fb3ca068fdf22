/** instrument: what a collector finds, as instruments of OpenTelemetry. */
import { show } from '../netlink/options.js';
import type { Collection, Collector } from './collector.js';
import { cumulative, numberText } from './expose.js';
import { type Definition, METRICS, type Sample } from './families.js';
import { Observations } from './observations.js';
import { checkCollector } from './register.js';
import type { LabelValues } from './summary.js';

/** What is observed. */
export interface MeterAttributes {
  /** By the name of the attribute. */
  [name: string]: string | number;
}

/** An instrument that is asked for its values. */
export interface MeterInstrument {
  /** For one instrument alone. */
  addCallback(callback: never): void;
}

/** Who takes the values of several instruments. */
export interface MeterResult<I> {
  /** Takes one. */
  observe(instrument: I, value: number, attributes?: MeterAttributes): void;
}

/** How an instrument is described. */
export interface MeterInstrumentOptions {
  /** What it tells. */
  description?: string;
  /** In the notation of UCUM. */
  unit?: string;
}

/** What of a `Meter` of `@opentelemetry/api` is needed (of version 1.3 or later). */
export interface MeterLike<I extends MeterInstrument = MeterInstrument> {
  /** For how something is. */
  createObservableGauge(name: string, options?: MeterInstrumentOptions): I;
  /** For how many there are. */
  createObservableUpDownCounter(name: string, options?: MeterInstrumentOptions): I;
  /** For how many there ever were. */
  createObservableCounter(name: string, options?: MeterInstrumentOptions): I;
  /** From now on it is called whenever the instruments are read. */
  addBatchObservableCallback(
    callback: (result: MeterResult<I>) => void | Promise<void>,
    instruments: I[],
  ): void;
  /** Undoes that. */
  removeBatchObservableCallback(
    callback: (result: MeterResult<I>) => void | Promise<void>,
    instruments: I[],
  ): void;
}

/** What a metric is called there. */
interface Words {
  name: string;
  unit: string;
  /** What its labels are called; those that are not here keep their names, behind `sockdiag.`. */
  attributes?: (labels: LabelValues) => MeterAttributes;
  /** Of how things are now, not of how many there are. */
  isGauge?: boolean;
}

/** As RFC 9293 has them, in the convention's spelling. */
const STATES: Readonly<Record<string, string>> = {
  ESTABLISHED: 'established',
  SYN_SENT: 'syn_sent',
  SYN_RECV: 'syn_received',
  FIN_WAIT1: 'fin_wait_1',
  FIN_WAIT2: 'fin_wait_2',
  TIME_WAIT: 'time_wait',
  CLOSE: 'closed',
  CLOSE_WAIT: 'close_wait',
  LAST_ACK: 'last_ack',
  LISTEN: 'listen',
  CLOSING: 'closing',
};

const TYPES: Readonly<Record<string, string>> = { inet: 'ipv4', inet6: 'ipv6' };

/** Attributes of the conventions for what they have; the labels that were chosen, and all else, are ours. */
function socketAttributes({
  family = '',
  protocol,
  state,
  address,
  port,
  ...own
}: LabelValues): MeterAttributes {
  const type = TYPES[family];
  const isIp = type !== undefined;
  return {
    // Of IP sockets the protocol is the transport; of others the family is, and the protocol says more.
    'network.transport': isIp && protocol !== undefined ? protocol : isIp ? 'tcp' : family,
    ...(isIp ? { 'network.type': type } : protocol !== undefined && { 'sockdiag.protocol': protocol }),
    ...(state !== undefined && { 'network.connection.state': STATES[state] ?? state.toLowerCase() }),
    ...(address !== undefined && { 'network.local.address': address }),
    ...(port !== undefined && port !== '' && { 'network.local.port': Number(port) }),
    ...ownAttributes(own),
  };
}

function ownAttributes(labels: LabelValues): MeterAttributes {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`sockdiag.${name}`, value]));
}

const ofSockets = { attributes: socketAttributes } as const;

/** By the names that they have for Prometheus. */
const WORDS: Readonly<Record<string, Words>> = {
  sockdiag_sockets: { name: 'system.network.connection.count', unit: '{connection}', ...ofSockets },
  sockdiag_receive_queue_bytes: { name: 'sockdiag.receive_queue', unit: 'By', ...ofSockets },
  sockdiag_send_queue_bytes: { name: 'sockdiag.send_queue', unit: 'By', ...ofSockets },
  sockdiag_memory_bytes: { name: 'sockdiag.memory', unit: 'By', ...ofSockets },
  sockdiag_dropped_packets: { name: 'sockdiag.dropped', unit: '{packet}', ...ofSockets },
  sockdiag_listener_sockets: { name: 'sockdiag.listener.count', unit: '{socket}', ...ofSockets },
  sockdiag_accept_queue_connections: {
    name: 'sockdiag.accept_queue.length',
    unit: '{connection}',
    ...ofSockets,
  },
  sockdiag_accept_queue_limit_connections: {
    name: 'sockdiag.accept_queue.limit',
    unit: '{connection}',
    ...ofSockets,
  },
  sockdiag_accept_queues_full: { name: 'sockdiag.accept_queue.full', unit: '{socket}', ...ofSockets },
  sockdiag_tcp_rtt_seconds: { name: 'sockdiag.tcp.rtt', unit: 's', ...ofSockets },
  sockdiag_tcp_retransmission_ratio: { name: 'sockdiag.tcp.retransmission', unit: '1', ...ofSockets },
  sockdiag_tcp_congestion_window_segments: {
    name: 'sockdiag.tcp.congestion_window',
    unit: '{segment}',
    ...ofSockets,
  },
  sockdiag_tcp_delivery_rate_bytes_per_second: {
    name: 'sockdiag.tcp.delivery_rate',
    unit: 'By/s',
    ...ofSockets,
  },
  sockdiag_closed_sockets_total: { name: 'sockdiag.closed', unit: '{socket}', ...ofSockets },
  sockdiag_closed_sent_bytes: { name: 'sockdiag.closed.sent', unit: 'By', ...ofSockets },
  sockdiag_closed_received_bytes: { name: 'sockdiag.closed.received', unit: 'By', ...ofSockets },
  sockdiag_closed_retransmitted_segments: {
    name: 'sockdiag.closed.retransmitted',
    unit: '{segment}',
    ...ofSockets,
  },
  sockdiag_closed_duration_seconds: { name: 'sockdiag.closed.duration', unit: 's', ...ofSockets },
  sockdiag_closed_unseen_total: { name: 'sockdiag.closed.unseen', unit: '{connection}', ...ofSockets },
  sockdiag_lost_events_total: { name: 'sockdiag.lost_events', unit: '{event}' },
  sockdiag_event_losses_total: { name: 'sockdiag.event_losses', unit: '{loss}' },
  sockdiag_scrape_seconds: { name: 'sockdiag.scrape.duration', unit: 's', isGauge: true },
  sockdiag_scrape_timestamp_seconds: { name: 'sockdiag.scrape.timestamp', unit: 's', isGauge: true },
  sockdiag_dump_seconds: { name: 'sockdiag.dump.duration', unit: 's', isGauge: true },
  sockdiag_dump_success: { name: 'sockdiag.dump.success', unit: '1', isGauge: true },
  sockdiag_dump_cut: { name: 'sockdiag.dump.cut', unit: '1', isGauge: true },
};

/** Takes a value. */
type Observe<I> = (instrument: I, value: number, attributes: MeterAttributes) => void;

/** How the values of a metric come to their instruments. */
interface Instrumented<I> {
  metric: Definition<Collection>;
  /** Of how many there are now: they can be gone. */
  isOfNow: boolean;
  give(sample: Sample, observe: Observe<I>): void;
  instruments: I[];
}

/**
 * Creates observable instruments for all that a collector finds. The meter's reader decides when a collection is made, one
 * for all of them.
 *
 *     instrument(metrics.getMeter('sockdiag'), collector());
 *
 * Sockets are `system.network.connection.count`, with the attributes of the semantic conventions; all else is `sockdiag.…`.
 * OpenTelemetry has no histogram that could be observed: each is three instruments, whose names end with `.bucket` (how many
 * values are not above the attribute `le`), `.sum` and `.count`. What is gone is observed once more, as 0.
 *
 * @returns a function after which nothing is observed any more.
 * @throws TypeError for a wrong argument.
 */
export function instrument<I extends MeterInstrument>(meter: MeterLike<I>, collector: Collector): () => void {
  if (typeof (meter as Partial<MeterLike> | null | undefined)?.addBatchObservableCallback !== 'function') {
    throw new TypeError(`instrument: ${show(meter)} is no Meter of OpenTelemetry, of version 1.3 or later`);
  }
  checkCollector('instrument', collector);
  const all = METRICS.map((metric) => instrumented(meter, metric));
  const instruments = all.flatMap((one) => one.instruments);
  const observations = new Observations<I>();
  const callback = async (result: MeterResult<I>): Promise<void> => {
    const collection = await collector.collect();
    const always: Observe<I> = (...observed) => result.observe(...observed);
    const now: Observe<I> = (...observed) => observations.observe(result, ...observed);
    for (const { metric, isOfNow, give } of all)
      for (const sample of metric.of(collection)) give(sample, isOfNow ? now : always);
    observations.end(result);
  };
  meter.addBatchObservableCallback(callback, instruments);
  return () => meter.removeBatchObservableCallback(callback, instruments);
}

function instrumented<I extends MeterInstrument>(
  meter: MeterLike<I>,
  metric: Definition<Collection>,
): Instrumented<I> {
  const { name, unit, attributes = ownAttributes, isGauge = false } = WORDS[metric.name] as Words;
  const isOfAll = metric.type === 'counter' || metric.type === 'histogram';
  const isOfNow = !isOfAll && !isGauge;
  const make = (suffix: string, own: string): I => {
    const options = { description: metric.help, unit: own };
    if (isGauge) return meter.createObservableGauge(name + suffix, options);
    if (isOfAll) return meter.createObservableCounter(name + suffix, options);
    return meter.createObservableUpDownCounter(name + suffix, options);
  };
  if (metric.type === 'gauge' || metric.type === 'counter') {
    const own = make('', unit);
    const give: Instrumented<I>['give'] = ({ labels, value }, observe) =>
      observe(own, value as number, attributes(labels));
    return { metric, isOfNow, instruments: [own], give };
  }
  const [bucket, sum, count] = [make('.bucket', '1'), make('.sum', unit), make('.count', '1')] as [I, I, I];
  const give: Instrumented<I>['give'] = ({ labels, value }, observe) => {
    if (typeof value === 'number') return;
    const own = attributes(labels);
    for (const [bound, below] of cumulative(value)) observe(bucket, below, { ...own, le: numberText(bound) });
    observe(sum, value.sum, own);
    observe(count, value.count, own);
  };
  return { metric, isOfNow, instruments: [bucket, sum, count], give };
}
