/** The tables of IP sockets, /proc/net/tcp and its likes: what their lines tell of a socket. */
import { addressOfWord, addressOfWords } from '../inet/address.js';
import { INET_FAMILIES, INET_FAMILY, type InetFamily } from '../inet/family.js';
import { type InetDiagMsg, timerName } from '../inet/record.js';
import type { TcpInfo } from '../inet/tcp-info.js';
import type { SkMeminfo } from '../record/skmeminfo.js';
import { type SocketState, stateMask, stateName } from '../record/state.js';
import { COLON, type Line } from './line.js';
import type { ProcRecord } from './record.js';
import type { ReadLine, Table } from './table.js';

/** A socket of an IP protocol, as a line of /proc/net tells it: without cookie, interface, and most of what can be shown. */
export interface ProcInetMsg
  extends ProcRecord,
    Pick<InetDiagMsg, 'family' | 'state' | 'timer' | 'src' | 'sport' | 'dst' | 'dport' | 'rqueue' | 'inode'> {
  /**
   * How often the timer's act was repeated, a count, as in a record of netlink; but for SYN_RECV how often its timer has
   * fired, which with TCP_DEFER_ACCEPT need not send anything.
   */
  retrans: number;
  /** Until the timer fires, milliseconds, in steps of 10: the text counts clock ticks. 0 without a timer. */
  expires: number;
  /** As in a record of netlink; absent for LISTEN, whose backlog limit the text does not tell. */
  wqueue?: number;
  /**
   * The owner's user id as seen from the reader's user namespace, 65534 if it has none there. For SYN_RECV that of the
   * listener; 0 for TIME_WAIT, and for FIN_WAIT2 that nobody holds any more.
   */
  uid: number;
}

/** What of `tcp_info` is in the text, of connections but for SYN_RECV, TIME_WAIT, and FIN_WAIT2 that nobody holds any more. */
export interface ProcTcpInfo extends Pick<TcpInfo, 'retransmits' | 'probes' | 'sndSsthresh' | 'sndCwnd'> {
  /** Retransmission timeout, microseconds, in steps of 10,000. */
  rto: number;
  /** Delayed acknowledgement timeout, microseconds, in steps of 10,000. */
  ato: number;
}

/** A TCP socket, from /proc/net/tcp or tcp6. */
export interface ProcTcpMsg extends ProcInetMsg {
  /** The protocol that was asked for. */
  protocol: 'tcp';
  /** Where `show` names it, and the kernel has the columns (2.2 had none, 2.4 has). */
  info?: ProcTcpInfo;
}

/** What the text tells of a socket that gets datagrams. */
export interface ProcDatagramMsg extends ProcInetMsg {
  /** Where `show` names it, and the kernel has the column (2.6.11 had none, 2.6.32 has). */
  skmeminfo?: Pick<SkMeminfo, 'drops'>;
}

/** A UDP socket, from /proc/net/udp or udp6. */
export interface ProcUdpMsg extends ProcDatagramMsg {
  /** The protocol that was asked for. */
  protocol: 'udp';
}

/** A UDP-Lite socket, from /proc/net/udplite or udplite6. */
export interface ProcUdpLiteMsg extends ProcDatagramMsg {
  /** The protocol that was asked for. */
  protocol: 'udplite';
}

/** Which sockets, and what of them. */
export interface ProcInetWish {
  family?: InetFamily | undefined;
  states?: readonly SocketState[] | undefined;
  show?: readonly string[] | undefined;
}

/** Milliseconds. Times are in USER_HZ, which is 100 on every architecture that Node runs on. */
const CLOCK_TICK = 10;
const MICROSECONDS_OF_TICK = 1000 * CLOCK_TICK;

/** From here on, 32 bits or more stand for a negative number. */
const NEGATIVE = 0x8000_0000;

const SYN_RECV = 3;
const TIME_WAIT = 6;
const LISTEN = 10;
const TIMER_ON = 1;
const TIMER_OFF = 0;
const TIMER_TIMEWAIT = 3;

/** The columns that all of these tables have, of the line that was read last. */
class Columns {
  /** Addresses, a word or four each: as numbers of the machine that wrote them. */
  readonly src: Uint32Array = new Uint32Array(4);
  readonly dst: Uint32Array = new Uint32Array(4);
  sport = 0;
  dport = 0;
  state = 0;
  wqueue = 0;
  rqueue = 0;
  timer = 0;
  ticks = 0;
  retransmits = 0;
  uid = 0;
  probes = 0;
  inode = 0;

  /** Up to `st`. */
  readEnds(line: Line, words: number): void {
    line.hasNext();
    line.decimal();
    line.expect(COLON);
    line.next();
    readWords(line, this.src, words);
    line.expect(COLON);
    this.sport = line.hex4();
    line.next();
    readWords(line, this.dst, words);
    line.expect(COLON);
    this.dport = line.hex4();
    line.next();
    this.state = line.hex2();
  }

  /** Up to `inode`. */
  readRest(line: Line): void {
    line.next();
    this.wqueue = line.hex();
    line.expect(COLON);
    // Old kernels count the peer's FIN among what was read.
    this.rqueue = notNegative(line.hex());
    line.next();
    this.timer = line.hex2();
    line.expect(COLON);
    // Old kernels print how long a timer is overdue.
    this.ticks = notNegative(line.hex());
    line.next();
    this.retransmits = line.hex();
    line.next();
    // Old kernels print it with a sign.
    this.uid = line.decimal() >>> 0;
    line.next();
    this.probes = line.decimal();
    line.next();
    this.inode = line.decimal();
    if (!line.isAtBlank()) line.refuse();
  }

  /** How often the timer's act was repeated: netlink has one number, of whatever timer runs. */
  get retrans(): number {
    const { timer } = this;
    if (timer === TIMER_OFF || timer === TIMER_TIMEWAIT) return 0;
    return timer === TIMER_ON ? this.retransmits : this.probes;
  }
}

function notNegative(value: number): number {
  return value < NEGATIVE ? value : 0;
}

function readWords(line: Line, into: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) into[i] = line.hex8();
}

const addressText = (words: Uint32Array, isSix: boolean): string =>
  isSix
    ? addressOfWords(words[0] as number, words[1] as number, words[2] as number, words[3] as number)
    : addressOfWord(words[0] as number);

/** Puts into a record what stands behind `inode`. */
type Extra<T> = (record: T, line: Line, columns: Columns) => void;

function inetReader<T extends ProcInetMsg & { protocol: string }>(
  family: InetFamily,
  protocol: T['protocol'],
  { states }: ProcInetWish,
  extra: Extra<T> | undefined,
): ReadLine<T> {
  const columns = new Columns();
  const isSix = family === 'inet6';
  const words = isSix ? 4 : 1;
  const mask = states === undefined ? undefined : maskOf(states);
  return (line) => {
    columns.readEnds(line, words);
    if (mask !== undefined && !isIn(mask, columns.state)) return undefined;
    columns.readRest(line);
    const { state, timer } = columns;
    const record = {
      family,
      protocol,
      state: stateName(state),
      timer: timerName(timer),
      retrans: columns.retrans,
      src: addressText(columns.src, isSix),
      sport: columns.sport,
      dst: addressText(columns.dst, isSix),
      dport: columns.dport,
      expires: timer === TIMER_OFF ? 0 : columns.ticks * CLOCK_TICK,
      rqueue: columns.rqueue,
      uid: columns.uid,
      inode: columns.inode,
      source: 'proc',
    } as ProcInetMsg as T;
    // UDP and raw sockets have no such state.
    if (state !== LISTEN) record.wqueue = columns.wqueue;
    extra?.(record, line, columns);
    return record;
  };
}

/** No state that has a name is above 31. */
function isIn(mask: number, state: number): boolean {
  return state < 32 && ((mask >>> state) & 1) === 1;
}

/** The text has request sockets as SYN_RECV, whatever the kernel calls them. */
function maskOf(states: readonly SocketState[]): number {
  return stateMask(states.map((state) => (state === 'NEW_SYN_RECV' ? 'SYN_RECV' : state)));
}

/** Old kernels have none of these columns; of what is smaller than a socket none has the last five. */
const tcpExtra: Extra<ProcTcpMsg> = (record, line, { state, retransmits, probes }) => {
  if (state === LISTEN || state === SYN_RECV || state === TIME_WAIT || !skipReference(line)) return;
  if (!line.isFollowed()) return;
  const rto = line.decimal() * MICROSECONDS_OF_TICK;
  line.next();
  const ato = line.decimal() * MICROSECONDS_OF_TICK;
  line.next();
  // Whether acknowledgements are quick, and how interactive the connection is: tcp_info has nothing of it.
  line.decimal();
  line.next();
  const sndCwnd = line.decimal();
  line.next();
  const ssthresh = line.decimal();
  const sndSsthresh = ssthresh < 0 ? Infinity : ssthresh;
  record.info = { retransmits, probes, rto, ato, sndSsthresh, sndCwnd };
};

const datagramExtra: Extra<ProcDatagramMsg> = (record, line) => {
  // Old kernels print it with a sign.
  if (skipReference(line) && line.isFollowed()) record.skmeminfo = { drops: line.decimal() >>> 0 };
};

/** Goes behind `ref` and `pointer`; false if they are not there. */
function skipReference(line: Line): boolean {
  if (!line.isFollowed()) return false;
  line.decimal();
  if (!line.isFollowed()) return false;
  line.skip();
  return true;
}

const HEADER =
  /^ *sl +local_address +rem(?:ote)?_address +st +tx_queue +rx_queue +tr +tm->when +retrnsmt +uid +timeout +inode\b/;

export interface InetTableKind<T> {
  protocol: string;
  /** The word of `show` that `extra` is for. */
  word: string;
  extra: Extra<T>;
  sockets: string;
  absent: string;
}

/** The file of IPv6 is not there where the kernel has no IPv6: then it has no such sockets either. */
export function inetTable<T extends ProcInetMsg & { protocol: string }>(
  { protocol, word, extra, sockets, absent }: InetTableKind<T>,
  wish: ProcInetWish,
): Table<T> {
  const { family, show = [] } = wish;
  const families = family === undefined ? INET_FAMILIES : [family];
  return {
    sockets: family === undefined ? sockets : `${INET_FAMILY[family].words} ${sockets}`,
    absent: family === 'inet6' ? 'this kernel has no IPv6, or none with that protocol' : absent,
    files: () =>
      families.map((each) => ({
        name: each === 'inet6' ? `${protocol}6` : protocol,
        optional: each === 'inet6' && family === undefined,
        header: HEADER,
        read: inetReader<T>(each, protocol, wish, show.includes(word) ? extra : undefined),
      })),
  };
}

const TCP: InetTableKind<ProcTcpMsg> = {
  protocol: 'tcp',
  word: 'info',
  extra: tcpExtra,
  sockets: 'TCP sockets',
  absent: 'this kernel has no TCP (CONFIG_INET)',
};

export function tcpTable(wish: ProcInetWish): Table<ProcTcpMsg> {
  return inetTable(TCP, wish);
}

export const DATAGRAMS: Pick<InetTableKind<ProcDatagramMsg>, 'word' | 'extra'> = {
  word: 'skmeminfo',
  extra: datagramExtra,
};

const UDP: InetTableKind<ProcUdpMsg> = {
  ...DATAGRAMS,
  protocol: 'udp',
  sockets: 'UDP sockets',
  absent: 'this kernel has no UDP (CONFIG_INET)',
};

export function udpTable(wish: ProcInetWish): Table<ProcUdpMsg> {
  return inetTable(UDP, wish);
}

const UDPLITE: InetTableKind<ProcUdpLiteMsg> = {
  ...DATAGRAMS,
  protocol: 'udplite',
  sockets: 'UDP-Lite sockets',
  absent: 'this kernel has no UDP-Lite, as none since Linux 7.1',
};

export function udpLiteTable(wish: ProcInetWish): Table<ProcUdpLiteMsg> {
  return inetTable(UDPLITE, wish);
}
