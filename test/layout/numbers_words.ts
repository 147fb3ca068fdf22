/** The enumerations and flags that the library has words for. */
import { accecnOf, type TcpInfo } from '../../lib/index.js';
import { NETLINK, PACKET } from './decoders_ways.js';
import { subflow, tlsInfo } from './numbers_attributes.js';
import { flagged, inRecord, type Numbered, named, numeric } from './numbers_said.js';
import {
  asItIs,
  flags,
  type Headers,
  lowerCase,
  type MemberOf,
  memberOf,
  numberOf,
  type Topic,
  words,
} from './numbers_topics.js';

/** By the names that BPF programs see: in the headers of the kernel there are no others. */
const STATES = /^BPF_TCP_(?!MAX_STATES$)(\w+)$/;
const TYPES = /^SOCK_(STREAM|DGRAM|RAW|RDM|SEQPACKET|DCCP|PACKET)$/;

/** The members of many families that are a state of TCP. */
const STATE_MEMBERS: readonly [structure: string, where: string, path: string][] = [
  ['inet_diag_msg', 'tcp, family 2', 'idiag_state'],
  ['tcp_info', 'tcp', 'tcpi_state'],
  ['unix_diag_msg', 'unix', 'udiag_state'],
  ['vsock_diag_msg', 'vsock', 'vdiag_state'],
];

/** Those that are a type of socket(2). */
const TYPE_MEMBERS: readonly [structure: string, where: string, path: string][] = [
  ['unix_diag_msg', 'unix', 'udiag_type'],
  ['packet_diag_msg', 'packet', 'pdiag_type'],
  ['netlink_diag_msg', 'netlink', 'ndiag_type'],
  ['vsock_diag_msg', 'vsock', 'vdiag_type'],
  ['xdp_diag_msg', 'xdp', 'xdiag_type'],
];

const socketWords = (member: MemberOf): Topic[] => [
  ...STATE_MEMBERS.map((place) => ({
    ...words(STATES, asItIs, named(member(...place), 'state')),
    where: place[0],
  })),
  ...TYPE_MEMBERS.map((place) => ({
    ...words(TYPES, lowerCase, named(member(...place), 'type')),
    where: place[0],
  })),
];

const LINUX_7_0 = 7 << 16;

/** What is at a bit of the four bytes of tcp_info that Linux 7.0 laid out anew. */
const accecn =
  (shift: number): Numbered =>
  (number) =>
    accecnOf({ accecn: number << shift } as TcpInfo, '7.0') as object;

const accecnWords: Topic[] = [
  words(/^TCPI_ECN_MODE_(\w+)$/, lowerCase, named(accecn(0), 'ecnMode')),
  words(/^TCP_ACCECN_OPT_(\w+)_SEEN$/, lowerCase, named(accecn(2), 'optSeen'), { NOT: 'not_seen' }),
].map((topic) => ({ ...topic, since: LINUX_7_0 }));

const tcpWords = (member: MemberOf): Topic[] => [
  words(/^TCP_CA_(\w+)$/, asItIs, named(member('tcp_info', 'tcp', 'tcpi_ca_state'), 'caState')),
  words(
    /^TFO_(\w+)$/,
    lowerCase,
    named(member('tcp_info', 'tcp', 'tcpi_fastopen_client_fail'), 'fastopenClientFail'),
    { STATUS_UNSPEC: 'unspec' },
  ),
  flags(/^TCPI_OPT_(\w+)$/, flagged(member('tcp_info', 'tcp', 'tcpi_options'), 'options')),
  ...accecnWords,
];

const ASSOCIATION_STATES =
  /^SCTP_(CLOSED|COOKIE_(?:WAIT|ECHOED)|ESTABLISHED|SHUTDOWN_(?:PENDING|SENT|RECEIVED|ACK_SENT))$/;

/** The headers have the numbers of SCTP_STATUS, which are one more than those that the kernel itself uses. */
const oneLess =
  (decode: Numbered): Numbered =>
  (number) =>
    decode(number - 1);

const sctpWords = (member: MemberOf): Topic[] => [
  ...[
    member('inet_diag_msg', 'sctp, an association', 'idiag_state'),
    member('sctp_info', 'sctp', 'sctpi_state'),
  ].map((place) => words(ASSOCIATION_STATES, asItIs, named(oneLess(place), 'state'))),
  words(
    /^SCTP_(INACTIVE|PF|ACTIVE|UNCONFIRMED|UNKNOWN)$/,
    lowerCase,
    named(member('sctp_info', 'sctp', 'sctpi_p_state'), 'pState'),
  ),
];

const tlsWords = (headers: Headers): Topic[] => {
  const place = (name: string): Numbered =>
    numeric(tlsInfo(headers), numberOf(headers, `TLS_INFO_${name}`), 2);
  return [
    words(
      /^TLS_(\d_\d)_VERSION$/,
      (rest) => `TLS${rest.replace('_', '.')}`,
      named(place('VERSION'), 'version'),
    ),
    words(
      /^TLS_CIPHER_(?!\w+_SIZE$)(\w+)$/,
      (rest) => rest.replaceAll('_', '-'),
      named(place('CIPHER'), 'cipher'),
    ),
    words(/^TLS_CONF_(\w+)$/, lowerCase, named(place('TXCONF'), 'txconf')),
    words(/^TLS_CONF_(\w+)$/, lowerCase, named(place('RXCONF'), 'rxconf')),
  ];
};

const mptcpWords = (headers: Headers, member: MemberOf): Topic[] => {
  const subflowFlags = numeric(subflow(headers), numberOf(headers, 'MPTCP_SUBFLOW_ATTR_FLAGS'), 4);
  return [
    flags(/^MPTCP_INFO_FLAG_(\w+)$/, flagged(member('mptcp_info', 'mptcp', 'mptcpi_flags'), 'flags')),
    flags(/^MPTCP_SUBFLOW_FLAG_(\w+)$/, flagged(subflowFlags, 'flags')),
  ];
};

const packetWords = (headers: Headers, member: MemberOf): Topic[] => {
  const fanout = numeric(inRecord(PACKET), numberOf(headers, 'PACKET_DIAG_FANOUT'), 4);
  return [
    words(
      /^TPACKET_(V\d)$/,
      lowerCase,
      named(member('packet_diag_info', 'packet', 'pdi_version'), 'version'),
    ),
    flags(/^PDI_(\w+)$/, flagged(member('packet_diag_info', 'packet', 'pdi_flags'), 'flags')),
    words(/^PACKET_MR_(\w+)$/, lowerCase, named(member('packet_diag_mclist', 'packet', 'pdmc_type'), 'type')),
    // The upper half; the lower one is the group's number.
    words(
      /^PACKET_FANOUT_(?!DATA$|FLAG_)(\w+)$/,
      lowerCase,
      named((number) => fanout(number * 2 ** 16), 'fanout.type'),
    ),
  ];
};

/** The names of socket options and of states begin as those of the protocols do. */
const NO_PROTOCOLS = [
  'ADD_MEMBERSHIP',
  'DROP_MEMBERSHIP',
  'PKTINFO',
  'BROADCAST_ERROR',
  'NO_ENOBUFS',
  'RX_RING',
  'TX_RING',
  'LISTEN_ALL_NSID',
  'LIST_MEMBERSHIPS',
  'CAP_ACK',
  'EXT_ACK',
  'GET_STRICT_CHK',
  'UNCONNECTED',
  'CONNECTED',
  // The older name of SOCK_DIAG.
  'INET_DIAG',
];

export const NETLINK_PROTOCOLS: RegExp = new RegExp(
  `^NETLINK_(?!(?:${NO_PROTOCOLS.join('|')})$|DIAG_)([A-Z\\d_]+)$`,
);

/** They are not those of TCP, but of the two the kernel tells the first where no other state is. */
const netlinkStates = (member: MemberOf): Topic => ({
  ...words(
    /^NETLINK_((?:UN)?CONNECTED)$/,
    asItIs,
    named(member('netlink_diag_msg', 'netlink', 'ndiag_state'), 'state'),
    { UNCONNECTED: 'CLOSE', CONNECTED: 'ESTABLISHED' },
  ),
  tried: [],
});

const linkWords = (headers: Headers, member: MemberOf): Topic[] => [
  words(
    NETLINK_PROTOCOLS,
    lowerCase,
    named(member('netlink_diag_msg', 'netlink', 'ndiag_protocol'), 'protocol'),
  ),
  netlinkStates(member),
  flags(
    /^NDIAG_FLAG_(\w+)$/,
    flagged(numeric(inRecord(NETLINK), numberOf(headers, 'NETLINK_DIAG_FLAGS'), 4), 'flags'),
  ),
  flags(/^XDP_DU_F_(\w+)$/, flagged(member('xdp_diag_umem', 'xdp', 'flags'), 'flags')),
  words(
    /^SMC_DIAG_MODE_(\w+)$/,
    lowerCase,
    named(member('smc_diag_msg', 'smc, family 43', 'diag_mode'), 'mode'),
  ),
];

export function wordTopics(headers: Headers): Topic[] {
  const member = memberOf(headers);
  return [
    ...socketWords(member),
    ...tcpWords(member),
    ...sctpWords(member),
    ...tlsWords(headers),
    ...mptcpWords(headers, member),
    ...packetWords(headers, member),
    ...linkWords(headers, member),
  ];
}
