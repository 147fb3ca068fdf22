/** UDP and UDP-Lite: their dumps. Their records have what all IP protocols have. */
import type { AttributeTable } from '../netlink/attributes.js';
import type { Dump } from '../netlink/dump.js';
import type { Decode } from '../netlink/reading.js';
import { type Fallback, fallbackCheck, inetInstead, type NoFallback } from '../proc/fallback.js';
import { type ProcUdpLiteMsg, type ProcUdpMsg, udpLiteTable, udpTable } from '../proc/inet.js';
import {
  byInetCookie,
  type InetKind,
  type InetStatesOptions,
  inetDecoder,
  inetDump,
  inetOptions,
  statesCheck,
} from './dump.js';
import { INET_ATTRIBUTES, INET_SHOW, type InetDiagMsg, type InetShow } from './record.js';

/** A UDP socket. */
export interface UdpDiagMsg extends InetDiagMsg {
  /** The protocol that was asked for. */
  protocol: 'udp';
}

/** A UDP-Lite socket. */
export interface UdpLiteDiagMsg extends InetDiagMsg {
  /** The protocol that was asked for. */
  protocol: 'udplite';
}

export type UdpShow = InetShow;

export type UdpDumpOptions = InetStatesOptions<UdpShow>;

const UDP_DIAG = { module: 'udp_diag', option: 'CONFIG_INET_UDP_DIAG' };

export const UDP: InetKind<UdpDiagMsg, UdpShow> = {
  protocol: 'udp',
  number: 17,
  words: 'UDP',
  handler: UDP_DIAG,
  show: INET_SHOW,
  attributes: INET_ATTRIBUTES as AttributeTable<UdpDiagMsg>,
  known: byInetCookie,
  hasGlances: true,
};

export const UDPLITE: InetKind<UdpLiteDiagMsg, UdpShow> = {
  protocol: 'udplite',
  number: 136,
  words: 'UDP-Lite',
  handler: UDP_DIAG,
  show: INET_SHOW,
  attributes: INET_ATTRIBUTES as AttributeTable<UdpLiteDiagMsg>,
  known: byInetCookie,
  hasGlances: true,
};

export const decodeUdp: Decode<UdpDiagMsg> = inetDecoder(UDP);
export const decodeUdpLite: Decode<UdpLiteDiagMsg> = inetDecoder(UDPLITE);

/**
 * The UDP sockets of a network namespace, but for those that have no port yet.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpUdp(options?: UdpDumpOptions & NoFallback): Dump<UdpDiagMsg>;
export function dumpUdp(options?: UdpDumpOptions & Fallback): Dump<UdpDiagMsg | ProcUdpMsg>;
export function dumpUdp(options?: UdpDumpOptions & Fallback): Dump<UdpDiagMsg | ProcUdpMsg> {
  const wish = { caller: 'dumpUdp', kind: UDP, given: options, checks: { ...statesCheck, ...fallbackCheck } };
  const checked = inetOptions<UdpDumpOptions & Fallback, UdpDiagMsg, UdpShow>(wish);
  return inetDump(UDP, decodeUdp, { ...checked, instead: inetInstead('dumpUdp', checked, udpTable) });
}

/**
 * The UDP-Lite sockets of a network namespace. Linux 7.1 has no UDP-Lite any more, and reading the dump throws.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpUdpLite(options?: UdpDumpOptions & NoFallback): Dump<UdpLiteDiagMsg>;
export function dumpUdpLite(options?: UdpDumpOptions & Fallback): Dump<UdpLiteDiagMsg | ProcUdpLiteMsg>;
export function dumpUdpLite(options?: UdpDumpOptions & Fallback): Dump<UdpLiteDiagMsg | ProcUdpLiteMsg> {
  const wish = {
    caller: 'dumpUdpLite',
    kind: UDPLITE,
    given: options,
    checks: { ...statesCheck, ...fallbackCheck },
  };
  const checked = inetOptions<UdpDumpOptions & Fallback, UdpLiteDiagMsg, UdpShow>(wish);
  return inetDump(UDPLITE, decodeUdpLite, {
    ...checked,
    instead: inetInstead('dumpUdpLite', checked, udpLiteTable),
  });
}
