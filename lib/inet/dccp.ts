/** DCCP: its records and its dump. */
import { type AttributeTable, attributeTable } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import type { ConsistentOptions, Dump } from '../netlink/dump.js';
import { someOf } from '../netlink/options.js';
import type { Decode } from '../netlink/reading.js';
import { DEFAULT_STATES, SOCKET_STATES, type SocketState } from '../record/state.js';
import {
  byInetCookie,
  type InetDumpOptions,
  type InetKind,
  inetDecoder,
  inetDump,
  inetOptions,
} from './dump.js';
import { INET_ATTRIBUTES, INET_SHOW, type InetDiagMsg, type InetShow } from './record.js';
import { LEAST_TCP_INFO, readTcpInfo, type TcpInfo } from './tcp-info.js';

/** PARTOPEN is a client that has heard nothing from its server since it was connected. */
export type DccpState = SocketState | 'PARTOPEN';

/** `struct tcp_info`, but for its first member. */
export interface DccpInfo extends Omit<TcpInfo, 'state'> {
  /** (`tcpi_state`.) */
  state: DccpState;
}

/** A DCCP socket. */
export interface DccpDiagMsg extends Omit<InetDiagMsg, 'protocol' | 'state'> {
  /** The protocol that was asked for. */
  protocol: 'dccp';
  /** (`idiag_state`.) */
  state: DccpState;
  /**
   * Where `show` names it; hardly any but `state`, `retransmits`, `probes`, `backoff`, `pmtu`, `options` and `sndMss`
   * are filled in (`INET_DIAG_INFO`).
   */
  info?: DccpInfo;
}

export type DccpShow = InetShow | 'info';

const SHOW: Readonly<Record<DccpShow, number>> = { ...INET_SHOW, info: 0x02 };

export interface DccpDumpOptions extends InetDumpOptions<DccpShow>, ConsistentOptions {
  /** Exactly these states. Without it, all but BOUND_INACTIVE. PARTOPEN can be asked for since Linux 6.8. */
  states?: readonly DccpState[] | undefined;
}

const PARTOPEN = 'PARTOPEN';
/** Behind the states of TCP, which have become one more in Linux 6.8. */
const FIRST_PARTOPEN = 13;
const PARTOPEN_BIT = 14;

function finish(record: DccpDiagMsg, memory: BatchMemory, at: number): void {
  if (memory.u8(at + 1) < FIRST_PARTOPEN) return;
  record.state = PARTOPEN;
  if (record.info !== undefined) record.info.state = PARTOPEN;
}

export const DCCP: InetKind<DccpDiagMsg, DccpShow> = {
  protocol: 'dccp',
  number: 33,
  words: 'DCCP',
  handler: { module: 'dccp_diag', option: 'CONFIG_INET_DCCP_DIAG' },
  show: SHOW,
  attributes: attributeTable<DccpDiagMsg>(
    {
      2: {
        size: LEAST_TCP_INFO,
        put: (record, memory, at, length) => {
          record.info = readTcpInfo(memory, at, length);
        },
      },
    },
    INET_ATTRIBUTES as AttributeTable<unknown> as AttributeTable<DccpDiagMsg>,
  ),
  known: byInetCookie,
  finish,
};

export const decodeDccp: Decode<DccpDiagMsg> = inetDecoder(DCCP);

/**
 * The DCCP sockets of a network namespace. Linux 6.16 has no DCCP any more, and reading the dump throws.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpDccp(options?: DccpDumpOptions): Dump<DccpDiagMsg> {
  const checked = inetOptions<DccpDumpOptions, DccpDiagMsg, DccpShow>({
    caller: 'dumpDccp',
    kind: DCCP,
    given: options,
    checks: { states: someOf([...SOCKET_STATES, PARTOPEN]) },
  });
  const { states = [...DEFAULT_STATES, PARTOPEN], ...rest } = checked;
  const ofTcp = states.filter((state) => state !== PARTOPEN);
  const otherStates = ofTcp.length < states.length ? 1 << PARTOPEN_BIT : 0;
  return inetDump(DCCP, decodeDccp, { ...rest, states: ofTcp, otherStates });
}
