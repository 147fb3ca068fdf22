/** By what a socket is known again: the one place that says so, for all families. */
import type { DiagMsg } from '../decode.js';
import type { FinalRecord } from './change.js';

/**
 * The same for all records of one socket, and for no other socket's as long as the machine runs. That is the cookie,
 * within a network namespace, as before Linux 5.10 each namespace counts its own; but not of the protocols whose sockets
 * have parts, or children, with the same cookie.
 */
export function keyOf(socket: DiagMsg): string {
  if (socket.cookie === undefined) {
    throw new TypeError(
      'watch: the dump has records without a cookie, as /proc/net tells none: it is netlink that does',
    );
  }
  return keyIn(socket.netns, keyWithin(socket));
}

/** Likewise of a final record. The kernel tells the ends of TCP and UDP sockets, which have their cookies alone. */
export function keyOfFinal({ netns, cookie }: FinalRecord): string {
  return keyIn(netns, cookie);
}

function keyIn(netns: number | undefined, key: string): string {
  return netns === undefined ? key : `${netns} ${key}`;
}

function keyWithin(socket: DiagMsg): string {
  if (socket.family !== 'inet' && socket.family !== 'inet6') return socket.cookie;
  if (!('protocol' in socket)) return socket.cookie;
  switch (socket.protocol) {
    case 'mptcp': {
      // What a listener accepts has the listener's cookie, if that had one already; of the listener itself both are 0.
      const { cookie, info, src, sport, dst, dport } = socket;
      return info === undefined
        ? `${cookie} ${src} ${sport} ${dst} ${dport}`
        : `${cookie} token ${info.token}`;
    }
    case 'sctp': {
      // Associations have their endpoint's cookie. `dst` is the primary address, which may come to be another; the first
      // of `peers` is the one that the association was made with, and no two of an endpoint have the same.
      const { cookie, peers } = socket;
      if (peers === undefined) return cookie;
      const first = peers[0];
      return `${cookie} peer ${first?.addr} ${first?.scopeId} ${first?.port}`;
    }
    default:
      return socket.cookie;
  }
}
