/** SCTP: its records and its dump. */
import { type AttributeTable, attributeTable, findAttribute, readArray } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import type { ConsistentOptions, Dump } from '../netlink/dump.js';
import { byText, cookieText } from '../netlink/known.js';
import { ATTRIBUTE_HEADER_LENGTH } from '../netlink/protocol.js';
import type { Decode } from '../netlink/reading.js';
import type { SocketState } from '../record/state.js';
import { nameOf, stateNameOf } from '../record/words.js';
import { type InetDumpOptions, type InetKind, inetDecoder, inetDump, inetOptions } from './dump.js';
import { INET_ATTRIBUTES, INET_SHOW, type InetDiagMsg, type InetShow } from './record.js';
import { LEAST_SCTP_INFO, readSctpInfo, SCTP_STATES, type SctpInfo, type SctpState } from './sctp-info.js';
import { readSocketAddress, SOCKADDR_STORAGE_LENGTH, type SocketAddress } from './socket-address.js';

/**
 * An SCTP endpoint, which is a socket, or one of its associations, which follow it and share its `inode`, `uid` and
 * `cookie`. An association is what has `peers`.
 */
export interface SctpDiagMsg extends Omit<InetDiagMsg, 'protocol' | 'state' | 'timer'> {
  /** The protocol that was asked for. */
  protocol: 'sctp';
  /** Of an endpoint CLOSE, LISTEN or ESTABLISHED; of an association one of the states of SCTP (`idiag_state`). */
  state: SocketState | SctpState;
  /** `'t3_rtx'` while an association waits, on its primary path, to send data again (`idiag_timer`). */
  timer: 'off' | 't3_rtx';
  /**
   * The local addresses (`INET_DIAG_LOCALS`); `src` and `sport` are the first. Of an IPv6 socket with IPv4 addresses the
   * kernel puts rubbish into `src` and `dst`: then these are right, and those are not.
   */
  locals?: SocketAddress[];
  /** The peer's addresses (`INET_DIAG_PEERS`); `dst` and `dport` are the primary one. Associations only. */
  peers?: SocketAddress[];
  /** How it is doing; where `show` names it (`INET_DIAG_INFO`). */
  info?: SctpInfo;
  /** `'reno'`, for associations; where `show` names it (`INET_DIAG_CONG`). */
  cong?: string;
}

export type SctpShow = InetShow | 'info' | 'cong';

const SHOW: Readonly<Record<SctpShow, number>> = { ...INET_SHOW, info: 0x02, cong: 0x08 };

export interface SctpDumpOptions extends InetDumpOptions<SctpShow>, ConsistentOptions {}

const T3_RTX = 4;

const COOKIE = 44;
const PEERS = 13;

/**
 * By what an endpoint or an association is known again. Associations have their endpoint's cookie, and no two of an endpoint were
 * made with the same peer's address, which is the first; the primary one, `dst`, may change.
 */
function identityOf(memory: BatchMemory, row: number): string | undefined {
  const own = cookieText(memory, (memory.words[row] as number) + COOKIE);
  const peers = findAttribute(memory, row, PEERS, (length) => length % SOCKADDR_STORAGE_LENGTH === 0);
  if (own === undefined || peers === undefined || memory.u16(peers) === ATTRIBUTE_HEADER_LENGTH) return own;
  return own + JSON.stringify(readSocketAddress(memory, peers + ATTRIBUTE_HEADER_LENGTH));
}

export const SCTP: InetKind<SctpDiagMsg, SctpShow> = {
  protocol: 'sctp',
  number: 132,
  words: 'SCTP',
  handler: { module: 'sctp_diag', option: 'CONFIG_INET_SCTP_DIAG' },
  show: SHOW,
  attributes: attributeTable<SctpDiagMsg>(
    {
      2: {
        size: LEAST_SCTP_INFO,
        put: (record, memory, at, length) => {
          record.info = readSctpInfo(memory, at, length);
        },
      },
      4: {
        size: 0,
        put: (record, memory, at, length) => {
          record.cong = memory.string(at, length);
        },
      },
      12: {
        size: 0,
        element: SOCKADDR_STORAGE_LENGTH,
        put: (record, memory, at, length) => {
          record.locals = readArray(memory, at, length, SOCKADDR_STORAGE_LENGTH, readSocketAddress);
        },
      },
      13: {
        size: 0,
        element: SOCKADDR_STORAGE_LENGTH,
        put: (record, memory, at, length) => {
          record.peers = readArray(memory, at, length, SOCKADDR_STORAGE_LENGTH, readSocketAddress);
        },
      },
    },
    INET_ATTRIBUTES as AttributeTable<unknown> as AttributeTable<SctpDiagMsg>,
  ),
  features: { states: false, program: false },
  known: byText(identityOf),
  finish,
};

/** The numbers of an association's states are not those of TCP, and that of the timer is another's as well. */
function finish(record: SctpDiagMsg, memory: BatchMemory, at: number): void {
  if (record.peers !== undefined) record.state = stateNameOf(SCTP_STATES, memory.u8(at + 1));
  const timer = memory.u8(at + 2);
  record.timer = timer === T3_RTX ? 't3_rtx' : nameOf<'off'>(['off'], timer);
}

export const decodeSctp: Decode<SctpDiagMsg> = inetDecoder(SCTP);

/**
 * The SCTP endpoints of a network namespace, each followed by its associations.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpSctp(options?: SctpDumpOptions): Dump<SctpDiagMsg> {
  const wish = { caller: 'dumpSctp', kind: SCTP, given: options };
  return inetDump(SCTP, decodeSctp, inetOptions<SctpDumpOptions, SctpDiagMsg, SctpShow>(wish));
}
