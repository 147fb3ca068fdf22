/** Decodes messages that the tests have in memory, by the way that a dump takes: walker, index, decoder. */
import { loadBinding, type NativeExpectation } from '../lib/binding.js';
import { type DccpDiagMsg, decodeDccp } from '../lib/inet/dccp.js';
import { decodeMptcp, MPTCP, type MptcpDiagMsg } from '../lib/inet/mptcp.js';
import { decodeRaw, type RawDiagMsg } from '../lib/inet/raw.js';
import type { InetProtocol } from '../lib/inet/record.js';
import { decodeSctp, type SctpDiagMsg } from '../lib/inet/sctp.js';
import { decodeTcp, TCP, type TcpDiagMsg } from '../lib/inet/tcp.js';
import { decodeUdp, decodeUdpLite, type UdpDiagMsg, type UdpLiteDiagMsg } from '../lib/inet/udp.js';
import { BatchMemory } from '../lib/netlink/batch.js';
import type { Decode } from '../lib/netlink/reading.js';
import { readUnixDiagMsg, type UnixDiagMsg } from '../lib/unix/record.js';

/** Sequence and port id are taken from the datagram's first message. */
export function decodeDatagram<T>(
  datagram: Buffer,
  shape: Pick<NativeExpectation, 'headerLength' | 'family' | 'nests'>,
  decode: Decode<T>,
): T[] {
  const walk = loadBinding().walk(datagram, {
    type: 20,
    sequence: datagram.readUInt32LE(8),
    portId: datagram.readUInt32LE(12),
    ...shape,
  });
  if (walk.failure !== undefined) throw new Error(`refused: ${walk.failure.text}`);
  const buffer = new ArrayBuffer(datagram.length + 4 * walk.index.length);
  const memory = new BatchMemory(buffer);
  memory.bytes.set(datagram);
  memory.words.set(walk.index, datagram.length / 4);
  let row = datagram.length / 4;
  const records: T[] = [];
  for (let i = 0; i < walk.records; i++) {
    const record = decode(memory, row);
    if (record !== undefined) records.push(record);
    row += 2 + (memory.words[row + 1] as number);
  }
  return records;
}

/** What a protocol's decoder gives. */
export interface InetRecords {
  tcp: TcpDiagMsg;
  udp: UdpDiagMsg;
  udplite: UdpLiteDiagMsg;
  raw: RawDiagMsg;
  sctp: SctpDiagMsg;
  dccp: DccpDiagMsg;
  mptcp: MptcpDiagMsg;
}

type Inet = { [P in InetProtocol]: { decode: Decode<InetRecords[P]>; nests?: Uint16Array | undefined } };

const INET: Inet = {
  tcp: { decode: decodeTcp, nests: TCP.nests },
  udp: { decode: decodeUdp },
  udplite: { decode: decodeUdpLite },
  raw: { decode: decodeRaw },
  sctp: { decode: decodeSctp },
  dccp: { decode: decodeDccp },
  mptcp: { decode: decodeMptcp, nests: MPTCP.nests },
};

export function decodeInet<P extends InetProtocol>(
  datagram: Buffer,
  family: number,
  protocol: P,
): InetRecords[P][] {
  const { decode, nests } = INET[protocol];
  return decodeDatagram(datagram, { headerLength: 72, family, nests }, decode);
}

export const decodeUnix = (datagram: Buffer): UnixDiagMsg[] =>
  decodeDatagram(datagram, { headerLength: 16, family: 1 }, readUnixDiagMsg);
