/** What `ss -i` prints of a TCP socket, to the letter: that of iproute2 6.1, to which newer ones may add words. */
import type { TcpBbrInfo, TcpDctcpInfo, TcpVegasInfo } from '../inet/congestion.js';
import type { TcpMd5sig } from '../inet/md5sig.js';
import type { TcpDiagMsg } from '../inet/tcp.js';
import type { TcpInfo, TcpOptions } from '../inet/tcp-info.js';
import type { MptcpSubflowFlags, MptcpSubflowInfo, TlsConf, TlsInfo, UlpInfo } from '../inet/ulp-info.js';

/** A word or some, without the blank before them; `''` where ss has nothing to say. */
type Part = (info: TcpInfo, record: TcpDiagMsg) => string;

/** A member that is a number. Of a short structure, which an old kernel sends, any may be absent. */
type Member = (info: TcpInfo) => number | undefined;

const INFINITE_32 = 0xffff_ffff;

// Numbers as C prints them.

/** `%.0f`: of two that are as near, C takes the even one. Whole numbers of 64 bits come out with all their digits. */
function whole(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const below = Math.floor(value);
  const rest = value - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return String(BigInt(up ? below + 1 : below));
}

/** `%.1f`. Of the numbers half-way between two tenths, it is those with .25 that JavaScript would round up. */
function tenths(value: number): string {
  return (value % 1 === 0.25 ? value - 0.05 : value).toFixed(1);
}

/** Six digits, and a comma: JavaScript has as few digits as tell a number from all others. */
const SHORT = 7;

/** More digits than any number here has: what is printed with so many is exact. */
const ALL_DIGITS = 60;

/** `%g`, of 0 and of numbers that are not below 0.0001: smaller ones would have an exponent. */
function sixDigits(value: number): string {
  const short = String(value);
  if (short.length <= SHORT && value < 1e6) return short;
  const [digits = '', exponent = ''] = value.toExponential(ALL_DIGITS).split('e');
  const [kept, rest] = [digits.slice(0, 7), digits.slice(7)];
  // Half-way, C takes the even digit, JavaScript the greater one.
  const down = /^50*$/.test(rest) && /[02468]$/.test(kept);
  const rounded = Number(down ? `${kept}e${exponent}` : value.toPrecision(6));
  return rounded < 1e6 ? String(rounded) : rounded.toExponential().replace(/\+(\d)$/, '+0$1');
}

/** From microseconds. */
const milliseconds = (value: number): string => sixDigits(value / 1000);

/** From microseconds; what is behind the comma is cut off. */
const wholeMilliseconds = (value: number): string => whole((value - (value % 1000)) / 1000);

/** From bytes a second. */
const bitRate = (value: number): string => `${whole(value * 8)}bps`;

// Parts that are like others.

const word =
  (text: string, holds: (info: TcpInfo) => boolean): Part =>
  (info) =>
    holds(info) ? text : '';

const option = (text: string, name: Exclude<keyof TcpOptions, 'unknown'>): Part =>
  word(text, ({ options }) => options[name]);

const number =
  (text: string, member: Member, print: (value: number) => string): Part =>
  (info) => {
    const value = member(info) ?? 0;
    return value === 0 || value === Infinity ? '' : `${text}:${print(value)}`;
  };

const count = (text: string, member: Member): Part => number(text, member, whole);

/** ss takes some members for signed. */
const signed = (text: string, member: Member): Part => number(text, member, (value) => String(value | 0));

const time = (text: string, member: Member): Part => number(text, member, milliseconds);

// Parts that are like no other.

const windowScale: Part = ({ options, sndWscale, rcvWscale }) =>
  options.wscale ? `wscale:${sndWscale},${rcvWscale}` : '';

/** What a socket begins with that has sent nothing yet, microseconds: ss takes it for no timeout. */
const NO_RTO = 3_000_000;

const retransmissionTimeout: Part = ({ rto }) =>
  rto === 0 || rto === NO_RTO ? '' : `rto:${milliseconds(rto)}`;

const roundTrip: Part = ({ rtt, rttvar }) =>
  rtt === 0 ? '' : `rtt:${milliseconds(rtt)}/${milliseconds(rttvar)}`;

/** As large a threshold as this is one that was never reached, for ss. */
const NO_SSTHRESH = 0xffff;

const slowStartThreshold: Part = ({ sndSsthresh }) =>
  sndSsthresh === 0 || sndSsthresh >= NO_SSTHRESH ? '' : `ssthresh:${sndSsthresh}`;

const dctcp: Part = (_, { dctcpinfo }) => (dctcpinfo === undefined ? '' : dctcpText(dctcpinfo));

function dctcpText({ enabled, ceState, alpha, abEcn, abTot }: TcpDctcpInfo): string {
  if (!enabled) return 'dctcp:fallback_mode';
  return `dctcp:(ce_state:${ceState},alpha:${alpha},ab_ecn:${abEcn},ab_tot:${abTot})`;
}

const bbr: Part = (_, { bbrinfo }) => (bbrinfo === undefined ? '' : bbrText(bbrinfo));

/** Gains are told of 256. */
const gain = (text: string, value: number): string =>
  value === 0 ? '' : `,${text}:${sixDigits(value / 256)}`;

function bbrText({ bw, minRtt, pacingGain, cwndGain }: TcpBbrInfo): string {
  // That there is no minimum yet, ss does not know.
  const mrtt = milliseconds(Math.min(minRtt, INFINITE_32));
  return `bbr:(bw:${bitRate(bw)},mrtt:${mrtt}${gain('pacing_gain', pacingGain)}${gain('cwnd_gain', cwndGain)})`;
}

/** What vegas says while it has measured nothing, microseconds. */
const NO_VEGAS_RTT = 0x7fff_ffff;

const vegasMeasured = ({ enabled, rtt }: TcpVegasInfo): boolean =>
  enabled && rtt !== 0 && rtt !== NO_VEGAS_RTT;

/** ss prints nothing of vegas, but reckons with its round-trip time. */
const send: Part = ({ rtt, sndMss, sndCwnd }, { vegasinfo }) => {
  const trip = vegasinfo !== undefined && vegasMeasured(vegasinfo) ? vegasinfo.rtt : rtt;
  if (trip === 0 || sndMss === 0 || sndCwnd === 0) return '';
  return `send ${whole((sndCwnd * sndMss * 8_000_000) / trip)}bps`;
};

/** Neither 0 nor without a limit. */
const isRate = (value: number | undefined): value is number => (value ?? 0) > 0 && value !== Infinity;

const pacingRate: Part = ({ pacingRate: rate, maxPacingRate: most }) => {
  if (!isRate(rate)) return '';
  return `pacing_rate ${bitRate(rate)}${isRate(most) ? `/${bitRate(most)}` : ''}`;
};

const deliveryRate: Part = ({ deliveryRate: rate = 0 }) =>
  rate === 0 ? '' : `delivery_rate ${bitRate(rate)}`;

const busy: Part = ({ busyTime, rwndLimited, sndbufLimited }) => {
  if ((busyTime ?? 0) === 0) return '';
  const limited = (text: string, value: number): string =>
    value === 0 ? '' : ` ${text}:${wholeMilliseconds(value)}ms(${tenths((100 * value) / busyTime)}%)`;
  const limits = limited('rwnd_limited', rwndLimited) + limited('sndbuf_limited', sndbufLimited);
  return `busy:${wholeMilliseconds(busyTime)}ms${limits}`;
};

const retransmissions: Part = ({ retrans, totalRetrans }) =>
  retrans === 0 && totalRetrans === 0 ? '' : `retrans:${retrans}/${totalRetrans}`;

/** Of a listener, `sacked` is the limit of its backlog, which ss has in a column. */
const sacked: Part = (info, record) =>
  record.state === 'LISTEN' ? '' : count('sacked', ({ sacked }) => sacked)(info, record);

/** What the kernel begins with, segments. 0 is not left out. */
const USUAL_REORDERING = 3;

const reordering: Part = ({ reordering: segments }) =>
  segments === USUAL_REORDERING ? '' : `reordering:${segments | 0}`;

/** ss prints these only where it is asked for options (`-o`) or for details (`-e`). */
const OPTIONS: readonly Part[] = [
  option('ts', 'timestamps'),
  option('sack', 'sack'),
  option('ecn', 'ecn'),
  option('ecnseen', 'ecnSeen'),
  option('fastopen', 'synData'),
];

/** In the order in which ss has them. */
const PARTS: readonly Part[] = [
  (_, { cong = '' }) => cong,
  windowScale,
  retransmissionTimeout,
  count('backoff', ({ backoff }) => backoff),
  roundTrip,
  time('ato', ({ ato }) => ato),
  signed('mss', ({ sndMss }) => sndMss),
  count('pmtu', ({ pmtu }) => pmtu),
  signed('rcvmss', ({ rcvMss }) => rcvMss),
  signed('advmss', ({ advmss }) => advmss),
  count('cwnd', ({ sndCwnd }) => sndCwnd),
  slowStartThreshold,
  count('bytes_sent', ({ bytesSent }) => bytesSent),
  count('bytes_retrans', ({ bytesRetrans }) => bytesRetrans),
  count('bytes_acked', ({ bytesAcked }) => bytesAcked),
  count('bytes_received', ({ bytesReceived }) => bytesReceived),
  count('segs_out', ({ segsOut }) => segsOut),
  count('segs_in', ({ segsIn }) => segsIn),
  count('data_segs_out', ({ dataSegsOut }) => dataSegsOut),
  count('data_segs_in', ({ dataSegsIn }) => dataSegsIn),
  dctcp,
  bbr,
  send,
  count('lastsnd', ({ lastDataSent }) => lastDataSent),
  count('lastrcv', ({ lastDataRecv }) => lastDataRecv),
  count('lastack', ({ lastAckRecv }) => lastAckRecv),
  pacingRate,
  deliveryRate,
  count('delivered', ({ delivered }) => delivered),
  count('delivered_ce', ({ deliveredCe }) => deliveredCe),
  word('app_limited', ({ deliveryRateAppLimited }) => deliveryRateAppLimited),
  busy,
  count('unacked', ({ unacked }) => unacked),
  retransmissions,
  count('lost', ({ lost }) => lost),
  sacked,
  count('dsack_dups', ({ dsackDups }) => dsackDups),
  count('fackets', ({ fackets }) => fackets),
  reordering,
  signed('reord_seen', ({ reordSeen }) => reordSeen),
  time('rcv_rtt', ({ rcvRtt }) => rcvRtt),
  signed('rcv_space', ({ rcvSpace }) => rcvSpace),
  count('rcv_ssthresh', ({ rcvSsthresh }) => rcvSsthresh),
  count('notsent', ({ notsentBytes }) => notsentBytes),
  time('minrtt', ({ minRtt }) => minRtt),
  count('rcv_ooopack', ({ rcvOoopack }) => rcvOoopack),
  count('snd_wnd', ({ sndWnd }) => sndWnd),
];

// What stands behind, with or without `info`.

/** The keys themselves are not here: ss writes them before all of its output, by mistake. */
function md5Keys(keys: readonly TcpMd5sig[]): string {
  const texts = keys.map(({ family, addr, prefixlen }) => {
    const known = family === 'inet' || family === 'inet6';
    return `${known ? addr : '???'}/${prefixlen}=`;
  });
  return texts.length === 0 ? '' : `md5keys:${texts.join(',')}`;
}

const hexadecimal = (value: number): string => BigInt(value).toString(16);

/** The text for a number, if there is one. */
const some = <T>(value: T | undefined, print: (value: T) => string): string =>
  value === undefined ? '' : print(value);

/** The number in the name that a record has for what it has no word for. */
const unknownNumber = (name: string): string => `unknown(${name.replace(/^unknown_/, '')})`;

const TLS_VERSIONS: Readonly<Record<string, string>> = { 'TLS1.2': '1.2', 'TLS1.3': '1.3' };

/** Of any other, ss says nothing. */
const TLS_CIPHERS: Readonly<Record<string, string>> = {
  'AES-GCM-128': 'cipher: aes-gcm-128',
  'AES-GCM-256': 'cipher: aes-gcm-256',
};

const TLS_CONFS: Readonly<Record<string, string>> = {
  base: 'none',
  sw: 'sw',
  hw: 'hw',
  hw_record: 'hw-record',
};

const tlsConf = (conf: TlsConf): string => TLS_CONFS[conf] ?? unknownNumber(conf);

function tlsParts({ version, cipher, rxconf, txconf, zcRoTx }: TlsInfo): string[] {
  return [
    some(version, (name) => `version: ${TLS_VERSIONS[name] ?? unknownNumber(name)}`),
    some(cipher, (name) => TLS_CIPHERS[name] ?? ''),
    some(rxconf, (conf) => `rxconf: ${tlsConf(conf)}`),
    some(txconf, (conf) => `txconf: ${tlsConf(conf)}`),
    zcRoTx === true ? 'zc_ro_tx' : '',
  ];
}

/** Great letters are for what the peer did. */
const SUBFLOW_LETTERS: readonly (readonly [keyof MptcpSubflowFlags, string])[] = [
  ['mcapRem', 'M'],
  ['mcapLoc', 'm'],
  ['joinRem', 'J'],
  ['joinLoc', 'j'],
  ['bkupRem', 'B'],
  ['bkupLoc', 'b'],
  ['fullyEstablished', 'e'],
  ['connected', 'c'],
  ['mapvalid', 'v'],
];

/** Bits that ss has no letter for let it print the word alone. */
function subflowFlags(flags: MptcpSubflowFlags): string {
  const letters = SUBFLOW_LETTERS.map(([name, letter]) => (flags[name] === true ? letter : '')).join('');
  return letters === '' && flags.unknown === undefined ? '' : `flags:${letters}`;
}

const token = (value: number): string => hexadecimal(value).padStart(4, '0');

/** All four or none. */
function subflowTokens({ tokenRem, idRem, tokenLoc, idLoc }: MptcpSubflowInfo): string {
  if (tokenRem === undefined || idRem === undefined || tokenLoc === undefined || idLoc === undefined)
    return '';
  return `token:${token(tokenRem)}(id:${idRem})/${token(tokenLoc)}(id:${idLoc})`;
}

function subflowParts(subflow: MptcpSubflowInfo): string[] {
  const { flags, mapSeq, mapSfseq, ssnOffset, mapDatalen } = subflow;
  return [
    some(flags, subflowFlags),
    subflowTokens(subflow),
    some(mapSeq, (value) => `seq:${value}`),
    some(mapSfseq, (value) => `sfseq:${hexadecimal(value)}`),
    some(ssnOffset, (value) => `ssnoff:${hexadecimal(value)}`),
    some(mapDatalen, (value) => `maplen:${hexadecimal(value)}`),
  ];
}

function ulpParts({ name, tls, mptcp }: UlpInfo): string[] {
  return [
    some(name, (text) => `tcp-ulp-${text}`),
    ...(tls === undefined ? [] : tlsParts(tls)),
    ...(mptcp === undefined ? [] : subflowParts(mptcp)),
  ];
}

/**
 * What `ss -tinO` prints for `-i`, with a blank before each part; `''` where that is nothing. It needs a record with
 * `show: ['info', 'cong', 'vegasinfo', 'dctcpinfo', 'bbrinfo']`.
 *
 * @param withOptions - the words for what was negotiated, `ts` to `fastopen`: ss has them with `-o` or `-e` only.
 */
export function tcpInfoText(record: TcpDiagMsg, withOptions = true): string {
  const { info, md5sig, ulpInfo } = record;
  let text = '';
  const add = (part: string): void => {
    if (part !== '') text += ` ${part}`;
  };
  if (info !== undefined) {
    if (withOptions) for (const part of OPTIONS) add(part(info, record));
    for (const part of PARTS) add(part(info, record));
  }
  if (md5sig !== undefined) add(md5Keys(md5sig));
  if (ulpInfo !== undefined) for (const part of ulpParts(ulpInfo)) add(part);
  return text;
}
