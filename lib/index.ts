/**
 * What the sockets of a Linux machine are doing: typed records from the kernel, over NETLINK_SOCK_DIAG.
 *
 * @module sockdiag
 */
export { type DecodeOptions, type DiagMsg, decode } from './decode.js';
export {
  type Accecn,
  type AccecnFailMode,
  type AccecnOptSeen,
  accecnOf,
  type EcnMode,
} from './inet/accecn.js';
export type { SkBpfStorage } from './inet/bpf-storages.js';
export type { TcpBbrInfo, TcpDctcpInfo, TcpVegasInfo } from './inet/congestion.js';
export { type DccpDiagMsg, type DccpDumpOptions, type DccpShow, dumpDccp } from './inet/dccp.js';
export type { InetDumpOptions, InetStatesOptions } from './inet/dump.js';
export type { InetFamily } from './inet/family.js';
export type { TcpMd5sig } from './inet/md5sig.js';
export type { InetDiagMeminfo } from './inet/meminfo.js';
export { dumpMptcp, type MptcpDiagMsg, type MptcpDumpOptions, type MptcpShow } from './inet/mptcp.js';
export type { MptcpFlags, MptcpInfo } from './inet/mptcp-info.js';
export { dumpRaw, type RawDiagMsg, type RawDumpOptions, type RawShow } from './inet/raw.js';
export type { InetDiagMsg, InetProtocol, Timer } from './inet/record.js';
export { dumpSctp, type SctpDiagMsg, type SctpDumpOptions, type SctpShow } from './inet/sctp.js';
export type {
  SctpInfo,
  SctpPathState,
  SctpPeerCapable,
  SctpPeerSack,
  SctpState,
} from './inet/sctp-info.js';
export type { SocketAddress } from './inet/socket-address.js';
export type { Sockopt } from './inet/sockopt.js';
export { dumpTcp, type TcpDiagMsg, type TcpDumpOptions, type TcpShow } from './inet/tcp.js';
export type { TcpCaState, TcpFastopenClientFail, TcpInfo, TcpOptions } from './inet/tcp-info.js';
export {
  dumpUdp,
  dumpUdpLite,
  type UdpDiagMsg,
  type UdpDumpOptions,
  type UdpLiteDiagMsg,
  type UdpShow,
} from './inet/udp.js';
export type {
  MptcpSubflowFlags,
  MptcpSubflowInfo,
  TlsCipher,
  TlsConf,
  TlsInfo,
  TlsVersion,
  UlpInfo,
} from './inet/ulp-info.js';
export type { UnknownAttributes } from './netlink/attributes.js';
export type { Dump, DumpIterator, DumpOptions } from './netlink/dump.js';
export { SockDiagError, type UnsupportedLayer } from './netlink/errors.js';
export type { Netns } from './netlink/options.js';
export type { Shutdown } from './record/shutdown.js';
export type { SkMeminfo } from './record/skmeminfo.js';
export type { SocketState } from './record/state.js';
export { dumpUnix, type UnixDumpOptions, type UnixShow } from './unix/dump.js';
export type { UnixDiagMsg, UnixState, UnixType, UnixVfs } from './unix/record.js';
