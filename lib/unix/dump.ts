/** Dumps of unix-domain sockets: the request, unix_diag_req, and what it asks for. */
import type { NativeRequest } from '../binding.js';
import type { ConsistentOptions, Dump, DumpOptions } from '../netlink/dump.js';
import { commonChecks, consistentCheck } from '../netlink/dump-options.js';
import type { Subject } from '../netlink/errors.js';
import type { AnswerShape } from '../netlink/exchange.js';
import { liveDump } from '../netlink/live.js';
import type { Netns } from '../netlink/netns.js';
import { anyOf, type Checks, checkOptions, someOf } from '../netlink/options.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { maskOf, payloadOf, wordsOf } from '../netlink/request.js';
import { type Fallback, fallbackCheck, insteadOf, type NoFallback } from '../proc/fallback.js';
import { type ProcUnixMsg, unixTable } from '../proc/unix.js';
import { stateMask } from '../record/state.js';
import {
  byUnixCookie,
  readUnixDiagMsg,
  UNIX_DIAG_MSG_LENGTH,
  type UnixDiagMsg,
  type UnixState,
} from './record.js';

/** What can be asked for beside the base record, with its bit in `udiag_show`. */
const SHOW = {
  /** `name` and `nameBytes` */
  name: 0x01,
  vfs: 0x02,
  peer: 0x04,
  icons: 0x08,
  /** `rqueue` and `wqueue` */
  rqlen: 0x10,
  meminfo: 0x20,
  uid: 0x40,
} as const;

export type UnixShow = keyof typeof SHOW;

export const UNIX_SHOW_WORDS: readonly UnixShow[] = wordsOf(SHOW);

export const UNIX_STATES: readonly UnixState[] = ['ESTABLISHED', 'CLOSE', 'LISTEN'];

export interface UnixDumpOptions extends DumpOptions, ConsistentOptions {
  /** Exactly these states; without it, all. */
  states?: readonly UnixState[] | undefined;
  /**
   * Exactly these attributes; without it, all of them: `'name'` is `name` and `nameBytes`, `'rqlen'` is `rqueue`
   * and `wqueue`, and the others are properties of their own name. `shutdown` comes always.
   *
   * A listener whose `icons` do not fit into 32 KiB (some 8,000 waiting clients) ends the kernel's dump early and
   * without a word: leave them out where that may happen.
   */
  show?: readonly UnixShow[] | undefined;
}

const CHECKS: Checks<UnixDumpOptions & Fallback> = {
  ...commonChecks,
  ...consistentCheck,
  states: someOf(UNIX_STATES),
  show: anyOf(UNIX_SHOW_WORDS),
  ...fallbackCheck,
};

export const AF_UNIX = 1;
const UNIX_DIAG_REQ_LENGTH = 24;

/** What answers when one socket is asked for. */
export const UNIX_ANSWER: AnswerShape = { type: SOCK_DIAG_BY_FAMILY, headerLength: UNIX_DIAG_MSG_LENGTH };

/** What asks for one socket. */
export function unixLookup(
  inode: number,
  cookie: readonly [low: number, high: number],
  show: readonly UnixShow[],
): Uint8Array {
  const { bytes, words } = payloadOf(UNIX_DIAG_REQ_LENGTH, [AF_UNIX]);
  words[2] = inode;
  words[3] = maskOf(SHOW, show);
  words.set(cookie, 4);
  return bytes;
}

function unixRequest(states: readonly UnixState[], show: readonly UnixShow[]): NativeRequest {
  const { bytes, words } = payloadOf(UNIX_DIAG_REQ_LENGTH, [AF_UNIX]);
  words[1] = stateMask(states);
  words[3] = maskOf(SHOW, show);
  return { type: SOCK_DIAG_BY_FAMILY, family: AF_UNIX, headerLength: UNIX_DIAG_MSG_LENGTH, payload: bytes };
}

export const UNIX_SUBJECT: Subject = {
  sockets: 'unix sockets',
  family: { module: 'unix_diag', option: 'CONFIG_UNIX_DIAG' },
};

/**
 * The unix-domain sockets of a network namespace, but for the server's ends of connections that wait to be accepted.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpUnix(options?: UnixDumpOptions & NoFallback): Dump<UnixDiagMsg>;
export function dumpUnix(options?: UnixDumpOptions & Fallback): Dump<UnixDiagMsg | ProcUnixMsg>;
export function dumpUnix(options?: UnixDumpOptions & Fallback): Dump<UnixDiagMsg | ProcUnixMsg> {
  const checked = checkOptions('dumpUnix', options, CHECKS);
  const request = unixRequest(checked.states ?? UNIX_STATES, checked.show ?? UNIX_SHOW_WORDS);
  const instead = insteadOf(checked, () => unixTable(checked));
  return liveDump(
    { asked: [{ request, subject: UNIX_SUBJECT }], decode: readUnixDiagMsg, known: byUnixCookie },
    { ...checked, instead },
  );
}

let isHandled = false;

/** Throws if the kernel has no handler for unix sockets. Where a single one is asked for, it only says that there is none. */
export function checkUnixHandler(netns: Netns | undefined): void {
  if (isHandled) return;
  const nothing = liveDump<UnixDiagMsg>(
    { asked: [{ request: unixRequest([], []), subject: UNIX_SUBJECT }], decode: readUnixDiagMsg },
    { netns },
  );
  for (const _ of nothing);
  isHandled = true;
}
