/** Lookups of the IP protocols: one socket by its addresses, ports and cookie. */
import type { DiagMsg } from '../decode.js';
import { sport } from '../filter/builder.js';
import {
  checkHandler,
  type InetKind,
  type InetQuestion,
  inetDump,
  inetSubject,
  putInetQuestion,
} from '../inet/dump.js';
import type { InetFamily } from '../inet/family.js';
import {
  hasCookie,
  hasSameAddresses,
  hasSameCookie,
  isAnswer,
  isOnSameInterface,
  type Sockid,
  sockidOf,
  sportOf,
  swapped,
  unmapped,
} from '../inet/sockid.js';
import type { Dump } from '../netlink/dump.js';
import { ANSWER_ROW, type AnswerShape, type Exchange, withExchange } from '../netlink/exchange.js';
import { checkNetns, type Netns, netnsFile, netnsPath } from '../netlink/netns.js';
import { anyOf, type Checks, checkOptions } from '../netlink/options.js';
import type { Decode } from '../netlink/reading.js';
import { maskOf } from '../netlink/request.js';
import type { SocketState } from '../record/state.js';
import { checkAbsent } from './absent.js';

/** A record of any IP protocol. */
export type InetRecord = Extract<DiagMsg, { family: InetFamily }>;

/** What every lookup of an IP protocol accepts. */
export interface LookupOptions<S extends string> {
  /** What to ask for beside the base record, as for a dump. */
  show?: readonly S[] | undefined;
  /**
   * The network namespace to look into, as for a dump; without it, the one that a record is stamped with, or the process's
   * own. Needs CAP_SYS_ADMIN.
   */
  netns?: Netns | undefined;
}

/** How the sockets of one protocol are looked up. */
export interface InetLookup<R extends InetRecord, S extends string> {
  kind: InetKind<R, S>;
  decode: Decode<R>;
  answer: AnswerShape;
  /** The kernel wants the ends as a packet has them that comes in, with the remote one as source. */
  isSwapped?: boolean;
  /** SO_PROTOCOL of the sockets of this program that are meant. */
  numbers: readonly number[];
  /**
   * A lookup need not reach a socket though it is there: another one has the same addresses and ports, and the kernel
   * looks no further. The states in which one dump after the other would find it, the cheapest first; none if that cannot be.
   */
  hiddenIn(sockid: Sockid, state: string | undefined): readonly (readonly SocketState[])[];
}

/** One lookup in the making. */
export interface Search<R extends InetRecord, S extends string> {
  lookup: InetLookup<R, S>;
  sockid: Sockid;
  /** The state that the socket was in, if that is known. */
  state: string | undefined;
  options: LookupOptions<S>;
}

export function lookupOptions<S extends string>(
  caller: string,
  given: unknown,
  words: readonly S[],
): LookupOptions<S> {
  const checks: Checks<LookupOptions<S>> = { show: anyOf(words), netns: checkNetns };
  return checkOptions(caller, given, checks);
}

/** The socket that was asked for, and no other; undefined if there is none. */
export async function find<R extends InetRecord, S extends string>(
  wanted: Search<R, S>,
): Promise<R | undefined> {
  const found = ask(wanted);
  if (found !== undefined) return found;
  for (const states of wanted.lookup.hiddenIn(wanted.sockid, wanted.state)) {
    for await (const socket of hiddenAmong(wanted, states)) if (isSocket(socket, wanted)) return socket;
  }
  return undefined;
}

export function findSync<R extends InetRecord, S extends string>(wanted: Search<R, S>): R | undefined {
  const found = ask(wanted);
  if (found !== undefined) return found;
  for (const states of wanted.lookup.hiddenIn(wanted.sockid, wanted.state)) {
    for (const socket of hiddenAmong(wanted, states)) if (isSocket(socket, wanted)) return socket;
  }
  return undefined;
}

function ask<R extends InetRecord, S extends string>(wanted: Search<R, S>): R | undefined {
  return withExchange(netnsFile(wanted.options.netns), (exchange) => askIn(exchange, wanted));
}

/** Without looking where it may be hidden. */
export function askIn<R extends InetRecord, S extends string>(
  exchange: Exchange,
  { lookup, sockid, options }: Search<R, S>,
): R | undefined {
  const { kind, decode } = lookup;
  const { show = [], netns } = options;
  const asked = unmapped(sockid);
  const ends = lookup.isSwapped === true ? swapped(asked) : asked;
  const length = putInetQuestion(exchange.question, kind, ends, maskOf(kind.show, show));
  const failure = exchange.ask(lookup.answer, 0, length);
  if (failure !== undefined) {
    const subject = inetSubject(asked.family, kind);
    checkAbsent(failure, subject, netnsPath(netns), () => checkHandler(asked.family, kind, netns));
    return undefined;
  }
  const { memory } = exchange;
  const isWanted = isAnswer(sockid, memory, memory.words[ANSWER_ROW] as number);
  return isWanted ? decode(memory, ANSWER_ROW) : undefined;
}

/** A dump of the sockets among which it may be. */
function hiddenAmong<R extends InetRecord, S extends string>(
  { lookup, sockid, options }: Search<R, S>,
  states: readonly SocketState[],
): Dump<R> {
  const question: InetQuestion<S> = {
    ...options,
    family: sockid.family,
    states,
    filter: sport(sportOf(sockid)),
  };
  return inetDump(lookup.kind, lookup.decode, question);
}

function isSocket<R extends InetRecord, S extends string>(socket: R, { sockid }: Search<R, S>): boolean {
  const found = sockidOf(socket, 'a record');
  if (hasCookie(sockid)) return hasSameCookie(sockid, found);
  return hasSameAddresses(sockid, found) && isOnSameInterface(sockid, found);
}
