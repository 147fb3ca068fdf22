/**
 * What the sockets of a Linux machine are doing: typed records from the kernel, over NETLINK_SOCK_DIAG.
 *
 * @module sockdiag
 */
export { type DecodeOptions, type DiagMsg, decode } from './decode.js';
export { type DestroyOptions, destroy } from './destroy/destroy.js';
export { type DestroyResult, destroyMatching } from './destroy/matching.js';
export { type WatchDestroyedOptions, watchDestroyed } from './events/destroyed.js';
export type { DestroyedInet, DestroyedSocket, DestroyedTcp, DestroyedUdp } from './events/record.js';
export type { DestroyedEvent, DestroyedWatcher, EventsLost, SocketDestroyed } from './events/watcher.js';
export type { Filter } from './filter/option.js';
export type { BytecodeOp } from './filter/program.js';
export {
  type Accecn,
  type AccecnFailMode,
  type AccecnOptSeen,
  accecnOf,
  type EcnMode,
} from './inet/accecn.js';
export type { SkBpfStorage } from './inet/bpf-storages.js';
export type { TcpBbrInfo, TcpDctcpInfo, TcpVegasInfo } from './inet/congestion.js';
export {
  type DccpDiagMsg,
  type DccpDumpOptions,
  type DccpInfo,
  type DccpShow,
  type DccpState,
  dumpDccp,
} from './inet/dccp.js';
export type { InetDumpOptions, InetStatesOptions } from './inet/dump.js';
export type { InetFamily } from './inet/family.js';
export type { TcpMd5sig } from './inet/md5sig.js';
export type { InetDiagMeminfo } from './inet/meminfo.js';
export { dumpMptcp, type MptcpDiagMsg, type MptcpDumpOptions, type MptcpShow } from './inet/mptcp.js';
export type { MptcpFlags, MptcpInfo } from './inet/mptcp-info.js';
export { dumpRaw, type RawDiagMsg, type RawDumpOptions, type RawShow } from './inet/raw.js';
export type { InetDiagMsg, InetProtocol, InetShow, Timer } from './inet/record.js';
export { dumpSctp, type SctpDiagMsg, type SctpDumpOptions, type SctpShow } from './inet/sctp.js';
export type {
  SctpInfo,
  SctpPathState,
  SctpPeerCapable,
  SctpPeerSack,
  SctpState,
} from './inet/sctp-info.js';
export type { SocketAddress } from './inet/socket-address.js';
export type { InetTuple } from './inet/sockid.js';
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
export type { LookupOptions } from './lookup/inet.js';
export type { LiveSocket } from './lookup/live.js';
export {
  type LiveStream,
  lookupDccp,
  lookupRaw,
  lookupSctp,
  lookupTcp,
  lookupTcpSync,
  lookupUdp,
  lookupUdpLite,
  type TcpLookupShow,
  type UnixInstead,
} from './lookup/lookups.js';
export { lookupMptcp, type MptcpLookupShow, type MptcpToken } from './lookup/mptcp.js';
export type { InetNames } from './lookup/names.js';
export { lookupUnix, type UnixInode, type UnixLookupOptions } from './lookup/unix.js';
export { dump, type NamedDumps } from './name/dump.js';
export { type NamespacesOptions, namespaces } from './namespaces/list.js';
export type { Namespace, Namespaces } from './namespaces/namespace.js';
export type { UnknownAttributes } from './netlink/attributes.js';
export type { ConsistentOptions, Dump, DumpIterator, DumpOptions } from './netlink/dump.js';
export { SockDiagError, type SockDiagErrorDetails, type UnsupportedLayer } from './netlink/errors.js';
export type { Netns } from './netlink/netns.js';
export type { UnknownTail } from './netlink/structure.js';
export { dumpNetlink, type NetlinkDumpOptions, type NetlinkShow } from './netlink-family/dump.js';
export type {
  NetlinkDiagMsg,
  NetlinkFlags,
  NetlinkProtocol,
  NetlinkRing,
  NetlinkState,
  NetlinkType,
} from './netlink-family/record.js';
export { type Owners, type OwnersOptions, owners, ownersSync } from './owners/owners.js';
export { dumpPacket, type PacketDumpOptions, type PacketShow } from './packet/dump.js';
export type {
  PacketDiagMsg,
  PacketFanout,
  PacketFanoutType,
  PacketFlags,
  PacketInfo,
  PacketMclist,
  PacketMclistType,
  PacketRing,
  PacketType,
  PacketVersion,
  SockFilter,
} from './packet/record.js';
export type { Capabilities } from './probe/capabilities.js';
export { type Probe, type ProbedFamily, type ProbeOptions, probe, type Support } from './probe/probe.js';
export type { Fallback, NoFallback } from './proc/fallback.js';
export type { DiagRecord, SocketOwner, SocketRecord } from './record/record.js';
export type { Shutdown } from './record/shutdown.js';
export type { SkMeminfo } from './record/skmeminfo.js';
export type { SocketState } from './record/state.js';
export type { SocketType } from './record/type.js';
export type { Flags } from './record/words.js';
export type { SmcConninfo, SmcConnStateFlags, SmcCursor, SmcProdFlags } from './smc/conninfo.js';
export type { SmcdDmbinfo } from './smc/dmbinfo.js';
export { dumpSmc, type SmcDumpOptions, type SmcShow } from './smc/dump.js';
export type { SmcLgrinfo, SmcLinkinfo, SmcRole } from './smc/lgrinfo.js';
export type { SmcDiagMsg, SmcFallback, SmcFamily, SmcMode } from './smc/record.js';
export type { SmcState } from './smc/state.js';
export type { TipcCon } from './tipc/con.js';
export { dumpTipc, type TipcDumpOptions } from './tipc/dump.js';
export type { TipcGroup } from './tipc/group.js';
export type { TipcDiagMsg, TipcType } from './tipc/record.js';
export type { TipcStat } from './tipc/stat.js';
export type { TipcState } from './tipc/state.js';
export { dumpUnix, type UnixDumpOptions, type UnixShow } from './unix/dump.js';
export type { UnixDiagMsg, UnixState, UnixType, UnixVfs } from './unix/record.js';
export { dumpVsock, type VsockDumpOptions } from './vsock/dump.js';
export type { VsockDiagMsg, VsockState, VsockType } from './vsock/record.js';
export type {
  Change,
  EndEvent,
  FinalRecord,
  SocketChanged,
  SocketClosed,
  SocketOpened,
} from './watch/change.js';
export type { Counter, Rates } from './watch/rates.js';
export { type Batches, type ChangeIterator, type WatchOptions, watch } from './watch/watch.js';
export { dumpXdp, type XdpDumpOptions, type XdpShow } from './xdp/dump.js';
export type { XdpDiagMsg, XdpInfo, XdpRing, XdpType } from './xdp/record.js';
export type { XdpStats } from './xdp/stats.js';
export type { XdpUmem, XdpUmemFlags } from './xdp/umem.js';
