/** Where a record of TCP disagrees with what ss told of the socket before and after, in words. */
import type { TcpBbrInfo, TcpDiagMsg, TcpInfo, UlpInfo } from '../../lib/index.js';
import { neither, notAllBetween, outside } from './between.js';
import type { SsInet } from './ss.js';
import type { SsDetails, SsSubflow } from './ss_info.js';
import type { SsSocket } from './ss_words.js';

type Socket = SsSocket<SsDetails>;

/** All that ss tells beside what it tells without `-i`. */
export function disagreementsWithSs(record: TcpDiagMsg, before: Socket, after: Socket): string[] {
  const common = disagreementsOfMemory(record, before, after);
  if (before.details === undefined || after.details === undefined) {
    return record.info === undefined ? common : [...common, 'info is there, and ss prints none'];
  }
  return [...common, ...disagreementsOfDetails(record, before.details, after.details)];
}

/** What ss tells of sockets of all protocols. */
export function disagreementsOfMemory(
  record: Pick<TcpDiagMsg, 'skmeminfo' | 'tos' | 'tclass' | 'classId'>,
  before: SsInet,
  after: SsInet,
): string[] {
  return [
    ...notAllBetween('skmeminfo', record.skmeminfo, before.skmeminfo, after.skmeminfo),
    ...(['tos', 'tclass', 'classId'] as const).flatMap((name) =>
      neither(name, record[name], before[name], after[name]),
    ),
  ];
}

function disagreementsOfDetails(record: TcpDiagMsg, before: SsDetails, after: SsDetails): string[] {
  const { info, cong, bbrinfo, dctcpinfo, vegasinfo, md5sig, ulpInfo } = record;
  if (info === undefined) return ['info is absent'];
  return [
    ...disagreementsOfNumbers(asSsReckons(info), before, after),
    ...disagreementsOfFlags(info, before, after),
    ...neither('cong', cong, before.cong, after.cong),
    ...disagreementsOfBbr(bbrinfo, before, after),
    ...neither('dctcpinfo', dctcpinfo?.enabled, told(before.dctcpinfo), told(after.dctcpinfo)),
    ...neither('vegasinfo', vegasinfo, undefined, undefined),
    ...neither('md5sig', keysOf(md5sig), keysOf(before.md5sig), keysOf(after.md5sig)),
    ...disagreementsOfUlp(ulpInfo, before, after),
  ];
}

/** ss tells no more of an algorithm that is not at work. */
const told = (dctcpinfo: object | undefined): boolean | undefined =>
  dctcpinfo && Object.keys(dctcpinfo).length > 0;

function disagreementsOfNumbers(ours: Record<string, number>, before: SsDetails, after: SsDetails): string[] {
  return [...before.numbers].flatMap(([name, first]) =>
    outside(name, ours[name], first, after.numbers.get(name) ?? first),
  );
}

/** What ss takes for not worth printing. */
const DEFAULT_RTO = 3_000_000;
const GREAT_SSTHRESH = 0xffff;
const DEFAULT_REORDERING = 3;

/** Numbers as ss has them: 0 for what it leaves out, and what it reckons of others. */
function asSsReckons(info: TcpInfo): Record<string, number> {
  const { options, rto, rtt, sndSsthresh, reordering, pacingRate, busyTime } = info;
  const share = (time: number) => (busyTime === 0 ? 0 : (100 * time) / busyTime);
  return {
    ...(info as unknown as Record<string, number>),
    sndWscale: options.wscale ? info.sndWscale : 0,
    rcvWscale: options.wscale ? info.rcvWscale : 0,
    rto: rto === DEFAULT_RTO ? 0 : rto,
    rttvar: rtt === 0 ? 0 : info.rttvar,
    sndSsthresh: sndSsthresh < GREAT_SSTHRESH ? sndSsthresh : 0,
    reordering: reordering === DEFAULT_REORDERING ? 0 : reordering,
    sacked: info.state === 'LISTEN' ? 0 : info.sacked,
    minRtt: finite(info.minRtt),
    pacingRate: finite(pacingRate),
    maxPacingRate: finite(pacingRate) === 0 ? 0 : finite(info.maxPacingRate),
    send: rtt === 0 ? 0 : (info.sndCwnd * info.sndMss * 8_000_000) / rtt,
    rwndShare: share(info.rwndLimited),
    sndbufShare: share(info.sndbufLimited),
  };
}

const finite = (value: number): number => (value === Infinity ? 0 : value);

function disagreementsOfFlags(info: TcpInfo, before: SsDetails, after: SsDetails): string[] {
  const { options } = info;
  const ours: Record<string, boolean> = {
    ts: options.timestamps,
    sack: options.sack,
    ecn: options.ecn,
    ecnseen: options.ecnSeen,
    fastopen: options.synData,
    app_limited: info.deliveryRateAppLimited,
  };
  return Object.entries(ours).flatMap(([flag, set]) =>
    neither(flag, set, before.flags.has(flag), after.flags.has(flag)),
  );
}

function disagreementsOfBbr(
  bbrinfo: TcpBbrInfo | undefined,
  { bbrinfo: before }: SsDetails,
  { bbrinfo: after }: SsDetails,
): string[] {
  if (bbrinfo === undefined || before === undefined || after === undefined) {
    return neither('bbrinfo', bbrinfo && 'there', before && 'there', after && 'there');
  }
  const { bw, pacingGain, cwndGain } = bbrinfo;
  // All ones are printed like any other number.
  const ours: Record<string, number> = {
    bw,
    minRtt: Math.min(bbrinfo.minRtt, 0xffff_ffff),
    pacingGain,
    cwndGain,
  };
  return Object.entries(before).flatMap(([name, first]) =>
    outside(`bbrinfo.${name}`, ours[name], first, after[name] ?? first),
  );
}

/** In the order of the kernel. */
const keysOf = (keys: readonly { addr: string; prefixlen: number }[] | undefined): string | undefined =>
  keys?.map(({ addr, prefixlen }) => `${addr}/${prefixlen}`).join();

function disagreementsOfUlp(ulp: UlpInfo | undefined, before: SsDetails, after: SsDetails): string[] {
  return [
    ...neither('ulpInfo.name', ulp?.name, before.ulpName, after.ulpName),
    ...neither('ulpInfo.tls', tlsWords(ulp?.tls), tlsWords(before.tls), tlsWords(after.tls)),
    ...neither(
      'ulpInfo.mptcp',
      subflowWords(ulp?.mptcp),
      ssSubflowWords(before.mptcp),
      ssSubflowWords(after.mptcp),
    ),
  ];
}

/** ss has other words for the rest. */
const tlsWords = (tls: { version?: string } | undefined): string | undefined =>
  tls?.version?.replace('TLS', '');

/** ss has a letter for each. */
const SUBFLOW_FLAGS: Readonly<Record<string, string>> = {
  mcapRem: 'M',
  mcapLoc: 'm',
  joinRem: 'J',
  joinLoc: 'j',
  bkupRem: 'B',
  bkupLoc: 'b',
  fullyEstablished: 'e',
  connected: 'c',
  mapvalid: 'v',
};

function subflowWords(subflow: UlpInfo['mptcp']): string | undefined {
  if (subflow === undefined) return undefined;
  const { flags, tokenRem, idRem, tokenLoc, idLoc, mapSeq, mapSfseq, ssnOffset, mapDatalen } = subflow;
  const letters = Object.entries(flags ?? {}).map(([flag, set]) => (set ? SUBFLOW_FLAGS[flag] : ''));
  return [letters.join(''), tokenRem, idRem, tokenLoc, idLoc, mapSeq, mapSfseq, ssnOffset, mapDatalen].join(
    ' ',
  );
}

function ssSubflowWords(subflow: SsSubflow | undefined): string | undefined {
  if (subflow === undefined) return undefined;
  const { flags, tokenRem, idRem, tokenLoc, idLoc, mapSeq, mapSfseq, ssnOffset, mapDatalen } = subflow;
  return [flags, tokenRem, idRem, tokenLoc, idLoc, mapSeq, mapSfseq, ssnOffset, mapDatalen].join(' ');
}
