/** A record of any table of /proc/net. */
import type { ProcIcmpMsg } from './icmp.js';
import type { ProcTcpMsg, ProcUdpLiteMsg, ProcUdpMsg } from './inet.js';
import type { ProcNetlinkMsg } from './netlink.js';
import type { ProcPacketMsg } from './packet.js';
import type { PfKeyMsg } from './pfkey.js';
import type { ProcRawMsg } from './raw.js';
import type { ProcUnixMsg } from './unix.js';

/** A record of any dump of `sockdiag/proc`. */
export type ProcMsg =
  | ProcTcpMsg
  | ProcUdpMsg
  | ProcUdpLiteMsg
  | ProcRawMsg
  | ProcIcmpMsg
  | ProcUnixMsg
  | ProcPacketMsg
  | ProcNetlinkMsg
  | PfKeyMsg;
