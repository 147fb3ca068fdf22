/** The numbers that the library writes: by which names the headers have them, and what is asked for by which word. */

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
import { DCCP } from '../../lib/inet/dccp.js';
import { MPTCP } from '../../lib/inet/mptcp.js';
import { RAW } from '../../lib/inet/raw.js';
import { SCTP } from '../../lib/inet/sctp.js';
import { TCP } from '../../lib/inet/tcp.js';
import { UDP, UDPLITE } from '../../lib/inet/udp.js';
import { camelCase, lowerCase } from './numbers_topics.js';
import { NETLINK_PROTOCOLS } from './numbers_words.js';

/** Names of the headers, and the dumps that write what they name. */
export interface Wish {
  /** Which names; the dumps come of the group. */
  names: RegExp;
  /** All of these ask for it. */
  dumps: (rest: string) => Dump<unknown>[];
  structure: string;
  member: string;
  /** What is written for a number; itself, if this is absent. */
  as?: (number: number) => number;
}

/** What options there are is not known here; the dump refuses wrong ones. */
type Ask = (options: never) => Dump<unknown>;

const show =
  (dump: Ask): Wish['dumps'] =>
  (rest) => [dump({ show: [camelCase(rest)] } as never)];

const SHOW: Wish[] = [
  { names: /^UDIAG_SHOW_(\w+)$/, dumps: show(dumpUnix), structure: 'unix_diag_req', member: 'udiag_show' },
  {
    names: /^PACKET_SHOW_(\w+)$/,
    dumps: show(dumpPacket),
    structure: 'packet_diag_req',
    member: 'pdiag_show',
  },
  {
    names: /^NDIAG_SHOW_(\w+)$/,
    dumps: show(dumpNetlink),
    structure: 'netlink_diag_req',
    member: 'ndiag_show',
  },
  { names: /^XDP_SHOW_(\w+)$/, dumps: show(dumpXdp), structure: 'xdp_diag_req', member: 'xdiag_show' },
];

/** An attribute is asked for by its number, counted from 1. */
const bitOf = (number: number): number => 2 ** (number - 1);

/** What comes with another, beside that itself. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  INFO: ['md5sig', 'ulpInfo'],
  VEGASINFO: ['dctcpinfo', 'bbrinfo'],
  TCLASS: ['classId'],
};

const INET: readonly [Ask, { show: object }][] = [
  [dumpTcp, TCP],
  [dumpUdp, UDP],
  [dumpUdpLite, UDPLITE],
  [dumpRaw, RAW],
  [dumpSctp, SCTP],
  [dumpDccp, DCCP],
  [dumpMptcp, MPTCP],
];

const EXTENSIONS: Wish[] = [
  {
    names: /^INET_DIAG_(MEMINFO|INFO|VEGASINFO|CONG|TOS|TCLASS|SKMEMINFO)$/,
    dumps: (rest) =>
      INET.flatMap(([dump, kind]) =>
        [lowerCase(rest), ...(TOGETHER[rest] ?? [])]
          .filter((word) => Object.hasOwn(kind.show, word))
          .map((word) => dump({ family: 'inet', show: [word] } as never)),
      ),
    structure: 'inet_diag_req_v2',
    member: 'idiag_ext',
    as: bitOf,
  },
  {
    names: /^SMC_DIAG_(CONNINFO|LGRINFO|DMBINFO)$/,
    dumps: show(dumpSmc),
    structure: 'smc_diag_req',
    member: 'diag_ext',
    as: bitOf,
  },
];

const states =
  (...dumps: Ask[]): Wish['dumps'] =>
  (state) =>
    dumps.map((dump) => dump({ family: 'inet', states: [state] } as never));

const statesOfFamily =
  (dump: Ask): Wish['dumps'] =>
  (state) => [dump({ states: [state] } as never)];

const stateBit = (state: number): number => 2 ** state;

const STATES: Wish[] = [
  {
    names: /^BPF_TCP_(?!MAX_STATES$)(\w+)$/,
    dumps: states(dumpTcp, dumpUdp, dumpUdpLite, dumpDccp, dumpMptcp),
    structure: 'inet_diag_req_v2',
    member: 'idiag_states',
    as: stateBit,
  },
  {
    names: /^BPF_TCP_(ESTABLISHED|CLOSE|LISTEN)$/,
    dumps: statesOfFamily(dumpUnix),
    structure: 'unix_diag_req',
    member: 'udiag_states',
    as: stateBit,
  },
  {
    names: /^BPF_TCP_(ESTABLISHED|SYN_SENT|CLOSE|LISTEN|CLOSING)$/,
    dumps: statesOfFamily(dumpVsock),
    structure: 'vsock_diag_req',
    member: 'vdiag_states',
    as: stateBit,
  },
];

const FAMILIES: Readonly<Record<string, [dump: Dump<unknown>, structure: string]>> = {
  INET: [dumpTcp({ family: 'inet' }), 'inet_diag_req_v2'],
  INET6: [dumpTcp({ family: 'inet6' }), 'inet_diag_req_v2'],
  UNIX: [dumpUnix(), 'unix_diag_req'],
  PACKET: [dumpPacket(), 'packet_diag_req'],
  NETLINK: [dumpNetlink(), 'netlink_diag_req'],
  VSOCK: [dumpVsock(), 'vsock_diag_req'],
  XDP: [dumpXdp(), 'xdp_diag_req'],
  TIPC: [dumpTipc(), 'tipc_sock_diag_req'],
};

const PROTOCOLS: Readonly<Record<string, Dump<unknown>>> = {
  TCP: dumpTcp({ family: 'inet' }),
  UDP: dumpUdp(),
  UDPLITE: dumpUdpLite(),
  SCTP: dumpSctp(),
  DCCP: dumpDccp(),
  RAW: dumpRaw(),
};

const NUMBERS: Wish[] = [
  ...Object.entries(FAMILIES).map(([family, [dump, structure]]) => ({
    names: new RegExp(`^AF_(${family})$`),
    dumps: () => [dump],
    structure,
    member: 'sdiag_family',
  })),
  { names: /^AF_(SMC)$/, dumps: () => [dumpSmc()], structure: 'smc_diag_req', member: 'diag_family' },
  {
    names: new RegExp(`^IPPROTO_(${Object.keys(PROTOCOLS).join('|')})$`),
    dumps: (protocol) => [PROTOCOLS[protocol] as Dump<unknown>],
    structure: 'inet_diag_req_v2',
    member: 'sdiag_protocol',
  },
  {
    names: NETLINK_PROTOCOLS,
    dumps: (protocol) => [dumpNetlink({ protocol: lowerCase(protocol) } as never)],
    structure: 'netlink_diag_req',
    member: 'sdiag_protocol',
  },
];

export const WISHES: readonly Wish[] = [...SHOW, ...EXTENSIONS, ...STATES, ...NUMBERS];
