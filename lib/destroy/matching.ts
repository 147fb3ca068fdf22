/** Destroys all sockets of a dump. */
import type { DiagMsg } from '../decode.js';
import { type Dump, originOf } from '../netlink/dump.js';
import { SockDiagError } from '../netlink/errors.js';
import { giveTurn } from '../netlink/turn.js';
import { destroyIn, targetOf } from './destroy.js';
import { Places } from './places.js';

/** What became of one socket. */
export interface DestroyResult<T> {
  /** As the dump gave it. */
  socket: T;
  /** Why it was not destroyed; absent if it was. */
  error?: SockDiagError;
}

/**
 * Destroys every socket of a dump: `destroyMatching(dumpTcp({ filter: 'dst 192.0.2.1' }))`. The answer tells of each what
 * became of it. All of the dump is read before the first is destroyed, since what goes away while the kernel walks makes it
 * skip others.
 *
 * The signal of the dump ends this too, with its reason: what was destroyed until then is not told.
 *
 * @throws TypeError for what is no dump of this machine. SockDiagError if the dump cannot be read.
 */
export async function destroyMatching<T extends DiagMsg>(dump: Dump<T>): Promise<DestroyResult<T>[]> {
  const origin = originOf(dump);
  if (origin === undefined) {
    throw new TypeError('destroyMatching: there must be a dump of this machine, not a recording');
  }
  const sockets = await dump.toArray();
  const places = new Places(origin.netns);
  try {
    const results: DestroyResult<T>[] = [];
    for (const socket of sockets) {
      const turn = giveTurn();
      if (turn !== undefined) await turn;
      origin.signal?.throwIfAborted();
      const { exchange, netns } = places.of(socket);
      results.push(attempt(socket, () => destroyIn(exchange, targetOf(socket, 'a record'), netns)));
    }
    return results;
  } finally {
    places.close();
  }
}

function attempt<T>(socket: T, act: () => void): DestroyResult<T> {
  try {
    act();
    return { socket };
  } catch (error) {
    if (error instanceof SockDiagError) return { socket, error };
    throw error; // untested: in a run in which none but the kernel's errors come
  }
}
