/** Packet and netlink sockets as rows. */
import { readFileSync } from 'node:fs';

import { formatEthertype, formatNetlinkProtocol } from '../filter/names.js';
import { NETLINK_PROTOCOLS, type NetlinkDiagMsg } from '../netlink-family/record.js';
import type { PacketDiagMsg, PacketInfo, PacketRing, SockFilter } from '../packet/record.js';
import type { Context } from './context.js';
import { behind, identityText, skmemText } from './details.js';
import type { Row } from './layout.js';
import { printable, queueText } from './words.js';

const ETH_P_ALL = 3;

export function packetRow(socket: PacketDiagMsg, context: Context): Row {
  const { type, num, info, meminfo } = socket;
  const index = info?.index ?? 0;
  return [
    type === 'dgram' ? 'p_dgr' : 'p_raw',
    'UNCONN',
    queueText(meminfo?.rmemAlloc ?? 0),
    queueText(0),
    `${ethertypeText(num, context)}:`,
    index === 0 ? '*' : context.device(index),
    '*',
    '',
    packetText(socket, context),
  ];
}

function ethertypeText(num: number, { values }: Context): string {
  if (num === ETH_P_ALL) return '*';
  return values.numeric ? `[${num}]` : formatEthertype(num);
}

function packetText(socket: PacketDiagMsg, context: Context): string {
  const { values } = context;
  return [
    context.users(socket),
    values.extended ? identityText(socket) : '',
    ...(values.extended ? packetParts(socket).map((text) => behind(text, values)) : []),
    values.bpf ? behind(filterText(socket.filter), values) : '',
    values.memory ? skmemText(socket.meminfo) : '',
  ].join('');
}

function packetParts({ info, rxRing, txRing, fanout }: PacketDiagMsg): string[] {
  return [
    info === undefined ? '' : infoText(info),
    ringText('rx', rxRing),
    ringText('tx', txRing),
    fanout === undefined ? '' : `fanout(id:${fanout.id},type:${fanoutWord(fanout.type)})`,
  ];
}

const VERSIONS: readonly string[] = ['v1', 'v2', 'v3'];

/** The number in the name that a record has for what it has no word for. */
const numberOf = (name: string): number => Number(name.replace(/^unknown_/, ''));

/** The blanks are those of ss, which has none before the first. */
function infoText({ version, copyThresh, flags }: PacketInfo): string {
  const number = VERSIONS.includes(version) ? VERSIONS.indexOf(version) : numberOf(version);
  const { running, unknown, ...others } = flags;
  const words = Object.entries(others).flatMap(([name, set]) => (set ? [` ${name}`] : []));
  const isNone = !running && words.length === 0 && unknown === undefined;
  const set = `${running ? 'running' : ''}${words.join('')}${isNone ? '0' : ''}`;
  return `ver:${number} cpy_thresh:${copyThresh | 0} flags( ${set} )`;
}

function ringText(name: string, ring: PacketRing | undefined): string {
  if (ring === undefined) return '';
  const { blockSize, blockNr, frameSize, frameNr, retireTmo, features } = ring;
  const frames = `frm_size:${frameSize},frm_nr:${frameNr},tmo:${retireTmo},features:0x${features.toString(16)}`;
  return `ring_${name}(blk_size:${blockSize},blk_nr:${blockNr},${frames})`;
}

/** Where ss has another word, or none, which it tells by the number. */
const FANOUTS: Readonly<Record<string, string>> = {
  rollover: 'roll',
  rnd: 'random',
  cbpf: '0x6',
  ebpf: '0x7',
};

function fanoutWord(type: string): string {
  return FANOUTS[type] ?? (type.startsWith('unknown_') ? `0x${numberOf(type).toString(16)}` : type);
}

/** The program as it is, one instruction after the other. */
function filterText(filter: readonly SockFilter[] | undefined): string {
  if (filter === undefined) return '';
  const all = filter.map(
    ({ code, jt, jf, k }) => ` 0x${code.toString(16).padStart(2, '0')} ${jt} ${jf} ${k},`,
  );
  return `bpf filter (${filter.length}): ${all.join('')}`;
}

/** Many programs take their process id for it. Those that the kernel makes up are large, and ss takes them for signed. */
function portidText(portid: number, isNumeric: boolean): string {
  const signed = portid | 0;
  if (signed === -1) return '*';
  if (isNumeric) return String(signed);
  if (signed === 0) return 'kernel';
  try {
    return `${printable(readFileSync(`/proc/${portid}/comm`, 'utf8').trimEnd())}/${portid}`;
  } catch {
    return String(signed);
  }
}

export function netlinkRow(socket: NetlinkDiagMsg, context: Context): Row {
  const { values } = context;
  const { protocol, portid, meminfo, groups = [] } = socket;
  const number = NETLINK_PROTOCOLS.indexOf(protocol);
  const mask = groups.reduce((bits, group) => (group <= 32 ? bits | (1 << (group - 1)) : bits), 0) >>> 0;
  return [
    'nl',
    'UNCONN',
    queueText(meminfo?.rmemAlloc ?? 0),
    queueText(meminfo?.wmemAlloc ?? 0),
    `${values.numeric || number < 0 ? number : formatNetlinkProtocol(number)}:`,
    portidText(portid, values.numeric === true),
    '*',
    '',
    [
      context.users(socket),
      values.extended ? ` sk=0 cb=0 groups=0x${mask.toString(16).padStart(8, '0')}` : '',
      values.memory ? `\t${skmemText(meminfo)}` : '',
    ].join(''),
  ];
}
