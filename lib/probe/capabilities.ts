/** What this process may do, of what matters here. */
import { readFileSync } from 'node:fs';

import { fileError } from '../netlink/errors.js';

/** The bits of the capabilities (CAP_*). */
const NET_ADMIN = 12;
const SYS_PTRACE = 19;
const SYS_ADMIN = 21;
const BPF = 39;

/** The capabilities that are in effect, in the process's own user namespace. */
export interface Capabilities {
  /** CAP_NET_ADMIN: destroying sockets, marks, keys of TCP-MD5, filters of packet sockets. */
  readonly netAdmin: boolean;
  /** CAP_SYS_ADMIN: entering network namespaces. */
  readonly sysAdmin: boolean;
  /** CAP_SYS_PTRACE: the owners of other users' sockets, and the namespaces of their processes. */
  readonly sysPtrace: boolean;
  /** CAP_BPF, since Linux 5.8: BPF storages. */
  readonly bpf: boolean;
}

export function capabilities(): Capabilities {
  const text = /^CapEff:\s*([0-9a-f]+)$/m.exec(readStatus())?.[1] ?? '0';
  const effective = BigInt(`0x${text}`);
  const has = (bit: number) => ((effective >> BigInt(bit)) & 1n) === 1n;
  return {
    netAdmin: has(NET_ADMIN),
    sysAdmin: has(SYS_ADMIN),
    sysPtrace: has(SYS_PTRACE),
    bpf: has(BPF),
  };
}

const STATUS = '/proc/self/status';

function readStatus(): string {
  try {
    return readFileSync(STATUS, 'latin1');
  } catch (error) {
    throw fileError(`cannot read ${STATUS}, which tells the capabilities`, error as NodeJS.ErrnoException);
  }
}
