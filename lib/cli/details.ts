/** What stands behind a socket's addresses, where options ask for it. */
import type { Sockopt } from '../inet/sockopt.js';
import type { SocketOwner } from '../record/record.js';
import type { Shutdown } from '../record/shutdown.js';
import type { SkMeminfo } from '../record/skmeminfo.js';
import { printable } from './words.js';

/** ` users:(("node",pid=1,fd=2))`; nothing without any. */
export function usersText(owners: readonly SocketOwner[] | undefined): string {
  if (owners === undefined || owners.length === 0) return '';
  const users = owners.map(({ comm, pid, fd }) => `("${printable(comm)}",pid=${pid},fd=${fd})`);
  return ` users:(${users.join(',')})`;
}

export function skmemText(memory: SkMeminfo | undefined): string {
  if (memory === undefined) return '';
  const { rmemAlloc, rcvbuf, wmemAlloc, sndbuf, fwdAlloc, wmemQueued, optmem, backlog, drops } = memory;
  const lost = drops === undefined ? '' : `,d${drops}`;
  return ` skmem:(r${rmemAlloc},rb${rcvbuf},t${wmemAlloc},tb${sndbuf},f${fwdAlloc},w${wmemQueued},o${optmem},bl${backlog}${lost})`;
}

/** ` timer:(on,1min14sec,11)`; nothing without a timer. */
export function timerText(timer: string, expires: number, retrans: number): string {
  return timer === 'off' ? '' : ` timer:(${timer},${durationText(expires)},${retrans})`;
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
