/** The states of a socket by the names that `ss` has for them, alone and in groups. */
import { SOCKET_STATES, type SocketState } from '../record/state.js';
import type { State } from './tree.js';

/** Who asks for SYN_RECV asks for NEW_SYN_RECV too, and no dump tells the two apart: in a filter they are one. */
type FilterState = Exclude<SocketState, 'NEW_SYN_RECV'>;

/** All that a filter can ask for, in the kernel's order. */
export const FILTER_STATES: readonly FilterState[] = SOCKET_STATES.filter(
  (state) => state !== 'NEW_SYN_RECV',
);

/** The first name of each is the one that is printed. */
const NAMES: Record<FilterState, readonly [string, ...string[]]> = {
  ESTABLISHED: ['established'],
  SYN_SENT: ['syn-sent'],
  SYN_RECV: ['syn-recv', 'syn-rcv', 'new-syn-recv'],
  FIN_WAIT1: ['fin-wait-1'],
  FIN_WAIT2: ['fin-wait-2'],
  TIME_WAIT: ['time-wait'],
  CLOSE: ['unconnected', 'close', 'closed'],
  CLOSE_WAIT: ['close-wait'],
  LAST_ACK: ['last-ack'],
  LISTEN: ['listening', 'listen'],
  CLOSING: ['closing'],
  BOUND_INACTIVE: ['bound-inactive'],
};

/** The largest first, so that few words say much. */
const GROUPS: Record<string, readonly SocketState[]> = {
  all: FILTER_STATES,
  connected: allBut('CLOSE', 'LISTEN'),
  big: allBut('SYN_RECV', 'TIME_WAIT'),
  synchronized: allBut('CLOSE', 'LISTEN', 'SYN_SENT'),
  bucket: ['SYN_RECV', 'TIME_WAIT'],
};

const STATES_OF: ReadonlyMap<string, readonly SocketState[]> = new Map([
  ...FILTER_STATES.flatMap((state) => NAMES[state].map((name) => [name, [state]] as const)),
  ...Object.entries(GROUPS),
]);

/** The first name of each state, and the groups. */
export const STATE_NAMES: readonly string[] = [
  ...FILTER_STATES.map((state) => NAMES[state][0]),
  ...Object.keys(GROUPS),
];

const ALL_NAMES = FILTER_STATES.map((state) => NAMES[state][0]).join(', ');

/** For a message: what may follow `state`. */
export const STATE_WORDS: string = `a state (${ALL_NAMES}) or a group (${Object.keys(GROUPS).join(', ')})`;

/** The states that a name or the name of a group stands for, in letters of any size. */
export function statesOf(name: string): readonly SocketState[] | undefined {
  return STATES_OF.get(name.toLowerCase());
}

/** A term for the states, each once, in the kernel's order. */
export function stateTerm(states: Iterable<SocketState>): State {
  const wanted = new Set(states);
  if (wanted.has('NEW_SYN_RECV')) wanted.add('SYN_RECV');
  return { kind: 'state', states: FILTER_STATES.filter((state) => wanted.has(state)) };
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
  for (const state of FILTER_STATES) if (left.has(state)) words.push(NAMES[state][0]);
  return words;
}

/** All other states. */
export function allBut(...states: readonly SocketState[]): readonly SocketState[] {
  return FILTER_STATES.filter((state) => !states.includes(state));
}
