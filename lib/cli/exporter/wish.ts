/** What `sockdiag exporter` is asked for: its options, and what they mean. */
import { LABEL_NAMES, type LabelName } from '../../metrics/labels.js';
import { checkAllowed, isChosen, KIND_FLAGS, secondsBetween } from '../command.js';
import type { Values, Words } from '../options.js';

/** What makes sense for numbers of sockets. */
const ALLOWED: readonly (keyof Values)[] = [
  'help',
  'version',
  'all',
  'listening',
  'bound-inactive',
  'ipv4',
  'ipv6',
  ...KIND_FLAGS,
  'family',
  'query',
  'socket',
  'net',
  'filter',
  'consistent',
  'events',
  'interval',
  'timeout',
  'address',
  'port',
  'labels',
  'limit',
  'show',
];

/** Where none is named. */
const USUAL = { tcp: true, udp: true, unix: true } as const;

/** What sockets may be asked for beside, which takes the kernel time: words of the option `show` of dumps. */
export const SHOWN = ['info', 'skmeminfo'] as const;

/** The words of `exporter` as those of a dump, of sockets in all states if nothing else is said. @throws RangeError */
export function exporterWords({ values, filter }: Words): Words {
  checkAllowed('exporter', values, ALLOWED);
  const show = shownOf(values);
  return {
    values: {
      ...values,
      ...(isChosen(values) ? {} : USUAL),
      ...(values.listening ? {} : { all: true }),
      ...(show.includes('info') && { info: true }),
      ...(show.includes('skmeminfo') && { memory: true }),
    },
    filter,
  };
}

/** @throws RangeError for what is wrong, before anything is opened. */
export function checkExporter(values: Values): void {
  portOf(values);
  labelsOf(values);
  limitOf(values);
  intervalOf(values);
  timeoutOf(values);
  namespacesOf(values);
  if (values.events && values.net !== undefined) {
    throw new RangeError(
      '--events and --net do not go together: of other namespaces the ends of sockets are not counted',
    );
  }
}

const DEFAULT_ADDRESS = '127.0.0.1';
const DEFAULT_PORT = '9532';
/** Less than the ten seconds after which Prometheus gives up if nothing else is said. */
const DEFAULT_TIMEOUT = '8';
const MOST_SECONDS = 86_400;

/** Nobody else sees what this machine's sockets do unless it is said. */
export function addressOf({ address = DEFAULT_ADDRESS }: Values): string {
  return address;
}

/** 0 for any that is free. @throws RangeError */
export function portOf({ port = DEFAULT_PORT }: Values): number {
  return wholeOf('port', port, 0, 65_535);
}

/** @throws RangeError */
export function limitOf({ limit = '50' }: Values): number {
  return wholeOf('limit', limit, 1, 10_000);
}

/** @throws RangeError */
export function labelsOf({ labels = '' }: Values): LabelName[] {
  return listOf('labels', labels, LABEL_NAMES);
}

/** @throws RangeError */
export function shownOf({ show = SHOWN.join(',') }: Values): (typeof SHOWN)[number][] {
  return listOf('show', show, SHOWN);
}

/** Seconds for which an answer is given again. @throws RangeError */
export function intervalOf({ interval = '0' }: Values): number {
  return secondsBetween('interval', interval, 0, MOST_SECONDS);
}

/** Seconds that a scrape may take. @throws RangeError */
export function timeoutOf({ timeout = DEFAULT_TIMEOUT }: Values): number {
  return secondsBetween('timeout', timeout, 0.1, MOST_SECONDS);
}

/** Namespaces by name; `'all'` for all that are found at each scrape, undefined for that of this process. @throws RangeError */
export function namespacesOf({ net }: Values): string[] | 'all' | undefined {
  if (net === undefined || net === 'all') return net;
  const names = net.split(',');
  if (names.includes(''))
    throw new RangeError(`--net is '${net}', but must be names with commas between them, or all`);
  return names;
}

function wholeOf(name: string, value: string, least: number, most: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new RangeError(`--${name} is '${value}', but must be a whole number from ${least} to ${most}`);
}

/** An empty text is an empty list. */
function listOf<W extends string>(name: string, value: string, words: readonly W[]): W[] {
  const given = value === '' ? [] : value.split(',');
  const wrong = given.find((word) => !words.includes(word as W));
  if (wrong !== undefined)
    throw new RangeError(`--${name} has '${wrong}', but there is only ${words.join(', ')}`);
  return [...new Set(given)] as W[];
}
