/** DCCP: its records and its dump. */
import { type AttributeTable, attributeTable } from '../netlink/attributes.js';
import type { Dump } from '../netlink/dump.js';
import type { Decode } from '../netlink/reading.js';
import {
  type InetKind,
  type InetStatesOptions,
  inetDecoder,
  inetDump,
  inetOptions,
  statesCheck,
} from './dump.js';
import { INET_ATTRIBUTES, INET_SHOW, type InetDiagMsg, type InetShow } from './record.js';
import { LEAST_TCP_INFO, readTcpInfo, type TcpInfo } from './tcp-info.js';

/** A DCCP socket. */
export interface DccpDiagMsg extends InetDiagMsg {
  protocol: 'dccp';
  /**
   * Where `show` names it; hardly any but `state`, `retransmits`, `probes`, `backoff`, `pmtu`, `options` and `sndMss`
   * are filled in (`INET_DIAG_INFO`).
   */
  info?: TcpInfo;
}

export type DccpShow = InetShow | 'info';

const SHOW: Readonly<Record<DccpShow, number>> = { ...INET_SHOW, info: 0x02 };

export type DccpDumpOptions = InetStatesOptions<DccpShow>;

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
    INET_ATTRIBUTES as AttributeTable<DccpDiagMsg>,
  ),
};

export const decodeDccp: Decode<DccpDiagMsg> = inetDecoder(DCCP);

/**
 * The DCCP sockets of a network namespace. Linux 6.16 has no DCCP any more, and reading the dump throws.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpDccp(options?: DccpDumpOptions): Dump<DccpDiagMsg> {
  const wish = { caller: 'dumpDccp', kind: DCCP, given: options, checks: statesCheck };
  return inetDump(DCCP, decodeDccp, inetOptions<DccpDumpOptions, DccpDiagMsg, DccpShow>(wish));
}
