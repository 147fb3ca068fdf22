/** smc_diag_msg: a socket that passes data through shared memory instead of TCP. */
import { readAddress4, readAddress6 } from '../inet/address.js';
import { INET_FAMILY_NAMES, type InetFamily } from '../inet/family.js';
import { attributeTable, readAttributes } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { byCookie, type Known } from '../netlink/known.js';
import { structure, type UnknownTail } from '../netlink/structure.js';
import { readCookie } from '../record/cookie.js';
import type { DiagRecord } from '../record/record.js';
import { readShutdown, type Shutdown } from '../record/shutdown.js';
import { nameOf } from '../record/words.js';
import { readConninfo, SMC_CONNINFO_LENGTH, type SmcConninfo } from './conninfo.js';
import { LEAST_SMCD_DMBINFO, readDmbinfo, type SmcdDmbinfo } from './dmbinfo.js';
import { readLgrinfo, SMC_LGRINFO_LENGTH, type SmcLgrinfo } from './lgrinfo.js';
import { type SmcState, smcStateName } from './state.js';

/**
 * `'smc'` is a socket of the family AF_SMC, and every one that was accepted; the others are made with IPPROTO_SMC
 * (since Linux 6.11).
 */
export type SmcFamily = 'smc' | InetFamily;

/**
 * What data goes through: `'smcr'` RDMA devices; `'smcd'` memory within one machine; `'fallback_tcp'` the TCP
 * connection that was made first. A socket without a connection is `'smcr'`, if it has not fallen back already.
 */
export type SmcMode = 'smcr' | 'fallback_tcp' | 'smcd';

const MODES: readonly SmcMode[] = ['smcr', 'fallback_tcp', 'smcd'];

/** `smc_diag_fallback`: why TCP is used. The numbers are the kernel's SMC_CLC_DECL_*. */
export interface SmcFallback extends UnknownTail {
  /** This end's reason (`reason`); 0 for none. */
  reason: number;
  /** The reason that the peer gave (`peer_diagnosis`); 0 for none. */
  peerDiagnosis: number;
}

/**
 * An SMC socket, as the kernel's `smc_diag_msg` tells it. Addresses, ports and interface are those of the TCP socket
 * inside, which is a record of `dumpTcp` besides.
 */
export interface SmcDiagMsg extends DiagRecord {
  /** (`diag_family`.) */
  family: SmcFamily;
  /** (`diag_state`.) */
  state: SmcState;
  /** (`diag_mode`.) */
  mode: SmcMode;
  /**
   * Local address, as text in the form of RFC 5952 (`id.idiag_src`); `0.0.0.0` or `::` for any.
   *
   * Of the family `'smc'` the kernel does not tell whether a socket is of IPv4 or IPv6: addresses that end in 96 zero
   * bits, both of them, are read as IPv4. So `0.0.0.0` is also what an IPv6 socket reads that is not connected and
   * bound to any address. Of sockets made with IPPROTO_SMC, and of those that their listeners accepted, kernels tell no
   * addresses: they read `0.0.0.0` or `::` always.
   */
  src: string;
  /** Local port (`id.idiag_sport`). */
  sport: number;
  /** Remote address (`id.idiag_dst`), likewise; `0.0.0.0` or `::` where there is none. */
  dst: string;
  /** Remote port (`id.idiag_dport`); 0 where there is none. */
  dport: number;
  /** Index of the network interface that the socket is bound to (`id.idiag_if`); 0 for any. */
  ifindex: number;
  /**
   * 64 bits in lower-case hexadecimal (`id.idiag_cookie`). No two sockets of one boot share one. SO_COOKIE tells the
   * same, but of the mode `'fallback_tcp'` that of the TCP socket inside.
   */
  cookie: string;
  /** The owner's user id as seen from the reader's user namespace (`diag_uid`). */
  uid: number;
  /** The inode number of the socket's descriptors (`diag_inode`, 64 bits); 0 if no descriptor refers to it. */
  inode: number;
  /**
   * (`SMC_DIAG_SHUTDOWN`.) Of the mode `'fallback_tcp'` always `'none'`: shutdown(2) goes to the TCP socket inside, and
   * its record tells.
   */
  shutdown?: Shutdown;
  /** Why TCP is used, with zeros where it is not (`SMC_DIAG_FALLBACK`; since Linux 4.18). */
  fallback?: SmcFallback;
  /** State of the connection; absent without one through shared memory (`SMC_DIAG_CONNINFO`). */
  conninfo?: SmcConninfo;
  /** The RDMA link; for connections of the mode `'smcr'` (`SMC_DIAG_LGRINFO`). */
  lgrinfo?: SmcLgrinfo;
  /** The memory within the machine; for connections of the mode `'smcd'` (`SMC_DIAG_DMBINFO`). */
  dmbinfo?: SmcdDmbinfo;
}

const FALLBACK_LENGTH = 8;

const readFallback = structure(
  FALLBACK_LENGTH,
  (members): SmcFallback => ({ reason: members.u32(0), peerDiagnosis: members.u32(4) }),
);

const ATTRIBUTES = attributeTable<SmcDiagMsg>({
  1: {
    size: SMC_CONNINFO_LENGTH,
    put: (record, memory, at, length) => {
      record.conninfo = readConninfo(memory, at, length);
    },
  },
  2: {
    size: SMC_LGRINFO_LENGTH,
    put: (record, memory, at, length) => {
      record.lgrinfo = readLgrinfo(memory, at, length);
    },
  },
  3: {
    size: 1,
    put: (record, memory, at) => {
      record.shutdown = readShutdown(memory, at);
    },
  },
  4: {
    size: LEAST_SMCD_DMBINFO,
    put: (record, memory, at, length) => {
      record.dmbinfo = readDmbinfo(memory, at, length);
    },
  },
  5: {
    size: FALLBACK_LENGTH,
    put: (record, memory, at, length) => {
      record.fallback = readFallback(memory, at, length);
    },
  },
});

export const AF_SMC = 43;

const FAMILIES: readonly (SmcFamily | undefined)[] = Object.assign([], INET_FAMILY_NAMES, {
  [AF_SMC]: 'smc',
});

const SRC_OFFSET = 8;
const DST_OFFSET = 24;

/** Whether the addresses of the record at `at` are of IPv4. */
function has4(memory: BatchMemory, at: number, family: SmcFamily): boolean {
  if (family !== 'smc') return family === 'inet';
  return is4(memory, at + SRC_OFFSET) && is4(memory, at + DST_OFFSET);
}

/** The address has nothing behind its first word. */
function is4(memory: BatchMemory, at: number): boolean {
  return memory.u32(at + 4) === 0 && memory.u32(at + 8) === 0 && memory.u32(at + 12) === 0;
}

/** Bytes of `smc_diag_msg`. */
export const SMC_DIAG_MSG_LENGTH = 64;
export const bySmcCookie: () => Known = byCookie(44);

/** Reads the record in a row of the index. */
export function readSmcDiagMsg(memory: BatchMemory, row: number): SmcDiagMsg {
  const at = memory.words[row] as number;
  const family = nameOf(FAMILIES, memory.u8(at));
  const readAddress = has4(memory, at, family) ? readAddress4 : readAddress6;
  const record: SmcDiagMsg = {
    family,
    state: smcStateName(memory.u8(at + 1)),
    mode: nameOf(MODES, memory.u8(at + 2)),
    src: readAddress(memory, at + SRC_OFFSET),
    sport: memory.port(at + 4),
    dst: readAddress(memory, at + DST_OFFSET),
    dport: memory.port(at + 6),
    ifindex: memory.u32(at + 40),
    cookie: readCookie(memory, at + 44),
    uid: memory.u32(at + 52),
    inode: memory.u64(at + 56),
  };
  return readAttributes(record, memory, row, ATTRIBUTES);
}
