/** Sockets of the IP protocols as rows. */
import { serviceName } from '../filter/services.js';
import type { InetDiagMsg } from '../inet/record.js';
import type { TcpDiagMsg } from '../inet/tcp.js';
import type { Context } from './context.js';
import { shutdownText, skmemText, sockoptText, timerText, usersText } from './details.js';
import type { Row } from './layout.js';
import type { Values } from './options.js';
import { tcpInfoText } from './tcp-info-text.js';
import { queueText, stateWord } from './words.js';

export function inetRow(socket: InetDiagMsg, context: Context): Row {
  const { src, sport, dst, dport } = socket;
  return [
    socket.protocol,
    stateWord(socket.state),
    queueText(socket.rqueue),
    queueText(socket.wqueue),
    `${addressText(socket, src)}${deviceText(socket, context)}:`,
    portText(socket, sport, context),
    `${addressText(socket, dst)}:`,
    portText(socket, dport, context),
    processText(socket, context),
  ];
}

/** Any address of a socket that may serve IPv4 too is `*`. */
function addressText({ family, skv6only }: InetDiagMsg, address: string): string {
  if (family === 'inet') return address;
  return address === '::' && skv6only !== true ? '*' : `[${address}]`;
}

function deviceText({ ifindex }: InetDiagMsg, context: Context): string {
  return ifindex === 0 ? '' : `%${context.device(ifindex)}`;
}

function portText({ protocol }: InetDiagMsg, port: number, { values }: Context): string {
  if (port === 0) return '*';
  const service = values.numeric ? undefined : serviceName(port, protocol);
  return service ?? String(port);
}

/** What asks for something behind the addresses. */
const MORE = [
  'processes',
  'options',
  'extended',
  'tos',
  'cgroup',
  'inet-sockopt',
  'memory',
  'info',
] as const satisfies readonly (keyof Values)[];

/** Whether there is anything behind the addresses. */
export function tellsMore(values: Values): boolean {
  return MORE.some((name) => values[name]);
}

function processText(socket: InetDiagMsg, context: Context): string {
  const { values } = context;
  const { timer, expires, retrans } = socket;
  // Of most sockets nothing is asked for, and none of this is done.
  let text = usersText(socket.owners);
  if (values.options || values.extended) text += timerText(timer, expires, retrans);
  if (values.extended) text += extendedText(socket, context) + shutdownText(socket.shutdown);
  if (values.tos) text += tosText(socket);
  if (values.cgroup) text += cgroupText(socket, context);
  if (values['inet-sockopt']) text += behind(sockoptText(socket.sockopt), values);
  if (values.memory || values.info) text += innerText(socket, values);
  return text;
}

function innerText(socket: InetDiagMsg, values: Values): string {
  const hasInfo = values.info && socket.protocol === 'tcp';
  if (!values.memory && !hasInfo) return '';
  return [
    values.oneline ? '' : '\n\t',
    values.memory ? skmemText(socket.skmeminfo) : '',
    hasInfo ? tcpInfoText(socket as TcpDiagMsg, isWordy(values)) : '',
  ].join('');
}

/** Of the options of a connection, `ss -i` alone tells nothing. */
function isWordy({ options, extended }: Values): boolean {
  return options === true || extended === true;
}

/** On a line of its own, but for -O. */
function behind(text: string, { oneline }: Values): string {
  if (text === '') return '';
  return oneline ? ` ${text}` : `\n\t${text}`;
}

function extendedText(socket: InetDiagMsg, context: Context): string {
  const { uid, inode, cookie, mark, skv6only } = socket;
  return [
    uid === 0 ? '' : ` uid:${uid}`,
    ` ino:${inode} sk:${cookie}`,
    mark ? ` fwmark:0x${mark.toString(16)}` : '',
    cgroupText(socket, context),
    skv6only === undefined ? '' : ` v6only:${skv6only ? 1 : 0}`,
  ].join('');
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
