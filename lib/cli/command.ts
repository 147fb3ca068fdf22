/** What commands with options of their own have in common. */
import { secondsOf, type Values } from './options.js';

/** Options that choose kinds of sockets. */
export const KIND_FLAGS: readonly (keyof Values)[] = [
  'tcp',
  'mptcp',
  'sctp',
  'udp',
  'dccp',
  'raw',
  'unix',
  'packet',
  'vsock',
  'tipc',
  'xdp',
];

/** @throws RangeError for an option that makes no sense behind a command */
export function checkAllowed(command: string, values: Values, allowed: readonly (keyof Values)[]): void {
  const other = (Object.keys(values) as (keyof Values)[]).find((word) => !allowed.includes(word));
  if (other !== undefined) throw new RangeError(`${command} does not go with --${other}`);
}

/** Whether something is said of which kinds of sockets; both families of IP alone are of no kind. */
export function isChosen(values: Values): boolean {
  const { family, query, socket } = values;
  return (
    KIND_FLAGS.some((kind) => values[kind]) ||
    (family !== undefined && !family.startsWith('inet')) ||
    query !== undefined ||
    socket !== undefined
  );
}

/** The value of an option as seconds. @throws RangeError */
export function secondsBetween(name: string, value: string, least: number, most: number): number {
  const seconds = secondsOf(value);
  if (seconds >= least && seconds <= most) return seconds;
  throw new RangeError(`--${name} is '${value}', but must be a number of seconds from ${least} to ${most}`);
}
