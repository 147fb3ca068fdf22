/** struct xdp_diag_stats: what an XDP socket has lost. */
import { type Members, type Read, structure, type UnknownTail } from '../netlink/structure.js';

/** `xdp_diag_stats`: what went wrong since the socket was made, in counts. */
export interface XdpStats extends UnknownTail {
  /** Packets that were dropped, but not for a full ring: too large, or without room in the memory (`n_rx_dropped`). */
  nRxDropped: number;
  /** Descriptors for receiving that made no sense (`n_rx_invalid`). */
  nRxInvalid: number;
  /** Packets that were dropped because the receive ring was full (`n_rx_full`). */
  nRxFull: number;
  /** How often the fill ring had no room to offer for a packet (`n_fill_ring_empty`). */
  nFillRingEmpty: number;
  /** Descriptors for sending that made no sense (`n_tx_invalid`). */
  nTxInvalid: number;
  /** How often the send ring had nothing to send (`n_tx_ring_empty`). */
  nTxRingEmpty: number;
}

export const XDP_STATS_LENGTH = 48;

export const readStats: Read<XdpStats> = structure(
  XDP_STATS_LENGTH,
  (members: Members): XdpStats => ({
    nRxDropped: members.u64(0),
    nRxInvalid: members.u64(8),
    nRxFull: members.u64(16),
    nFillRingEmpty: members.u64(24),
    nTxInvalid: members.u64(32),
    nTxRingEmpty: members.u64(40),
  }),
);
