/** Dumps of TIPC sockets: the request, tipc_sock_diag_req, and what it asks for. */
import type { NativeRequest } from '../binding.js';
import type { ConsistentOptions, Dump, DumpOptions } from '../netlink/dump.js';
import { commonChecks, consistentCheck } from '../netlink/dump-options.js';
import type { Subject } from '../netlink/errors.js';
import { liveDump } from '../netlink/live.js';
import { type Checks, checkOptions, someOf } from '../netlink/options.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { payloadOf } from '../netlink/request.js';
import { byTipcCookie, readTipcDiagMsg, TIPC_NESTS, type TipcDiagMsg } from './record.js';
import { TIPC_STATES, type TipcState, tipcStateMask } from './state.js';

export interface TipcDumpOptions extends DumpOptions, ConsistentOptions {
  /** Exactly these states; without it, all. */
  states?: readonly TipcState[] | undefined;
}

const CHECKS: Checks<TipcDumpOptions> = {
  ...commonChecks,
  ...consistentCheck,
  states: someOf(TIPC_STATES),
};

export const AF_TIPC = 30;
const TIPC_SOCK_DIAG_REQ_LENGTH = 8;

function tipcRequest(states: readonly TipcState[]): NativeRequest {
  const { bytes, words } = payloadOf(TIPC_SOCK_DIAG_REQ_LENGTH, [AF_TIPC]);
  words[1] = tipcStateMask(states);
  // A message starts with its attributes, and nothing in it names the family.
  return { type: SOCK_DIAG_BY_FAMILY, family: 0, headerLength: 0, nests: TIPC_NESTS, payload: bytes };
}

export const TIPC_SUBJECT: Subject = {
  sockets: 'TIPC sockets',
  family: { module: 'tipc_diag or, before Linux 6.9, diag', option: 'CONFIG_TIPC_DIAG' },
};

/**
 * The TIPC sockets of a network namespace. The kernel tells them in parts of 32 KiB, which is some 250 sockets, and
 * loses one between each part and the next: another one, if it is asked again with `consistent`.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpTipc(options?: TipcDumpOptions): Dump<TipcDiagMsg> {
  const checked = checkOptions('dumpTipc', options, CHECKS);
  const request = tipcRequest(checked.states ?? TIPC_STATES);
  return liveDump(
    { asked: [{ request, subject: TIPC_SUBJECT }], decode: readTipcDiagMsg, known: byTipcCookie },
    checked,
  );
}
