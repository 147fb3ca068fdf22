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

/** @type {Record<string, (more?: object) => any>} by the ledger's kinds */
export const DUMPS = {
  raw: (more) => library['dumpRaw']({ show: MEMORY, ...more }),
  udp: (more) => library['dumpUdp']({ show: MEMORY, ...more }),
  udplite: (more) => library['dumpUdpLite']({ show: MEMORY, ...more }),
  tcp: (more) => library['dumpTcp']({ show: [...MEMORY, ...TCP], states: ALL_STATES, ...more }),
  mptcp: (more) => library['dumpMptcp']({ show: [...MEMORY, 'info'], ...more }),
  sctp: (more) => library['dumpSctp']({ show: [...MEMORY, 'info', 'cong'], ...more }),
  dccp: (more) =>
    library['dumpDccp']({ show: [...MEMORY, 'info'], states: [...ALL_STATES, 'PARTOPEN'], ...more }),
  vsock: (more) => library['dumpVsock'](more),
  xdp: (more) => library['dumpXdp'](more),
  smc: (more) => library['dumpSmc'](more),
  tipc: (more) => library['dumpTipc'](more),
  unix: (more) => library['dumpUnix'](more),
  packet: (more) =>
    library['dumpPacket']({ show: ['info', 'mclist', 'ringCfg', 'fanout', 'meminfo', 'filter'], ...more }),
  netlink: (more) => library['dumpNetlink'](more),
};
