/** Unix-domain sockets as rows. */
import type { UnixDiagMsg } from '../unix/record.js';
import type { Context } from './context.js';
import { shutdownText, skmemText } from './details.js';
import type { Row } from './layout.js';
import { printable, queueText, stateWord } from './words.js';

const NETIDS: Readonly<Record<string, string>> = { stream: 'u_str', dgram: 'u_dgr', seqpacket: 'u_seq' };

export function unixRow(socket: UnixDiagMsg, context: Context): Row {
  const { values } = context;
  const { type, state, rqueue = 0, wqueue = 0, name, inode, peer = 0 } = socket;
  return [
    NETIDS[type] ?? type,
    stateWord(state),
    queueText(rqueue),
    queueText(wqueue),
    `${name === undefined ? '*' : printable(name)} `,
    String(inode),
    '* ',
    String(peer),
    [
      context.users(socket),
      values.memory ? skmemText(socket.meminfo) : '',
      values.extended ? extendedText(socket) : '',
    ].join(''),
  ];
}

function extendedText({ shutdown, vfs, icons }: UnixDiagMsg): string {
  const file = vfs === undefined ? '' : ` ino:${vfs.inode} dev:${deviceText(vfs.dev)}`;
  const peers = icons === undefined ? '' : ` peers:${icons.map((inode) => ` ${inode}`).join('')}`;
  return `${shutdownText(shutdown)}${file}${peers}`;
}

/** As `ss` takes it apart: st_dev of the kernel's own encoding. */
function deviceText(dev: number): string {
  const major = (dev >>> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  return `${major}/${minor}`;
}
