/** The structures that the library writes, and the numbers that it puts into them. */
import {
  type Dump,
  dumpDccp,
  dumpMptcp,
  dumpNetlink,
  dumpPacket,
  dumpRaw,
  dumpSctp,
  dumpSmc,
  dumpTcp,
  dumpTipc,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
  dumpVsock,
  dumpXdp,
} from '../../lib/index.js';
import { hex, type Layout } from './layout.js';
import { numberOf } from './trial.js';

/** What is asked, and the members that are then not zero. */
export interface Question {
  structure: string;
  dump: Dump<unknown>;
  /** Where the structure starts in the message. */
  at: number;
  /** Bytes behind it. */
  behind?: number;
  members: Readonly<Record<string, number>>;
}

const HEADER_LENGTH = 16;
const INET_DIAG_REQ_V2_LENGTH = 56;
/** With a header, and a number of 32 bits in it. */
const ATTRIBUTE_LENGTH = 8;

/** The messages that a dump would send. They are told without being sent. */
export async function requestsOf(dump: Dump<unknown>): Promise<Buffer[]> {
  const requests: Buffer[] = [];
  for await (const bytes of dump.raw()) {
    for (let at = 0; at < bytes.length; ) {
      const [length] = new Uint32Array(bytes.buffer, bytes.byteOffset + at, 1);
      requests.push(Buffer.from(bytes.subarray(at, at + (length as number))));
      at += length as number;
    }
    return requests;
  }
  throw new Error('there is no request');
}

/** The only one of them, or the first. */
export const requestOf = async (dump: Dump<unknown>): Promise<Buffer> =>
  (await requestsOf(dump))[0] as Buffer;

/** The members of a structure that are not zero: numbers, or the bytes of what is none. */
export function membersOf(layout: Layout, structure: Buffer): Record<string, number | string> {
  const said: Record<string, number | string> = {};
  for (const member of layout.members) {
    const { path, offset, mask, kind } = member;
    const pattern = mask.map((bits, i) => bits & (structure[offset + i] as number));
    if (pattern.every((byte) => byte === 0)) continue;
    said[path] = kind === 'bytes' ? hex(pattern) : numberOf(member, pattern);
  }
  return said;
}

const header: Question = {
  structure: 'nlmsghdr',
  dump: dumpTcp({ family: 'inet' }),
  at: 0,
  behind: INET_DIAG_REQ_V2_LENGTH,
  members: {
    nlmsg_len: HEADER_LENGTH + INET_DIAG_REQ_V2_LENGTH,
    nlmsg_type: 20,
    nlmsg_flags: 0x301,
    nlmsg_seq: 1,
  },
};

const anAttribute: Question = {
  structure: 'nlattr',
  dump: dumpMptcp({ family: 'inet' }),
  at: HEADER_LENGTH + INET_DIAG_REQ_V2_LENGTH,
  behind: 4,
  members: { nla_len: ATTRIBUTE_LENGTH, nla_type: 3 },
};

/** The request of a family, which is all of the message but its header. */
const question = (structure: string, dump: Dump<unknown>, members: Question['members']): Question => ({
  structure,
  dump,
  at: HEADER_LENGTH,
  members,
});

/** All states but BOUND_INACTIVE. */
const DEFAULT_STATES = 0x1ffe;

const inet = (
  dump: Dump<unknown>,
  sdiag_family: number,
  sdiag_protocol: number,
  others: Question['members'] = {},
): Question =>
  question('inet_diag_req_v2', dump, {
    sdiag_family,
    sdiag_protocol,
    idiag_states: DEFAULT_STATES,
    ...others,
  });

const INET: Question[] = [
  inet(dumpTcp({ family: 'inet' }), 2, 6),
  inet(dumpTcp({ family: 'inet6', states: ['BOUND_INACTIVE'] }), 10, 6, { idiag_states: 1 << 13 }),
  inet(dumpTcp({ family: 'inet6', show: ['info', 'skmeminfo'] }), 10, 6, { idiag_ext: 0x42 }),
  // Of both families.
  question('inet_diag_req', dumpTcp({ states: ['LISTEN'], show: ['info', 'skmeminfo'] }), {
    idiag_ext: 0x42,
    idiag_states: 1 << 10,
  }),
  inet(dumpUdp({ family: 'inet', states: ['ESTABLISHED'] }), 2, 17, { idiag_states: 1 << 1 }),
  inet(dumpUdpLite({ family: 'inet6' }), 10, 136),
  inet(dumpSctp({ family: 'inet', show: ['cong'] }), 2, 132, { idiag_ext: 0x08 }),
  // It has a state behind those of TCP.
  inet(dumpDccp({ family: 'inet6' }), 10, 33, { idiag_states: DEFAULT_STATES | (1 << 14) }),
  inet(dumpRaw({ family: 'inet', show: ['meminfo'] }), 2, 255, { idiag_ext: 0x01 }),
  { ...inet(dumpMptcp({ family: 'inet6' }), 10, 254), behind: ATTRIBUTE_LENGTH },
];

const OTHERS: Question[] = [
  question('unix_diag_req', dumpUnix(), { sdiag_family: 1, udiag_states: 0x482, udiag_show: 0x7f }),
  question('unix_diag_req', dumpUnix({ states: ['LISTEN'], show: ['uid'] }), {
    sdiag_family: 1,
    udiag_states: 1 << 10,
    udiag_show: 0x40,
  }),
  question('packet_diag_req', dumpPacket(), { sdiag_family: 17, pdiag_show: 0x3d }),
  question('packet_diag_req', dumpPacket({ show: ['mclist'] }), { sdiag_family: 17, pdiag_show: 0x02 }),
  // The first protocol of all has the number 0.
  question('netlink_diag_req', dumpNetlink(), { sdiag_family: 16, ndiag_show: 0x0b }),
  question('netlink_diag_req', dumpNetlink({ protocol: 'generic', show: ['ringCfg'] }), {
    sdiag_family: 16,
    sdiag_protocol: 16,
    ndiag_show: 0x04,
  }),
  question('vsock_diag_req', dumpVsock(), { sdiag_family: 40, vdiag_states: 0xc86 }),
  question('vsock_diag_req', dumpVsock({ states: ['CLOSING'] }), {
    sdiag_family: 40,
    vdiag_states: 1 << 11,
  }),
  question('xdp_diag_req', dumpXdp(), { sdiag_family: 44, xdiag_show: 0x1f }),
  question('xdp_diag_req', dumpXdp({ show: ['stats'] }), { sdiag_family: 44, xdiag_show: 0x10 }),
  question('smc_diag_req', dumpSmc(), { diag_family: 43, diag_ext: 0x0b }),
  question('smc_diag_req', dumpSmc({ show: ['dmbinfo'] }), { diag_family: 43, diag_ext: 0x08 }),
  question('tipc_sock_diag_req', dumpTipc(), { sdiag_family: 30, tidiag_states: 0x586 }),
  question('tipc_sock_diag_req', dumpTipc({ states: ['OPEN'] }), {
    sdiag_family: 30,
    tidiag_states: 1 << 7,
  }),
];

export const QUESTIONS: readonly Question[] = [header, anAttribute, ...INET, ...OTHERS];
