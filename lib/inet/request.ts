/** inet_diag_req_v2: the request for sockets of an IP protocol. */
import type { NativeRequest } from '../binding.js';
import type { Subject } from '../netlink/errors.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { type SocketState, stateMask } from '../record/state.js';
import { INET_DIAG_MSG_LENGTH, type InetFamily, type InetProtocol } from './record.js';

const INET_DIAG_REQ_V2_LENGTH = 56;

const FAMILIES: Record<InetFamily, { number: number; words: string }> = {
  inet: { number: 2, words: 'IPv4' },
  inet6: { number: 10, words: 'IPv6' },
};

export const INET_FAMILIES: readonly InetFamily[] = ['inet', 'inet6'];

interface Protocol {
  number: number;
  words: string;
  handler: { module: string; option: string };
}

const PROTOCOLS: Record<InetProtocol, Protocol> = {
  tcp: { number: 6, words: 'TCP', handler: { module: 'tcp_diag', option: 'CONFIG_INET_TCP_DIAG' } },
  udp: { number: 17, words: 'UDP', handler: { module: 'udp_diag', option: 'CONFIG_INET_UDP_DIAG' } },
  udplite: {
    number: 136,
    words: 'UDP-Lite',
    handler: { module: 'udp_diag', option: 'CONFIG_INET_UDP_DIAG' },
  },
};

/** For one family: a dump of both is two requests. */
export function inetRequest(
  family: InetFamily,
  protocol: InetProtocol,
  states: readonly SocketState[],
): NativeRequest {
  const payload = new Uint8Array(INET_DIAG_REQ_V2_LENGTH);
  payload[0] = FAMILIES[family].number;
  payload[1] = PROTOCOLS[protocol].number;
  new Uint32Array(payload.buffer)[1] = stateMask(states);
  return {
    type: SOCK_DIAG_BY_FAMILY,
    family: FAMILIES[family].number,
    headerLength: INET_DIAG_MSG_LENGTH,
    payload,
  };
}

export function inetSubject(family: InetFamily, protocol: InetProtocol): Subject {
  return {
    sockets: `${FAMILIES[family].words} ${PROTOCOLS[protocol].words} sockets`,
    family: { module: 'inet_diag', option: 'CONFIG_INET_DIAG' },
    protocol: PROTOCOLS[protocol].handler,
  };
}
