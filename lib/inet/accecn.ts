/** The four bytes of tcp_info whose layout Linux 7.0 changed. */
import { release } from 'node:os';

import { flagsReader, nameOf } from '../record/words.js';
import type { TcpInfo } from './tcp-info.js';

/** Where AccECN failed. The object is frozen, and shared. */
export interface AccecnFailMode {
  /** The counter field in the header that this end sends is damaged on its way. */
  readonly aceSend: boolean;
  /** The counter field in the header that comes in is damaged. */
  readonly aceRecv: boolean;
  /** The option that this end sends does not get through. */
  readonly optSend: boolean;
  /** The option that comes in is damaged. */
  readonly optRecv: boolean;
  /** The bits that this version has no name for, where one of them is set. */
  readonly unknown?: number;
}

/** Which AccECN option the peer sent: none yet, an empty one, one with counters, or a wrong one. */
export type AccecnOptSeen = 'not_seen' | 'empty' | 'counter' | 'fail';

export type EcnMode = 'disabled' | 'rfc3168' | 'accecn' | 'pending';

/** What `accecn` of a `TcpInfo` holds. */
export interface Accecn {
  /** (`tcpi_accecn_fail_mode`.) */
  failMode: AccecnFailMode;
  /** (`tcpi_accecn_opt_seen`.) */
  optSeen: AccecnOptSeen;
  /** (`tcpi_ecn_mode`; since Linux 7.0.) */
  ecnMode?: EcnMode;
}

const readFailMode: (bits: number) => AccecnFailMode = flagsReader([
  'aceSend',
  'aceRecv',
  'optSend',
  'optRecv',
]);
const OPT_SEEN: readonly AccecnOptSeen[] = ['not_seen', 'empty', 'counter', 'fail'];
const ECN_MODES: readonly EcnMode[] = ['disabled', 'rfc3168', 'accecn', 'pending'];

/**
 * Takes `info.accecn` apart, by the layout of the kernel that it comes from; undefined where that has none.
 *
 * @param kernel its release, as `uname -r` prints it; without it, that of the running kernel.
 */
export function accecnOf(info: TcpInfo, kernel: string = release()): Accecn | undefined {
  const { accecn } = info;
  if (accecn === undefined) return undefined;
  if (Number.parseInt(kernel, 10) < 7) {
    return { failMode: readFailMode(accecn & 0xffff), optSeen: nameOf(OPT_SEEN, accecn >>> 16) };
  }
  return {
    failMode: readFailMode((accecn >>> 4) & 15),
    optSeen: nameOf(OPT_SEEN, (accecn >>> 2) & 3),
    ecnMode: nameOf(ECN_MODES, accecn & 3),
  };
}
