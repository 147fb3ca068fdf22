/** struct mptcp_info: how a Multipath TCP connection is doing. */
import { type Members, type Read, structure, type UnknownTail } from '../netlink/structure.js';
import { readHexadecimal } from '../record/hexadecimal.js';
import { flagsReader } from '../record/words.js';

/** (`mptcpi_flags`, MPTCP_INFO_FLAG_*.) The object is frozen, and shared between records. */
export interface MptcpFlags {
  /** The peer does not speak MPTCP: this is plain TCP. */
  readonly fallback: boolean;
  /** The peer's key has come: the connection is fully established. */
  readonly remoteKeyReceived: boolean;
  /** The bits that this version has no name for, where one of them is set. */
  readonly unknown?: number;
}

const readFlags: (bits: number) => MptcpFlags = flagsReader(['fallback', 'remoteKeyReceived']);

/**
 * `struct mptcp_info`. A member that the kernel does not have yet is undefined. Sequence numbers of the connection have 64
 * bits and begin anywhere: they are text, lower-case hexadecimal without leading zeros.
 */
export interface MptcpInfo extends UnknownTail {
  /** Subflows beside the first, a count (`mptcpi_subflows`). */
  subflows: number;
  /** Addresses announced to the peer, a count (`mptcpi_add_addr_signal`). */
  addAddrSignal: number;
  /** Announcements of the peer that were accepted, a count (`mptcpi_add_addr_accepted`). */
  addAddrAccepted: number;
  /** Limit of `subflows` (`mptcpi_subflows_max`). */
  subflowsMax: number;
  /** Addresses that there are to announce, a count (`mptcpi_add_addr_signal_max`). */
  addAddrSignalMax: number;
  /** Limit of `addAddrAccepted` (`mptcpi_add_addr_accepted_max`). */
  addAddrAcceptedMax: number;
  /** (`mptcpi_flags`.) */
  flags: MptcpFlags;
  /** Names the connection on this machine; its subflows have it as `tokenLoc` (`mptcpi_token`). */
  token: number;
  /** Sequence number of the next byte to be written, as text (`mptcpi_write_seq`). */
  writeSeq: string;
  /** Sequence number of the first byte not acknowledged, as text (`mptcpi_snd_una`). */
  sndUna: string;
  /** Sequence number of the next byte to be received, as text (`mptcpi_rcv_nxt`). */
  rcvNxt: string;
  /** Local addresses in use, a count (`mptcpi_local_addr_used`; since Linux 5.15). */
  localAddrUsed?: number;
  /** Limit of the above (`mptcpi_local_addr_max`; since Linux 5.15). */
  localAddrMax?: number;
  /** Data is covered by a checksum (`mptcpi_csum_enabled`; since Linux 5.15). */
  csumEnabled?: boolean;
  /** Retransmissions at the level of the connection, a count (`mptcpi_retransmits`; since Linux 6.5). */
  retransmits?: number;
  /** Bytes sent again at the level of the connection (`mptcpi_bytes_retrans`; since Linux 6.5). */
  bytesRetrans?: number;
  /** Bytes of data sent (`mptcpi_bytes_sent`; since Linux 6.5). */
  bytesSent?: number;
  /** Bytes of data received (`mptcpi_bytes_received`; since Linux 6.5). */
  bytesReceived?: number;
  /** Bytes of data that the peer acknowledged (`mptcpi_bytes_acked`; since Linux 6.5). */
  bytesAcked?: number;
  /** Subflows, the first included, a count (`mptcpi_subflows_total`; since Linux 6.8). */
  subflowsTotal?: number;
  /** Limit of laminar endpoints (`mptcpi_endp_laminar_max`; since Linux 6.18, 0 before). */
  endpLaminarMax?: number;
  /** Limit of fullmesh endpoints (`mptcpi_endp_fullmesh_max`; since Linux 7.0, 0 before). */
  endpFullmeshMax?: number;
  /** Since data was sent last, milliseconds (`mptcpi_last_data_sent`; since Linux 6.12). */
  lastDataSent?: number;
  /** Since data was received last, milliseconds (`mptcpi_last_data_recv`; since Linux 6.12). */
  lastDataRecv?: number;
  /** Since an acknowledgement was received last, milliseconds (`mptcpi_last_ack_recv`; since Linux 6.12). */
  lastAckRecv?: number;
}

const MPTCP_INFO_LENGTH = 96;

/** The structure had padding at `mptcpi_retransmits` when it ended behind it: what is there then may be garbage. */
const LENGTH_WITH_RETRANSMITS = 56;

export const readMptcpInfo: Read<MptcpInfo> = (memory, at, length) => {
  const info = readMembers(memory, at, length);
  if (length < LENGTH_WITH_RETRANSMITS) delete info.retransmits;
  return info;
};

const sequence = ({ memory, at }: Members, offset: number): string => readHexadecimal(memory, at + offset);

const readMembers: Read<MptcpInfo> = structure(
  MPTCP_INFO_LENGTH,
  (members): MptcpInfo => ({
    subflows: members.u8(0),
    addAddrSignal: members.u8(1),
    addAddrAccepted: members.u8(2),
    subflowsMax: members.u8(3),
    addAddrSignalMax: members.u8(4),
    addAddrAcceptedMax: members.u8(5),
    flags: readFlags(members.u32(8)),
    token: members.u32(12),
    writeSeq: sequence(members, 16),
    sndUna: sequence(members, 24),
    rcvNxt: sequence(members, 32),
    localAddrUsed: members.u8(40),
    localAddrMax: members.u8(41),
    csumEnabled: members.u8(42) !== 0,
    retransmits: members.u32(44),
    bytesRetrans: members.u64(48),
    bytesSent: members.u64(56),
    bytesReceived: members.u64(64),
    bytesAcked: members.u64(72),
    subflowsTotal: members.u8(80),
    endpLaminarMax: members.u8(81),
    endpFullmeshMax: members.u8(82),
    lastDataSent: members.u32(84),
    lastDataRecv: members.u32(88),
    lastAckRecv: members.u32(92),
  }),
);
