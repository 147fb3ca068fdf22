/** watchDestroyed: the ends of sockets, as the kernel's multicast groups tell them. */
import type { NativeFailure } from '../binding.js';
import type { DiagMsg } from '../decode.js';
import { leavesOf } from '../filter/leaves.js';
import { checkFilter, expressionOf, type Filter, filtering } from '../filter/option.js';
import type { Expression } from '../filter/tree.js';
import { askForNothing } from '../inet/dump.js';
import { INET_FAMILIES, type InetFamily } from '../inet/family.js';
import { TCP } from '../inet/tcp.js';
import { UDP } from '../inet/udp.js';
import { checkNetns, type Netns, netnsPath } from '../netlink/netns.js';
import {
  anyOf,
  type Check,
  checkOptions,
  checkSignal,
  oneOf,
  someOf,
  wholeFrom,
} from '../netlink/options.js';
import type { Decode } from '../netlink/reading.js';
import { type DestroyedSocket, decodeDestroyed, decodeDestroyedWithoutInfo } from './record.js';
import { eventError, PROTOCOLS, protocolsOf, subscribe, wishOf } from './subscribe.js';
import { type DestroyedWatcher, Watcher } from './watcher.js';

export interface WatchDestroyedOptions {
  /** Sockets of these protocols only; without it, of both. */
  protocols?: readonly ('tcp' | 'udp')[] | undefined;
  /** Sockets of this family only; without it, of both. */
  family?: InetFamily | undefined;
  /**
   * Only sockets that this fits: `'sport = :443 and not dst 10.0.0.0/8'`, in the language of a dump's filter, of addresses,
   * ports and interfaces. The kernel decides it, as far as it can, by a program on the socket. Without `sport = 0` in it,
   * sockets that were never bound to a port are left out. `autobound` is decided by the range of ports that the kernel
   * gives out in the namespace of this process.
   */
  filter?: Filter | undefined;
  /** Without it, all that the kernel sends; `[]` leaves out `info`, which costs nothing then. */
  show?: readonly 'info'[] | undefined;
  /** The network namespace to watch, as for a dump. Needs CAP_SYS_ADMIN. */
  netns?: Netns | undefined;
  /** Closes the watcher when it is aborted: every call of `next` throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * How many events may wait to be read, beside those that were handed over together with the last one; more are counted
   * and thrown away. Without it 65,536: three times a burst of 20,000, and with TCP some 30 MB when it is full.
   */
  queue?: number | undefined;
}

/**
 * Watches TCP and UDP sockets end. From the call on, each that the kernel frees is told once, with its final record: not
 * when a program closes it, but when the protocol is done with it; a connection that goes to TIME_WAIT, when it does.
 *
 * What could not be kept is told as well, where it was lost: an item of the type `'lost'`. Who keeps a table of sockets
 * then makes a dump, and takes out what is not in it. Nor is a socket missed by who calls this first and dumps then.
 *
 * No privilege is needed. The kernel tells nothing of SYN_RECV and TIME_WAIT, nor of other protocols; of MPTCP it tells
 * the subflows, which are TCP.
 *
 * @throws TypeError or RangeError for a wrong option, `SockDiagError` if the kernel cannot be listened to.
 */
export function watchDestroyed(options?: WatchDestroyedOptions): DestroyedWatcher {
  const checked = checkOptions<WatchDestroyedOptions>('watchDestroyed', options, {
    protocols: someOf(PROTOCOLS),
    family: oneOf(INET_FAMILIES),
    filter: checkEventFilter,
    show: anyOf(['info']),
    netns: checkNetns,
    signal: checkSignal,
    queue: wholeFrom(1),
  });
  const { signal, netns, show } = checked;
  const decode = show === undefined || show.includes('info') ? decodeDestroyed : decodeDestroyedWithoutInfo;
  const errorOf = (failure: NativeFailure) => eventError(failure, netnsPath(netns));
  const wish = wishOf(checked);
  if (signal?.aborted === true) return new Watcher({ listener: undefined, decode, errorOf, signal });
  checkHandlers(checked);
  const { listener, exact } = subscribe(wish);
  const filter = exact ? undefined : wish.expression;
  return new Watcher({ listener, decode: filtered(decode, filter, netns), errorOf, signal });
}

/** Terms of which events tell nothing. */
const UNTOLD: Partial<Record<Expression['kind'], string>> = {
  state: 'the state, which is always CLOSE at the end',
  fwmark: 'the mark, which events do not tell',
  cgroup: 'the cgroup, which events do not tell',
};

const checkEventFilter: Check = (value, name) => {
  checkFilter(value, name);
  for (const { kind } of leavesOf(expressionOf(value as Filter))) {
    const why = UNTOLD[kind];
    if (why !== undefined) throw new TypeError(`${name} asks for ${why}`);
  }
};

/** Joining a group does not load the protocol's module, without which the kernel tells nothing: to ask it does. */
function checkHandlers({ protocols, family, netns }: WatchDestroyedOptions): void {
  for (const name of protocolsOf(protocols)) {
    if (name === 'tcp') askForNothing(family, TCP, { netns, act: 'watch' });
    else askForNothing(family, UDP, { netns, act: 'watch' });
  }
}

function filtered(
  decode: Decode<DestroyedSocket>,
  filter: Expression | undefined,
  netns: Netns | undefined,
): Decode<DestroyedSocket> {
  // The terms that are allowed look at nothing that these records lack.
  return filtering<DiagMsg>(filter, netns)(decode as never) as never;
}
