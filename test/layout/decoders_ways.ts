/** How structures of the kernel come to the library's decoders: in messages, through the walker and its index. */
import { INET_DIAG_MSG_LENGTH, type InetProtocol } from '../../lib/inet/record.js';
import { decodeTcpWithKeys, TCP } from '../../lib/inet/tcp.js';
import type { Decode as DecodeRecord } from '../../lib/netlink/reading.js';
import { NETLINK_DIAG_MSG_LENGTH, readNetlinkDiagMsg } from '../../lib/netlink-family/record.js';
import { PACKET_DIAG_MSG_LENGTH, readPacketDiagMsg } from '../../lib/packet/record.js';
import { readSmcDiagMsg, SMC_DIAG_MSG_LENGTH } from '../../lib/smc/record.js';
import { readTipcDiagMsg, TIPC_NESTS } from '../../lib/tipc/record.js';
import { readUnixDiagMsg, UNIX_DIAG_MSG_LENGTH } from '../../lib/unix/record.js';
import { readVsockDiagMsg, VSOCK_DIAG_MSG_LENGTH } from '../../lib/vsock/record.js';
import { readXdpDiagMsg, XDP_DIAG_MSG_LENGTH } from '../../lib/xdp/record.js';
import { decodeDatagram, decodeInet } from '../decoding.js';
import { attribute, message } from '../messages.js';
import type { Layout } from './layout.js';
import type { Decode } from './prove.js';
import type { Rules } from './rules.js';

/** That a structure is read right, in one of the ways in which it is read. */
export interface Proof {
  structure: string;
  /** Where it stands, or what is read with it. */
  where: string;
  decode: Decode;
  /** What its members do; if that is not the same in all kernels, by the layout. */
  rules: Rules | ((layout: Layout) => Rules);
}

/** The records of one decoder. */
export interface Way {
  /** Bytes of the structure that a record starts with. */
  length: number;
  /** The record of that structure, with attributes behind it. */
  read(structure: Buffer, ...attributes: Buffer[]): object;
}

/** Tells the walker to let every family pass: the member that tells it is tried as well. */
const ANY_FAMILY = 0;

function only(records: readonly object[]): object {
  if (records.length !== 1) throw new Error(`${records.length} records instead of one`);
  return records[0] as object;
}

const wayOf = (length: number, decode: DecodeRecord<object>, nests?: Uint16Array): Way => ({
  length,
  read: (...parts) => {
    const shape = { headerLength: length, family: ANY_FAMILY, nests };
    return only(decodeDatagram(message(Buffer.concat(parts)), shape, decode));
  },
});

export const INET_PROTOCOLS: readonly InetProtocol[] = [
  'tcp',
  'udp',
  'udplite',
  'raw',
  'sctp',
  'dccp',
  'mptcp',
];

export const inet = (protocol: InetProtocol): Way => ({
  length: INET_DIAG_MSG_LENGTH,
  read: (...parts) => only(decodeInet(message(Buffer.concat(parts)), ANY_FAMILY, protocol)),
});

export const TCP_WITH_KEYS: Way = wayOf(INET_DIAG_MSG_LENGTH, decodeTcpWithKeys, TCP.nests);
export const UNIX: Way = wayOf(UNIX_DIAG_MSG_LENGTH, readUnixDiagMsg);
export const PACKET: Way = wayOf(PACKET_DIAG_MSG_LENGTH, readPacketDiagMsg);
export const NETLINK: Way = wayOf(NETLINK_DIAG_MSG_LENGTH, readNetlinkDiagMsg);
export const VSOCK: Way = wayOf(VSOCK_DIAG_MSG_LENGTH, readVsockDiagMsg);
export const XDP: Way = wayOf(XDP_DIAG_MSG_LENGTH, readXdpDiagMsg);
export const SMC: Way = wayOf(SMC_DIAG_MSG_LENGTH, readSmcDiagMsg);
/** Its messages have no structure, only attributes. */
export const TIPC: Way = wayOf(0, readTipcDiagMsg, TIPC_NESTS);

/** The structure is what records start with. */
export const asRecord =
  (way: Way): Decode =>
  (structure) =>
    way.read(structure);

/** The structure is an attribute; `property` is what the record says of it. */
export const inAttribute =
  (way: Way, number: number, property: string): Decode =>
  (structure) =>
    present(propertyOf(way, number, structure, property));

/** Likewise, where it has no property of its own, but puts some into the record. */
export const intoRecord =
  (way: Way, number: number, ...properties: string[]): Decode =>
  (structure) =>
    Object.fromEntries(properties.map((name) => [name, propertyOf(way, number, structure, name)]));

/** The attribute is an array of such structures: this is the second, so that their size is proved as well. */
export const inArray =
  (way: Way, number: number, property: string): Decode =>
  (structure) => {
    const two = Buffer.concat([Buffer.alloc(structure.length), structure]);
    const array = propertyOf(way, number, two, property);
    if (!Array.isArray(array) || array.length !== 2) throw new Error(`${property} is not an array of two`);
    return present(array[1]);
  };

function propertyOf(way: Way, number: number, payload: Buffer, property: string): unknown {
  const record = way.read(Buffer.alloc(way.length), attribute(number, payload));
  if ('unknown' in record) throw new Error(`attribute ${number} is not known`);
  return (record as Readonly<Record<string, unknown>>)[property];
}

/** Members that the structure is too short for are undefined: as good as absent. */
function present(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw new Error('no object came of it');
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
