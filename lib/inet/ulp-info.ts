/** INET_DIAG_ULP_INFO: what sits on top of a TCP connection inside the kernel: TLS, or MPTCP. */
import {
  type AttributeTable,
  attributeTable,
  padding,
  readNested,
  type UnknownAttributes,
} from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { readHexadecimal } from '../record/hexadecimal.js';
import { flagsReader, nameOf } from '../record/words.js';

/** (`INET_DIAG_ULP_INFO`.) */
export interface UlpInfo extends UnknownAttributes {
  /** `'tls'`, `'mptcp'`, `'espintcp'` or `'smc'` (`INET_ULP_INFO_NAME`). */
  name?: string;
  /** (`INET_ULP_INFO_TLS`.) */
  tls?: TlsInfo;
  /** The connection is a subflow of Multipath TCP (`INET_ULP_INFO_MPTCP`). */
  mptcp?: MptcpSubflowInfo;
}

export type TlsVersion = 'TLS1.2' | 'TLS1.3';

export type TlsCipher =
  | 'AES-GCM-128'
  | 'AES-GCM-256'
  | 'AES-CCM-128'
  | 'CHACHA20-POLY1305'
  | 'SM4-GCM'
  | 'SM4-CCM'
  | 'ARIA-GCM-128'
  | 'ARIA-GCM-256';

/**
 * Who does the cryptography: `'base'` nobody yet, `'sw'` the kernel, `'hw'` the network device, `'hw_record'` a device
 * that does all of the record layer.
 */
export type TlsConf = 'base' | 'sw' | 'hw' | 'hw_record';

/** Kernel TLS. What is not set up yet is absent. */
export interface TlsInfo extends UnknownAttributes {
  /** (`TLS_INFO_VERSION`.) */
  version?: TlsVersion;
  /** (`TLS_INFO_CIPHER`.) */
  cipher?: TlsCipher;
  /** Sending (`TLS_INFO_TXCONF`). */
  txconf?: TlsConf;
  /** Receiving (`TLS_INFO_RXCONF`). */
  rxconf?: TlsConf;
  /** TLS_TX_ZEROCOPY_RO is set: sendfile does not copy (`TLS_INFO_ZC_RO_TX`; since Linux 5.19). Absent if not. */
  zcRoTx?: true;
  /** TLS_RX_EXPECT_NO_PAD is set (`TLS_INFO_RX_NO_PAD`; since Linux 6.0). Absent if not. */
  rxNoPad?: true;
  /** Most bytes of data in a record that is sent (`TLS_INFO_TX_MAX_PAYLOAD_LEN`; since Linux 7.0). */
  txMaxPayloadLen?: number;
}

/** (`MPTCP_SUBFLOW_ATTR_FLAGS`.) The object is frozen, and shared between records. */
export interface MptcpSubflowFlags {
  /** The peer offered MPTCP on this subflow. */
  readonly mcapRem: boolean;
  /** This side offered MPTCP on this subflow. */
  readonly mcapLoc: boolean;
  /** The peer asked for the subflow to join the connection. */
  readonly joinRem: boolean;
  /** This side asked for it. */
  readonly joinLoc: boolean;
  /** The peer uses it as a backup only. */
  readonly bkupRem: boolean;
  /** This side uses it as a backup only. */
  readonly bkupLoc: boolean;
  /** The handshake of MPTCP is complete. */
  readonly fullyEstablished: boolean;
  /** The subflow is connected. */
  readonly connected: boolean;
  /** There is a current mapping, which the sequence numbers tell. */
  readonly mapvalid: boolean;
  /** The bits that this version has no name for, where one of them is set. */
  readonly unknown?: number;
}

/**
 * A subflow of Multipath TCP. `Rem` is the peer's side, `Loc` this one. The sequence numbers are told to CAP_NET_ADMIN only.
 */
export interface MptcpSubflowInfo extends UnknownAttributes {
  /** The peer's token of the connection (`MPTCP_SUBFLOW_ATTR_TOKEN_REM`). */
  tokenRem?: number;
  /** This side's, which is `info.token` of the MPTCP socket (`MPTCP_SUBFLOW_ATTR_TOKEN_LOC`). */
  tokenLoc?: number;
  /** What was written to the subflow, bytes (`MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ`). */
  relwriteSeq?: number;
  /**
   * Data sequence number of the current mapping (`MPTCP_SUBFLOW_ATTR_MAP_SEQ`): 64 bits, as text, lower-case hexadecimal
   * without leading zeros.
   */
  mapSeq?: string;
  /** Its sequence number within the subflow (`MPTCP_SUBFLOW_ATTR_MAP_SFSEQ`). */
  mapSfseq?: number;
  /** (`MPTCP_SUBFLOW_ATTR_SSN_OFFSET`.) */
  ssnOffset?: number;
  /** Bytes of the current mapping (`MPTCP_SUBFLOW_ATTR_MAP_DATALEN`). */
  mapDatalen?: number;
  /** (`MPTCP_SUBFLOW_ATTR_FLAGS`.) */
  flags?: MptcpSubflowFlags;
  /** (`MPTCP_SUBFLOW_ATTR_ID_REM`.) */
  idRem?: number;
  /** (`MPTCP_SUBFLOW_ATTR_ID_LOC`.) */
  idLoc?: number;
}

const VERSIONS: readonly (TlsVersion | undefined)[] = Object.assign([], { 771: 'TLS1.2', 772: 'TLS1.3' });

const FIRST_CIPHER = 51;
const CIPHERS: readonly (TlsCipher | undefined)[] = [
  ...new Array<undefined>(FIRST_CIPHER).fill(undefined),
  'AES-GCM-128',
  'AES-GCM-256',
  'AES-CCM-128',
  'CHACHA20-POLY1305',
  'SM4-GCM',
  'SM4-CCM',
  'ARIA-GCM-128',
  'ARIA-GCM-256',
];

/** There is no 0. */
const CONFS: readonly (TlsConf | undefined)[] = [undefined, 'base', 'sw', 'hw', 'hw_record'];

const TLS: AttributeTable<TlsInfo> = attributeTable<TlsInfo>({
  1: {
    size: 2,
    put: (tls, memory, at) => {
      tls.version = nameOf(VERSIONS, memory.u16(at));
    },
  },
  2: {
    size: 2,
    put: (tls, memory, at) => {
      tls.cipher = nameOf(CIPHERS, memory.u16(at));
    },
  },
  3: {
    size: 2,
    put: (tls, memory, at) => {
      tls.txconf = nameOf(CONFS, memory.u16(at));
    },
  },
  4: {
    size: 2,
    put: (tls, memory, at) => {
      tls.rxconf = nameOf(CONFS, memory.u16(at));
    },
  },
  5: {
    size: 0,
    put: (tls) => {
      tls.zcRoTx = true;
    },
  },
  6: {
    size: 0,
    put: (tls) => {
      tls.rxNoPad = true;
    },
  },
  7: {
    size: 2,
    put: (tls, memory, at) => {
      tls.txMaxPayloadLen = memory.u16(at);
    },
  },
});

const readSubflowFlags: (bits: number) => MptcpSubflowFlags = flagsReader([
  'mcapRem',
  'mcapLoc',
  'joinRem',
  'joinLoc',
  'bkupRem',
  'bkupLoc',
  'fullyEstablished',
  'connected',
  'mapvalid',
]);

const MPTCP: AttributeTable<MptcpSubflowInfo> = attributeTable<MptcpSubflowInfo>({
  1: {
    size: 4,
    put: (mptcp, memory, at) => {
      mptcp.tokenRem = memory.u32(at);
    },
  },
  2: {
    size: 4,
    put: (mptcp, memory, at) => {
      mptcp.tokenLoc = memory.u32(at);
    },
  },
  3: {
    size: 4,
    put: (mptcp, memory, at) => {
      mptcp.relwriteSeq = memory.u32(at);
    },
  },
  4: {
    size: 8,
    put: (mptcp, memory, at) => {
      mptcp.mapSeq = readHexadecimal(memory, at);
    },
  },
  5: {
    size: 4,
    put: (mptcp, memory, at) => {
      mptcp.mapSfseq = memory.u32(at);
    },
  },
  6: {
    size: 4,
    put: (mptcp, memory, at) => {
      mptcp.ssnOffset = memory.u32(at);
    },
  },
  7: {
    size: 2,
    put: (mptcp, memory, at) => {
      mptcp.mapDatalen = memory.u16(at);
    },
  },
  8: {
    size: 4,
    put: (mptcp, memory, at) => {
      mptcp.flags = readSubflowFlags(memory.u32(at));
    },
  },
  9: {
    size: 1,
    put: (mptcp, memory, at) => {
      mptcp.idRem = memory.u8(at);
    },
  },
  10: {
    size: 1,
    put: (mptcp, memory, at) => {
      mptcp.idLoc = memory.u8(at);
    },
  },
  11: padding,
});

const ULP: AttributeTable<UlpInfo> = attributeTable<UlpInfo>({
  1: {
    size: 0,
    put: (ulp, memory, at, length) => {
      ulp.name = memory.string(at, length);
    },
  },
  2: {
    size: 0,
    put: (ulp, memory, at, length) => {
      ulp.tls = readNested({}, memory, at, length, TLS);
    },
  },
  3: {
    size: 0,
    put: (ulp, memory, at, length) => {
      ulp.mptcp = readNested({}, memory, at, length, MPTCP);
    },
  },
});

export function readUlpInfo(memory: BatchMemory, at: number, length: number): UlpInfo {
  return readNested({}, memory, at, length, ULP);
}
