/** What `sockdiag top` is asked for: its options, and what they mean. */
import { secondsOf, type Values, type Words } from '../options.js';
import type { Plan } from '../plan.js';
import { KINDS } from './sockets.js';

/** What makes sense for a view that does not end. */
const ALLOWED: readonly (keyof Values)[] = [
  'help',
  'version',
  'numeric',
  'all',
  'listening',
  'ipv4',
  'ipv6',
  'tcp',
  'mptcp',
  'sctp',
  'udp',
  'dccp',
  'raw',
  'unix',
  'family',
  'query',
  'socket',
  'net',
  'filter',
  'interval',
  'once',
];

/** Where no kind is named: those that have connections to other machines. */
const USUAL = { tcp: true, udp: true } as const;

/** The words of `top` as those of a dump. @throws RangeError */
export function topWords({ values, filter }: Words): Words {
  const other = (Object.keys(values) as (keyof Values)[]).find((word) => !ALLOWED.includes(word));
  if (other !== undefined) throw new RangeError(`top does not go with --${other}`);
  intervalOf(values);
  const { family, query, socket } = values;
  const isNamed = (['tcp', 'udp', 'mptcp', 'sctp', 'dccp', 'raw', 'unix'] as const).some(
    (kind) => values[kind],
  );
  const isChosen =
    isNamed ||
    (family !== undefined && !family.startsWith('inet')) ||
    query !== undefined ||
    socket !== undefined;
  return { values: { ...values, ...(isChosen ? {} : USUAL), info: true }, filter };
}

/** @throws RangeError for kinds of sockets that have no connections. */
export function checkTop({ kinds }: Plan): void {
  const other = kinds.find((kind) => !(KINDS as readonly string[]).includes(kind));
  if (other !== undefined) throw new RangeError(`top does not show sockets of the kind ${other}`);
}

const LEAST_INTERVAL = 0.1;
const MOST_INTERVAL = 3600;

/** Seconds. @throws RangeError */
export function intervalOf({ interval = '1' }: Values): number {
  const seconds = secondsOf(interval);
  if (seconds >= LEAST_INTERVAL && seconds <= MOST_INTERVAL) return seconds;
  throw new RangeError(
    `--interval is '${interval}', but must be a number of seconds from ${LEAST_INTERVAL} to ${MOST_INTERVAL}`,
  );
}
