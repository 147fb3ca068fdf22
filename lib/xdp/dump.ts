/** Dumps of XDP sockets: the request, xdp_diag_req, and what it asks for. */
import type { NativeRequest } from '../binding.js';
import type { ConsistentOptions, Dump, DumpOptions } from '../netlink/dump.js';
import { commonChecks, consistentCheck } from '../netlink/dump-options.js';
import type { Subject } from '../netlink/errors.js';
import { liveDump } from '../netlink/live.js';
import { anyOf, type Checks, checkOptions } from '../netlink/options.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { maskOf, payloadOf, wordsOf } from '../netlink/request.js';
import { byXdpCookie, readXdpDiagMsg, XDP_DIAG_MSG_LENGTH, type XdpDiagMsg } from './record.js';

/** What can be asked for beside the base record, with its bit in `xdiag_show`. */
const SHOW = {
  /** `info` and `uid` */
  info: 0x01,
  /** `rxRing` and `txRing` */
  ringCfg: 0x02,
  /** `umem`, `umemFillRing` and `umemCompletionRing` */
  umem: 0x04,
  meminfo: 0x08,
  stats: 0x10,
} as const;

export type XdpShow = keyof typeof SHOW;

const SHOW_WORDS: readonly XdpShow[] = wordsOf(SHOW);

export interface XdpDumpOptions extends DumpOptions, ConsistentOptions {
  /**
   * Exactly these attributes; without it, all of them: `'info'` is `info` and `uid`, `'ringCfg'` is `rxRing` and
   * `txRing`, `'umem'` is `umem`, `umemFillRing` and `umemCompletionRing`, and the others are properties of their own
   * name.
   */
  show?: readonly XdpShow[] | undefined;
}

const CHECKS: Checks<XdpDumpOptions> = { ...commonChecks, ...consistentCheck, show: anyOf(SHOW_WORDS) };

export const AF_XDP = 44;
const XDP_DIAG_REQ_LENGTH = 20;

function xdpRequest(show: readonly XdpShow[]): NativeRequest {
  const { bytes, words } = payloadOf(XDP_DIAG_REQ_LENGTH, [AF_XDP]);
  words[2] = maskOf(SHOW, show);
  return { type: SOCK_DIAG_BY_FAMILY, family: AF_XDP, headerLength: XDP_DIAG_MSG_LENGTH, payload: bytes };
}

export const XDP_SUBJECT: Subject = {
  sockets: 'XDP sockets',
  family: { module: 'xsk_diag', option: 'CONFIG_XDP_SOCKETS_DIAG' },
};

/**
 * The XDP sockets of a network namespace.
 *
 * Since Linux 6.6, and in maintenance releases of kernels from 5.15 on, a socket whose network interface has gone away
 * ends the kernel's list without a word: that socket is missing, and so are all that are older.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpXdp(options?: XdpDumpOptions): Dump<XdpDiagMsg> {
  const checked = checkOptions('dumpXdp', options, CHECKS);
  const request = xdpRequest(checked.show ?? SHOW_WORDS);
  return liveDump(
    { asked: [{ request, subject: XDP_SUBJECT }], decode: readXdpDiagMsg, known: byXdpCookie },
    checked,
  );
}
