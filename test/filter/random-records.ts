/** Random records of all families. Only what filters look at is varied. */
import type {
  DiagMsg,
  InetDiagMsg,
  NetlinkDiagMsg,
  PacketDiagMsg,
  SctpDiagMsg,
  SmcDiagMsg,
  TcpDiagMsg,
  TipcDiagMsg,
  UnixDiagMsg,
  VsockDiagMsg,
  XdpDiagMsg,
} from '../../lib/index.js';
import { NETLINK_PROTOCOLS } from '../../lib/netlink-family/record.js';
import type { SocketState } from '../../lib/record/state.js';
import {
  ADDRESSES_4,
  ADDRESSES_6,
  CGROUP_IDS,
  CIDS,
  ETHERTYPES,
  IFINDEXES,
  MARKS,
  NETLINK_NUMBERS,
  PORTIDS,
  PORTS,
  type Random,
  UNIX_NAMES,
  VSOCK_PORTS,
} from './random-choice.js';

const MAKERS: readonly ((random: Random) => DiagMsg)[] = [
  randomInetRecord,
  randomInetRecord,
  randomInetRecord,
  randomSctp,
  randomSmc,
  randomUnix,
  randomUnix,
  randomPacket,
  randomNetlink,
  randomVsock,
  randomXdp,
  randomTipc,
];

/** A record of any family. */
export function randomRecord(random: Random): DiagMsg {
  return random.pick(MAKERS)(random);
}

/** As the kernel can report it. */
const TCP_STATES: readonly SocketState[] = [
  'ESTABLISHED',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
];

/**
 * A record of an IP protocol whose sockets the kernel filters, as a reader with CAP_NET_ADMIN gets it. Those in SYN_RECV
 * and TIME_WAIT have no cgroup, and sometimes TIME_WAIT has no mark, which is so before Linux 5.15.
 */
export function randomInetRecord(random: Random): TcpDiagMsg | Extract<DiagMsg, { protocol: 'udp' }> {
  if (random.chance(0.3)) {
    const state = random.pick(['ESTABLISHED', 'CLOSE'] as const);
    return { ...inetRecord(random), protocol: 'udp', state, ...ofFullSocket(random) };
  }
  const state = random.pick(TCP_STATES);
  const isTimeWait = state === 'TIME_WAIT' || (state === 'FIN_WAIT2' && random.chance(0.5));
  const isFull = state !== 'SYN_RECV' && !isTimeWait;
  const record: TcpDiagMsg = {
    ...inetRecord(random),
    protocol: 'tcp',
    state,
    ...(isTimeWait && { timer: 'timewait' }),
    ...(isFull && ofFullSocket(random)),
  };
  if (!isFull && !(isTimeWait && random.chance(0.3))) record.mark = random.pick(MARKS);
  return record;
}

function ofFullSocket(random: Random): Pick<Required<InetDiagMsg>, 'shutdown' | 'mark' | 'cgroupId'> {
  return { shutdown: 'none', mark: random.pick(MARKS), cgroupId: random.pick(CGROUP_IDS) };
}

function inetRecord(random: Random): Omit<InetDiagMsg, 'protocol' | 'state'> {
  const family = random.pick(['inet', 'inet6'] as const);
  const addresses = family === 'inet' ? ADDRESSES_4 : ADDRESSES_6;
  return {
    family,
    timer: 'off',
    retrans: 0,
    src: random.pick<string>(addresses),
    sport: random.pick(PORTS),
    dst: random.pick<string>(addresses),
    dport: random.pick(PORTS),
    ifindex: random.pick(IFINDEXES),
    expires: 0,
    rqueue: 0,
    wqueue: 0,
    uid: 0,
    ...identity(random),
  };
}

function identity(random: Random): { inode: number; cookie: string } {
  return { inode: random.pick([0, 22, 80, 4711]), cookie: random.below(1 << 30).toString(16) };
}

function randomSctp(random: Random): SctpDiagMsg {
  const { timer: _, ...common } = inetRecord(random);
  const state = random.pick(['CLOSE', 'LISTEN', 'ESTABLISHED', 'COOKIE_WAIT', 'SHUTDOWN_SENT'] as const);
  const all = (end: 'src' | 'dst') => [
    { family: common.family, addr: common[end], port: common.sport },
    { family: 'inet' as const, addr: random.pick(ADDRESSES_4), port: common.sport },
  ];
  return {
    ...common,
    protocol: 'sctp',
    state,
    timer: 'off',
    locals: all('src'),
    ...(common.dport !== 0 && { peers: all('dst') }),
    ...ofFullSocket(random),
  };
}

function randomSmc(random: Random): SmcDiagMsg {
  const { family, src, sport, dst, dport, ifindex } = inetRecord(random);
  const state = random.pick(['ACTIVE', 'INIT', 'LISTEN', 'APPCLOSEWAIT1'] as const);
  const own = { family: random.pick(['smc', family] as const), state, mode: 'smcr' as const, uid: 0 };
  return { ...own, src, sport, dst, dport, ifindex, ...identity(random) };
}

function randomUnix(random: Random): UnixDiagMsg {
  const record: UnixDiagMsg = {
    family: 'unix',
    type: random.pick(['stream', 'dgram', 'seqpacket'] as const),
    state: random.pick(['ESTABLISHED', 'CLOSE', 'LISTEN'] as const),
    ...identity(random),
  };
  if (random.chance(0.7)) record.name = random.pick(UNIX_NAMES);
  if (random.chance(0.5)) record.peer = 22;
  return record;
}

function randomPacket(random: Random): PacketDiagMsg {
  const record: PacketDiagMsg = {
    family: 'packet',
    type: 'raw',
    num: random.pick(ETHERTYPES),
    ...identity(random),
  };
  if (random.chance(0.1)) return record;
  const flags = { running: true, auxdata: false, origdev: false, vnethdr: false, loss: false };
  const index = random.pick([-1, ...IFINDEXES]);
  return { ...record, info: { index, version: 'v1', reserve: 0, copyThresh: 0, tstamp: 0, flags } };
}

function randomNetlink(random: Random): NetlinkDiagMsg {
  const isConnected = random.chance(0.3);
  return {
    family: 'netlink',
    type: 'raw',
    protocol: NETLINK_PROTOCOLS[random.pick(NETLINK_NUMBERS)] ?? 'route',
    state: isConnected ? 'ESTABLISHED' : 'CLOSE',
    portid: random.pick(PORTIDS),
    dstPortid: isConnected ? random.pick(PORTIDS) : 0,
    dstGroup: 0,
    ...identity(random),
  };
}

function randomVsock(random: Random): VsockDiagMsg {
  return {
    family: 'vsock',
    type: 'stream',
    state: random.pick(['ESTABLISHED', 'CLOSE', 'LISTEN'] as const),
    shutdown: 'none',
    srcCid: random.pick(CIDS),
    srcPort: random.pick(VSOCK_PORTS),
    dstCid: random.pick(CIDS),
    dstPort: random.pick(VSOCK_PORTS),
    ...identity(random),
  };
}

function randomXdp(random: Random): XdpDiagMsg {
  const record: XdpDiagMsg = { family: 'xdp', type: 'raw', ...identity(random) };
  return random.chance(0.2) ? record : { ...record, info: { ifindex: random.pick(IFINDEXES), queueId: 0 } };
}

function randomTipc(random: Random): TipcDiagMsg {
  return {
    family: 'tipc',
    type: 'stream',
    state: random.pick(['ESTABLISHED', 'CONNECTING', 'OPEN', 'LISTEN'] as const),
    addr: 0,
    ref: random.below(1000),
    hasPubl: false,
    stat: { rcvq: 0, sendq: 0, linkCong: false, connCong: false, drop: 0 },
    uid: 0,
    ...identity(random),
  };
}
