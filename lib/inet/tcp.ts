/** TCP: its records and its dump. */
import { type AttributeTable, attributeTable, readArray } from '../netlink/attributes.js';
import type { Dump } from '../netlink/dump.js';
import { someDescriptors, wholeFrom } from '../netlink/options.js';
import type { Decode } from '../netlink/reading.js';
import { type Fallback, fallbackCheck, inetInstead, type NoFallback } from '../proc/fallback.js';
import { type ProcTcpMsg, tcpTable } from '../proc/inet.js';
import { bpfQuestion, readSkBpfStorages, SK_BPF_STORAGES_NESTS, type SkBpfStorage } from './bpf-storages.js';
import {
  readBbrInfo,
  readDctcpInfo,
  readVegasInfo,
  type TcpBbrInfo,
  type TcpDctcpInfo,
  type TcpVegasInfo,
} from './congestion.js';
import {
  byInetCookie,
  type InetKind,
  type InetStatesOptions,
  inetDecoder,
  inetDump,
  inetOptions,
  statesCheck,
} from './dump.js';
import { readMd5sig, TCP_MD5SIG_LENGTH, type TcpMd5sig } from './md5sig.js';
import { INET_ATTRIBUTES, INET_SHOW, type InetDiagMsg, type InetShow } from './record.js';
import { LEAST_TCP_INFO, readTcpInfo, type TcpInfo } from './tcp-info.js';
import { readUlpInfo, type UlpInfo } from './ulp-info.js';

/** A TCP socket. */
export interface TcpDiagMsg extends InetDiagMsg {
  /** The protocol that was asked for. */
  protocol: 'tcp';
  /**
   * How the connection is doing; where `show` names it. Absent for SYN_RECV, TIME_WAIT and bound sockets
   * (`INET_DIAG_INFO`).
   */
  info?: TcpInfo;
  /** Name of the congestion control algorithm; where `show` names it (`INET_DIAG_CONG`). */
  cong?: string;
  /** Of the algorithms vegas, yeah, nv, illinois and westwood, of connections up to FIN_WAIT2; where `show` names it. */
  vegasinfo?: TcpVegasInfo;
  /** Of the algorithm dctcp, likewise. */
  dctcpinfo?: TcpDctcpInfo;
  /** Of the algorithm bbr, likewise. */
  bbrinfo?: TcpBbrInfo;
  /**
   * Keys of TCP-MD5, for readers with CAP_NET_ADMIN; where `show` names it or `'info'`. The keys themselves are
   * given out only where it names `'md5sig'` (`INET_DIAG_MD5SIG`).
   */
  md5sig?: TcpMd5sig[];
  /**
   * TLS or MPTCP on top of the connection; where `show` names it or `'info'`. Before Linux 6.17 for readers with
   * CAP_NET_ADMIN only (`INET_DIAG_ULP_INFO`).
   */
  ulpInfo?: UlpInfo;
  /**
   * What BPF programs keep with the socket; where `show` or `bpfMaps` asks for it (`INET_DIAG_SK_BPF_STORAGES`). Of more
   * than some 65,000 bytes for one socket the kernel makes a message that cannot be read: ask for fewer maps then.
   */
  skBpfStorages?: SkBpfStorage[];
}

export type TcpShow =
  | InetShow
  | 'info'
  | 'md5sig'
  | 'ulpInfo'
  | 'vegasinfo'
  | 'dctcpinfo'
  | 'bbrinfo'
  | 'cong'
  | 'skBpfStorages';

const SHOW: Readonly<Record<TcpShow, number>> = {
  ...INET_SHOW,
  info: 0x02,
  /** These two come with info. */
  md5sig: 0x02,
  ulpInfo: 0x02,
  /** One of these three comes, as the algorithm is. */
  vegasinfo: 0x04,
  dctcpinfo: 0x04,
  bbrinfo: 0x04,
  cong: 0x08,
  /** It has an attribute of its own in the request. */
  skBpfStorages: 0,
};

const attributes = (withKeys: boolean): AttributeTable<TcpDiagMsg> =>
  attributeTable<TcpDiagMsg>(
    {
      2: {
        size: LEAST_TCP_INFO,
        put: (record, memory, at, length) => {
          record.info = readTcpInfo(memory, at, length);
        },
      },
      3: {
        size: 16,
        put: (record, memory, at, length) => {
          record.vegasinfo = readVegasInfo(memory, at, length);
        },
      },
      4: {
        size: 0,
        put: (record, memory, at, length) => {
          record.cong = memory.string(at, length);
        },
      },
      9: {
        size: 16,
        put: (record, memory, at, length) => {
          record.dctcpinfo = readDctcpInfo(memory, at, length);
        },
      },
      16: {
        size: 20,
        put: (record, memory, at, length) => {
          record.bbrinfo = readBbrInfo(memory, at, length);
        },
      },
      18: {
        size: 0,
        element: TCP_MD5SIG_LENGTH,
        put: (record, memory, at, length) => {
          record.md5sig = readArray(memory, at, length, TCP_MD5SIG_LENGTH, (_, start) =>
            readMd5sig(memory, start, withKeys),
          );
        },
      },
      19: {
        size: 0,
        put: (record, memory, at, length) => {
          record.ulpInfo = readUlpInfo(memory, at, length);
        },
      },
      20: {
        size: 0,
        put: (record, memory, at, length) => {
          record.skBpfStorages = readSkBpfStorages(memory, at, length);
        },
      },
    },
    INET_ATTRIBUTES as AttributeTable<TcpDiagMsg>,
  );

/** ULP_INFO, and inside it TLS and MPTCP. */
const NESTS = new Uint16Array([0xffff, 19, 19, 2, 19, 3, ...SK_BPF_STORAGES_NESTS]);

export const TCP: InetKind<TcpDiagMsg, TcpShow> = {
  protocol: 'tcp',
  number: 6,
  words: 'TCP',
  handler: { module: 'tcp_diag', option: 'CONFIG_INET_TCP_DIAG' },
  show: SHOW,
  attributes: attributes(false),
  nests: NESTS,
  /** TCPDIAG_GETSOCK */
  getsock: 18,
  isDivisible: true,
  hasGlances: true,
  known: byInetCookie,
};

export const decodeTcp: Decode<TcpDiagMsg> = inetDecoder(TCP);
/** With the keys of TCP-MD5. */
export const decodeTcpWithKeys: Decode<TcpDiagMsg> = inetDecoder({ ...TCP, attributes: attributes(true) });

export interface TcpDumpOptions extends InetStatesOptions<TcpShow> {
  /**
   * What these BPF maps, of the type sk_storage, hold for each socket, as `skBpfStorages`: descriptors that are open in
   * this process. Without it, `show: ['skBpfStorages']` is for all maps. Needs CAP_BPF or CAP_SYS_ADMIN.
   */
  bpfMaps?: readonly number[] | undefined;
  /**
   * In so many parts, side by side, each on a socket and a thread of its own (of the four that libuv has for all of a process):
   * whatever a single reader asks for, the kernel finds it on one processor. The parts are ranges of ports, with about as many
   * sockets each as far as the first ones tell, and the kernel itself tells them apart. Each socket comes once, in another order.
   * A plain `for` and `raw()` stay in one, and so does all where the parts cannot be opened.
   *
   * It is for many sockets, more than ten thousand, and for processors that have nothing else to do: each part is another walk over all
   * of the kernel's table. Where sockets are counted (`sockdiag/metrics`), two processors are enough. To make a record of each takes
   * about as long as the kernel takes to find it, and leaves no processor for a second part unless there is a third.
   */
  parallel?: number | undefined;
}

/** More have never been of any use. */
const MOST_PARTS = 64;

/**
 * The TCP sockets of a network namespace, those of IPv4 among those of IPv6, as they are in the kernel's table.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpTcp(options?: TcpDumpOptions & NoFallback): Dump<TcpDiagMsg>;
export function dumpTcp(options?: TcpDumpOptions & Fallback): Dump<TcpDiagMsg | ProcTcpMsg>;
export function dumpTcp(options?: TcpDumpOptions & Fallback): Dump<TcpDiagMsg | ProcTcpMsg> {
  return tcpDump(options, true);
}

/**
 * Those of IPv4 and then those of IPv6, if they are not to be mixed.
 *
 * @internal
 */
export function tcpDump(
  options: (TcpDumpOptions & Fallback) | undefined,
  mixed: boolean,
): Dump<TcpDiagMsg | ProcTcpMsg> {
  const checked = inetOptions<TcpDumpOptions & Fallback, TcpDiagMsg, TcpShow>({
    caller: 'dumpTcp',
    kind: TCP,
    given: options,
    checks: {
      ...statesCheck,
      bpfMaps: someDescriptors,
      parallel: wholeFrom(1, MOST_PARTS),
      ...fallbackCheck,
    },
  });
  const decode = checked.show?.includes('md5sig') === true ? decodeTcpWithKeys : decodeTcp;
  const instead = inetInstead('dumpTcp', checked, tcpTable);
  return inetDump(TCP, decode, { ...checked, ...bpfQuestion(checked), instead, mixed });
}
