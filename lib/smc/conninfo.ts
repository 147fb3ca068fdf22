/** struct smc_diag_conninfo: where both ends of an SMC connection are in each other's buffers. */
import type { BatchMemory } from '../netlink/batch.js';
import { type Read, structure, type UnknownTail } from '../netlink/structure.js';
import { type Flags, flagsReader } from '../record/words.js';

/** `smc_diag_cursor`: a place in a buffer, which is filled round and round. */
export interface SmcCursor {
  /** How often the buffer was begun anew, a count of 16 bits (`wrap`). */
  wrap: number;
  /** Bytes from the start of the buffer (`count`). */
  count: number;
  /** What no kernel uses; where it is not 0 (`reserved`). */
  reserved?: number;
}

/**
 * What an end says of the data that it sends: `writeBlocked` it waits for room; `urgDataPending` urgent data will
 * come; `urgDataPresent` it is there; `consCursUpdReq` the other is to say how far it has read; `failoverValidation`
 * a message was sent again over another link. The object is frozen, and shared between records.
 */
export type SmcProdFlags = Flags<
  'writeBlocked' | 'urgDataPending' | 'urgDataPresent' | 'consCursUpdReq' | 'failoverValidation'
>;

/**
 * What an end says of itself: `peerDoneWriting` it sends nothing more; `peerConnClosed` it has closed; `peerConnAbort`
 * it has given up. The object is frozen, and shared between records.
 */
export type SmcConnStateFlags = Flags<'peerDoneWriting' | 'peerConnClosed' | 'peerConnAbort'>;

/**
 * `smc_diag_conninfo`: the state of a connection. `rx` is what the peer said last, `tx` what this end told the peer
 * last.
 */
export interface SmcConninfo extends UnknownTail {
  /** The connection's number, the same at no other connection of its link group (`token`). */
  token: number;
  /** Size of this end's send buffer, bytes (`sndbuf_size`). */
  sndbufSize: number;
  /** Size of this end's receive buffer, bytes (`rmbe_size`). */
  rmbeSize: number;
  /** Size of the peer's receive buffer, bytes (`peer_rmbe_size`). */
  peerRmbeSize: number;
  /** How far the peer has written into this end's receive buffer (`rx_prod`). */
  rxProd: SmcCursor;
  /** How far the peer has read in its own receive buffer (`rx_cons`). */
  rxCons: SmcCursor;
  /** How far this end has written into the peer's receive buffer (`tx_prod`). */
  txProd: SmcCursor;
  /** How far this end has read in its own receive buffer (`tx_cons`). */
  txCons: SmcCursor;
  /** (`rx_prod_flags`.) */
  rxProdFlags: SmcProdFlags;
  /** (`rx_conn_state_flags`.) */
  rxConnStateFlags: SmcConnStateFlags;
  /** (`tx_prod_flags`.) */
  txProdFlags: SmcProdFlags;
  /** (`tx_conn_state_flags`.) */
  txConnStateFlags: SmcConnStateFlags;
  /** How far the send buffer is filled (`tx_prep`). */
  txPrep: SmcCursor;
  /** How far the send buffer was sent (`tx_sent`). */
  txSent: SmcCursor;
  /** How far the peer has confirmed what was sent (`tx_fin`). */
  txFin: SmcCursor;
}

/** As they are sent over the network, the first in the highest bit, on machines of either byte order. */
const readProdFlags: (bits: number) => SmcProdFlags = flagsReader([
  undefined,
  undefined,
  undefined,
  'failoverValidation',
  'consCursUpdReq',
  'urgDataPresent',
  'urgDataPending',
  'writeBlocked',
]);

const readConnStateFlags: (bits: number) => SmcConnStateFlags = flagsReader([
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  'peerConnAbort',
  'peerConnClosed',
  'peerDoneWriting',
]);

function readCursor(memory: BatchMemory, at: number): SmcCursor {
  const cursor: SmcCursor = { wrap: memory.u16(at + 2), count: memory.u32(at + 4) };
  const reserved = memory.u16(at);
  if (reserved !== 0) cursor.reserved = reserved;
  return cursor;
}

export const SMC_CONNINFO_LENGTH = 76;

export const readConninfo: Read<SmcConninfo> = structure(SMC_CONNINFO_LENGTH, (members): SmcConninfo => {
  const cursor = (offset: number): SmcCursor => readCursor(members.memory, members.at + offset);
  return {
    token: members.u32(0),
    sndbufSize: members.u32(4),
    rmbeSize: members.u32(8),
    peerRmbeSize: members.u32(12),
    rxProd: cursor(16),
    rxCons: cursor(24),
    txProd: cursor(32),
    txCons: cursor(40),
    rxProdFlags: readProdFlags(members.u8(48)),
    rxConnStateFlags: readConnStateFlags(members.u8(49)),
    txProdFlags: readProdFlags(members.u8(50)),
    txConnStateFlags: readConnStateFlags(members.u8(51)),
    txPrep: cursor(52),
    txSent: cursor(60),
    txFin: cursor(68),
  };
});
