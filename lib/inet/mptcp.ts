/** Multipath TCP: its records and its dump. */
import { type AttributeTable, attributeTable } from '../netlink/attributes.js';
import type { Dump } from '../netlink/dump.js';
import { byBytes } from '../netlink/known.js';
import { someDescriptors } from '../netlink/options.js';
import type { Decode } from '../netlink/reading.js';
import { bpfQuestion, readSkBpfStorages, SK_BPF_STORAGES_NESTS, type SkBpfStorage } from './bpf-storages.js';
import {
  type InetKind,
  type InetStatesOptions,
  inetDecoder,
  inetDump,
  inetOptions,
  statesCheck,
} from './dump.js';
import { type MptcpInfo, readMptcpInfo } from './mptcp-info.js';
import { INET_ATTRIBUTES, INET_SHOW, type InetDiagMsg, type InetShow } from './record.js';

/**
 * A Multipath TCP socket. Each of its subflows is a TCP socket beside, with an `ulpInfo.mptcp` and, once it is
 * established, the same inode. What a listener accepts has the listener's `cookie`, if that had one already: of these
 * sockets, `info.token` tells them apart.
 */
export interface MptcpDiagMsg extends InetDiagMsg {
  /** The protocol that was asked for. */
  protocol: 'mptcp';
  /** How the connection is doing; where `show` names it (`INET_DIAG_INFO`). */
  info?: MptcpInfo;
  /** What BPF programs keep with the socket; where `show` or `bpfMaps` asks for it (`INET_DIAG_SK_BPF_STORAGES`). */
  skBpfStorages?: SkBpfStorage[];
}

export type MptcpShow = InetShow | 'info' | 'skBpfStorages';

const SHOW: Readonly<Record<MptcpShow, number>> = {
  ...INET_SHOW,
  info: 0x02,
  /** It has an attribute of its own in the request. */
  skBpfStorages: 0,
};

/** Of Linux 5.9, the first to have it. */
const LEAST_MPTCP_INFO = 40;

export const MPTCP: InetKind<MptcpDiagMsg, MptcpShow> = {
  protocol: 'mptcp',
  number: 262,
  words: 'MPTCP',
  handler: { module: 'mptcp_diag', option: 'CONFIG_INET_MPTCP_DIAG' },
  show: SHOW,
  attributes: attributeTable<MptcpDiagMsg>(
    {
      2: {
        size: LEAST_MPTCP_INFO,
        put: (record, memory, at, length) => {
          record.info = readMptcpInfo(memory, at, length);
        },
      },
      20: {
        size: 0,
        put: (record, memory, at, length) => {
          record.skBpfStorages = readSkBpfStorages(memory, at, length);
        },
      },
    },
    INET_ATTRIBUTES as AttributeTable<MptcpDiagMsg>,
  ),
  nests: new Uint16Array(SK_BPF_STORAGES_NESTS),
  // The whole `id`: what a listener accepts has its cookie, and another peer.
  known: byBytes(4, 48),
};

export const decodeMptcp: Decode<MptcpDiagMsg> = inetDecoder(MPTCP);

export interface MptcpDumpOptions extends InetStatesOptions<MptcpShow> {
  /** As for `dumpTcp`. */
  bpfMaps?: readonly number[] | undefined;
}

/**
 * The Multipath TCP sockets of a network namespace: connected ones, clients that fell back to plain TCP, and
 * listeners (those since Linux 5.15). Servers' ends that fell back are plain TCP sockets.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpMptcp(options?: MptcpDumpOptions): Dump<MptcpDiagMsg> {
  const checked = inetOptions<MptcpDumpOptions, MptcpDiagMsg, MptcpShow>({
    caller: 'dumpMptcp',
    kind: MPTCP,
    given: options,
    checks: { ...statesCheck, bpfMaps: someDescriptors },
  });
  return inetDump(MPTCP, decodeMptcp, { ...checked, ...bpfQuestion(checked) });
}
