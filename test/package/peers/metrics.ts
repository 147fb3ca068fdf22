/** What prom-client and OpenTelemetry have is what `sockdiag/metrics` wants of them, in each version that it says. */
import { type Meter, metrics } from '@opentelemetry/api';
import client from 'prom-client';

import { type Collector, collector, instrument, register } from '../../../lib/metrics/index.js';

export function compiles(meter: Meter): (() => void)[] {
  const all: Collector = collector();
  return [
    instrument(meter, all),
    instrument(metrics.getMeter('sockdiag'), all),
    register(client.register, all),
    register(new client.Registry(), all),
  ];
}

export function doesNotCompile(meter: Meter, all: Collector): void {
  // @ts-expect-error: the one is not the other
  register(meter, all);
  // @ts-expect-error: the one is not the other
  instrument(client.register, all);
  // @ts-expect-error: the provider has meters
  instrument(metrics, all);
}
