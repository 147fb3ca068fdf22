/** struct sctp_info: how an SCTP association, or endpoint, is doing. */
import { type Read, structure, type UnknownTail } from '../netlink/structure.js';
import { flagsReader, nameOf, stateNameOf } from '../record/words.js';
import { readSocketAddress, type SocketAddress } from './socket-address.js';

/** The states of an association. */
export type SctpState =
  | 'CLOSED'
  | 'COOKIE_WAIT'
  | 'COOKIE_ECHOED'
  | 'ESTABLISHED'
  | 'SHUTDOWN_PENDING'
  | 'SHUTDOWN_SENT'
  | 'SHUTDOWN_RECEIVED'
  | 'SHUTDOWN_ACK_SENT';

export const SCTP_STATES: readonly SctpState[] = [
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_PENDING',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECEIVED',
  'SHUTDOWN_ACK_SENT',
];

/** The states of a path: `'pf'` is potentially failed. */
export type SctpPathState = 'inactive' | 'pf' | 'active' | 'unconfirmed' | 'unknown';

const PATH_STATES: readonly SctpPathState[] = ['inactive', 'pf', 'active', 'unconfirmed'];
const PATH_UNKNOWN = 0xffff;

/** What the peer can do. The object is frozen, and shared between records. */
export interface SctpPeerCapable {
  /** Authenticated chunks (RFC 4895). */
  readonly auth: boolean;
  /** Partial reliability (RFC 3758). */
  readonly prsctp: boolean;
  /** Changes of addresses while connected (RFC 5061). */
  readonly asconf: boolean;
  /** Changes of streams while connected (RFC 6525). */
  readonly reconf: boolean;
  /** IPv6 addresses. */
  readonly ipv6: boolean;
  /** IPv4 addresses. */
  readonly ipv4: boolean;
  /** Congestion marks. */
  readonly ecn: boolean;
  /** Interleaving of messages (RFC 8260). */
  readonly intl: boolean;
}

/** From the lowest bit on. */
export const SCTP_PEER_CAPABLE = [
  'auth',
  'prsctp',
  'asconf',
  'reconf',
  'ipv6',
  'ipv4',
  'ecn',
  'intl',
] as const;

const readCapable: (bits: number) => SctpPeerCapable = flagsReader(SCTP_PEER_CAPABLE);

/** How the peer is acknowledged. The object is frozen, and shared between records. */
export interface SctpPeerSack {
  /** The window that was announced last is closed. */
  readonly zeroWindowAnnounced: boolean;
  /** The generation of acknowledgements, which alternates. */
  readonly sackGeneration: boolean;
  /** An acknowledgement is to be sent. */
  readonly sackNeeded: boolean;
  /** The bits that this version has no name for, where one of them is set. */
  readonly unknown?: number;
}

/** From the lowest bit on. */
export const SCTP_PEER_SACK = ['zeroWindowAnnounced', 'sackGeneration', 'sackNeeded'] as const;

const readSack: (bits: number) => SctpPeerSack = flagsReader(SCTP_PEER_SACK);

/**
 * `struct sctp_info`. Of an association the kernel fills in all but the last nine members (`sAutoclose` and on), of an
 * endpoint only those.
 */
export interface SctpInfo extends UnknownTail {
  /** Verification tag of this side (`sctpi_tag`). */
  tag: number;
  /** (`sctpi_state`.) */
  state: SctpState;
  /** Receive window of this side, bytes (`sctpi_rwnd`). */
  rwnd: number;
  /** DATA chunks sent and not acknowledged (`sctpi_unackdata`). */
  unackdata: number;
  /** DATA chunks received and not yet given to the application (`sctpi_penddata`). */
  penddata: number;
  /** Streams that come in, a count (`sctpi_instrms`). */
  instrms: number;
  /** Streams that go out, a count (`sctpi_outstrms`). */
  outstrms: number;
  /** Never filled in by the kernel (`sctpi_fragmentation_point`). */
  fragmentationPoint: number;
  /** Chunks in the incoming queue (`sctpi_inqueue`). */
  inqueue: number;
  /** Chunks in the outgoing queue (`sctpi_outqueue`). */
  outqueue: number;
  /** Errors in a row, over all paths (`sctpi_overall_error`). */
  overallError: number;
  /** Packets that may go out in a burst (`sctpi_max_burst`). */
  maxBurst: number;
  /** Largest fragment of a message that is sent, bytes (`sctpi_maxseg`). */
  maxseg: number;
  /** Receive window of the peer, bytes (`sctpi_peer_rwnd`). */
  peerRwnd: number;
  /** Verification tag of the peer (`sctpi_peer_tag`). */
  peerTag: number;
  /** (`sctpi_peer_capable`.) */
  peerCapable: SctpPeerCapable;
  /** (`sctpi_peer_sack`.) */
  peerSack: SctpPeerSack;
  /** SACK chunks received, a count (`sctpi_isacks`). */
  isacks: number;
  /** SACK chunks sent, a count (`sctpi_osacks`). */
  osacks: number;
  /** Packets sent, a count (`sctpi_opackets`). */
  opackets: number;
  /** Packets received, a count (`sctpi_ipackets`). */
  ipackets: number;
  /** Chunks sent again, a count (`sctpi_rtxchunks`). */
  rtxchunks: number;
  /** Chunks received beyond what the window allows, a count (`sctpi_outofseqtsns`). */
  outofseqtsns: number;
  /** Chunks received twice, a count (`sctpi_idupchunks`). */
  idupchunks: number;
  /** Gaps that the peer reported, a count (`sctpi_gapcnt`). */
  gapcnt: number;
  /** Unordered DATA chunks sent, a count (`sctpi_ouodchunks`). */
  ouodchunks: number;
  /** Unordered DATA chunks received, a count (`sctpi_iuodchunks`). */
  iuodchunks: number;
  /** Ordered DATA chunks sent, a count (`sctpi_oodchunks`). */
  oodchunks: number;
  /** Ordered DATA chunks received, a count (`sctpi_iodchunks`). */
  iodchunks: number;
  /** Control chunks sent, a count (`sctpi_octrlchunks`). */
  octrlchunks: number;
  /** Control chunks received, a count (`sctpi_ictrlchunks`). */
  ictrlchunks: number;
  /** The primary path: where it leads; of an association only (`sctpi_p_address`). */
  pAddress?: SocketAddress;
  /** (`sctpi_p_state`.) */
  pState: SctpPathState;
  /** Its congestion window, bytes (`sctpi_p_cwnd`). */
  pCwnd: number;
  /** Its smoothed round-trip time, in jiffies of the kernel's CONFIG_HZ (`sctpi_p_srtt`). */
  pSrtt: number;
  /** Its retransmission timeout, milliseconds (`sctpi_p_rto`). */
  pRto: number;
  /** Its heartbeat interval, in jiffies of the kernel's CONFIG_HZ (`sctpi_p_hbinterval`). */
  pHbinterval: number;
  /** After so many retransmissions it is inactive (`sctpi_p_pathmaxrxt`). */
  pPathmaxrxt: number;
  /** Delay of its acknowledgements, milliseconds (`sctpi_p_sackdelay`). */
  pSackdelay: number;
  /** Never filled in by the kernel (`sctpi_p_sackfreq`). */
  pSackfreq: number;
  /** Its slow-start threshold, bytes (`sctpi_p_ssthresh`). */
  pSsthresh: number;
  /** Bytes acknowledged in congestion avoidance (`sctpi_p_partial_bytes_acked`). */
  pPartialBytesAcked: number;
  /** Bytes on their way (`sctpi_p_flight_size`). */
  pFlightSize: number;
  /** Errors of the path in a row (`sctpi_p_error`). */
  pError: number;
  /** SCTP_AUTOCLOSE, seconds (`sctpi_s_autoclose`). */
  sAutoclose: number;
  /** SCTP_ADAPTATION_LAYER (`sctpi_s_adaptation_ind`). */
  sAdaptationInd: number;
  /** SCTP_PARTIAL_DELIVERY_POINT, bytes (`sctpi_s_pd_point`). */
  sPdPoint: number;
  /** SCTP_NODELAY (`sctpi_s_nodelay`). */
  sNodelay: boolean;
  /** SCTP_DISABLE_FRAGMENTS (`sctpi_s_disable_fragments`). */
  sDisableFragments: boolean;
  /** SCTP_I_WANT_MAPPED_V4_ADDR (`sctpi_s_v4mapped`). */
  sV4mapped: boolean;
  /** SCTP_FRAGMENT_INTERLEAVE (`sctpi_s_frag_interleave`). */
  sFragInterleave: number;
  /** 0 for one-to-many sockets, 1 for those with a high bandwidth, 2 for one-to-one sockets (`sctpi_s_type`). */
  sType: number;
}

const SCTP_INFO_LENGTH = 368;

/** Up to its last member; it has been as long as this since the first kernel that sends it. */
export const LEAST_SCTP_INFO = 364;

/** Of an endpoint, there is no primary path. */
export const readSctpInfo: Read<SctpInfo> = (memory, at, length) => {
  const info = readMembers(memory, at, length);
  if (memory.u16(at + PRIMARY_OFFSET) === AF_UNSPEC) delete info.pAddress;
  return info;
};

const PRIMARY_OFFSET = 168;
const AF_UNSPEC = 0;

const readMembers: Read<SctpInfo> = structure(
  SCTP_INFO_LENGTH,
  (members): SctpInfo => ({
    tag: members.u32(0),
    state: stateNameOf(SCTP_STATES, members.u32(4)),
    rwnd: members.u32(8),
    unackdata: members.u16(12),
    penddata: members.u16(14),
    instrms: members.u16(16),
    outstrms: members.u16(18),
    fragmentationPoint: members.u32(20),
    inqueue: members.u32(24),
    outqueue: members.u32(28),
    overallError: members.u32(32),
    maxBurst: members.u32(36),
    maxseg: members.u32(40),
    peerRwnd: members.u32(44),
    peerTag: members.u32(48),
    peerCapable: readCapable(members.u8(52)),
    peerSack: readSack(members.u8(53)),
    isacks: members.u64(56),
    osacks: members.u64(64),
    opackets: members.u64(72),
    ipackets: members.u64(80),
    rtxchunks: members.u64(88),
    outofseqtsns: members.u64(96),
    idupchunks: members.u64(104),
    gapcnt: members.u64(112),
    ouodchunks: members.u64(120),
    iuodchunks: members.u64(128),
    oodchunks: members.u64(136),
    iodchunks: members.u64(144),
    octrlchunks: members.u64(152),
    ictrlchunks: members.u64(160),
    pAddress: readSocketAddress(members.memory, members.at + PRIMARY_OFFSET),
    pState: pathState(members.i32(296)),
    pCwnd: members.u32(300),
    pSrtt: members.u32(304),
    pRto: members.u32(308),
    pHbinterval: members.u32(312),
    pPathmaxrxt: members.u32(316),
    pSackdelay: members.u32(320),
    pSackfreq: members.u32(324),
    pSsthresh: members.u32(328),
    pPartialBytesAcked: members.u32(332),
    pFlightSize: members.u32(336),
    pError: members.u16(340),
    sAutoclose: members.u32(344),
    sAdaptationInd: members.u32(348),
    sPdPoint: members.u32(352),
    sNodelay: members.u8(356) !== 0,
    sDisableFragments: members.u8(357) !== 0,
    sV4mapped: members.u8(358) !== 0,
    sFragInterleave: members.u8(359),
    sType: members.u32(360),
  }),
);

function pathState(number: number): SctpPathState {
  return number === PATH_UNKNOWN ? 'unknown' : nameOf(PATH_STATES, number);
}
