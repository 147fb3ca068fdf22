/**
 * The sockets of a machine in numbers, for Prometheus and OpenTelemetry.
 *
 * @module sockdiag/metrics
 */
export type { ClosedConnections, ClosedSockets, ClosedSummary, LostEvents } from './closed.js';
export {
  type Collection,
  type Collector,
  type CollectorOptions,
  collector,
  type DumpOutcome,
  type Dumps,
} from './collector.js';
export { type ExposeOptions, expose } from './expose.js';
export type { Histogram } from './histogram.js';
export {
  instrument,
  type MeterAttributes,
  type MeterInstrument,
  type MeterInstrumentOptions,
  type MeterLike,
  type MeterResult,
} from './instrument.js';
export { type Label, type LabelName, type RemoteNetworkOptions, remoteNetwork } from './labels.js';
export { type PromRegistry, register } from './register.js';
export { type LabelOptions, type SummarizeOptions, summarize } from './summarize.js';
export type {
  Countable,
  LabelValues,
  ListenerSummary,
  MemorySummary,
  SocketKind,
  SocketsSummary,
  Summary,
  TcpSummary,
} from './summary.js';
