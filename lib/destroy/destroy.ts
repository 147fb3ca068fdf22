/** SOCK_DESTROY: ends sockets, whoever holds them. */
import { constants } from 'node:os';

import type { NativeFailure } from '../binding.js';
import type { DiagMsg } from '../decode.js';
import { checkHandler, inetSubject, putInetQuestion } from '../inet/dump.js';
import { INET_KINDS } from '../inet/kinds.js';
import { INET_DIAG_MSG_LENGTH, type InetProtocol } from '../inet/record.js';
import { hasSameEnds, type InetTuple, type Sockid, sockidOf } from '../inet/sockid.js';
import { askIn, findSync, type InetLookup, type InetRecord } from '../lookup/inet.js';
import { RAW_LOOKUP, TCP_LOOKUP, UDP_LOOKUP } from '../lookup/protocols.js';
import { placeOf } from '../namespaces/stamp.js';
import { errorOf, SockDiagError, type Subject } from '../netlink/errors.js';
import { type AnswerShape, type Exchange, withExchange } from '../netlink/exchange.js';
import { checkNetns, type Netns, netnsFile, netnsPath } from '../netlink/netns.js';
import { type Checks, checkOptions, isUint32, show } from '../netlink/options.js';
import { NLM_F_ACK, SOCK_DESTROY } from '../netlink/protocol.js';
import { giveTurn } from '../netlink/turn.js';
import { checkCookie, cookieWords } from '../record/cookie.js';
import { UNIX_SUBJECT, unixLookup } from '../unix/dump.js';
import { UNIX_DIAG_MSG_LENGTH } from '../unix/record.js';

export interface DestroyOptions {
  /**
   * The network namespace that the socket is in; without it, the one that the record is stamped with, or the process's own.
   * Needs CAP_SYS_ADMIN.
   */
  netns?: Netns | undefined;
}

const CHECKS: Checks<DestroyOptions> = { netns: checkNetns };

const { ENOENT, EOPNOTSUPP, EINVAL } = constants.errno;

/** Of the protocols that kernels up to 7.2 can destroy sockets of. */
const LOOKUPS: Readonly<Partial<Record<InetProtocol, InetLookup<InetRecord, never>>>> = {
  tcp: TCP_LOOKUP,
  udp: UDP_LOOKUP,
  raw: RAW_LOOKUP,
} as never;

const INET_ACKNOWLEDGEMENT: AnswerShape = { type: SOCK_DESTROY, headerLength: INET_DIAG_MSG_LENGTH };
const UNIX_ACKNOWLEDGEMENT: AnswerShape = { type: SOCK_DESTROY, headerLength: UNIX_DIAG_MSG_LENGTH };

const NEVER = 'no kernel that this version knows can';

const INET_HINTS: Readonly<Partial<Record<InetProtocol, string>>> = {
  tcp: 'this kernel was built without CONFIG_INET_DIAG_DESTROY, or is too old for a socket in this state',
  udp: 'this kernel was built without CONFIG_INET_DIAG_DESTROY',
  raw: 'this kernel was built without CONFIG_INET_DIAG_DESTROY',
};

/** A record of any family, as far as it is needed to name its socket. */
interface Named {
  family?: unknown;
  protocol?: unknown;
  state?: string;
  inode?: unknown;
  cookie?: unknown;
}

/**
 * Ends a socket, as `ss -K` does; resolves when the kernel has done it. The record's cookie is sent along, so that no
 * other socket is ever hit: not the listener of a connection that is gone, and not whoever has the same addresses now.
 * Needs CAP_NET_ADMIN in the network namespace.
 *
 * - TCP: the peer gets a reset, and whoever holds the socket ECONNABORTED. A listener accepts no more, and its
 *   connections that wait to be accepted end with it.
 * - UDP: the socket loses its peer and its network interface (SO_BINDTODEVICE), and whoever holds it gets ECONNABORTED
 *   once; if it was bound by bind(2), it goes on receiving.
 * - Raw: whoever holds the socket gets ECONNABORTED once, and it receives nothing more. Since the kernel does not compare
 *   cookies here, the socket is looked up just before.
 *
 * Other protocols and families the kernel refuses (`EOPNOTSUPP`), except that it destroys the TCP sockets below a socket of
 * Multipath TCP.
 *
 * @throws TypeError for a wrong argument. SockDiagError: `ENOENT` if there is no such socket any more, or the kernel
 * cannot reach it behind others with the same address; `EPERM`; `EOPNOTSUPP`.
 */
export async function destroy(record: DiagMsg, options?: DestroyOptions): Promise<void> {
  const turn = giveTurn();
  if (turn !== undefined) await turn;
  const checked = checkOptions('destroy', options, CHECKS);
  const target = targetOf(record, 'destroy: the record');
  const netns = placeOf(record, checked.netns, 'destroy: the record');
  withExchange(netnsFile(netns), (exchange) => destroyIn(exchange, target, netns));
}

/** A socket to be destroyed, its record checked. */
export type Target =
  | { family: 'inet'; protocol: InetProtocol; sockid: Sockid; state: string | undefined }
  | { family: 'unix'; inode: number; cookie: readonly [low: number, high: number] };

export type InetTarget = Extract<Target, { family: 'inet' }>;

/** @throws TypeError, RangeError. SockDiagError for a family that cannot be asked for. */
export function targetOf(record: unknown, name: string): Target {
  if (typeof record !== 'object' || record === null) {
    throw new TypeError(`${name} is ${show(record)}, but must be a record: what a dump or a lookup gives`);
  }
  const { family, protocol, state, inode, cookie } = record as Named;
  checkCookie(cookie, `${name}.cookie`);
  if (family === 'unix') {
    if (!isUint32(inode)) throw new TypeError(`${name}.inode is ${show(inode)}, but must be a number`);
    return { family, inode, cookie: cookieWords(cookie) };
  }
  if (typeof protocol === 'string' && Object.hasOwn(INET_KINDS, protocol)) {
    // With the cookie that was checked, whatever the record would say the next time.
    const sockid = sockidOf({ ...(record as InetTuple), cookie }, name);
    return { family: 'inet', protocol: protocol as InetProtocol, sockid, state };
  }
  throw new SockDiagError(`cannot destroy ${show(family)} sockets: ${NEVER} (EOPNOTSUPP)`, {
    code: 'EOPNOTSUPP',
    errno: EOPNOTSUPP,
  });
}

/** @throws SockDiagError */
export function destroyIn(exchange: Exchange, target: Target, netns: Netns | undefined): void {
  if (target.family === 'unix') destroyUnix(exchange, target, netns);
  else destroyInet(exchange, target, netns);
}

function destroyUnix(
  exchange: Exchange,
  { inode, cookie }: Extract<Target, { family: 'unix' }>,
  netns: Netns | undefined,
): void {
  const question = unixLookup(inode, cookie, []);
  exchange.question.set(question);
  const failure = exchange.ask(UNIX_ACKNOWLEDGEMENT, NLM_F_ACK, question.length);
  if (failure === undefined) return;
  throw errorOf(
    failure,
    { ...UNIX_SUBJECT, act: 'destroy', hints: { [EOPNOTSUPP]: NEVER } },
    netnsPath(netns),
  );
}

function destroyInet(exchange: Exchange, target: InetTarget, netns: Netns | undefined): void {
  const { protocol } = target;
  if (protocol === 'raw') checkRaw(exchange, target, netns);
  const failure = askToDestroy(exchange, target);
  if (failure === undefined) return;
  if (failure.kind === 'kernel' && failure.errno === ENOENT) {
    destroyElsewhere(exchange, target, netns);
    return;
  }
  const hints = {
    [EOPNOTSUPP]: INET_HINTS[protocol] ?? NEVER,
    [EINVAL]: 'it belongs to a listener of Multipath TCP',
  };
  throw errorOf(failure, { ...subjectOf(target), hints }, netnsPath(netns));
}

/** Of raw sockets, the first that fits is destroyed, whatever its cookie. */
export function askToDestroy(
  exchange: Exchange,
  { protocol, sockid }: InetTarget,
): NativeFailure | undefined {
  const length = putInetQuestion(exchange.question, INET_KINDS[protocol], sockid, 0);
  return exchange.ask(INET_ACKNOWLEDGEMENT, NLM_F_ACK, length);
}

function subjectOf({ protocol, sockid }: InetTarget): Subject {
  return { ...inetSubject(sockid.family, INET_KINDS[protocol]), act: 'destroy' };
}

/** A lookup of raw sockets finds the first that fits, and so does a destruction: only if it is the right one, it is done. */
function checkRaw(exchange: Exchange, target: InetTarget, netns: Netns | undefined): void {
  // untested: by kernels without raw_diag; test/kernels has others
  const wanted = { lookup: RAW_LOOKUP, sockid: target.sockid, state: undefined, options: { netns } };
  if (askIn(exchange, wanted) === undefined) throw absent(target, find(target, netns) !== undefined);
}

/** The kernel has found none: the socket may have other ends by now, as a UDP socket that was connected since. */
function destroyElsewhere(exchange: Exchange, target: InetTarget, netns: Netns | undefined): void {
  const found = find(target, netns);
  if (found !== undefined) {
    const moved = { ...target, sockid: sockidOf(found, 'a record') };
    if (!hasSameEnds(moved.sockid, target.sockid) && askToDestroy(exchange, moved) === undefined) return;
  }
  throw absent(target, found !== undefined);
}

/** The socket, wherever it may be hidden. */
function find({ protocol, sockid, state }: InetTarget, netns: Netns | undefined): InetRecord | undefined {
  checkHandler(sockid.family, INET_KINDS[protocol], netns);
  const lookup = LOOKUPS[protocol];
  if (lookup === undefined) return undefined;
  return findSync({ lookup, sockid, state, options: { netns } });
}

function absent(target: InetTarget, isThere: boolean): SockDiagError {
  const why = isThere
    ? 'the kernel does not reach this one, behind others with the same address (SO_REUSEPORT) or only bound'
    : 'there is no such socket any more';
  return new SockDiagError(`cannot destroy ${subjectOf(target).sockets}: ${why} (ENOENT)`, {
    code: 'ENOENT',
    errno: ENOENT,
    syscall: 'recvmsg',
  });
}
