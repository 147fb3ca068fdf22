/** What shutdown(2) did to a socket. */
import type { BatchMemory } from '../netlink/batch.js';

/** Which directions of a socket were shut down: nothing more will be received, or sent. */
export type Shutdown = 'none' | 'rcv' | 'send' | 'both';

const SHUTDOWNS: readonly Shutdown[] = ['none', 'rcv', 'send', 'both'];

export function readShutdown(memory: BatchMemory, at: number): Shutdown {
  return SHUTDOWNS[memory.u8(at) & 3] as Shutdown;
}
