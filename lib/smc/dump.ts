/** Dumps of SMC sockets: the request, smc_diag_req, and what it asks for. */
import type { NativeRequest } from '../binding.js';
import type { ConsistentOptions, Dump, DumpOptions } from '../netlink/dump.js';
import { commonChecks, consistentCheck } from '../netlink/dump-options.js';
import type { Subject } from '../netlink/errors.js';
import { liveDump } from '../netlink/live.js';
import { anyOf, type Checks, checkOptions } from '../netlink/options.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { maskOf, payloadOf, wordsOf } from '../netlink/request.js';
import { AF_SMC, bySmcCookie, readSmcDiagMsg, SMC_DIAG_MSG_LENGTH, type SmcDiagMsg } from './record.js';

/** What can be asked for beside the base record, with its bit in `diag_ext`. */
const SHOW = {
  conninfo: 0x01,
  lgrinfo: 0x02,
  dmbinfo: 0x08,
} as const;

export type SmcShow = keyof typeof SHOW;

const SHOW_WORDS: readonly SmcShow[] = wordsOf(SHOW);

export interface SmcDumpOptions extends DumpOptions, ConsistentOptions {
  /**
   * Exactly these attributes, properties of their own name; without it, all of them. `shutdown` and `fallback` come
   * always.
   */
  show?: readonly SmcShow[] | undefined;
}

const CHECKS: Checks<SmcDumpOptions> = { ...commonChecks, ...consistentCheck, show: anyOf(SHOW_WORDS) };

const SMC_DIAG_REQ_LENGTH = 52;

function smcRequest(show: readonly SmcShow[]): NativeRequest {
  const { bytes } = payloadOf(SMC_DIAG_REQ_LENGTH, [AF_SMC, 0, 0, maskOf(SHOW, show)]);
  return {
    type: SOCK_DIAG_BY_FAMILY,
    // Sockets made with IPPROTO_SMC have the family AF_INET or AF_INET6.
    family: 0,
    headerLength: SMC_DIAG_MSG_LENGTH,
    payload: bytes,
  };
}

export const SMC_SUBJECT: Subject = {
  sockets: 'SMC sockets',
  family: { module: 'smc_diag', option: 'CONFIG_SMC_DIAG' },
};

/**
 * The SMC sockets of a network namespace: those of the family AF_SMC, and those made with IPPROTO_SMC.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpSmc(options?: SmcDumpOptions): Dump<SmcDiagMsg> {
  const checked = checkOptions('dumpSmc', options, CHECKS);
  const request = smcRequest(checked.show ?? SHOW_WORDS);
  return liveDump(
    { asked: [{ request, subject: SMC_SUBJECT }], decode: readSmcDiagMsg, known: bySmcCookie },
    checked,
  );
}
