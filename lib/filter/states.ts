/** The states of a socket by the names that `ss` has for them, alone and in groups. */
import { SOCKET_STATES, type SocketState } from '../record/state.js';
import type { State } from './tree.js';

/** The first name of each is the one that is printed. `ss` has none for NEW_SYN_RECV, which no dump tells. */
const NAMES: Record<SocketState, readonly [string, ...string[]]> = {
  ESTABLISHED: ['established'],
  SYN_SENT: ['syn-sent'],
  SYN_RECV: ['syn-recv', 'syn-rcv'],
  FIN_WAIT1: ['fin-wait-1'],
  FIN_WAIT2: ['fin-wait-2'],
  TIME_WAIT: ['time-wait'],
  CLOSE: ['unconnected', 'close', 'closed'],
  CLOSE_WAIT: ['close-wait'],
  LAST_ACK: ['last-ack'],
  LISTEN: ['listening', 'listen'],
  CLOSING: ['closing'],
  NEW_SYN_RECV: ['new-syn-recv'],
  BOUND_INACTIVE: ['bound-inactive'],
};

/** The largest first, so that few words say much. */
const GROUPS: Record<string, readonly SocketState[]> = {
  all: SOCKET_STATES,
  connected: allBut('CLOSE', 'LISTEN'),
  big: allBut('SYN_RECV', 'TIME_WAIT'),
  synchronized: allBut('CLOSE', 'LISTEN', 'SYN_SENT'),
  bucket: ['SYN_RECV', 'TIME_WAIT'],
};

const STATES_OF: ReadonlyMap<string, readonly SocketState[]> = new Map([
  ...SOCKET_STATES.flatMap((state) => NAMES[state].map((name) => [name, [state]] as const)),
  ...Object.entries(GROUPS),
]);

const ALL_NAMES = SOCKET_STATES.map((state) => NAMES[state][0]).join(', ');

/** For a message: what may follow `state`. */
export const STATE_WORDS: string = `a state (${ALL_NAMES}) or a group (${Object.keys(GROUPS).join(', ')})`;

/** The states that a name or the name of a group stands for, in letters of any size. */
export function statesOf(name: string): readonly SocketState[] | undefined {
  return STATES_OF.get(name.toLowerCase());
}

/** A term for the states, each once, in the kernel's order. */
export function stateTerm(states: Iterable<SocketState>): State {
  const wanted = new Set(states);
  return { kind: 'state', states: SOCKET_STATES.filter((state) => wanted.has(state)) };
}

/** Names and groups that together are just these states; none for none. */
export function wordsOf(states: readonly SocketState[]): string[] {
  const wanted = new Set(states);
  const left = new Set(states);
  const words: string[] = [];
  for (const [name, group] of Object.entries(GROUPS)) {
    if (!group.every((state) => wanted.has(state)) || !group.some((state) => left.has(state))) continue;
    words.push(name);
    for (const state of group) left.delete(state);
  }
  for (const state of SOCKET_STATES) if (left.has(state)) words.push(NAMES[state][0]);
  return words;
}

/** All other states. */
export function allBut(...states: readonly SocketState[]): readonly SocketState[] {
  return SOCKET_STATES.filter((state) => !states.includes(state));
}
