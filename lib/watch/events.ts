/** What the kernel tells of the ends of the sockets of a dump, where it tells any. */
import { watchDestroyed } from '../events/destroyed.js';
import { isSeveral } from '../namespaces/source.js';
import { type Dump, originOf } from '../netlink/dump.js';
import { SockDiagError } from '../netlink/errors.js';
import type { EndEvent, FinalRecord } from './change.js';

/**
 * The events of a dump's protocol and family; undefined where there are none, or where they cannot be had: then two
 * readings tell. Final records have no stamp, so that of several namespaces it would not be known whose they are.
 */
export function eventsOf<F extends FinalRecord>(dump: object): AsyncIterable<EndEvent<F>> | undefined {
  const { protocol, family, netns } = originOf(dump as Dump<unknown>) ?? {};
  if ((protocol !== 'tcp' && protocol !== 'udp') || isSeveral(netns)) return undefined;
  try {
    // Who gives no events of his own gets records of these.
    return watchDestroyed({ protocols: [protocol], family, netns }) as AsyncIterable<EndEvent<never>>;
  } catch (error) {
    if (error instanceof SockDiagError) return undefined;
    throw error;
  }
}
