/**
 * The text tables of /proc/net, as records: for programs that may not speak netlink, and for the sockets that netlink
 * does not tell of.
 *
 * @module sockdiag/proc
 */
export {
  dumpIcmp,
  dumpNetlink,
  dumpPacket,
  dumpPfKey,
  dumpRaw,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
  type ProcDatagramOptions,
  type ProcInetOptions,
  type ProcNetlinkOptions,
  type ProcPacketOptions,
  type ProcTcpOptions,
  type ProcUnixOptions,
} from './dumps.js';
export type { ProcIcmpMsg } from './icmp.js';
export type {
  ProcDatagramMsg,
  ProcInetMsg,
  ProcTcpInfo,
  ProcTcpMsg,
  ProcUdpLiteMsg,
  ProcUdpMsg,
} from './inet.js';
export type { ProcMsg } from './msg.js';
export type { ProcNetlinkMeminfo, ProcNetlinkMsg } from './netlink.js';
export type { ProcFilterOptions } from './options.js';
export type { ProcPacketInfo, ProcPacketMsg } from './packet.js';
export type { PfKeyMsg, PfKeyState } from './pfkey.js';
export type { ProcRawMsg } from './raw.js';
export type { ProcRecord } from './record.js';
export type { ProcOptions } from './table.js';
export type { ProcUnixMsg } from './unix.js';
