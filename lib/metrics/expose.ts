/** expose: what was collected, as text for Prometheus. */

import { type Check, checkOptions, oneOf, show } from '../netlink/options.js';
import type { Collection } from './collector.js';
import { familiesOf, type MetricFamily, type Sample } from './families.js';
import type { Histogram } from './histogram.js';
import type { LabelValues } from './summary.js';

export interface ExposeOptions {
  /**
   * `'openmetrics'`, version 1.0.0, or `'prometheus'`, its text format of version 0.0.4, which is the one that is meant
   * without it. The latter has no histograms of what there is now, only of what was: there they are called those.
   */
  format?: 'openmetrics' | 'prometheus' | undefined;
}

const FORMATS = ['openmetrics', 'prometheus'] as const;

const CHECKS: Readonly<Record<'format', Check>> = { format: oneOf(FORMATS) };

/**
 * The text that Prometheus reads.
 *
 * @throws TypeError for a wrong argument.
 */
export function expose(collection: Collection, options?: ExposeOptions): string {
  if (!Array.isArray((collection as Partial<Collection> | null | undefined)?.summary?.sockets)) {
    throw new TypeError(`expose: ${show(collection)} is no collection, as a collector makes it`);
  }
  const { format = 'prometheus' } = checkOptions<ExposeOptions>('expose', options, CHECKS);
  return textOf(familiesOf(collection), format);
}

export function textOf(families: readonly MetricFamily[], format: 'openmetrics' | 'prometheus'): string {
  const text = families.map((family) => familyText(family, format === 'openmetrics')).join('');
  return format === 'openmetrics' ? `${text}# EOF\n` : text;
}

function familyText({ name, help, unit, type, samples }: MetricFamily, isOpen: boolean): string {
  // OpenMetrics has a family's name without what its samples end with.
  const family = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name;
  const isOfNow = type === 'gaugehistogram';
  const lines = [
    `# HELP ${family} ${escapedHelp(help)}\n`,
    `# TYPE ${family} ${isOfNow && !isOpen ? 'histogram' : type}\n`,
    ...(isOpen && unit !== undefined ? [`# UNIT ${family} ${unit}\n`] : []),
    ...samples.map((sample) => sampleText(name, sample, isOpen && isOfNow ? 'g' : '')),
  ];
  return lines.join('');
}

function sampleText(name: string, { labels, value }: Sample, prefix: string): string {
  const own = labelsText(labels);
  const braced = own === '' ? '' : `{${own}}`;
  if (typeof value === 'number') return `${name}${braced} ${numberText(value)}\n`;
  // Most of all lines are these: what they have in common is made once.
  const begin = `${name}_bucket{${own}${own === '' ? '' : ','}le="`;
  let text = '';
  for (const [bound, count] of cumulative(value)) text += `${begin}${numberText(bound)}"} ${count}\n`;
  return `${text}${name}_${prefix}sum${braced} ${numberText(value.sum)}\n${name}_${prefix}count${braced} ${value.count}\n`;
}

/** How many values are not above each bound; above the last one there is none. */
export function cumulative({ bounds, counts }: Histogram): [bound: number, count: number][] {
  let all = 0;
  return counts.map((count, i) => {
    all += count;
    return [bounds[i] ?? Number.POSITIVE_INFINITY, all];
  });
}

function labelsText(labels: LabelValues): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

const escapedHelp = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

const escaped = (text: string): string =>
  /[\\\n"]/.test(text) ? escapedHelp(text).replace(/"/g, '\\"') : text;
