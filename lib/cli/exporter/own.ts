/** What an exporter tells of itself, by the names that all have for it. */
import process from 'node:process';

import type { MetricFamily } from '../../metrics/families.js';

export function ownFamilies(version: string): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const plain = (value: number): MetricFamily['samples'] => [{ labels: {}, value }];
  return [
    {
      name: 'sockdiag_build_info',
      help: 'The version of sockdiag.',
      type: 'gauge',
      samples: [{ labels: { version }, value: 1 }],
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time that the exporter has taken.',
      type: 'counter',
      unit: 'seconds',
      samples: plain((user + system) / 1e6),
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Memory that the exporter has.',
      type: 'gauge',
      unit: 'bytes',
      samples: plain(process.memoryUsage.rss()),
    },
    {
      name: 'process_start_time_seconds',
      help: 'When the exporter started.',
      type: 'gauge',
      unit: 'seconds',
      samples: plain(Math.round(performance.timeOrigin) / 1000),
    },
  ];
}
