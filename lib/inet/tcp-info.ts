/** struct tcp_info: how a TCP connection is doing. */
import { type Read, structure, type UnknownTail } from '../netlink/structure.js';
import { type SocketState, stateName } from '../record/state.js';
import { flagsReader, nameOf } from '../record/words.js';

/**
 * What congestion control makes of the path: `'Open'` all is well; `'Disorder'` duplicate acknowledgements or SACKs;
 * `'CWR'` the window shrinks after a congestion mark; `'Recovery'` fast retransmission; `'Loss'` a timeout.
 */
export type TcpCaState = 'Open' | 'Disorder' | 'CWR' | 'Recovery' | 'Loss';

const CA_STATES: readonly TcpCaState[] = ['Open', 'Disorder', 'CWR', 'Recovery', 'Loss'];

/** Why TCP Fast Open of a client fell back (`tcp_fastopen_client_fail`). */
export type TcpFastopenClientFail = 'unspec' | 'cookie_unavailable' | 'data_not_acked' | 'syn_retransmitted';

const FASTOPEN_FAILS: readonly TcpFastopenClientFail[] = [
  'unspec',
  'cookie_unavailable',
  'data_not_acked',
  'syn_retransmitted',
];

/** What was negotiated (`tcpi_options`, TCPI_OPT_*). The object is frozen, and shared between records. */
export interface TcpOptions {
  /** TCP timestamps (RFC 7323). */
  readonly timestamps: boolean;
  /** Selective acknowledgements (RFC 2018). */
  readonly sack: boolean;
  /** Window scaling (RFC 7323), by `sndWscale` and `rcvWscale`. */
  readonly wscale: boolean;
  /** ECN was negotiated. */
  readonly ecn: boolean;
  /** At least one packet with an ECN-capable mark was received. */
  readonly ecnSeen: boolean;
  /** The peer acknowledged data that was sent or received in the SYN. */
  readonly synData: boolean;
  /** Timestamps count microseconds (since Linux 6.7). */
  readonly usecTs: boolean;
  /** A connection that a listener made by TCP Fast Open (since Linux 6.17). */
  readonly tfoChild: boolean;
  /** The bits that this version has no name for, where one of them is set. */
  readonly unknown?: number;
}

const readOptions: (bits: number) => TcpOptions = flagsReader([
  'timestamps',
  'sack',
  'wscale',
  'ecn',
  'ecnSeen',
  'synData',
  'usecTs',
  'tfoChild',
]);

/**
 * `struct tcp_info`, as getsockopt(TCP_INFO) gives it too. A member that the kernel does not have yet is undefined. Of a
 * listener only `state`, `unacked` (connections that wait to be accepted), `sacked` (the backlog limit), `reordering`,
 * `sndCwnd` and the pacing rates mean something.
 */
export interface TcpInfo extends UnknownTail {
  /** (`tcpi_state`.) */
  state: SocketState;
  /** (`tcpi_ca_state`.) */
  caState: TcpCaState;
  /** Timeouts in a row without an acknowledgement, a count (`tcpi_retransmits`). */
  retransmits: number;
  /** Window or keepalive probes without an answer, a count (`tcpi_probes`). */
  probes: number;
  /** Exponent by which the retransmission timeout has grown (`tcpi_backoff`). */
  backoff: number;
  /** (`tcpi_options`.) */
  options: TcpOptions;
  /** Window scale that the peer asked for: windows it announces are shifted left by so many bits. */
  sndWscale: number;
  /** Window scale that this end asked for, bits. */
  rcvWscale: number;
  /** `deliveryRate` was limited by what the application gave to send, not by the path. */
  deliveryRateAppLimited: boolean;
  /** (`tcpi_fastopen_client_fail`; Linux 5.5.) */
  fastopenClientFail: TcpFastopenClientFail;
  /** Retransmission timeout, microseconds (`tcpi_rto`). */
  rto: number;
  /** Delayed acknowledgement timeout, microseconds (`tcpi_ato`). */
  ato: number;
  /** Largest segment that is sent, bytes (`tcpi_snd_mss`). */
  sndMss: number;
  /** Size of segments that the peer sends, an estimate, bytes (`tcpi_rcv_mss`). */
  rcvMss: number;
  /** Segments sent and not acknowledged; for LISTEN connections that wait to be accepted (`tcpi_unacked`). */
  unacked: number;
  /** Segments that the peer has out of order; for LISTEN the backlog limit (`tcpi_sacked`). */
  sacked: number;
  /** Segments that are believed lost (`tcpi_lost`). */
  lost: number;
  /** Segments sent again and not acknowledged yet (`tcpi_retrans`). */
  retrans: number;
  /** Always 0 since Linux 4.15 (`tcpi_fackets`). */
  fackets: number;
  /** Since data was sent last, milliseconds (`tcpi_last_data_sent`). */
  lastDataSent: number;
  /** Never filled in by the kernel (`tcpi_last_ack_sent`). */
  lastAckSent: number;
  /** Since data was received last, milliseconds (`tcpi_last_data_recv`). */
  lastDataRecv: number;
  /** Since an acknowledgement was received last, milliseconds (`tcpi_last_ack_recv`). */
  lastAckRecv: number;
  /** Path MTU, bytes (`tcpi_pmtu`). */
  pmtu: number;
  /** How far the receive window may open now, bytes (`tcpi_rcv_ssthresh`). */
  rcvSsthresh: number;
  /** Smoothed round-trip time, microseconds (`tcpi_rtt`). */
  rtt: number;
  /** Its mean deviation, microseconds (`tcpi_rttvar`). */
  rttvar: number;
  /** Slow-start threshold, segments (`tcpi_snd_ssthresh`); `Infinity` until there was congestion. */
  sndSsthresh: number;
  /** Congestion window, segments (`tcpi_snd_cwnd`). */
  sndCwnd: number;
  /** Largest segment that this end announces, bytes (`tcpi_advmss`). */
  advmss: number;
  /** How far segments are expected to be reordered, segments (`tcpi_reordering`). */
  reordering: number;
  /** Round-trip time seen as receiver, microseconds (`tcpi_rcv_rtt`). */
  rcvRtt: number;
  /** Receive buffer that is tuned for, bytes (`tcpi_rcv_space`). */
  rcvSpace: number;
  /** Segments ever sent again, a count (`tcpi_total_retrans`). */
  totalRetrans: number;
  /** Bytes a second (`tcpi_pacing_rate`); `Infinity` without a limit. */
  pacingRate: number;
  /** SO_MAX_PACING_RATE, bytes a second (`tcpi_max_pacing_rate`); `Infinity` without a limit. */
  maxPacingRate: number;
  /** Bytes that the peer acknowledged; SYN and FIN count one each (`tcpi_bytes_acked`). */
  bytesAcked: number;
  /** Bytes received in order; FIN counts as one (`tcpi_bytes_received`). */
  bytesReceived: number;
  /** Segments sent, a count (`tcpi_segs_out`). */
  segsOut: number;
  /** Segments received, a count (`tcpi_segs_in`). */
  segsIn: number;
  /** Bytes written and not yet sent (`tcpi_notsent_bytes`). */
  notsentBytes: number;
  /** Smallest round-trip time of late, microseconds (`tcpi_min_rtt`); `Infinity` while there is none. */
  minRtt: number;
  /** Segments received that had data, a count (`tcpi_data_segs_in`). */
  dataSegsIn: number;
  /** Segments sent that had data, a count (`tcpi_data_segs_out`). */
  dataSegsOut: number;
  /** How fast data was delivered of late, bytes a second (`tcpi_delivery_rate`). */
  deliveryRate: number;
  /** How long there was something to send, microseconds (`tcpi_busy_time`). */
  busyTime: number;
  /** How long sending waited for the peer's window, microseconds (`tcpi_rwnd_limited`). */
  rwndLimited: number;
  /** How long sending waited for this end's send buffer, microseconds (`tcpi_sndbuf_limited`). */
  sndbufLimited: number;
  /** Segments delivered, those sent again included, a count (`tcpi_delivered`). */
  delivered: number;
  /** Those of them that the peer reported with a congestion mark, a count (`tcpi_delivered_ce`). */
  deliveredCe: number;
  /** Bytes of data sent, those sent again included (`tcpi_bytes_sent`). */
  bytesSent: number;
  /** Bytes of data sent again (`tcpi_bytes_retrans`). */
  bytesRetrans: number;
  /** Duplicates that the peer reported, a count (`tcpi_dsack_dups`). */
  dsackDups: number;
  /** How often reordering was seen, a count (`tcpi_reord_seen`). */
  reordSeen: number;
  /** Segments received out of order, a count (`tcpi_rcv_ooopack`; since Linux 5.4). */
  rcvOoopack?: number;
  /** The window that the peer announced, bytes (`tcpi_snd_wnd`; since Linux 5.4). */
  sndWnd?: number;
  /** The window that this end announced, bytes (`tcpi_rcv_wnd`; since Linux 6.2). */
  rcvWnd?: number;
  /** How often another path was tried by a new hash, a count (`tcpi_rehash`; since Linux 6.2). */
  rehash?: number;
  /** Timeouts ever, a count (`tcpi_total_rto`; since Linux 6.7). */
  totalRto?: number;
  /** Recoveries from timeouts ever, a count (`tcpi_total_rto_recoveries`; since Linux 6.7). */
  totalRtoRecoveries?: number;
  /** Time spent in such recoveries, milliseconds (`tcpi_total_rto_time`; since Linux 6.7). */
  totalRtoTime?: number;
  /** Segments received with a congestion mark, a count (`tcpi_received_ce`; since Linux 6.18). */
  receivedCe?: number;
  /** AccECN: bytes that the peer got marked ECT(1) (`tcpi_delivered_e1_bytes`; since Linux 6.18). */
  deliveredE1Bytes?: number;
  /** AccECN: bytes that the peer got marked ECT(0) (`tcpi_delivered_e0_bytes`; since Linux 6.18). */
  deliveredE0Bytes?: number;
  /** AccECN: bytes that the peer got marked CE (`tcpi_delivered_ce_bytes`; since Linux 6.18). */
  deliveredCeBytes?: number;
  /** AccECN: bytes received that were marked ECT(1) (`tcpi_received_e1_bytes`; since Linux 6.18). */
  receivedE1Bytes?: number;
  /** AccECN: bytes received that were marked ECT(0) (`tcpi_received_e0_bytes`; since Linux 6.18). */
  receivedE0Bytes?: number;
  /** AccECN: bytes received that were marked CE (`tcpi_received_ce_bytes`; since Linux 6.18). */
  receivedCeBytes?: number;
  /**
   * AccECN: bytes 276 to 279 as one number (since Linux 6.18). Linux 6.18 and 6.19 have `tcpi_accecn_fail_mode` and
   * `tcpi_accecn_opt_seen` there, of 16 bits each; Linux 7.0 put other fields in their place without changing the length.
   * `accecnOf` takes it apart.
   */
  accecn?: number;
}

/** Bytes of `struct tcp_info` in Linux 6.18. */
const TCP_INFO_LENGTH = 280;

/** That of Linux 3.14; shorter ones are not decoded. */
export const LEAST_TCP_INFO = 104;

const INFINITE_SSTHRESH = 0x7fff_ffff;

/** How a TCP_INFO payload is read. */
export const readTcpInfo: Read<TcpInfo> = structure(
  TCP_INFO_LENGTH,
  (members): TcpInfo => ({
    state: stateName(members.u8(0)),
    caState: nameOf(CA_STATES, members.u8(1)),
    retransmits: members.u8(2),
    probes: members.u8(3),
    backoff: members.u8(4),
    options: readOptions(members.u8(5)),
    sndWscale: members.bits(6, 0, 4),
    rcvWscale: members.bits(6, 4, 4),
    deliveryRateAppLimited: members.bits(7, 0, 1) === 1,
    fastopenClientFail: nameOf(FASTOPEN_FAILS, members.bits(7, 1, 2)),
    rto: members.u32(8),
    ato: members.u32(12),
    sndMss: members.u32(16),
    rcvMss: members.u32(20),
    unacked: members.u32(24),
    sacked: members.u32(28),
    lost: members.u32(32),
    retrans: members.u32(36),
    fackets: members.u32(40),
    lastDataSent: members.u32(44),
    lastAckSent: members.u32(48),
    lastDataRecv: members.u32(52),
    lastAckRecv: members.u32(56),
    pmtu: members.u32(60),
    rcvSsthresh: members.u32(64),
    rtt: members.u32(68),
    rttvar: members.u32(72),
    sndSsthresh: members.u32(76) === INFINITE_SSTHRESH ? Infinity : members.u32(76),
    sndCwnd: members.u32(80),
    advmss: members.u32(84),
    reordering: members.u32(88),
    rcvRtt: members.u32(92),
    rcvSpace: members.u32(96),
    totalRetrans: members.u32(100),
    pacingRate: members.u64OrInfinity(104),
    maxPacingRate: members.u64OrInfinity(112),
    bytesAcked: members.u64(120),
    bytesReceived: members.u64(128),
    segsOut: members.u32(136),
    segsIn: members.u32(140),
    notsentBytes: members.u32(144),
    minRtt: members.u32OrInfinity(148),
    dataSegsIn: members.u32(152),
    dataSegsOut: members.u32(156),
    deliveryRate: members.u64(160),
    busyTime: members.u64(168),
    rwndLimited: members.u64(176),
    sndbufLimited: members.u64(184),
    delivered: members.u32(192),
    deliveredCe: members.u32(196),
    bytesSent: members.u64(200),
    bytesRetrans: members.u64(208),
    dsackDups: members.u32(216),
    reordSeen: members.u32(220),
    rcvOoopack: members.u32(224),
    sndWnd: members.u32(228),
    rcvWnd: members.u32(232),
    rehash: members.u32(236),
    totalRto: members.u16(240),
    totalRtoRecoveries: members.u16(242),
    totalRtoTime: members.u32(244),
    receivedCe: members.u32(248),
    deliveredE1Bytes: members.u32(252),
    deliveredE0Bytes: members.u32(256),
    deliveredCeBytes: members.u32(260),
    receivedE1Bytes: members.u32(264),
    receivedE0Bytes: members.u32(268),
    receivedCeBytes: members.u32(272),
    accecn: members.u32(276),
  }),
);
