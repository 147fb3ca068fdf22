/**
 * What the sockets of a Linux machine are doing: typed records from the kernel, over NETLINK_SOCK_DIAG.
 *
 * @module sockdiag
 */
export { dumpTcp, dumpUdp, dumpUdpLite, type InetDumpOptions } from './inet/dump.js';
export type { InetDiagMsg, InetFamily, InetProtocol, Timer } from './inet/record.js';
export type { Sockopt } from './inet/sockopt.js';
export type { UnknownAttributes } from './netlink/attributes.js';
export type { Dump, DumpIterator, DumpOptions } from './netlink/dump.js';
export { SockDiagError, type UnsupportedLayer } from './netlink/errors.js';
export type { Netns } from './netlink/options.js';
export type { Shutdown } from './record/shutdown.js';
export type { SkMeminfo } from './record/skmeminfo.js';
export type { SocketState } from './record/state.js';
export { dumpUnix, type UnixDumpOptions, type UnixShow } from './unix/dump.js';
export type { UnixDiagMsg, UnixState, UnixType, UnixVfs } from './unix/record.js';
