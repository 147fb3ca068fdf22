/** What `ss -Mi` prints of a whole connection of Multipath TCP, to the letter: that of iproute2 6.1. */
import type { MptcpInfo } from '../inet/mptcp-info.js';

/** Absent of a short structure; of 0, ss says nothing. */
const unlessZero = (text: string, value: number | string | undefined): string =>
  value === undefined || value === 0 || value === '0' ? '' : ` ${text}:${value}`;

/** With a blank before each word; `''` where ss has nothing to say. */
export function mptcpInfoText(info: MptcpInfo | undefined): string {
  if (info === undefined) return '';
  const { flags, token = 0 } = info;
  return [
    unlessZero('subflows', info.subflows),
    unlessZero('add_addr_signal', info.addAddrSignal),
    unlessZero('add_addr_accepted', info.addAddrAccepted),
    unlessZero('subflows_max', info.subflowsMax),
    unlessZero('add_addr_signal_max', info.addAddrSignalMax),
    unlessZero('add_addr_accepted_max', info.addAddrAcceptedMax),
    flags.fallback ? ' fallback' : '',
    flags.remoteKeyReceived ? ' remote_key' : '',
    unlessZero('token', token.toString(16)),
    unlessZero('write_seq', info.writeSeq),
    unlessZero('snd_una', info.sndUna),
    unlessZero('rcv_nxt', info.rcvNxt),
  ].join('');
}
