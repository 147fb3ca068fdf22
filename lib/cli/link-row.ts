/** Packet and netlink sockets as rows. */
import { readFileSync } from 'node:fs';

import { formatEthertype, formatNetlinkProtocol } from '../filter/names.js';
import { NETLINK_PROTOCOLS, type NetlinkDiagMsg } from '../netlink-family/record.js';
import type { PacketDiagMsg } from '../packet/record.js';
import type { Context } from './context.js';
import { skmemText, usersText } from './details.js';
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
    `${num === ETH_P_ALL ? '*' : formatEthertype(num)}:`,
    index === 0 ? '*' : context.device(index),
    '*',
    '',
    packetText(socket, context),
  ];
}

function packetText(
  { owners, uid, inode, cookie, info, meminfo }: PacketDiagMsg,
  { values }: Context,
): string {
  const memory = values.memory ? skmemText(meminfo) : '';
  if (!values.extended) return `${usersText(owners)}${memory}`;
  const flags = Object.entries(info?.flags ?? {}).filter(([name, set]) => set === true && name !== 'unknown');
  const words = flags.map(([name]) => ` ${name}`).join('');
  const version = Number((info?.version ?? 'v1').slice(1)) - 1;
  const shown = `ver:${version} cpy_thresh:${info?.copyThresh ?? 0} flags(${words} )`;
  return [
    usersText(owners),
    uid ? ` uid:${uid}` : '',
    ` ino:${inode} sk:${cookie}`,
    values.oneline ? ` ${shown}` : `\n\t${shown}`,
    memory,
  ].join('');
}

/** Many programs take their process id for it. */
function portidText(portid: number): string {
  if (portid === 0) return 'kernel';
  try {
    return `${printable(readFileSync(`/proc/${portid}/comm`, 'utf8').trimEnd())}/${portid}`;
  } catch {
    return String(portid);
  }
}

export function netlinkRow(socket: NetlinkDiagMsg, { values }: Context): Row {
  const { protocol, portid, meminfo, groups = [] } = socket;
  const number = NETLINK_PROTOCOLS.indexOf(protocol);
  const mask = groups.reduce((bits, group) => (group <= 32 ? bits | (1 << (group - 1)) : bits), 0) >>> 0;
  return [
    'nl',
    'UNCONN',
    queueText(meminfo?.rmemAlloc ?? 0),
    queueText(meminfo?.wmemAlloc ?? 0),
    `${values.numeric || number < 0 ? number : formatNetlinkProtocol(number)}:`,
    values.numeric ? String(portid) : portidText(portid),
    '*',
    '',
    [
      usersText(socket.owners),
      values.extended ? ` sk=0 cb=0 groups=0x${mask.toString(16).padStart(8, '0')}` : '',
      values.memory ? `\t${skmemText(meminfo)}` : '',
    ].join(''),
  ];
}
