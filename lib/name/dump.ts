/** dump: the sockets of a kind that is named as socket(2) is asked for it. */
import type { DiagMsg } from '../decode.js';
import { type DccpDiagMsg, type DccpDumpOptions, dumpDccp } from '../inet/dccp.js';
import type { InetFamily } from '../inet/family.js';
import { dumpMptcp, type MptcpDiagMsg, type MptcpDumpOptions } from '../inet/mptcp.js';
import { dumpRaw, type RawDiagMsg, type RawDumpOptions } from '../inet/raw.js';
import { dumpSctp, type SctpDiagMsg, type SctpDumpOptions } from '../inet/sctp.js';
import { dumpTcp, type TcpDiagMsg, type TcpDumpOptions } from '../inet/tcp.js';
import {
  dumpUdp,
  dumpUdpLite,
  type UdpDiagMsg,
  type UdpDumpOptions,
  type UdpLiteDiagMsg,
} from '../inet/udp.js';
import { type Dump, type DumpOptions, narrowed } from '../netlink/dump.js';
import { show } from '../netlink/options.js';
import { dumpNetlink, type NetlinkDumpOptions } from '../netlink-family/dump.js';
import { NETLINK_PROTOCOLS, type NetlinkDiagMsg, type NetlinkProtocol } from '../netlink-family/record.js';
import { dumpPacket, type PacketDumpOptions } from '../packet/dump.js';
import type { PacketDiagMsg } from '../packet/record.js';
import { typeName } from '../record/type.js';
import { dumpSmc, type SmcDumpOptions } from '../smc/dump.js';
import type { SmcDiagMsg } from '../smc/record.js';
import { dumpTipc, type TipcDumpOptions } from '../tipc/dump.js';
import type { TipcDiagMsg } from '../tipc/record.js';
import { dumpUnix, type UnixDumpOptions } from '../unix/dump.js';
import type { UnixDiagMsg } from '../unix/record.js';
import { dumpVsock, type VsockDumpOptions } from '../vsock/dump.js';
import type { VsockDiagMsg } from '../vsock/record.js';
import { dumpXdp, type XdpDumpOptions } from '../xdp/dump.js';
import type { XdpDiagMsg } from '../xdp/record.js';
import { formatHook, type Hook, parseHook } from './hook.js';

type Ip = InetFamily;
type IpOptions<O> = Omit<O, 'family'>;
type Entry<O, R> = { options: O; record: R };

/**
 * What the names of kinds that TypeScript knows stand for: of each, the `options` of its dump, and the `record` that this
 * gives: `NamedDumps['inet/stream/tcp']['record']` is `TcpDiagMsg`. What the name says already, the family of IP and the
 * protocol of netlink, is no option.
 */
export type NamedDumps = Record<`${Ip}/stream/${'tcp' | '0'}`, Entry<IpOptions<TcpDumpOptions>, TcpDiagMsg>> &
  Record<`${Ip}/dgram/${'udp' | '0'}`, Entry<IpOptions<UdpDumpOptions>, UdpDiagMsg>> &
  Record<`${Ip}/dgram/udplite`, Entry<IpOptions<UdpDumpOptions>, UdpLiteDiagMsg>> &
  Record<`${Ip}/raw/${'0' | 'raw' | 'icmp' | 'icmp6'}`, Entry<IpOptions<RawDumpOptions>, RawDiagMsg>> &
  Record<
    `${Ip}/${'stream/sctp' | 'seqpacket/sctp' | 'seqpacket/0'}`,
    Entry<IpOptions<SctpDumpOptions>, SctpDiagMsg>
  > &
  Record<`${Ip}/dccp/dccp`, Entry<IpOptions<DccpDumpOptions>, DccpDiagMsg>> &
  Record<`${Ip}/stream/mptcp`, Entry<IpOptions<MptcpDumpOptions>, MptcpDiagMsg>> &
  Record<`local/${'stream' | 'dgram' | 'seqpacket'}/0`, Entry<UnixDumpOptions, UnixDiagMsg>> &
  Record<`packet/${'raw' | 'dgram' | 'packet'}/0`, Entry<PacketDumpOptions, PacketDiagMsg>> &
  Record<
    `netlink/${'raw' | 'dgram'}/${NetlinkProtocol}`,
    Entry<Omit<NetlinkDumpOptions, 'protocol'>, NetlinkDiagMsg>
  > &
  Record<`vsock/${'stream' | 'dgram' | 'seqpacket'}/0`, Entry<VsockDumpOptions, VsockDiagMsg>> &
  Record<'xdp/raw/0', Entry<XdpDumpOptions, XdpDiagMsg>> &
  Record<'smc/stream/0' | 'smc/stream/1', Entry<SmcDumpOptions, SmcDiagMsg>> &
  Record<`tipc/${'stream' | 'dgram' | 'rdm' | 'seqpacket'}/0`, Entry<TipcDumpOptions, TipcDiagMsg>>;

type Options = Readonly<Record<string, unknown>>;
/** Of a family: the dump for a hook, or nothing where sock_diag has none. */
type Choose = (hook: Hook, options: Options) => Dump<DiagMsg> | undefined;
/** As they are asked for here: what the options may be, they check themselves. */
type AnyDump = (options: object) => Dump<DiagMsg>;

const STREAM = 1;
const DGRAM = 2;
const RAW = 3;
const SEQPACKET = 5;
const DCCP_TYPE = 6;

/** By `type/protocol`. Sockets of SCTP do not tell which of two types they are. */
const IP_DUMPS: Readonly<Record<string, AnyDump>> = {
  [`${STREAM}/0`]: dumpTcp as AnyDump,
  [`${STREAM}/6`]: dumpTcp as AnyDump,
  [`${STREAM}/132`]: dumpSctp as AnyDump,
  [`${SEQPACKET}/0`]: dumpSctp as AnyDump,
  [`${SEQPACKET}/132`]: dumpSctp as AnyDump,
  [`${STREAM}/262`]: dumpMptcp as AnyDump,
  [`${DGRAM}/0`]: dumpUdp as AnyDump,
  [`${DGRAM}/17`]: dumpUdp as AnyDump,
  [`${DGRAM}/136`]: dumpUdpLite as AnyDump,
  [`${DCCP_TYPE}/0`]: dumpDccp as AnyDump,
  [`${DCCP_TYPE}/33`]: dumpDccp as AnyDump,
};

const ofIp =
  (family: InetFamily): Choose =>
  ({ type, protocol }, options) => {
    const all = { ...options, family };
    if (type !== RAW) return IP_DUMPS[`${type}/${protocol}`]?.(all);
    const dump = (dumpRaw as AnyDump)(all) as Dump<RawDiagMsg>;
    return protocol === 0 ? dump : narrowed(dump, ({ sport }) => sport === protocol);
  };

/** Of a family whose records tell their type, and whose protocol is 0. */
const ofType =
  (dump: AnyDump, types: readonly number[]): Choose =>
  ({ type, protocol }, options) => {
    if (protocol !== 0 || !types.includes(type)) return undefined;
    const name = typeName(type);
    return narrowed(dump(options), (record) => 'type' in record && record.type === name);
  };

const ofNetlink: Choose = ({ type, protocol }, options) => {
  const name = NETLINK_PROTOCOLS[protocol];
  if (name === undefined || (type !== RAW && type !== DGRAM)) return undefined;
  const wanted = typeName(type);
  return narrowed((dumpNetlink as AnyDump)({ ...options, protocol: name }), (record) => {
    return 'type' in record && record.type === wanted;
  });
};

/** SMCPROTO_SMC is for IPv4, and SMCPROTO_SMC6 for IPv6; some records do not tell. */
const ofSmc: Choose = ({ type, protocol }, options) => {
  if (type !== STREAM || protocol > 1) return undefined;
  const family = protocol === 0 ? 'inet' : 'inet6';
  return narrowed((dumpSmc as AnyDump)(options), ({ family: own }) => own === family || own === 'smc');
};

/** By AF_*. */
const FAMILIES: Readonly<Record<number, Choose>> = {
  1: ofType(dumpUnix as AnyDump, [STREAM, DGRAM, SEQPACKET]),
  2: ofIp('inet'),
  10: ofIp('inet6'),
  16: ofNetlink,
  17: ofType(dumpPacket as AnyDump, [RAW, DGRAM, 10]),
  30: ofType(dumpTipc as AnyDump, [STREAM, DGRAM, 4, SEQPACKET]),
  40: ofType(dumpVsock as AnyDump, [STREAM, DGRAM, SEQPACKET]),
  43: ofSmc,
  44: ofType(dumpXdp as AnyDump, [RAW]),
};

/**
 * The sockets of a kind, by its name in the notation of `sockdiag/name`, which is what socket(2) is asked for:
 * `'inet/stream/tcp'`, `'inet6/dgram/udp'`, `'local/dgram/0'`, `'netlink/raw/route'`, or `'2/1/6'`. The options are those of
 * the dump that it stands for, but for what the name says already.
 *
 * Of raw IP sockets a protocol of 0 is any. Sockets of SCTP do not tell whether they are of stream or seqpacket: both names
 * stand for all. What a name leaves out of a dump is chosen here, so that `raw()` has it.
 *
 * @throws NameSyntaxError for a text that is no name. TypeError for a kind that sock_diag does not tell of, and for a wrong
 * option. Reading the dump throws `SockDiagError`.
 */
export function dump<N extends keyof NamedDumps>(
  name: N,
  options?: NamedDumps[N]['options'],
): Dump<NamedDumps[N]['record']>;
export function dump(name: string, options?: DumpOptions): Dump<DiagMsg>;
export function dump(name: string, options?: DumpOptions): Dump<DiagMsg> {
  const hook = parseHook(name);
  checkObject(options);
  const chosen = FAMILIES[hook.family]?.(hook, checkUnsaid(name, hook, options));
  if (chosen !== undefined) return chosen;
  const advice = isPing(hook) ? ': ping sockets are in /proc/net alone, for dumpIcmp of sockdiag/proc' : '';
  throw new TypeError(`dump: sock_diag does not tell of the sockets of ${formatHook(hook)}${advice}`);
}

function checkObject(options: unknown): void {
  if (options === undefined || (typeof options === 'object' && options !== null && !Array.isArray(options)))
    return;
  throw new TypeError(`dump: options must be an object, not ${show(options)}`);
}

/** What the name has said, an option must not. */
function checkUnsaid(name: string, { family }: Hook, options: object = {}): Options {
  const said = family === 16 ? 'protocol' : 'family';
  if ((options as Options)[said] === undefined) return options as Options;
  throw new TypeError(`dump: there is no option '${said}' where the name has it: '${name}'`);
}

function isPing({ family, type, protocol }: Hook): boolean {
  return (
    (family === 2 && type === DGRAM && protocol === 1) || (family === 10 && type === DGRAM && protocol === 58)
  );
}
