/** What a lookup is given: a tuple, a record, or a socket of this program. */
import { type InetTuple, sockidOf } from '../inet/sockid.js';
import { placeOf } from '../namespaces/stamp.js';
import { show } from '../netlink/options.js';
import type { InetLookup, InetRecord, LookupOptions, Search } from './inet.js';
import { type Identity, identityOf, isLive, type LiveSocket } from './live.js';
import { isNames, tupleOfNames } from './names.js';

/** What is to be looked for: by the kernel, or not here. */
export type Sought<R extends InetRecord, S extends string> =
  | { kind: 'inet'; search: Search<R, S> }
  | Exclude<Identity, { kind: 'inet' }>;

/** @throws TypeError, RangeError for what is neither. */
export function soughtOf<R extends InetRecord, S extends string>(
  caller: string,
  lookup: InetLookup<R, S>,
  which: unknown,
  options: LookupOptions<S>,
): Sought<R, S> {
  if (isLive(which)) return soughtLive(caller, lookup, which, options);
  if (isNames(which)) return soughtOf(caller, lookup, tupleOfNames(caller, which), options);
  if (typeof which !== 'object' || which === null) {
    throw new TypeError(
      `${caller}: what is looked for is ${show(which)}, but must be a tuple, a record, an address as text, or a socket of Node's`,
    );
  }
  if (isLive((which as { socket?: unknown }).socket)) {
    throw new TypeError(`${caller}: what is looked for has a socket: it is that which can be looked up`);
  }
  const tuple = which as InetTuple & { protocol?: unknown; state?: string; netns?: number };
  const { protocol } = lookup.kind;
  if (tuple.protocol !== undefined && tuple.protocol !== protocol) {
    throw new TypeError(
      `${caller}: what is looked for has the protocol ${show(tuple.protocol)}, but must be of '${protocol}'`,
    );
  }
  const sockid = sockidOf(tuple, `${caller}: what is looked for`);
  const netns = placeOf(tuple, options.netns, `${caller}: what is looked for`);
  const where = netns === options.netns ? options : { ...options, netns };
  return { kind: 'inet', search: { lookup, sockid, state: tuple.state, options: where } };
}

function soughtLive<R extends InetRecord, S extends string>(
  caller: string,
  lookup: InetLookup<R, S>,
  live: LiveSocket,
  options: LookupOptions<S>,
): Sought<R, S> {
  const identity = identityOf(live);
  if (identity.kind !== 'inet') return identity;
  const { protocol, sockid } = identity;
  if (protocol !== undefined && !lookup.numbers.includes(protocol)) {
    throw new TypeError(`${caller}: the socket is of another protocol, whose number is ${protocol}`);
  }
  return { kind: 'inet', search: { lookup, sockid, state: identity.state, options } };
}
