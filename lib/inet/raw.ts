/** Raw IP sockets: their records and their dump. */
import { type AttributeTable, attributeTable } from '../netlink/attributes.js';
import type { ConsistentOptions, Dump } from '../netlink/dump.js';
import type { Decode } from '../netlink/reading.js';
import { type Fallback, fallbackCheck, inetInstead, type NoFallback } from '../proc/fallback.js';
import { type ProcRawMsg, rawTable } from '../proc/raw.js';
import {
  byInetCookie,
  type InetDumpOptions,
  type InetKind,
  inetDecoder,
  inetDump,
  inetOptions,
} from './dump.js';
import { INET_ATTRIBUTES, INET_SHOW, type InetDiagMsg, type InetShow } from './record.js';

/** A raw IP socket. */
export interface RawDiagMsg extends InetDiagMsg {
  /** The protocol that was asked for. */
  protocol: 'raw';
  /** The IP protocol's number, its lower 8 bits; `sport` has all of it (`INET_DIAG_PROTOCOL`). */
  rawProtocol?: number;
}

export type RawShow = InetShow;

export type RawDumpOptions = InetDumpOptions<RawShow> & ConsistentOptions;

export const RAW: InetKind<RawDiagMsg, RawShow> = {
  protocol: 'raw',
  number: 255,
  words: 'raw',
  handler: { module: 'raw_diag', option: 'CONFIG_INET_RAW_DIAG' },
  show: INET_SHOW,
  features: { states: false },
  known: byInetCookie,
  attributes: attributeTable<RawDiagMsg>(
    {
      10: {
        size: 1,
        put: (record, memory, at) => {
          record.rawProtocol = memory.u8(at);
        },
      },
    },
    INET_ATTRIBUTES as AttributeTable<RawDiagMsg>,
  ),
};

export const decodeRaw: Decode<RawDiagMsg> = inetDecoder(RAW);

/**
 * The raw IP sockets of a network namespace, of all IP protocols. The kernel cannot choose them by state.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpRaw(options?: RawDumpOptions & NoFallback): Dump<RawDiagMsg>;
export function dumpRaw(options?: RawDumpOptions & Fallback): Dump<RawDiagMsg | ProcRawMsg>;
export function dumpRaw(options?: RawDumpOptions & Fallback): Dump<RawDiagMsg | ProcRawMsg> {
  const wish = { caller: 'dumpRaw', kind: RAW, given: options, checks: fallbackCheck };
  const checked = inetOptions<RawDumpOptions & Fallback, RawDiagMsg, RawShow>(wish);
  return inetDump(RAW, decodeRaw, { ...checked, instead: inetInstead('dumpRaw', checked, rawTable) });
}
