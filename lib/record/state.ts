/** The states of a socket: the TCP enumeration of the kernel, which other families share. */

import { stateNameOf } from './words.js';

/** All that a dump can ask for. */
export type SocketState =
  | 'ESTABLISHED'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'LISTEN'
  | 'CLOSING'
  | 'NEW_SYN_RECV'
  | 'BOUND_INACTIVE';

/** By the kernel's number; there is no state 0. */
const NAMES: readonly (SocketState | undefined)[] = [
  undefined,
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
  'BOUND_INACTIVE',
];

export const SOCKET_STATES: readonly SocketState[] = NAMES.filter((name) => name !== undefined);

/**
 * Every state but BOUND_INACTIVE, which costs the kernel another walk of the whole table, and which kernels
 * before 6.8 do not know.
 */
export const DEFAULT_STATES: readonly SocketState[] = SOCKET_STATES.filter(
  (name) => name !== 'BOUND_INACTIVE',
);

/** The name of a state; one that no kernel up to 6.18 has is told by its number. */
export function stateName(number: number): SocketState {
  return stateNameOf(NAMES, number);
}

/** The mask for a request: bit n is state n. */
export function stateMask(states: readonly SocketState[]): number {
  let mask = 0;
  for (const state of states) mask |= 1 << NAMES.indexOf(state);
  return mask;
}
