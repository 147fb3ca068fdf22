/** The native listener for what is to be watched: its groups, and the filter that the kernel runs. */
import { constants } from 'node:os';

import { loadBinding, type NativeFailure, type NativeListener } from '../binding.js';
import type { Condition } from '../filter/condition.js';
import { conditionOf, type Lookup } from '../filter/condition-of.js';
import { leavesOf } from '../filter/leaves.js';
import { deviceResolver, expressionOf } from '../filter/option.js';
import { deviceIndex, noDevice } from '../filter/resolvers.js';
import type { Expression } from '../filter/tree.js';
import { INET_FAMILIES, type InetFamily } from '../inet/family.js';
import { INET_DIAG_MSG_LENGTH } from '../inet/record.js';
import { follow } from '../namespaces/ways.js';
import { errorOf, SockDiagError, type Subject } from '../netlink/errors.js';
import { type Netns, type NetnsFile, netnsFile } from '../netlink/netns.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { MOST_INSTRUCTIONS } from './bpf.js';
import type { WatchDestroyedOptions } from './destroyed.js';
import type { DestroyedSocket } from './record.js';
import { socketFilter } from './socket-filter.js';

export type WatchedProtocol = DestroyedSocket['protocol'];

export const PROTOCOLS: readonly WatchedProtocol[] = ['tcp', 'udp'];

const DEFAULT_QUEUE = 1 << 16;

/** SKNLGRP_*. */
const GROUPS: Readonly<Record<WatchedProtocol, Readonly<Record<InetFamily, number>>>> = {
  tcp: { inet: 1, inet6: 3 },
  udp: { inet: 2, inet6: 4 },
};

/** What is watched, for the words of errors. */
const SUBJECT: Subject = {
  act: 'watch',
  sockets: 'IP sockets',
  family: { module: 'inet_diag', option: 'CONFIG_INET_DIAG' },
};

/** What is to be subscribed to. */
export interface Wish {
  expression: Expression | undefined;
  condition: Condition;
  /** Sockets that were never bound are asked for. */
  unbound: boolean;
  groups: Uint32Array;
  netns: NetnsFile;
  queue: number;
}

export function wishOf({ filter, netns, queue, protocols, family }: WatchDestroyedOptions): Wish {
  const expression = filter === undefined ? undefined : expressionOf(filter);
  const families = familiesOf(family);
  return {
    expression,
    condition: expression === undefined || conditionOf(expression, lookupIn(netns)),
    unbound: expression !== undefined && [...leavesOf(expression)].some(asksUnbound),
    groups: Uint32Array.from(protocolsOf(protocols).flatMap((name) => families.map((f) => GROUPS[name][f]))),
    netns: netnsFile(netns),
    queue: queue ?? DEFAULT_QUEUE,
  };
}

/** A word that is there twice counts once. */
export function protocolsOf(protocols: readonly WatchedProtocol[] = PROTOCOLS): readonly WatchedProtocol[] {
  return PROTOCOLS.filter((name) => protocols.includes(name));
}

function familiesOf(family: InetFamily | undefined): readonly InetFamily[] {
  return family === undefined ? INET_FAMILIES : [family];
}

function lookupIn(netns: Netns | undefined): Lookup {
  const resolve = deviceResolver(netns) ?? deviceIndex;
  return {
    device: (device) => {
      const index = typeof device === 'number' ? device : resolve(device);
      if (index === undefined) throw noDevice(device as string, true);
      return index;
    },
    // Terms of cgroups were refused.
    cgroup: () => 0n,
    can: () => true,
  };
}

function asksUnbound(term: Expression): boolean {
  if (term.kind === 'port') return term.end === 'src' && term.comparison === '=' && term.port === 0;
  if (term.kind !== 'host' || term.end !== 'src' || term.equality !== '=') return false;
  return 'port' in term.host && term.host.port === 0;
}

/** Programs get so small, one after the other, if the kernel has no memory for a larger one (net.core.optmem_max). */
const LIMITS: readonly number[] = [MOST_INSTRUCTIONS, 1024, 256, 64, 0];

export function subscribe({ condition, unbound, groups, netns, queue }: Wish): {
  listener: NativeListener;
  exact: boolean;
} {
  const { Listener } = loadBinding();
  let failure: NativeFailure | undefined;
  for (const limit of LIMITS) {
    const { program, exact } = socketFilter(condition, { unbound, limit });
    const shape = { type: SOCK_DIAG_BY_FAMILY, headerLength: INET_DIAG_MSG_LENGTH };
    const made: { listener?: NativeListener } = {};
    failure = follow(netns, ({ path, ino }) => {
      made.listener = new Listener({ ...shape, groups, filter: program, netns: path, inode: ino, queue });
      return made.listener.open();
    });
    if (failure === undefined) return { listener: made.listener as NativeListener, exact };
    if (failure.syscall !== 'setsockopt' || failure.errno !== constants.errno.ENOMEM) break;
  }
  throw eventError(failure as NativeFailure, netns.path);
}

export function eventError(failure: NativeFailure, netns: string): SockDiagError {
  if (failure.kind !== 'reply') return errorOf(failure, SUBJECT, netns);
  // untested: the kernel sends nothing of the kind
  return new SockDiagError(
    `an event of the kernel has ${failure.text} (at byte ${failure.offset}): nothing more can be read`,
    { code: 'EBADMSG', errno: constants.errno.EBADMSG, syscall: 'recvmsg' },
  );
}
