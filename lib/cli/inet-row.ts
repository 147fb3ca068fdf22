/** Sockets of the IP protocols as rows. */
import { protocolName } from '../filter/services.js';
import type { MptcpDiagMsg } from '../inet/mptcp.js';
import type { InetDiagMsg } from '../inet/record.js';
import type { SctpDiagMsg } from '../inet/sctp.js';
import type { SctpState } from '../inet/sctp-info.js';
import type { TcpDiagMsg } from '../inet/tcp.js';
import type { Context } from './context.js';
import { behind, identityText, shutdownText, skmemText, sockoptText, timerText } from './details.js';
import type { Row } from './layout.js';
import { mptcpInfoText } from './mptcp-info-text.js';
import type { Values } from './options.js';
import { sctpInfoText, sctpStateWord } from './sctp-info-text.js';
import { serviceOf } from './services.js';
import { tcpInfoText } from './tcp-info-text.js';
import { queueText, stateWord } from './words.js';

export function inetRow(socket: InetDiagMsg, context: Context): Row {
  const { src, sport, dst, dport } = socket;
  const isAssociation = socket.protocol === 'sctp' && 'peers' in socket;
  return [
    isAssociation ? '' : socket.protocol,
    isAssociation ? `\`- ${sctpStateWord(socket.state as SctpState)}` : stateWord(socket.state),
    queueText(socket.rqueue),
    queueText(socket.wqueue),
    `${addressText(socket, src, context)}${deviceText(socket, context)}:`,
    portText(socket, sport, context),
    `${addressText(socket, dst, context)}:`,
    portText(socket, dport, context),
    processText(socket, context),
  ];
}

/** Any address of a socket that may serve IPv4 too is `*`. */
function addressText({ family, skv6only }: InetDiagMsg, address: string, context: Context): string {
  if (family === 'inet') return context.host(address);
  if (address === '::' && skv6only !== true) return '*';
  const host = context.host(address);
  return host.includes(':') ? `[${host}]` : host;
}

function deviceText({ ifindex }: InetDiagMsg, context: Context): string {
  return ifindex === 0 ? '' : `%${context.device(ifindex)}`;
}

function portText({ protocol }: InetDiagMsg, port: number, { values }: Context): string {
  if (port === 0) return '*';
  if (values.numeric) return String(port);
  // A raw socket has its IP protocol there.
  if (protocol === 'raw') return protocolName(port) ?? `ipproto-${port}`;
  return serviceOf(port, protocol) ?? String(port);
}

/** What asks for something behind the addresses. */
export const MORE: readonly (keyof Values)[] = [
  'processes',
  'options',
  'extended',
  'tos',
  'cgroup',
  'inet-sockopt',
  'memory',
  'info',
  'bpf',
  'threads',
  'context',
  'contexts',
  'tipcinfo',
];

function processText(socket: InetDiagMsg, context: Context): string {
  const { values } = context;
  const { timer, expires, retrans } = socket;
  // Of most sockets nothing is asked for, and none of this is done.
  let text = context.users(socket);
  if (hasOptions(values)) text += timerText(timer, expires, retrans);
  if (values.extended) text += extendedText(socket, context) + shutdownText(socket.shutdown);
  if (values.tos) text += tosText(socket);
  if (values.cgroup) text += cgroupText(socket, context);
  if (values['inet-sockopt']) text += behind(sockoptText(socket.sockopt), values);
  if (values.memory || values.info) text += innerText(socket, context);
  return text;
}

function innerText(socket: InetDiagMsg, context: Context): string {
  const { values } = context;
  if (!values.memory && socket.protocol === 'udp') return '';
  // Like ss, even where there is nothing to tell.
  const memory = values.memory ? skmemText(socket.skmeminfo) : '';
  return `${values.oneline ? '' : '\n\t'}${memory}${infoText(socket, context)}`;
}

function infoText(socket: InetDiagMsg, context: Context): string {
  const { values } = context;
  switch (socket.protocol) {
    case 'tcp':
      return values.info ? tcpInfoText(socket as TcpDiagMsg, hasOptions(values)) : '';
    case 'mptcp':
      return values.info ? mptcpInfoText((socket as MptcpDiagMsg).info) : '';
    case 'sctp':
      return sctpInfoText(socket as InetDiagMsg as unknown as SctpDiagMsg, (address) =>
        context.host(address),
      );
    default:
      return '';
  }
}

/** Whether timers are told; and of a connection's options, `ss -i` alone tells nothing either. */
function hasOptions({ options, extended, bpf }: Values): boolean {
  return options === true || extended === true || bpf === true;
}

function extendedText(socket: InetDiagMsg, context: Context): string {
  const { mark, skv6only } = socket;
  const fwmark = mark ? ` fwmark:0x${mark.toString(16)}` : '';
  const v6only = skv6only === undefined ? '' : ` v6only:${skv6only ? 1 : 0}`;
  return `${identityText(socket)}${fwmark}${cgroupText(socket, context)}${v6only}`;
}

function cgroupText({ cgroupId }: InetDiagMsg, context: Context): string {
  return cgroupId === undefined ? '' : ` cgroup:${context.cgroup(cgroupId)}`;
}

function tosText({ tos, tclass, classId }: InetDiagMsg): string {
  return [
    tos === undefined ? '' : ` tos:0x${tos.toString(16)}`.replace('0x0', '0'),
    tclass === undefined ? '' : ` tclass:0x${tclass.toString(16)}`.replace('0x0', '0'),
    classId === undefined ? '' : ` class_id:0x${classId.toString(16)}`.replace('0x0', '0'),
  ].join('');
}
