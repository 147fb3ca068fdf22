/** The IP protocols, by their names. */
import type { UnknownAttributes } from '../netlink/attributes.js';
import { DCCP } from './dccp.js';
import type { InetKind } from './dump.js';
import { MPTCP } from './mptcp.js';
import { RAW } from './raw.js';
import type { InetProtocol } from './record.js';
import { SCTP } from './sctp.js';
import { TCP } from './tcp.js';
import { UDP, UDPLITE } from './udp.js';

/** For who asks for them, whatever their records have. */
export type AnyInetKind = InetKind<UnknownAttributes, never>;

export const INET_KINDS: Readonly<Record<InetProtocol, AnyInetKind>> = {
  tcp: TCP,
  udp: UDP,
  udplite: UDPLITE,
  raw: RAW,
  sctp: SCTP,
  dccp: DCCP,
  mptcp: MPTCP,
} as never;
