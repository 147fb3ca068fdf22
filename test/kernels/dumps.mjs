/** How the sockets of each kind in the world are asked for: with everything that can be shown. */
import * as sockdiag from '../../dist/index.js';

export const ALL_STATES = [
  ...['ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT'],
  ...['LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV', 'BOUND_INACTIVE'],
];
const MEMORY = ['meminfo', 'tos', 'tclass', 'classId', 'skmeminfo'];
const TCP = ['info', 'md5sig', 'ulpInfo', 'vegasinfo', 'dctcpinfo', 'bbrinfo', 'cong'];

/** @type {Record<string, any>} what the types say is tested elsewhere */
const library = sockdiag;

/** @type {Record<string, () => any>} by the ledger's kinds */
export const DUMPS = {
  raw: () => library['dumpRaw']({ show: MEMORY }),
  udp: () => library['dumpUdp']({ show: MEMORY }),
  udplite: () => library['dumpUdpLite']({ show: MEMORY }),
  tcp: () => library['dumpTcp']({ show: [...MEMORY, ...TCP], states: ALL_STATES }),
  mptcp: () => library['dumpMptcp']({ show: [...MEMORY, 'info'] }),
  sctp: () => library['dumpSctp']({ show: [...MEMORY, 'info', 'cong'] }),
  dccp: () => library['dumpDccp']({ show: [...MEMORY, 'info'], states: [...ALL_STATES, 'PARTOPEN'] }),
  vsock: () => library['dumpVsock'](),
  xdp: () => library['dumpXdp'](),
  smc: () => library['dumpSmc'](),
  tipc: () => library['dumpTipc'](),
  unix: () => library['dumpUnix'](),
  packet: () => library['dumpPacket']({ show: ['info', 'mclist', 'ringCfg', 'fanout', 'meminfo', 'filter'] }),
  netlink: () => library['dumpNetlink'](),
};
