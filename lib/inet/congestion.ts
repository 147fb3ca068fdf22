/** What congestion control algorithms tell of themselves. */
import { type Read, structure, type UnknownTail } from '../netlink/structure.js';

/** `struct tcpvegas_info`, of the algorithms vegas, yeah, nv, illinois and westwood. */
export interface TcpVegasInfo extends UnknownTail {
  /** The algorithm is at work (`tcpv_enabled`). */
  enabled: boolean;
  /** Round trips measured in this round-trip time, a count (`tcpv_rttcnt`). */
  rttcnt: number;
  /** The last round-trip time, or what the algorithm makes of it, microseconds (`tcpv_rtt`). */
  rtt: number;
  /** The smallest round-trip time, microseconds (`tcpv_minrtt`). */
  minrtt: number;
}

export const readVegasInfo: Read<TcpVegasInfo> = structure(
  16,
  (members): TcpVegasInfo => ({
    enabled: members.u32(0) !== 0,
    rttcnt: members.u32(4),
    rtt: members.u32(8),
    minrtt: members.u32(12),
  }),
);

/** `struct tcp_dctcp_info`, of Data Center TCP. */
export interface TcpDctcpInfo extends UnknownTail {
  /** The algorithm is at work, and not its fallback to reno (`dctcp_enabled`). */
  enabled: boolean;
  /** The last segment came with a congestion mark (`dctcp_ce_state`). */
  ceState: number;
  /** The share of marked segments, of 1024 (`dctcp_alpha`). */
  alpha: number;
  /** Bytes acknowledged with a mark in this window (`dctcp_ab_ecn`). */
  abEcn: number;
  /** Bytes acknowledged in this window (`dctcp_ab_tot`). */
  abTot: number;
}

export const readDctcpInfo: Read<TcpDctcpInfo> = structure(
  16,
  (members): TcpDctcpInfo => ({
    enabled: members.u16(0) !== 0,
    ceState: members.u16(2),
    alpha: members.u32(4),
    abEcn: members.u32(8),
    abTot: members.u32(12),
  }),
);

/** `struct tcp_bbr_info`. */
export interface TcpBbrInfo extends UnknownTail {
  /** The bandwidth of the path, an estimate, bytes a second (`bbr_bw_lo` and `bbr_bw_hi`). */
  bw: number;
  /** The smallest round-trip time, microseconds (`bbr_min_rtt`); `Infinity` while there is none. */
  minRtt: number;
  /** By what the bandwidth is multiplied for pacing, of 256 (`bbr_pacing_gain`). */
  pacingGain: number;
  /** By what the bandwidth-delay product is multiplied for the congestion window, of 256 (`bbr_cwnd_gain`). */
  cwndGain: number;
}

export const readBbrInfo: Read<TcpBbrInfo> = structure(
  20,
  (members): TcpBbrInfo => ({
    bw: members.u64(0),
    minRtt: members.u32OrInfinity(8),
    pacingGain: members.u32(12),
    cwndGain: members.u32(16),
  }),
);
