/** Dumps of netlink sockets: the request, netlink_diag_req, and what it asks for. */
import type { NativeRequest } from '../binding.js';
import type { ConsistentOptions, Dump, DumpOptions } from '../netlink/dump.js';
import { commonChecks, consistentCheck } from '../netlink/dump-options.js';
import type { Subject } from '../netlink/errors.js';
import { liveDump } from '../netlink/live.js';
import { anyOf, type Checks, checkOptions, oneOf } from '../netlink/options.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { maskOf, payloadOf, wordsOf } from '../netlink/request.js';
import { type Fallback, fallbackCheck, insteadOf, type NoFallback } from '../proc/fallback.js';
import { netlinkTable, type ProcNetlinkMsg } from '../proc/netlink.js';
import {
  byNetlinkCookie,
  NETLINK_DIAG_MSG_LENGTH,
  NETLINK_PROTOCOLS,
  type NetlinkDiagMsg,
  type NetlinkProtocol,
  readNetlinkDiagMsg,
} from './record.js';

/** What can be asked for beside the base record, with its bit in `ndiag_show`. */
const SHOW = {
  meminfo: 0x01,
  groups: 0x02,
  /** `rxRing` and `txRing` */
  ringCfg: 0x04,
  flags: 0x08,
} as const;

export type NetlinkShow = keyof typeof SHOW;

export const NETLINK_SHOW_WORDS: readonly NetlinkShow[] = wordsOf(SHOW);

const DEFAULT_SHOW: readonly NetlinkShow[] = NETLINK_SHOW_WORDS.filter((word) => word !== 'ringCfg');

export const NETLINK_PROTOCOL_WORDS: readonly NetlinkProtocol[] = NETLINK_PROTOCOLS.filter(
  (word) => word !== undefined,
);

export interface NetlinkDumpOptions extends DumpOptions, ConsistentOptions {
  /** Sockets of this protocol only; without it, of all, those without a name included. */
  protocol?: NetlinkProtocol | undefined;
  /**
   * Exactly these attributes; without it, all but `'ringCfg'`, which is `rxRing` and `txRing` and comes from kernels
   * before 4.6 only. The others are properties of their own name. The fewer are asked for, the more sockets come before
   * the kernel loses one: see `dumpNetlink`.
   */
  show?: readonly NetlinkShow[] | undefined;
}

const CHECKS: Checks<NetlinkDumpOptions & Fallback> = {
  ...commonChecks,
  ...consistentCheck,
  protocol: oneOf(NETLINK_PROTOCOL_WORDS),
  show: anyOf(NETLINK_SHOW_WORDS),
  ...fallbackCheck,
};

export const AF_NETLINK = 16;
const NETLINK_DIAG_REQ_LENGTH = 20;

/** MAX_LINKS: the kernel has so many protocols, with and without a name. */
const ALL_PROTOCOLS: readonly number[] = Array.from({ length: 32 }, (_, i) => i);

function netlinkRequest(protocol: number, show: readonly NetlinkShow[]): NativeRequest {
  const { bytes, words } = payloadOf(NETLINK_DIAG_REQ_LENGTH, [AF_NETLINK, protocol]);
  words[2] = maskOf(SHOW, show);
  return {
    type: SOCK_DIAG_BY_FAMILY,
    family: AF_NETLINK,
    headerLength: NETLINK_DIAG_MSG_LENGTH,
    payload: bytes,
  };
}

export const NETLINK_SUBJECT: Subject = {
  sockets: 'netlink sockets',
  family: { module: 'netlink_diag', option: 'CONFIG_NETLINK_DIAG' },
};

/**
 * The netlink sockets of a network namespace, each once, with the kernel's own and the one that asks. Those that have
 * neither a port id nor a multicast group are not among them.
 *
 * The kernel answers in parts of 32 KiB, and loses the socket that no longer fits into a part, unless it has joined a
 * multicast group. Each protocol is asked for by itself, and some 300 to 350 of its sockets fit into one part, some 700
 * with `show: []`: up to that many none is lost. `consistent: true` asks again in parts that end elsewhere, and so loses
 * others: of 1,500 sockets, none was missing from both. /proc/net/netlink loses none.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpNetlink(options?: NetlinkDumpOptions & NoFallback): Dump<NetlinkDiagMsg>;
export function dumpNetlink(options?: NetlinkDumpOptions & Fallback): Dump<NetlinkDiagMsg | ProcNetlinkMsg>;
export function dumpNetlink(options?: NetlinkDumpOptions & Fallback): Dump<NetlinkDiagMsg | ProcNetlinkMsg> {
  const checked = checkOptions('dumpNetlink', options, CHECKS);
  const { protocol, show = DEFAULT_SHOW } = checked;
  const numbers = protocol === undefined ? ALL_PROTOCOLS : [NETLINK_PROTOCOLS.indexOf(protocol)];
  const asked = numbers.map((number) => ({
    request: netlinkRequest(number, show),
    subject: NETLINK_SUBJECT,
  }));
  const instead = insteadOf(checked, () => netlinkTable(checked));
  const question = { asked, decode: readNetlinkDiagMsg, known: byNetlinkCookie };
  return liveDump(question, { ...checked, instead });
}
