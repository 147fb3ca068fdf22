/** Dumps of vsock sockets: the request, vsock_diag_req, and what it asks for. */
import type { NativeRequest } from '../binding.js';
import type { ConsistentOptions, Dump, DumpOptions } from '../netlink/dump.js';
import { commonChecks, consistentCheck } from '../netlink/dump-options.js';
import type { Subject } from '../netlink/errors.js';
import { liveDump } from '../netlink/live.js';
import { type Checks, checkOptions, someOf } from '../netlink/options.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { payloadOf } from '../netlink/request.js';
import { stateMask } from '../record/state.js';
import {
  byVsockCookie,
  readVsockDiagMsg,
  VSOCK_DIAG_MSG_LENGTH,
  type VsockDiagMsg,
  type VsockState,
} from './record.js';

const STATES: readonly VsockState[] = ['ESTABLISHED', 'SYN_SENT', 'CLOSE', 'LISTEN', 'CLOSING'];

export interface VsockDumpOptions extends DumpOptions, ConsistentOptions {
  /** Exactly these states; without it, all. */
  states?: readonly VsockState[] | undefined;
}

const CHECKS: Checks<VsockDumpOptions> = { ...commonChecks, ...consistentCheck, states: someOf(STATES) };

export const AF_VSOCK = 40;
const VSOCK_DIAG_REQ_LENGTH = 24;

function vsockRequest(states: readonly VsockState[]): NativeRequest {
  const { bytes, words } = payloadOf(VSOCK_DIAG_REQ_LENGTH, [AF_VSOCK]);
  words[1] = stateMask(states);
  return { type: SOCK_DIAG_BY_FAMILY, family: AF_VSOCK, headerLength: VSOCK_DIAG_MSG_LENGTH, payload: bytes };
}

export const VSOCK_SUBJECT: Subject = {
  sockets: 'vsock sockets',
  family: { module: 'vsock_diag', option: 'CONFIG_VSOCKETS_DIAG' },
};

/**
 * The vsock sockets of a network namespace, those that are not bound included.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpVsock(options?: VsockDumpOptions): Dump<VsockDiagMsg> {
  const checked = checkOptions('dumpVsock', options, CHECKS);
  const request = vsockRequest(checked.states ?? STATES);
  return liveDump(
    { asked: [{ request, subject: VSOCK_SUBJECT }], decode: readVsockDiagMsg, known: byVsockCookie },
    checked,
  );
}
