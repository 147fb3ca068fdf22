/** register: what a collector finds, among the metrics of prom-client. */
import { show } from '../netlink/options.js';
import type { Collection, Collector } from './collector.js';
import { cumulative, numberText } from './expose.js';
import { type Definition, METRICS, type Sample } from './families.js';
import type { LabelValues } from './summary.js';

/** What of a `Registry` of prom-client is needed (of version 14 or 15). */
export interface PromRegistry {
  /** Takes one in. */
  // biome-ignore lint/suspicious/noExplicitAny: what prom-client has here are its own classes, and they have private members
  registerMetric(metric: any): void;
  /** Takes one out. */
  removeSingleMetric(name: string): void;
}

/** As prom-client reads it. */
interface PromValue {
  labels: Record<string, string | number>;
  value: number;
  metricName?: string;
}

/**
 * Registers all metrics of a collector with prom-client: each time that the registry is read, a collection is made, one for
 * all of them.
 *
 *     register(client.register, collector());
 *
 * @returns a function that takes them out again.
 * @throws TypeError for a wrong argument; what the registry throws if it has such names already.
 */
export function register(registry: PromRegistry, collector: Collector): () => void {
  if (typeof (registry as Partial<PromRegistry> | null | undefined)?.registerMetric !== 'function') {
    throw new TypeError(`register: ${show(registry)} is no registry of prom-client`);
  }
  checkCollector('register', collector);
  const metrics = METRICS.map((metric) => new PromMetric(metric, () => collector.collect()));
  const done: string[] = [];
  const undo = (): void => {
    for (const name of done.splice(0)) registry.removeSingleMetric(name);
  };
  try {
    for (const metric of metrics) {
      registry.registerMetric(metric);
      done.push(metric.name);
    }
  } catch (error) {
    undo();
    throw error;
  }
  return undo;
}

/** @throws TypeError */
export function checkCollector(caller: string, collector: unknown): void {
  if (typeof (collector as Partial<Collector> | null | undefined)?.collect === 'function') return;
  throw new TypeError(`${caller}: ${show(collector)} is no collector, as collector() makes it`);
}

/** What prom-client asks for its values, and for nothing else. */
class PromMetric {
  // prom-client takes `_total` away from the name of a counter, where OpenMetrics wants it so.
  name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly aggregator = 'sum';
  readonly #definition: Definition<Collection>;
  readonly #collect: () => Promise<Collection>;

  constructor(definition: Definition<Collection>, collect: () => Promise<Collection>) {
    this.name = definition.name;
    this.help = definition.help;
    this.type = definition.type === 'gaugehistogram' ? 'histogram' : definition.type;
    this.#definition = definition;
    this.#collect = collect;
  }

  async get(): Promise<{
    name: string;
    help: string;
    type: string;
    values: PromValue[];
    aggregator: string;
  }> {
    const { name, help, type, aggregator } = this;
    const samples = this.#definition.of(await this.#collect());
    const values = samples.flatMap((sample) => valuesOf(this.#definition.name, sample));
    return { name, help, type, values, aggregator };
  }

  /** There is nothing to forget: it tells what there is. */
  reset(): void {}
}

function valuesOf(name: string, { labels, value }: Sample): PromValue[] {
  if (typeof value === 'number') return [{ labels: copied(labels), value }];
  const buckets = cumulative(value).map(([bound, count]) => ({
    labels: { le: Number.isFinite(bound) ? bound : numberText(bound), ...labels },
    value: count,
    metricName: `${name}_bucket`,
  }));
  return [
    ...buckets,
    { labels: copied(labels), value: value.sum, metricName: `${name}_sum` },
    { labels: copied(labels), value: value.count, metricName: `${name}_count` },
  ];
}

/** A registry with labels of its own writes them into these. */
const copied = (labels: LabelValues): Record<string, string> => ({ ...labels });
