/** TIPC_NLA_SOCK: a socket of a TIPC cluster. Nothing but attributes; there is no fixed structure. */
import {
  type AttributeTable,
  attributeTable,
  findAttribute,
  findNested,
  padding,
  readAttributes,
  readNested,
  type UnknownAttributes,
} from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { byText, cookieText, type Known } from '../netlink/known.js';
import { ATTRIBUTE_HEADER_LENGTH } from '../netlink/protocol.js';
import { readCookie } from '../record/cookie.js';
import type { DiagRecord } from '../record/record.js';
import { type SocketType, typeName } from '../record/type.js';
import { readCon, type TipcCon } from './con.js';
import { readGroup, type TipcGroup } from './group.js';
import { readStat, type TipcStat } from './stat.js';
import { type TipcState, tipcStateName } from './state.js';

export type TipcType = Extract<SocketType, 'stream' | 'dgram' | 'rdm' | 'seqpacket'>;

/** A TIPC socket, as the kernel's `TIPC_NLA_SOCK` tells it. */
export interface TipcDiagMsg extends DiagRecord {
  /** (Of the request: a record does not tell it.) */
  family: 'tipc';
  /** (`TIPC_NLA_SOCK_TYPE`.) */
  type: TipcType;
  /** (`TIPC_NLA_SOCK_TIPC_STATE`.) */
  state: TipcState;
  /** Address of this node, 32 bits (`TIPC_NLA_SOCK_ADDR`); 0 before it has one. */
  addr: number;
  /** The socket's number on this node, 32 bits (`TIPC_NLA_SOCK_REF`). */
  ref: number;
  /** Whom it is connected to; absent without a connection (`TIPC_NLA_SOCK_CON`). */
  con?: TipcCon;
  /** It is bound to the name of a service; false for all that have a `con` (`TIPC_NLA_SOCK_HAS_PUBL`). */
  hasPubl: boolean;
  /** (`TIPC_NLA_SOCK_STAT`.) */
  stat: TipcStat;
  /** The inode number of the socket's descriptors (`TIPC_NLA_SOCK_INO`); 0 if no descriptor refers to it. */
  inode: number;
  /** The owner's user id as seen from the reader's user namespace (`TIPC_NLA_SOCK_UID`). */
  uid: number;
  /** 64 bits in lower-case hexadecimal (`TIPC_NLA_SOCK_COOKIE`, SO_COOKIE). No two sockets of one boot share one. */
  cookie: string;
  /** The group that it has joined; absent without one (`TIPC_NLA_SOCK_GROUP`; since Linux 5.0). */
  group?: TipcGroup;
  /**
   * Attributes that stand beside `TIPC_NLA_SOCK`, in which all of the others are: their bytes, by number. No kernel
   * sends any.
   */
  unknownBeside?: Record<number, Uint8Array>;
}

const SOCK: AttributeTable<TipcDiagMsg> = attributeTable<TipcDiagMsg>({
  1: {
    size: 4,
    put: (record, memory, at) => {
      record.addr = memory.u32(at);
    },
  },
  2: {
    size: 4,
    put: (record, memory, at) => {
      record.ref = memory.u32(at);
    },
  },
  3: {
    size: 0,
    put: (record, memory, at, length) => {
      record.con = readCon(memory, at, length);
    },
  },
  4: {
    size: 0,
    put: (record) => {
      record.hasPubl = true;
    },
  },
  5: {
    size: 0,
    put: (record, memory, at, length) => {
      record.stat = readStat(memory, at, length);
    },
  },
  6: {
    size: 4,
    put: (record, memory, at) => {
      record.type = typeName(memory.u32(at)) as TipcType;
    },
  },
  7: {
    size: 4,
    put: (record, memory, at) => {
      record.inode = memory.u32(at);
    },
  },
  8: {
    size: 4,
    put: (record, memory, at) => {
      record.uid = memory.u32(at);
    },
  },
  9: {
    size: 4,
    put: (record, memory, at) => {
      record.state = tipcStateName(memory.u32(at));
    },
  },
  10: {
    size: 8,
    put: (record, memory, at) => {
      record.cookie = readCookie(memory, at);
    },
  },
  11: padding,
  12: {
    size: 0,
    put: (record, memory, at, length) => {
      record.group = readGroup(memory, at, length);
    },
  },
});

/** Attributes that hold others and do not say so; see NativeShape. */
export const TIPC_NESTS: Uint16Array = new Uint16Array([0xffff, 2, 2, 3, 2, 5, 2, 12]);

interface Message extends UnknownAttributes {
  record: TipcDiagMsg;
}

const emptyRecord = (): TipcDiagMsg => ({ family: 'tipc', hasPubl: false }) as TipcDiagMsg;

const NLA_SOCK = 2;
const NLA_SOCK_COOKIE = 10;
const COOKIE_LENGTH = 8;

/** Of a message that is about no socket, nothing. */
export const byTipcCookie: () => Known = byText((memory, row) => {
  const sock = findAttribute(memory, row, NLA_SOCK, () => true);
  if (sock === undefined) return undefined;
  const cookie = findNested(memory, sock, NLA_SOCK_COOKIE, (length) => length >= COOKIE_LENGTH);
  return cookie === undefined ? undefined : cookieText(memory, cookie + ATTRIBUTE_HEADER_LENGTH);
});

const MESSAGE: AttributeTable<Message> = attributeTable<Message>({
  [NLA_SOCK]: {
    size: 0,
    put: (message, memory, at, length) => {
      message.record = readNested(emptyRecord(), memory, at, length, SOCK);
    },
  },
});

/**
 * Reads the record in a row of the index; undefined for a message without attributes, which the kernel sends in place
 * of each socket whose state was not asked for, and of most that do not fit any more.
 */
export function readTipcDiagMsg(memory: BatchMemory, row: number): TipcDiagMsg | undefined {
  if (memory.words[row + 1] === 0) return undefined;
  const { record, unknown } = readAttributes<Message>({ record: emptyRecord() }, memory, row, MESSAGE);
  if (unknown !== undefined) record.unknownBeside = unknown;
  return record;
}
