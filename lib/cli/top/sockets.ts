/** The sockets of the last refresh: whose they are, what their counters were, and how fast these grow. */
import type { DiagMsg } from '../../decode.js';
import type { InetDiagMsg } from '../../inet/record.js';
import { SOCKET_STATES, type SocketState } from '../../record/state.js';
import type { UnixDiagMsg } from '../../unix/record.js';
import type { Kind } from '../plan.js';
import { printable } from '../words.js';
import { Ledger } from './ledger.js';

/** What has connections, and can be looked at here. */
export const KINDS: readonly Kind[] = [
  'tcp',
  'udp',
  'mptcp',
  'sctp',
  'dccp',
  'raw',
  'unix_stream',
  'unix_dgram',
  'unix_seqpacket',
];

interface Counters {
  bytesAcked?: number;
  bytesReceived?: number;
  totalRetrans?: number;
  retransmits?: number;
  rtt?: number;
}

/** One end of a socket: an address and a port, or a unix socket's name and nothing. */
export interface Endpoint {
  address: string;
  port: number;
}

/** Of arrays of numbers only, and of the texts of addresses: never of records. */
export class Sockets extends Ledger<{
  /** Counters, and when they were read. NaN where there are none. */
  acked: Float64Array;
  got: Float64Array;
  again: Float64Array;
  at: Float64Array;
  /** When the socket was seen first. */
  since: Float64Array;
  sport: Uint16Array;
  dport: Uint16Array;
  ifindex: Uint32Array;
  inode: Uint32Array;
  /** Places in KINDS and SOCKET_STATES. */
  kind: Uint8Array;
  state: Uint8Array;
  /** Which of the places that were read it is in. */
  place: Uint16Array;
}> {
  readonly #src: string[] = [];
  readonly #dst: string[] = [];

  constructor() {
    super({
      acked: new Float64Array(0),
      got: new Float64Array(0),
      again: new Float64Array(0),
      at: new Float64Array(0),
      since: new Float64Array(0),
      sport: new Uint16Array(0),
      dport: new Uint16Array(0),
      ifindex: new Uint32Array(0),
      inode: new Uint32Array(0),
      kind: new Uint8Array(0),
      state: new Uint8Array(0),
      place: new Uint16Array(0),
    });
  }

  kindOf(row: number): Kind {
    return KINDS[this.arrays.kind[row] as number] as Kind;
  }

  /** One that has no name yet is told as such. */
  stateOf(row: number): SocketState | 'UNKNOWN' {
    return SOCKET_STATES[this.arrays.state[row] as number] ?? 'UNKNOWN';
  }

  localOf(row: number): Endpoint {
    return { address: this.#src[row] as string, port: this.arrays.sport[row] as number };
  }

  /** The remote address alone, for all of them at once. */
  dstOf(row: number): string {
    return this.#dst[row] as string;
  }

  remoteOf(row: number): Endpoint {
    return { address: this.#dst[row] as string, port: this.arrays.dport[row] as number };
  }

  /** Takes what a record tells, which was read at that time, in milliseconds. Gives the row; undefined for one seen twice. */
  put(key: string, record: DiagMsg, at: number, place: number): number | undefined {
    const isNew = this.find(key) === undefined;
    const row = this.rowOf(key);
    if (!this.see(row)) return undefined;
    if (record.family === 'unix') this.#putUnix(row, record);
    else this.#putInet(row, record as InetDiagMsg, isNew);
    this.arrays.place[row] = place;
    this.#putCounters(row, record, at, isNew);
    return row;
  }

  #putInet(row: number, record: InetDiagMsg, isNew: boolean): void {
    const { src, sport, dst, dport, state, ifindex, inode, protocol, rqueue, wqueue } = record;
    const { arrays, measures } = this;
    // The text that is there is kept: that of the record is garbage the sooner.
    if (isNew || this.#src[row] !== src) this.#src[row] = src;
    if (isNew || this.#dst[row] !== dst) this.#dst[row] = dst;
    arrays.sport[row] = sport;
    arrays.dport[row] = dport;
    arrays.ifindex[row] = ifindex;
    arrays.inode[row] = inode;
    arrays.kind[row] = KINDS.indexOf(protocol as 'tcp');
    arrays.state[row] = SOCKET_STATES.indexOf(state);
    measures.rqueue[row] = rqueue;
    measures.wqueue[row] = wqueue;
  }

  #putUnix(row: number, { name, inode, peer, state, type, rqueue, wqueue }: UnixDiagMsg): void {
    const { arrays, measures } = this;
    this.#src[row] = name === undefined ? '*' : printable(name);
    this.#dst[row] = peer === undefined ? '*' : String(peer);
    arrays.inode[row] = inode;
    arrays.kind[row] = KINDS.indexOf(`unix_${type}`);
    arrays.state[row] = SOCKET_STATES.indexOf(state);
    measures.rqueue[row] = rqueue ?? Number.NaN;
    measures.wqueue[row] = wqueue ?? Number.NaN;
  }

  #putCounters(row: number, record: DiagMsg, at: number, isNew: boolean): void {
    const { arrays, measures } = this;
    const counters = countersOf(record);
    const acked = counters?.bytesAcked ?? Number.NaN;
    const got = counters?.bytesReceived ?? Number.NaN;
    const again = counters?.totalRetrans ?? counters?.retransmits ?? Number.NaN;
    const seconds = isNew ? Number.NaN : (at - (arrays.at[row] as number)) / 1000;
    measures.count[row] = 1;
    measures.rtt[row] = counters?.rtt || Number.NaN;
    measures.tx[row] = rate(acked - (arrays.acked[row] as number), seconds);
    measures.rx[row] = rate(got - (arrays.got[row] as number), seconds);
    measures.resent[row] = rate(again - (arrays.again[row] as number), seconds);
    measures.retrans[row] = again;
    arrays.acked[row] = acked;
    arrays.got[row] = got;
    arrays.again[row] = again;
    arrays.at[row] = at;
    if (isNew) arrays.since[row] = at;
    this.sent.put(row, measures.tx[row] as number);
    this.received.put(row, measures.rx[row] as number);
  }
}

/** Of a listener, tcp_info tells nothing that is meant here. */
function countersOf(record: DiagMsg): Counters | undefined {
  const { info, state } = record as { info?: Counters; state?: string };
  return state === 'LISTEN' ? undefined : info;
}

/** A counter that went back has begun anew. */
function rate(grown: number, seconds: number): number {
  return seconds > 0 && grown >= 0 ? grown / seconds : Number.NaN;
}
