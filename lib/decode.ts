/** decode: a dump of what was recorded, instead of what there is. */
import { checkFilter, expressionOf, type Filter, filtering } from './filter/option.js';
import { DCCP, type DccpDiagMsg, decodeDccp } from './inet/dccp.js';
import { INET_FAMILY_NAMES } from './inet/family.js';
import { decodeMptcp, MPTCP, type MptcpDiagMsg } from './inet/mptcp.js';
import { decodeRaw, RAW, type RawDiagMsg } from './inet/raw.js';
import { INET_DIAG_MSG_LENGTH, type InetProtocol } from './inet/record.js';
import { decodeSctp, SCTP, type SctpDiagMsg } from './inet/sctp.js';
import { decodeTcp, decodeTcpWithKeys, TCP, type TcpDiagMsg } from './inet/tcp.js';
import { decodeUdp, decodeUdpLite, UDP, UDPLITE, type UdpDiagMsg, type UdpLiteDiagMsg } from './inet/udp.js';
import { Dump } from './netlink/dump.js';
import type { Known } from './netlink/known.js';
import { anyOf, type Checks, checkOptions, checkSignal, oneOf } from './netlink/options.js';
import { ATTRIBUTE_TYPE_MASK, LITTLE_ENDIAN } from './netlink/protocol.js';
import type { Decode } from './netlink/reading.js';
import { type Kind, type KindOf, type Message, RecordedSource } from './netlink/recording.js';
import { AF_NETLINK } from './netlink-family/dump.js';
import {
  byNetlinkCookie,
  NETLINK_DIAG_MSG_LENGTH,
  type NetlinkDiagMsg,
  readNetlinkDiagMsg,
} from './netlink-family/record.js';
import { AF_PACKET } from './packet/dump.js';
import {
  byPacketCookie,
  PACKET_DIAG_MSG_LENGTH,
  type PacketDiagMsg,
  readPacketDiagMsg,
} from './packet/record.js';
import { AF_SMC, bySmcCookie, readSmcDiagMsg, SMC_DIAG_MSG_LENGTH, type SmcDiagMsg } from './smc/record.js';
import { AF_TIPC } from './tipc/dump.js';
import { byTipcCookie, readTipcDiagMsg, TIPC_NESTS, type TipcDiagMsg } from './tipc/record.js';
import { AF_UNIX } from './unix/dump.js';
import { byUnixCookie, readUnixDiagMsg, UNIX_DIAG_MSG_LENGTH, type UnixDiagMsg } from './unix/record.js';
import { AF_VSOCK } from './vsock/dump.js';
import { byVsockCookie, readVsockDiagMsg, VSOCK_DIAG_MSG_LENGTH, type VsockDiagMsg } from './vsock/record.js';
import { AF_XDP } from './xdp/dump.js';
import { byXdpCookie, readXdpDiagMsg, XDP_DIAG_MSG_LENGTH, type XdpDiagMsg } from './xdp/record.js';

/** A record of any family. */
export type DiagMsg =
  | TcpDiagMsg
  | UdpDiagMsg
  | UdpLiteDiagMsg
  | RawDiagMsg
  | SctpDiagMsg
  | DccpDiagMsg
  | MptcpDiagMsg
  | UnixDiagMsg
  | PacketDiagMsg
  | NetlinkDiagMsg
  | VsockDiagMsg
  | XdpDiagMsg
  | SmcDiagMsg
  | TipcDiagMsg;

export interface DecodeOptions {
  /** Ends the reading when it is aborted: the loop throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * The protocol of IP sockets whose request is not in the recording: the kernel's messages do not tell it. Without it,
   * `'tcp'`, which is what `ss -D` records.
   */
  protocol?: InetProtocol | undefined;
  /** Only sockets that this fits, as for a dump. */
  filter?: Filter | undefined;
  /** `['md5sig']` gives out the keys of TCP-MD5 themselves, where they were recorded. */
  show?: readonly 'md5sig'[] | undefined;
}

/** What not all kinds have. */
interface Particular {
  nests?: Uint16Array;
  known?: () => Known;
}

const kind = (
  family: number,
  headerLength: number,
  decode: Decode<DiagMsg>,
  { nests, known }: Particular = {},
): Kind<DiagMsg> => ({ shape: { family, headerLength, nests }, decode, known });

/** IPv4 and IPv6 of a protocol. */
const inetKinds = (
  decode: Decode<DiagMsg>,
  particular: Particular,
): Readonly<Record<number, Kind<DiagMsg>>> =>
  Object.fromEntries(
    Object.keys(INET_FAMILY_NAMES).map((family) => [
      family,
      kind(Number(family), INET_DIAG_MSG_LENGTH, decode, particular),
    ]),
  );

const INET: Readonly<Record<InetProtocol, Readonly<Record<number, Kind<DiagMsg>>>>> = {
  tcp: inetKinds(decodeTcp, TCP),
  udp: inetKinds(decodeUdp, UDP),
  udplite: inetKinds(decodeUdpLite, UDPLITE),
  raw: inetKinds(decodeRaw, RAW),
  sctp: inetKinds(decodeSctp, SCTP),
  dccp: inetKinds(decodeDccp, DCCP),
  mptcp: inetKinds(decodeMptcp, MPTCP),
};

const INET_WITH_KEYS: typeof INET = { ...INET, tcp: inetKinds(decodeTcpWithKeys, TCP) };

const PROTOCOL_NUMBERS: ReadonlyMap<number, InetProtocol> = new Map(
  [TCP, UDP, UDPLITE, RAW, SCTP, DCCP, MPTCP].map(({ number, protocol }) => [number, protocol]),
);

const PROTOCOLS: readonly InetProtocol[] = [...PROTOCOL_NUMBERS.values()];

/** The first byte of their records is that of their requests. */
const FAMILIES: Readonly<Record<number, Kind<DiagMsg>>> = {
  [AF_UNIX]: kind(AF_UNIX, UNIX_DIAG_MSG_LENGTH, readUnixDiagMsg, { known: byUnixCookie }),
  [AF_PACKET]: kind(AF_PACKET, PACKET_DIAG_MSG_LENGTH, readPacketDiagMsg, { known: byPacketCookie }),
  [AF_NETLINK]: kind(AF_NETLINK, NETLINK_DIAG_MSG_LENGTH, readNetlinkDiagMsg, { known: byNetlinkCookie }),
  [AF_VSOCK]: kind(AF_VSOCK, VSOCK_DIAG_MSG_LENGTH, readVsockDiagMsg, { known: byVsockCookie }),
  [AF_XDP]: kind(AF_XDP, XDP_DIAG_MSG_LENGTH, readXdpDiagMsg, { known: byXdpCookie }),
};

/** The first byte of their records may be any. */
const SMC: Kind<DiagMsg> = kind(0, SMC_DIAG_MSG_LENGTH, readSmcDiagMsg, { known: bySmcCookie });
const TIPC: Kind<DiagMsg> = kind(0, 0, readTipcDiagMsg, { nests: TIPC_NESTS, known: byTipcCookie });

/** TCPDIAG_GETSOCK and DCCPDIAG_GETSOCK, which came before SOCK_DIAG_BY_FAMILY. */
const LEGACY: Readonly<Record<number, InetProtocol>> = { 18: 'tcp', 19: 'dccp' };

function kinds({ protocol = 'tcp', show = [] }: DecodeOptions): KindOf<DiagMsg> {
  const inet = show.includes('md5sig') ? INET_WITH_KEYS : INET;
  return (record, request) => {
    const first = firstOf(record);
    const asked = request === undefined ? first : firstOf(request);
    if (asked === AF_SMC) return SMC;
    if (asked === AF_TIPC || (request === undefined && isTipc(record))) return TIPC;
    if (first === undefined) return undefined;
    const answered = request === undefined ? undefined : protocolOf(request);
    return inet[LEGACY[record.type] ?? answered ?? protocol][first] ?? FAMILIES[first];
  };
}

function firstOf({ payload }: Message): number | undefined {
  return payload.byteLength === 0 ? undefined : payload.getUint8(0);
}

const TIPC_NLA_SOCK = 2;

/**
 * A message of TIPC is one attribute, or empty. It cannot be taken for another: its length is a multiple of 4 and all of
 * the message, and no other family's first two bytes are both.
 */
function isTipc({ payload }: Message): boolean {
  if (payload.byteLength === 0) return true;
  if (payload.byteLength < 4 || payload.getUint16(0, LITTLE_ENDIAN) !== payload.byteLength) return false;
  return (payload.getUint16(2, LITTLE_ENDIAN) & ATTRIBUTE_TYPE_MASK) === TIPC_NLA_SOCK;
}

const REQUEST_LENGTH = 56;
const INET_DIAG_REQ_PROTOCOL = 3;

/** What the request for an IP protocol asked for. */
function protocolOf({ payload }: Message): InetProtocol | undefined {
  if (payload.byteLength < REQUEST_LENGTH || INET_FAMILY_NAMES[payload.getUint8(0)] === undefined)
    return undefined;
  let number = payload.getUint8(1);
  for (let at = REQUEST_LENGTH; at + 8 <= payload.byteLength; ) {
    const length = payload.getUint16(at, LITTLE_ENDIAN);
    const type = payload.getUint16(at + 2, LITTLE_ENDIAN) & ATTRIBUTE_TYPE_MASK;
    if (type === INET_DIAG_REQ_PROTOCOL) number = payload.getUint32(at + 4, LITTLE_ENDIAN);
    at += Math.max(4, (length + 3) & ~3);
  }
  return PROTOCOL_NUMBERS.get(number);
}

const CHECKS: Checks<DecodeOptions> = {
  signal: checkSignal,
  protocol: oneOf(PROTOCOLS),
  filter: checkFilter,
  show: anyOf(['md5sig']),
};

/**
 * The sockets in a recording: netlink messages as `dump.raw()` gives them and `ss -D` writes them, one behind the other,
 * from a machine of the same byte order. The bytes are read as the dump is, and must not change until then.
 *
 * What a recording holds is decoded when it is read: a later version finds more in it.
 *
 * @throws TypeError for a wrong argument. Reading the dump throws `SockDiagError` `EBADMSG` where the recording is cut
 * off or damaged, behind what could be read before.
 */
export function decode(bytes: Uint8Array, options?: DecodeOptions): Dump<DiagMsg> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('decode: the recording must be a Uint8Array');
  const checked = checkOptions<DecodeOptions>('decode', options, CHECKS);
  const expression = checked.filter === undefined ? undefined : expressionOf(checked.filter);
  const filtered = filtering<DiagMsg>(expression, undefined);
  const kindOf = kinds(checked);
  return new Dump({
    open: () => new RecordedSource(bytes, kindOf, filtered),
    signal: checked.signal,
  });
}
