/**
 * What `ss -t -i` prints of a TCP socket, in the words of a record and in its units. ss leaves out what is 0, and rounds:
 * each number is given as the least and the most that it can stand for. A word that is not known here is an error.
 */
import type { Interval } from './ss.js';
import {
  askSs,
  bits,
  exact,
  fail,
  milliseconds,
  parseWords,
  type ReadNumber,
  rounded,
  type SsSocket,
  sixDigits,
  tenths,
  thousands,
  type Word,
} from './ss_words.js';

export interface SsDetails {
  /** Those of `info`, by their names there, and those that ss reckons; 0 where it prints nothing. */
  numbers: Map<string, Interval>;
  /** Words that stand alone. */
  flags: Set<string>;
  cong?: string;
  bbrinfo?: Record<string, Interval>;
  /** An algorithm that is not at work is told as `{}`. */
  dctcpinfo?: Record<string, number>;
  /** Without the keys, which ss prints elsewhere. */
  md5sig?: { addr: string; prefixlen: number }[];
  ulpName?: string;
  mptcp?: SsSubflow;
  tls?: Record<string, string>;
}

export interface SsSubflow {
  /** A letter for each. */
  flags: string;
  tokenRem: number;
  idRem: number;
  tokenLoc: number;
  idLoc: number;
  mapSeq: string;
  mapSfseq: number;
  ssnOffset: number;
  mapDatalen: number;
}

export function ssTcpDetails(pid: number): Promise<SsSocket<SsDetails>[]> {
  return askSs(pid, '-t', parseTcpWords);
}

/** `NAME:NUMBER`: the member of `info`, and what is printed of it. */
const NUMBERS: Readonly<Record<string, readonly [member: string, read: ReadNumber]>> = {
  rto: ['rto', milliseconds],
  backoff: ['backoff', exact],
  ato: ['ato', milliseconds],
  mss: ['sndMss', exact],
  pmtu: ['pmtu', exact],
  rcvmss: ['rcvMss', exact],
  advmss: ['advmss', exact],
  cwnd: ['sndCwnd', exact],
  ssthresh: ['sndSsthresh', exact],
  bytes_sent: ['bytesSent', exact],
  bytes_retrans: ['bytesRetrans', exact],
  bytes_acked: ['bytesAcked', exact],
  bytes_received: ['bytesReceived', exact],
  segs_out: ['segsOut', exact],
  segs_in: ['segsIn', exact],
  data_segs_out: ['dataSegsOut', exact],
  data_segs_in: ['dataSegsIn', exact],
  lastsnd: ['lastDataSent', exact],
  lastrcv: ['lastDataRecv', exact],
  lastack: ['lastAckRecv', exact],
  delivered: ['delivered', exact],
  delivered_ce: ['deliveredCe', exact],
  unacked: ['unacked', exact],
  lost: ['lost', exact],
  sacked: ['sacked', exact],
  dsack_dups: ['dsackDups', exact],
  fackets: ['fackets', exact],
  reordering: ['reordering', exact],
  reord_seen: ['reordSeen', exact],
  rcv_rtt: ['rcvRtt', milliseconds],
  rcv_space: ['rcvSpace', exact],
  rcv_ssthresh: ['rcvSsthresh', exact],
  notsent: ['notsentBytes', exact],
  minrtt: ['minRtt', milliseconds],
  rcv_ooopack: ['rcvOoopack', exact],
  snd_wnd: ['sndWnd', exact],
  rcv_wnd: ['rcvWnd', exact],
  rehash: ['rehash', exact],
};

/** What is printed in other forms, and what ss reckons: `send`, and shares of the busy time in per cent. */
const OTHERS = [
  'sndWscale',
  'rcvWscale',
  'rtt',
  'rttvar',
  'pacingRate',
  'maxPacingRate',
  'deliveryRate',
  'busyTime',
  'rwndLimited',
  'sndbufLimited',
  'retrans',
  'totalRetrans',
  'send',
  'rwndShare',
  'sndbufShare',
] as const;

/** Not every ss has words for these. */
const NEWER: ReadonlySet<string> = new Set(['rcvWnd', 'rehash']);

const ZEROS: readonly (readonly [string, Interval])[] = [
  ...Object.values(NUMBERS).map(([member]) => member),
  ...OTHERS,
]
  .filter((member) => !NEWER.has(member))
  .map((member) => [member, [0, 0]]);

const WORDS: readonly Word<SsDetails>[] = [
  [
    /(\w+):([\d.e+]+)/,
    ({ numbers }, [word = '', name = '', value = '']) => {
      const [member, read] = NUMBERS[name] ?? fail(word);
      numbers.set(member, read(value));
    },
  ],
  [/ts|sack|ecn|ecnseen|fastopen|app_limited/, ({ flags }, [word = '']) => flags.add(word)],
  [/wscale:(\d+),(\d+)/, numbersAre(exact, 'sndWscale', 'rcvWscale')],
  [/rtt:([\d.e+]+)\/([\d.e+]+)/, numbersAre(milliseconds, 'rtt', 'rttvar')],
  [/retrans:(\d+)\/(\d+)/, numbersAre(exact, 'retrans', 'totalRetrans')],
  [/busy:(\d+)ms/, numbersAre(thousands, 'busyTime')],
  [
    /(rwnd|sndbuf)_limited:(\d+)ms\(([\d.]+)%\)/,
    ({ numbers }, [, name, time = '', share = '']) => {
      numbers.set(`${name}Limited`, thousands(time));
      numbers.set(`${name}Share`, tenths(share));
    },
  ],
  // In bits a second, as it is reckoned.
  [/send (\d+)bps/, numbersAre(rounded, 'send')],
  [/delivery_rate (\d+)bps/, numbersAre(bits, 'deliveryRate')],
  [/pacing_rate (\d+)bps(?:\/(\d+)bps)?/, numbersAre(bits, 'pacingRate', 'maxPacingRate')],
  [
    /bbr:\(bw:(\d+)bps,mrtt:([\d.e+]+)(?:,pacing_gain:([\d.]+))?(?:,cwnd_gain:([\d.]+))?\)/,
    (found, [, bw = '', minRtt = '', pacingGain = '', cwndGain = '']) => {
      const gain = sixDigits(256);
      found.bbrinfo = {
        bw: bits(bw),
        minRtt: milliseconds(minRtt),
        pacingGain: gain(pacingGain),
        cwndGain: gain(cwndGain),
      };
    },
  ],
  [
    /dctcp:(?:fallback_mode|\(ce_state:(\d+),alpha:(\d+),ab_ecn:(\d+),ab_tot:(\d+)\))/,
    (found, [, ...values]) => {
      const names = values[0] === '' ? [] : ['ceState', 'alpha', 'abEcn', 'abTot'];
      found.dctcpinfo = Object.fromEntries(names.map((name, i) => [name, Number(values[i])]));
    },
  ],
  [
    /md5keys:(\S+)/,
    (found, [, keys = '']) => {
      found.md5sig = keys.split(',').map(md5sig);
    },
  ],
  [
    /tcp-ulp-mptcp(?:(?: flags:(\w+))? token:(\w+)\(id:(\d+)\)\/(\w+)\(id:(\d+)\) seq:(\w+) sfseq:(\w+) ssnoff:(\w+) maplen:(\w+))?/,
    (found, [, ...values]) => {
      found.ulpName = 'mptcp';
      if (values[1] !== '') found.mptcp = subflow(values);
    },
  ],
  [
    /tcp-ulp-tls((?: (?:version|cipher|rxconf|txconf): [\w.-]+| zc_ro_tx)*)/,
    (found, [, words = '']) => {
      found.ulpName = 'tls';
      const parts = words.matchAll(/(\w+)(?:: ([\w.-]+))?/g);
      found.tls = Object.fromEntries(Array.from(parts, ([, name, value = '']) => [name, value]));
    },
  ],
  [
    // The congestion control is the only other word without a colon. It stands before all numbers.
    /[a-z]\w*/,
    (found, [word = '']) => {
      if (found.cong !== undefined) fail(word);
      found.cong = word;
    },
  ],
];

function numbersAre(read: ReadNumber, ...members: string[]): Word<SsDetails>[1] {
  return ({ numbers }, [, ...values]) => {
    members.forEach((member, i) => {
      if (values[i] !== '') numbers.set(member, read(values[i] as string));
    });
  };
}

function md5sig(key: string): { addr: string; prefixlen: number } {
  const [, addr = '', prefixlen] = /^(.+)\/(\d+)=$/.exec(key) ?? fail(key);
  return { addr, prefixlen: Number(prefixlen) };
}

function subflow(values: readonly string[]): SsSubflow {
  const [flags, tokenRem, idRem, tokenLoc, idLoc, seq, sfseq, ssnoff, maplen] = values;
  return {
    flags: flags as string,
    tokenRem: Number(`0x${tokenRem}`),
    idRem: Number(idRem),
    tokenLoc: Number(`0x${tokenLoc}`),
    idLoc: Number(idLoc),
    mapSeq: seq as string,
    mapSfseq: Number(`0x${sfseq}`),
    ssnOffset: Number(`0x${ssnoff}`),
    mapDatalen: Number(`0x${maplen}`),
  };
}

export function parseTcpWords(text: string): SsDetails {
  return parseWords(text, WORDS, { numbers: new Map(ZEROS), flags: new Set<string>() });
}
