/** How each IP protocol is looked up. */
import { DCCP, type DccpDiagMsg, type DccpShow, decodeDccp } from '../inet/dccp.js';
import { MPTCP } from '../inet/mptcp.js';
import { decodeRaw, RAW, type RawDiagMsg, type RawShow } from '../inet/raw.js';
import { INET_DIAG_MSG_LENGTH } from '../inet/record.js';
import { decodeSctp, SCTP, type SctpDiagMsg, type SctpShow } from '../inet/sctp.js';
import { hasCookie, isUnconnected } from '../inet/sockid.js';
import { decodeTcp, decodeTcpWithKeys, TCP, type TcpDiagMsg, type TcpShow } from '../inet/tcp.js';
import {
  decodeUdp,
  decodeUdpLite,
  UDP,
  UDPLITE,
  type UdpDiagMsg,
  type UdpLiteDiagMsg,
  type UdpShow,
} from '../inet/udp.js';
import type { AnswerShape } from '../netlink/exchange.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { SOCKET_STATES, type SocketState } from '../record/state.js';
import type { InetLookup, InetRecord } from './inet.js';

type HiddenIn = InetLookup<InetRecord, never>['hiddenIn'];

/** A record of a protocol, as the answer to a lookup. */
export const answerOf = ({ nests }: { nests?: Uint16Array }): AnswerShape => ({
  type: SOCK_DIAG_BY_FAMILY,
  headerLength: INET_DIAG_MSG_LENGTH,
  nests,
});

/**
 * A group with SO_REUSEPORT, of whose members the kernel chooses one; and what no lookup finds: bound sockets, which
 * may have become others meanwhile, as others may have become bound ones.
 */
const hiddenTcp: HiddenIn = (sockid, state) => {
  if (!isUnconnected(sockid)) return [];
  if (state === 'SYN_SENT') return [['SYN_SENT']];
  const first: readonly SocketState[] = state === 'CLOSE' ? ['BOUND_INACTIVE'] : ['LISTEN'];
  return hasCookie(sockid) ? [first, SOCKET_STATES] : [first];
};

const ALL_OF_UDP: readonly (readonly SocketState[])[] = [['ESTABLISHED', 'CLOSE']];

/** Likewise, and the members of a multicast group. */
const hiddenUdp: HiddenIn = () => ALL_OF_UDP;

/** No lookup of these compares cookies, and the first of several like it is found. */
const hiddenRaw: HiddenIn = hiddenUdp;

const neverHidden: HiddenIn = () => [];

export const TCP_LOOKUP: InetLookup<TcpDiagMsg, TcpShow> = {
  kind: TCP,
  answer: answerOf(TCP),
  decode: decodeTcp,
  // Below a socket of Multipath TCP is one of TCP with the same addresses and ports.
  numbers: [TCP.number, MPTCP.number],
  hiddenIn: hiddenTcp,
};

export const TCP_LOOKUP_WITH_KEYS: InetLookup<TcpDiagMsg, TcpShow> = {
  ...TCP_LOOKUP,
  decode: decodeTcpWithKeys,
};

export const UDP_LOOKUP: InetLookup<UdpDiagMsg, UdpShow> = {
  kind: UDP,
  answer: answerOf(UDP),
  decode: decodeUdp,
  isSwapped: true,
  numbers: [UDP.number],
  hiddenIn: hiddenUdp,
};

export const UDPLITE_LOOKUP: InetLookup<UdpLiteDiagMsg, UdpShow> = {
  kind: UDPLITE,
  answer: answerOf(UDPLITE),
  decode: decodeUdpLite,
  isSwapped: true,
  numbers: [UDPLITE.number],
  hiddenIn: hiddenUdp,
};

export const RAW_LOOKUP: InetLookup<RawDiagMsg, RawShow> = {
  kind: RAW,
  answer: answerOf(RAW),
  decode: decodeRaw,
  numbers: [],
  hiddenIn: hiddenRaw,
};

export const SCTP_LOOKUP: InetLookup<SctpDiagMsg, SctpShow> = {
  kind: SCTP,
  answer: answerOf(SCTP),
  decode: decodeSctp,
  numbers: [],
  hiddenIn: neverHidden,
};

export const DCCP_LOOKUP: InetLookup<DccpDiagMsg, DccpShow> = {
  kind: DCCP,
  answer: answerOf(DCCP),
  decode: decodeDccp,
  numbers: [],
  hiddenIn: hiddenTcp,
};
