/** The names of a record's two ends: what getsockname(2) and getpeername(2) would say. */
import type { DiagMsg } from '../decode.js';
import type { DestroyedSocket } from '../events/record.js';
import { LITTLE_ENDIAN } from '../netlink/protocol.js';
import type { NetlinkDiagMsg } from '../netlink-family/record.js';
import type { PacketDiagMsg } from '../packet/record.js';
import type { ProcMsg } from '../proc/msg.js';
import type { ProcNetlinkMsg } from '../proc/netlink.js';
import type { ProcPacketMsg } from '../proc/packet.js';
import type { ProcUnixMsg } from '../proc/unix.js';
import type { TipcDiagMsg } from '../tipc/record.js';
import type { UnixDiagMsg } from '../unix/record.js';
import type { Address, InetAddress } from './address.js';
import type { GenericAddress } from './generic.js';

/** A record of any family, of a dump, of an event, or from /proc/net. */
export type AnyRecord = DiagMsg | DestroyedSocket | ProcMsg;

type UnixRecord = UnixDiagMsg | ProcUnixMsg;

/**
 * The name of a socket's own end, as getsockname(2) gives it: `formatAddress` prints it. A unix socket without a name has
 * one of no bytes; what was not asked for (`show` without `'name'` of unix, `'groups'` of netlink) counts as not there.
 *
 * Undefined where the record does not tell it: for unix sockets from /proc/net whose name starts with `@`, packet sockets
 * that are bound to an interface, SMC sockets without addresses; and for XDP and PF_KEY, whose sockets have none.
 */
export function socketName(record: AnyRecord): Address | undefined {
  switch (record.family) {
    case 'inet':
    case 'inet6':
    case 'smc':
      return inetName(record, record.src, record.sport);
    case 'unix':
      return unixName(record);
    case 'packet':
      return packetName(record);
    case 'netlink':
      return netlinkName(record.portid, groupMask(record));
    case 'vsock':
      return vsockName(record.srcCid, record.srcPort);
    case 'tipc':
      return tipcName(record.ref, record.addr);
    default:
      return undefined;
  }
}

/**
 * The name of the other end, as getpeername(2) gives it. Undefined where that fails because there is none (`ENOTCONN`), or
 * none yet (SYN_SENT), and where the record does not tell it.
 *
 * A record of a unix socket tells its peer's inode number only: the name is looked for `among` the records of others, a
 * dump's.
 */
export function peerName(
  record: AnyRecord,
  among: Iterable<UnixDiagMsg | ProcUnixMsg> = [],
): Address | undefined {
  switch (record.family) {
    case 'inet':
    case 'inet6':
    case 'smc':
      return inetPeer(record);
    case 'unix':
      return unixPeer(record, among);
    case 'netlink':
      // The address has room for 32 groups.
      if (!('dstPortid' in record) || record.dstGroup > 32) return undefined;
      return netlinkName(record.dstPortid, maskOf(record.dstGroup));
    case 'vsock': {
      // Of a connection of which this end was shut down, be it in one direction, getpeername(2) fails.
      const isConnected = record.state === 'ESTABLISHED' && record.shutdown === 'none';
      return isConnected ? vsockName(record.dstCid, record.dstPort) : undefined;
    }
    case 'tipc':
      return tipcPeer(record);
    default:
      return undefined;
  }
}

type InetRecord = Extract<AnyRecord, { src: string }>;

/** Without another end, or not sure of it. Of the end of a connection, CLOSE is what that has come to. */
function isUnconnected(record: InetRecord): boolean {
  return (
    record.state === 'SYN_SENT' ||
    record.state === 'LISTEN' ||
    (record.state === 'CLOSE' && 'inode' in record)
  );
}

function inetPeer(record: InetRecord): InetAddress | undefined {
  const { dst, dport } = record;
  if (dport === undefined || dport === 0 || isUnconnected(record)) return undefined;
  return inetName(record, dst, dport);
}

/** Of SMC, the family is that of the address; of any address, kernels do not tell which, or whether there is one. */
function inetName(record: InetRecord, address: string, port: number): InetAddress | undefined {
  const isSmc = 'mode' in record;
  if (isSmc && (address === '0.0.0.0' || address === '::')) return undefined;
  const family = isSmc ? (address.includes(':') ? 'inet6' : 'inet') : (record.family as 'inet' | 'inet6');
  const { ifindex = 0 } = record as { ifindex?: number };
  const hasScope = family === 'inet6' && ifindex > 0 && isOfLink(address);
  return { family, address, port, ...(hasScope && { scopeId: ifindex }) };
}

/** fe80::/10, and multicast addresses of an interface or of a link. */
function isOfLink(address: string): boolean {
  return /^(?:fe[89ab]|ff.[12]:)/.test(address);
}

function unixName({ name, nameBytes }: UnixRecord): Address | undefined {
  if (nameBytes !== undefined) return { family: 'local', bytes: nameBytes };
  return name === undefined ? { family: 'local', bytes: new Uint8Array() } : undefined;
}

function unixPeer(record: UnixRecord, among: Iterable<UnixRecord>): Address | undefined {
  const peer = 'peer' in record ? record.peer : undefined;
  if (peer === undefined || peer === 0) return undefined;
  for (const other of among) if (other.inode === peer) return unixName(other);
  return undefined;
}

/** The structures of Linux behind their family: numbers at their offsets, in the machine's byte order. */
function generic(family: number, len: number, put: (view: DataView) => void): GenericAddress {
  const data = new Uint8Array(len - FAMILY_SIZE);
  put(new DataView(data.buffer));
  return { family, len, data };
}

const FAMILY_SIZE = 2;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const AF_TIPC = 30;
const AF_VSOCK = 40;

/** `struct sockaddr_ll`, of a socket that is bound to no interface; of others it has more than the record tells. */
function packetName({ num, info }: PacketDiagMsg | ProcPacketMsg): GenericAddress | undefined {
  if (info?.index !== 0) return undefined;
  return generic(AF_PACKET, 12, (view) => view.setUint16(0, num));
}

/** `struct sockaddr_nl`. */
function netlinkName(portid: number, groups: number): GenericAddress {
  return generic(AF_NETLINK, 12, (view) => {
    view.setUint32(2, portid, LITTLE_ENDIAN);
    view.setUint32(6, groups, LITTLE_ENDIAN);
  });
}

/** Of the first 32 groups: it has no room for others. */
function groupMask({ groups = [] }: NetlinkDiagMsg | ProcNetlinkMsg): number {
  return groups.reduce((mask, group) => mask | maskOf(group), 0) >>> 0;
}

function maskOf(group: number): number {
  return group > 0 && group <= 32 ? (1 << (group - 1)) >>> 0 : 0;
}

/** `struct sockaddr_vm`. */
function vsockName(cid: number, port: number): GenericAddress {
  return generic(AF_VSOCK, 16, (view) => {
    view.setUint32(2, port, LITTLE_ENDIAN);
    view.setUint32(6, cid, LITTLE_ENDIAN);
  });
}

const TIPC_SOCKET_ADDR = 3;

/** `struct sockaddr_tipc`. */
function tipcName(ref: number, node: number): GenericAddress {
  return generic(AF_TIPC, 16, (view) => {
    view.setUint8(0, TIPC_SOCKET_ADDR);
    view.setUint32(2, ref, LITTLE_ENDIAN);
    view.setUint32(6, node, LITTLE_ENDIAN);
  });
}

function tipcPeer({ con }: TipcDiagMsg): GenericAddress | undefined {
  return con === undefined ? undefined : tipcName(con.sock, con.node);
}
