/** What can happen to a socket between two readings. */
import type { Rates } from './rates.js';

/** A socket that was not there at the reading before. */
export interface SocketOpened<T> {
  /** What has happened. */
  type: 'opened';
  /** As it is now. */
  socket: T;
}

/** A socket whose record differs from that of the reading before, in more than what passing time changes. */
export interface SocketChanged<T> {
  /** What has happened. */
  type: 'changed';
  /** As it is now. */
  socket: T;
  /** As it was when it was seen before. */
  previous: T;
  /**
   * How fast its counters grew in between; where the records have any, as those of TCP do with `show: ['info']`, and
   * those of UDP with `show: ['skmeminfo']`.
   */
  rates?: Rates;
}

/** A socket that is there no more. */
export interface SocketClosed<T, F> {
  /** What has happened. */
  type: 'closed';
  /** As it was seen last. */
  socket: T;
  /** The kernel's own last record of it, with the totals of its counters; where an event of `events` told it. */
  final?: F;
}

/** What has happened to a socket. */
export type Change<T, F = unknown> = SocketOpened<T> | SocketChanged<T> | SocketClosed<T, F>;

/** What tells in a final record which socket it is of. */
export interface FinalRecord {
  /** As in the records of the socket. */
  cookie: string;
  /** Where those have it too. */
  netns?: number;
}

/** What is told of the ends of sockets: a final record, or that some were lost. */
export type EndEvent<F> = { type: 'destroyed'; socket: F } | { type: 'lost' };
