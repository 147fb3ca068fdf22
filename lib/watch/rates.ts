/** How fast the counters of a socket grow. */
import type { DiagMsg } from '../decode.js';

/**
 * The counters of records that a rate is given of: of TCP, of Multipath TCP and of SCTP in their `info`; `drops` of
 * `skmeminfo`, or of `meminfo` where that holds the SK_MEMINFO array; of XDP in `stats`; `drop` of TIPC in `stat`.
 */
export type Counter =
  | 'bytesAcked'
  | 'bytesReceived'
  | 'bytesSent'
  | 'bytesRetrans'
  | 'segsOut'
  | 'segsIn'
  | 'dataSegsOut'
  | 'dataSegsIn'
  | 'totalRetrans'
  | 'delivered'
  | 'deliveredCe'
  | 'receivedCe'
  | 'deliveredE1Bytes'
  | 'deliveredE0Bytes'
  | 'deliveredCeBytes'
  | 'receivedE1Bytes'
  | 'receivedE0Bytes'
  | 'receivedCeBytes'
  | 'dsackDups'
  | 'reordSeen'
  | 'rcvOoopack'
  | 'rehash'
  | 'totalRto'
  | 'totalRtoRecoveries'
  | 'totalRtoTime'
  | 'busyTime'
  | 'rwndLimited'
  | 'sndbufLimited'
  | 'retransmits'
  | 'isacks'
  | 'osacks'
  | 'opackets'
  | 'ipackets'
  | 'rtxchunks'
  | 'outofseqtsns'
  | 'idupchunks'
  | 'gapcnt'
  | 'ouodchunks'
  | 'iuodchunks'
  | 'oodchunks'
  | 'iodchunks'
  | 'octrlchunks'
  | 'ictrlchunks'
  | 'drops'
  | 'nRxDropped'
  | 'nRxInvalid'
  | 'nRxFull'
  | 'nFillRingEmpty'
  | 'nTxInvalid'
  | 'nTxRingEmpty'
  | 'drop';

/**
 * By how much counters grew, each by its name in the record and in its unit, a second: `bytesReceived` in bytes a second;
 * `busyTime`, which counts microseconds, is a million while the connection is busy all the time. Absent are those that
 * only one of the two records has, and those that went back, as they do when a socket is connected anew.
 */
export type Rates = { [counter in Counter]?: number };

/** Counters in one part of a record, by their width: the narrow ones start again at 0 when they are full. */
interface Counters {
  part: string;
  bits64: readonly Counter[];
  bits32?: readonly Counter[];
  bits16?: readonly Counter[];
}

const SKMEMINFO: Counters = { part: 'skmeminfo', bits64: [], bits32: ['drops'] };
const MEMINFO: Counters = { ...SKMEMINFO, part: 'meminfo' };

const TCP: readonly Counters[] = [
  {
    part: 'info',
    bits64: [
      'bytesAcked',
      'bytesReceived',
      'bytesSent',
      'bytesRetrans',
      'busyTime',
      'rwndLimited',
      'sndbufLimited',
    ],
    bits32: [
      'segsOut',
      'segsIn',
      'dataSegsOut',
      'dataSegsIn',
      'totalRetrans',
      'delivered',
      'deliveredCe',
      'receivedCe',
      'deliveredE1Bytes',
      'deliveredE0Bytes',
      'deliveredCeBytes',
      'receivedE1Bytes',
      'receivedE0Bytes',
      'receivedCeBytes',
      'dsackDups',
      'reordSeen',
      'rcvOoopack',
      'rehash',
      'totalRtoTime',
    ],
    bits16: ['totalRto', 'totalRtoRecoveries'],
  },
  SKMEMINFO,
];

const MPTCP: readonly Counters[] = [
  {
    part: 'info',
    bits64: ['bytesAcked', 'bytesReceived', 'bytesSent', 'bytesRetrans'],
    bits32: ['retransmits'],
  },
  SKMEMINFO,
];

const SCTP: readonly Counters[] = [
  {
    part: 'info',
    bits64: [
      'isacks',
      'osacks',
      'opackets',
      'ipackets',
      'rtxchunks',
      'outofseqtsns',
      'idupchunks',
      'gapcnt',
      'ouodchunks',
      'iuodchunks',
      'oodchunks',
      'iodchunks',
      'octrlchunks',
      'ictrlchunks',
    ],
  },
  SKMEMINFO,
];

const XDP: readonly Counters[] = [
  {
    part: 'stats',
    bits64: ['nRxDropped', 'nRxInvalid', 'nRxFull', 'nFillRingEmpty', 'nTxInvalid', 'nTxRingEmpty'],
  },
  MEMINFO,
];

const TIPC: readonly Counters[] = [{ part: 'stat', bits64: [], bits32: ['drop'] }];

const OTHER_INET: readonly Counters[] = [SKMEMINFO];
const OTHER: readonly Counters[] = [MEMINFO];

function countersOf(socket: DiagMsg): readonly Counters[] {
  switch (socket.family) {
    case 'inet':
    case 'inet6':
      return 'protocol' in socket ? countersOfProtocol(socket.protocol) : [];
    case 'xdp':
      return XDP;
    case 'tipc':
      return TIPC;
    default:
      return OTHER;
  }
}

function countersOfProtocol(protocol: string): readonly Counters[] {
  switch (protocol) {
    case 'tcp':
      return TCP;
    case 'mptcp':
      return MPTCP;
    case 'sctp':
      return SCTP;
    default:
      return OTHER_INET;
  }
}

type Part = Readonly<Record<string, unknown>>;

const partOf = (socket: DiagMsg, name: string): Part | undefined =>
  (socket as unknown as Readonly<Record<string, Part | undefined>>)[name];

/** The rates between two records of a socket that were read `seconds` apart; undefined without any counter. */
export function ratesOf(before: DiagMsg, now: DiagMsg, seconds: number): Rates | undefined {
  if (!(seconds > 0)) return undefined;
  const rates: Rates = {};
  for (const counters of countersOf(now)) {
    const a = partOf(before, counters.part);
    const b = partOf(now, counters.part);
    if (a !== undefined && b !== undefined) addRates(rates, counters, a, b, seconds);
  }
  for (const _ in rates) return rates;
  return undefined;
}

function addRates(rates: Rates, counters: Counters, before: Part, now: Part, seconds: number): void {
  const growth = (counter: Counter): number | undefined => {
    const [from, to] = [before[counter], now[counter]];
    return typeof from === 'number' && typeof to === 'number' ? to - from : undefined;
  };
  const add = (counter: Counter, grown: number | undefined): void => {
    if (grown !== undefined && grown >= 0) rates[counter] = grown / seconds;
  };
  const { bits64, bits32 = [], bits16 = [] } = counters;
  for (const counter of bits64) add(counter, growth(counter));
  // If one that cannot be full is lower than before, all of them were begun anew.
  const anew = bits64.some((counter) => (growth(counter) ?? 0) < 0);
  const roundOf = (grown: number | undefined, size: number) => (anew ? grown : roundGrowth(grown, size));
  for (const counter of bits32) add(counter, roundOf(growth(counter), 2 ** 32));
  for (const counter of bits16) add(counter, roundOf(growth(counter), 2 ** 16));
}

/**
 * A narrow counter starts again at 0 when it is full, at `size`. One that is lower than before has done so if that makes
 * it grow by less than half of what it holds: else it went back.
 */
function roundGrowth(grown: number | undefined, size: number): number | undefined {
  if (grown === undefined || grown >= 0 || grown + size >= size / 2) return grown;
  return grown + size;
}
