/** What is asked for, one of each kind. */
import type { DiagMsg } from '../decode.js';
import { type InetTarget, targetOf } from '../destroy/destroy.js';
import type { BytecodeOp, Test } from '../filter/program.js';
import { inetSubject } from '../inet/dump.js';
import { INET_FAMILY } from '../inet/family.js';
import { TCP } from '../inet/tcp.js';
import type { Subject } from '../netlink/errors.js';
import { AF_NETLINK, NETLINK_SUBJECT } from '../netlink-family/dump.js';
import { AF_PACKET, PACKET_SUBJECT } from '../packet/dump.js';
import { SMC_SUBJECT } from '../smc/dump.js';
import { AF_SMC } from '../smc/record.js';
import { AF_TIPC, TIPC_SUBJECT } from '../tipc/dump.js';
import { AF_UNIX, UNIX_SUBJECT } from '../unix/dump.js';
import { AF_VSOCK, VSOCK_SUBJECT } from '../vsock/dump.js';
import { AF_XDP, XDP_SUBJECT } from '../xdp/dump.js';

export const FAMILIES: Readonly<Record<DiagMsg['family'], { number: number; subject: Subject }>> = {
  inet: { number: INET_FAMILY.inet.number, subject: inetSubject('inet', TCP) },
  inet6: { number: INET_FAMILY.inet6.number, subject: inetSubject('inet6', TCP) },
  unix: { number: AF_UNIX, subject: UNIX_SUBJECT },
  packet: { number: AF_PACKET, subject: PACKET_SUBJECT },
  netlink: { number: AF_NETLINK, subject: NETLINK_SUBJECT },
  vsock: { number: AF_VSOCK, subject: VSOCK_SUBJECT },
  xdp: { number: AF_XDP, subject: XDP_SUBJECT },
  smc: { number: AF_SMC, subject: SMC_SUBJECT },
  tipc: { number: AF_TIPC, subject: TIPC_SUBJECT },
};

const PORT = { port: 1 } as const;
const HOST = { host: { family: 2, length: 32, address: new Uint8Array([127, 0, 0, 1]) } } as const;

/** One instruction of each kind. */
export const TESTS: Readonly<Record<BytecodeOp, Test>> = {
  NOP: { op: 'NOP' },
  JMP: { op: 'JMP' },
  S_GE: { op: 'S_GE', ...PORT },
  S_LE: { op: 'S_LE', ...PORT },
  D_GE: { op: 'D_GE', ...PORT },
  D_LE: { op: 'D_LE', ...PORT },
  AUTO: { op: 'AUTO' },
  S_COND: { op: 'S_COND', ...HOST },
  D_COND: { op: 'D_COND', ...HOST },
  DEV_COND: { op: 'DEV_COND', ifindex: 1 },
  MARK_COND: { op: 'MARK_COND', mark: 1, mask: 1 },
  S_EQ: { op: 'S_EQ', ...PORT },
  D_EQ: { op: 'D_EQ', ...PORT },
  CGROUP_COND: { op: 'CGROUP_COND', id: 1n },
};

/** Sockets that there cannot be: a kernel that can destroy looks for them, and says that they are gone. */
const NOBODY = {
  family: 'inet',
  src: '0.0.0.0',
  sport: 0,
  dst: '0.0.0.0',
  dport: 0,
  cookie: 'fffffffffffffffe',
};
export const TARGETS: Readonly<Record<'tcp' | 'udp' | 'raw', InetTarget>> = {
  tcp: targetOf({ ...NOBODY, protocol: 'tcp' }, 'probe') as InetTarget,
  udp: targetOf({ ...NOBODY, protocol: 'udp' }, 'probe') as InetTarget,
  raw: targetOf({ ...NOBODY, protocol: 'raw' }, 'probe') as InetTarget,
};

/** Whose end is told. */
export const EVENTS: Readonly<Record<'tcp' | 'udp', 'tcp' | 'udp'>> = { tcp: 'tcp', udp: 'udp' };
