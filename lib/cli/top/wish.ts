/** What `sockdiag top` is asked for: its options, and what they mean. */
import { checkAllowed, isChosen, secondsBetween } from '../command.js';
import type { Values, Words } from '../options.js';
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
  'no-bpf',
];

/** Where no kind is named: those that have connections to other machines. */
const USUAL = { tcp: true, udp: true } as const;

/** The words of `top` as those of a dump. @throws RangeError */
export function topWords({ values, filter }: Words): Words {
  checkAllowed('top', values, ALLOWED);
  intervalOf(values);
  return { values: { ...values, ...(isChosen(values) ? {} : USUAL), info: true }, filter };
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
  return secondsBetween('interval', interval, LEAST_INTERVAL, MOST_INTERVAL);
}
