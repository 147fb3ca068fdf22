/** Lookups of unix-domain sockets: by inode number and cookie. */
import type net from 'node:net';
import { constants } from 'node:os';

import { placeOf } from '../namespaces/stamp.js';
import { ANSWER_ROW, withExchange } from '../netlink/exchange.js';
import { checkNetns, type Netns, netnsFile } from '../netlink/netns.js';
import { anyOf, type Checks, checkOptions, isUint32, show } from '../netlink/options.js';
import { giveTurn } from '../netlink/turn.js';
import { ANY_COOKIE_WORDS, checkCookie, cookieWords } from '../record/cookie.js';
import {
  checkUnixHandler,
  UNIX_ANSWER,
  UNIX_SHOW_WORDS,
  UNIX_SUBJECT,
  type UnixShow,
  unixLookup,
} from '../unix/dump.js';
import { readUnixDiagMsg, type UnixDiagMsg } from '../unix/record.js';
import { checkAbsent } from './absent.js';
import { type Identity, identityOf, isLive } from './live.js';
import { bytesOfName, findNamed } from './names.js';

/** What tells a unix socket from others. A record is one. */
export interface UnixInode {
  /** The inode number of the socket's descriptors. */
  inode: number;
  /** The socket's cookie; without it, whichever socket has the inode number. */
  cookie?: string | undefined;
}

export interface UnixLookupOptions {
  /** Exactly these attributes, as for a dump; without it, all of them, but not `icons` that are too many for a lookup. */
  show?: readonly UnixShow[] | undefined;
  /**
   * The network namespace to look into, as for a dump; without it, the one that a record is stamped with, or the process's
   * own. Needs CAP_SYS_ADMIN.
   */
  netns?: Netns | undefined;
}

const CHECKS: Checks<UnixLookupOptions> = { show: anyOf(UNIX_SHOW_WORDS), netns: checkNetns };

type UnixIdentity = Extract<Identity, { kind: 'unix' }>;

function soughtOf(which: unknown): Identity {
  if (isLive(which)) return identityOf(which);
  const what = 'lookupUnix: what is looked for';
  if (typeof which !== 'object' || which === null) {
    throw new TypeError(
      `${what} is ${show(which)}, but must be { inode }, a record, a name as text, or a socket of Node's`,
    );
  }
  const { inode, cookie } = which as UnixInode;
  if (!isUint32(inode) || inode === 0) {
    throw new RangeError(`${what}.inode is ${show(inode)}, but must be an inode number above 0`);
  }
  if (cookie === undefined) return { kind: 'unix', inode, cookie: ANY_COOKIE_WORDS };
  checkCookie(cookie, `${what}.cookie`);
  return { kind: 'unix', inode, cookie: cookieWords(cookie) };
}

const { EMSGSIZE } = constants.errno;

const WITHOUT_ICONS = UNIX_SHOW_WORDS.filter((word) => word !== 'icons');

const HINTS = { [EMSGSIZE]: "a listener has so many waiting clients that no lookup can tell its 'icons'" };

/** Without `words`, all that can be told. */
export function findUnix(
  identity: UnixIdentity,
  netns: Netns | undefined,
  words?: readonly UnixShow[],
): UnixDiagMsg | undefined {
  const file = netnsFile(netns);
  return withExchange(file, (exchange) => {
    const ask = (all: readonly UnixShow[]) => {
      const question = unixLookup(identity.inode, identity.cookie, all);
      exchange.question.set(question);
      return exchange.ask(UNIX_ANSWER, 0, question.length);
    };
    let failure = ask(words ?? UNIX_SHOW_WORDS);
    if (failure?.errno === EMSGSIZE && words === undefined) failure = ask(WITHOUT_ICONS);
    if (failure === undefined) return readUnixDiagMsg(exchange.memory, ANSWER_ROW);
    checkAbsent(failure, { ...UNIX_SUBJECT, hints: HINTS }, file.path, () => checkUnixHandler(netns));
    return undefined;
  });
}

/** It may end, and be another's name, between the two questions: then there is none. */
async function findByName(
  text: string,
  { netns, show }: UnixLookupOptions,
): Promise<UnixDiagMsg | undefined> {
  const named = await findNamed(bytesOfName('lookupUnix', text), netns);
  if (named === undefined) return undefined;
  const { inode, cookie } = named;
  return findUnix({ kind: 'unix', inode, cookie: cookieWords(cookie) }, netns, show);
}

/**
 * The unix socket that an inode number (and a cookie), a record, or a connection or server of this program stands for.
 * Undefined if there is none. The kernel looks for it among all unix sockets, one by one.
 *
 * A text is the name that it is bound to, in the notation of `sockdiag/name`: `local/"/run/app.sock"`. For that all names
 * are asked for. Of several sockets with one name it is the one that listens; what that accepts has its name as well.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export async function lookupUnix(
  which: UnixInode | UnixDiagMsg | net.Socket | net.Server | string,
  options?: UnixLookupOptions,
): Promise<UnixDiagMsg | undefined> {
  const turn = giveTurn();
  if (turn !== undefined) await turn;
  const checked = checkOptions('lookupUnix', options, CHECKS);
  if (typeof which === 'string') return findByName(which, checked);
  const sought = soughtOf(which);
  if (sought.kind === 'inet') throw new TypeError('lookupUnix: the socket is none of unix: for lookupTcp');
  if (sought.kind === 'none') return undefined;
  const netns = isLive(which)
    ? checked.netns
    : placeOf(which as UnixDiagMsg, checked.netns, 'lookupUnix: what is looked for');
  return findUnix(sought, netns, checked.show);
}
