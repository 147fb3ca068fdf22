/** What stands behind a socket's addresses, where options ask for it. */
import type { Sockopt } from '../inet/sockopt.js';
import type { Shutdown } from '../record/shutdown.js';
import type { SkMeminfo } from '../record/skmeminfo.js';
import type { Holder } from './holders.js';
import type { Values } from './options.js';
import { printable } from './words.js';

/** ` users:(("node",pid=1,fd=2))`; nothing without any. Like ss, with those last that were found first. */
export function usersText(holders: readonly Holder[] | undefined): string {
  if (holders === undefined || holders.length === 0) return '';
  return ` users:(${holders.map(userText).reverse().join(',')})`;
}

function userText({ comm, pid, tid, context, fd }: Holder): string {
  const thread = tid === undefined ? '' : `tid=${tid},`;
  const process = context === undefined ? '' : `proc_ctx=${printable(context)},`;
  return `("${printable(comm)}",pid=${pid},${thread}${process}fd=${fd})`;
}

interface Identity {
  uid?: number;
  inode: number;
  cookie: string;
}

/** ` uid:1000 ino:4711 sk:2b`; nothing of root. */
export function identityText({ uid, inode, cookie }: Identity): string {
  return `${uid ? ` uid:${uid}` : ''} ino:${inode} sk:${cookie}`;
}

/** On a line of its own, but for -O. */
export function behind(text: string, { oneline }: Values): string {
  if (text === '') return '';
  return oneline ? ` ${text}` : `\n\t${text}`;
}

export function skmemText(memory: SkMeminfo | undefined): string {
  if (memory === undefined) return '';
  const { rmemAlloc, rcvbuf, wmemAlloc, sndbuf, fwdAlloc, wmemQueued, optmem, backlog, drops } = memory;
  const lost = drops === undefined ? '' : `,d${drops}`;
  return ` skmem:(r${rmemAlloc},rb${rcvbuf},t${wmemAlloc},tb${sndbuf},f${fwdAlloc},w${wmemQueued},o${optmem},bl${backlog}${lost})`;
}

/** ` timer:(on,1min14sec,11)`; nothing without a timer. */
export function timerText(timer: string, expires: number, retrans: number): string {
  if (timer === 'off') return '';
  return ` timer:(${timer === 't3_rtx' ? 'T3_RTX' : timer},${durationText(expires)},${retrans})`;
}

/** The two largest units, and of ten and more of the larger one that alone: `1min14sec`, `9.200ms`, `115min`. */
function durationText(milliseconds: number): string {
  const total = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(total / 60);
  const seconds = minutes > 9 ? 0 : total % 60;
  const rest = minutes > 0 || seconds > 9 ? 0 : milliseconds % 1000;
  let text = minutes > 0 ? `${minutes}min` : '';
  if (seconds > 0) text += `${seconds}${rest > 0 ? '.' : 'sec'}`;
  if (rest > 0) text += `${String(rest).padStart(3, '0')}ms`;
  return text;
}

const ARROWS: Readonly<Record<Shutdown, string>> = { none: '<->', rcv: '-->', send: '<--', both: '---' };

export function shutdownText(shutdown: Shutdown | undefined): string {
  return shutdown === undefined ? '' : ` ${ARROWS[shutdown]}`;
}

/** By the order of `ss`. */
const SOCKOPTS: readonly (readonly [keyof Sockopt, string])[] = [
  ['recverr', 'recverr'],
  ['isIcsk', 'is_icsk'],
  ['freebind', 'freebind'],
  ['hdrincl', 'hdrincl'],
  ['mcLoop', 'mc_loop'],
  ['transparent', 'transparent'],
  ['mcAll', 'mc_all'],
  ['nodefrag', 'nodefrag'],
  ['bindAddressNoPort', 'bind_addr_no_port'],
  ['recverrRfc4884', 'recverr_rfc4884'],
  ['deferConnect', 'defer_connect'],
] as never;

export function sockoptText(sockopt: Sockopt | undefined): string {
  if (sockopt === undefined) return '';
  const set = SOCKOPTS.filter(([name]) => sockopt[name]).map(([, word]) => word);
  return `inet-sockopt: (${set.map((word) => ` ${word}`).join('')})`;
}
