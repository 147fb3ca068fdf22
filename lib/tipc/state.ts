/** The states of a TIPC socket: names of its own for numbers of TCP's. */
import { maskOf } from '../netlink/request.js';
import type { SocketState } from '../record/state.js';
import { stateNameOf } from '../record/words.js';

/**
 * OPEN is every socket that is neither connected nor listening, and so all of the types `'dgram'` and `'rdm'`.
 * DISCONNECTING is a connection that is broken and not closed yet.
 */
export type TipcState = 'ESTABLISHED' | 'CONNECTING' | 'OPEN' | 'DISCONNECTING' | 'LISTEN';

/** By the kernel's number. */
const NAMES: Readonly<Record<number, TipcState>> = {
  1: 'ESTABLISHED',
  2: 'CONNECTING',
  7: 'OPEN',
  8: 'DISCONNECTING',
  10: 'LISTEN',
};

export const TIPC_STATES: readonly TipcState[] = Object.values(NAMES);

/** What the same numbers are for TCP, and so for whoever asks for states by those names. */
const SOCKET_STATES: Readonly<Record<TipcState, SocketState>> = {
  ESTABLISHED: 'ESTABLISHED',
  CONNECTING: 'SYN_SENT',
  OPEN: 'CLOSE',
  DISCONNECTING: 'CLOSE_WAIT',
  LISTEN: 'LISTEN',
};

/** One that no kernel has yet keeps its own name. */
export function asSocketState(state: TipcState): SocketState {
  return SOCKET_STATES[state] ?? (state as string as SocketState);
}

const BITS = Object.fromEntries(
  Object.entries(NAMES).map(([number, name]) => [name, 1 << Number(number)]),
) as Readonly<Record<TipcState, number>>;

/** The name of a state; one that no kernel up to 6.18 has is told by its number. */
export function tipcStateName(number: number): TipcState {
  return stateNameOf(NAMES, number);
}

/** The mask for a request: bit n is state n. */
export function tipcStateMask(states: readonly TipcState[]): number {
  return maskOf(BITS, states);
}
