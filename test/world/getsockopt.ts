/** Where a record disagrees with what getsockopt() said of the socket before and after, in words. */
import type { MptcpInfo, TcpBbrInfo, TcpInfo } from '../../lib/index.js';
import { neither, notBetween } from './between.js';
import type { Members } from './details_world.js';

/** The kernel's numbers. */
const STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
];
const CA_STATES = ['Open', 'Disorder', 'CWR', 'Recovery', 'Loss'];
const FASTOPEN_FAILS = ['unspec', 'cookie_unavailable', 'data_not_acked', 'syn_retransmitted'];
/** From the lowest bit on. */
const TCP_OPTIONS = ['timestamps', 'sack', 'wscale', 'ecn', 'ecnSeen', 'synData', 'usecTs', 'tfoChild'];
const MPTCP_FLAGS = ['fallback', 'remoteKeyReceived'];

const ALL_ONES_32 = 0xffff_ffff;
const INFINITE_SSTHRESH = 0x7fff_ffff;
const ALL_ONES_64 = 2 ** 64;

export function disagreementsOfTcpInfo(info: TcpInfo, before: Members, after: Members): string[] {
  const ours = {
    ...info,
    state: STATES.indexOf(info.state),
    caState: CA_STATES.indexOf(info.caState),
    options: bitsOf(TCP_OPTIONS, info.options),
    deliveryRateAppLimited: Number(info.deliveryRateAppLimited),
    fastopenClientFail: FASTOPEN_FAILS.indexOf(info.fastopenClientFail),
    sndSsthresh: Math.min(info.sndSsthresh, INFINITE_SSTHRESH),
    minRtt: Math.min(info.minRtt, ALL_ONES_32),
    pacingRate: Math.min(info.pacingRate, ALL_ONES_64),
    maxPacingRate: Math.min(info.maxPacingRate, ALL_ONES_64),
  };
  return disagreements('tcpi_', ours, before, after);
}

export function disagreementsOfMptcpInfo(info: MptcpInfo, before: Members, after: Members): string[] {
  const ours = {
    ...info,
    flags: bitsOf(MPTCP_FLAGS, info.flags),
    csumEnabled: Number(info.csumEnabled),
  };
  return disagreements('mptcpi_', ours, before, after);
}

/** `bw` is in two parts there. */
export function disagreementsOfBbrInfo(
  { bw, ...info }: TcpBbrInfo,
  before: Members,
  after: Members,
): string[] {
  const ours = {
    ...info,
    minRtt: Math.min(info.minRtt, ALL_ONES_32),
    bwLo: bw % 2 ** 32,
    bwHi: Math.trunc(bw / 2 ** 32),
  };
  return disagreements('bbr_', ours, before, after);
}

/** Of all members: those that only one has disagree too. */
function disagreements(prefix: string, ours: object, before: Members, after: Members): string[] {
  const values = new Map(Object.entries(ours));
  const compared = Object.keys(before).flatMap((name) => {
    const member = camelCase(name.slice(prefix.length));
    const value = values.get(member);
    values.delete(member);
    const [first, last] = [before[name], after[name]] as [string, string];
    return typeof value === 'string'
      ? neither(member, value, BigInt(first).toString(16), BigInt(last).toString(16))
      : notBetween(member, value, Number(first), Number(last));
  });
  return [...compared, ...Array.from(values.keys(), (member) => `${member} is not in getsockopt()`)];
}

export const camelCase = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

function bitsOf(names: readonly string[], flags: object): number {
  return Object.entries(flags).reduce((bits, [name, set]) => bits + (set ? 2 ** names.indexOf(name) : 0), 0);
}
