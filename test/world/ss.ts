/**
 * What `ss` says of the sockets in a network namespace: an oracle for the records of dumps.
 *
 * Field names are those of the records. A field is absent where `ss` does not tell it, save that it leaves out
 * a uid of 0 and a timer that does not run; those are given here as a record would have them.
 */
import { runBytes } from './world.js';

/** The least and the most milliseconds that a rounded text can stand for. */
export type Interval = readonly [least: number, most: number];

export type SsShutdown = 'none' | 'rcv' | 'send' | 'both';

export interface SsInet {
  protocol: 'tcp' | 'udp';
  family: 'inet' | 'inet6';
  state: string;
  rqueue: number;
  wqueue: number;
  src: string;
  sport: number;
  dst: string;
  dport: number;
  /** Name of the interface that it is bound to. */
  dev?: string;
  timer: string;
  expires: Interval;
  retrans: number;
  uid: number;
  inode: number;
  cookie: string;
  /** Absent for 0 too. */
  mark?: number;
  /** Path of the cgroup; absent for SYN_RECV and TIME_WAIT. */
  cgroup?: string;
  skv6only?: boolean;
  shutdown?: SsShutdown;
  tos?: number;
  tclass?: number;
  classId?: number;
  /** Options that are set, by their names in a record. */
  sockopt?: string[];
  skmeminfo?: SsMeminfo;
  /** What `ss -i` prints, as it stands. */
  info?: string;
}

export interface SsUnix {
  family: 'unix';
  type: 'stream' | 'dgram' | 'seqpacket';
  state: string;
  rqueue: number;
  wqueue: number;
  inode: number;
  /**
   * The name's bytes as latin1 text, `@` for each NUL of an abstract name, without blanks at its beginning (they
   * cannot be told from padding). Absent without a name, and for a path that is `*`.
   */
  name?: string;
  /** 0 without another end too. */
  peer: number;
  shutdown: SsShutdown;
  /** `dev` as in `fs.Stats`. */
  vfs?: { inode: number; dev: number };
  icons?: number[];
  meminfo: SsMeminfo;
}

export interface SsMeminfo {
  rmemAlloc: number;
  rcvbuf: number;
  wmemAlloc: number;
  sndbuf: number;
  fwdAlloc: number;
  wmemQueued: number;
  optmem: number;
  backlog: number;
  drops: number;
}

const STATES: Record<string, string> = {
  ESTAB: 'ESTABLISHED',
  'SYN-SENT': 'SYN_SENT',
  'SYN-RECV': 'SYN_RECV',
  'FIN-WAIT-1': 'FIN_WAIT1',
  'FIN-WAIT-2': 'FIN_WAIT2',
  'TIME-WAIT': 'TIME_WAIT',
  UNCONN: 'CLOSE',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  'LAST-ACK': 'LAST_ACK',
  LISTEN: 'LISTEN',
  CLOSING: 'CLOSING',
};

/** The arrows point where data may still go: to us on the left, from us on the right. */
const ARROWS: Record<string, SsShutdown> = { '<->': 'none', '-->': 'rcv', '<--': 'send', '---': 'both' };

const ARROW = '<->|-->|<--|---';

const SOCKOPT_NAMES: Record<string, string> = {
  recverr: 'recverr',
  is_icsk: 'isIcsk',
  freebind: 'freebind',
  hdrincl: 'hdrincl',
  mc_loop: 'mcLoop',
  transparent: 'transparent',
  mc_all: 'mcAll',
  nodefrag: 'nodefrag',
  bind_addr_no_port: 'bindAddressNoPort',
  recverr_rfc4884: 'recverrRfc4884',
  defer_connect: 'deferConnect',
};

/** Options that all questions share: all states, numeric, no header, one line each, extended, memory. */
const COMMON = ['-a', '-n', '-H', '-O', '-e', '-m'];

/** All TCP sockets but bound-inactive ones, which `ss` cannot ask for (6.1). */
export async function ssTcp(pid: number): Promise<SsInet[]> {
  return parseInet(await askSs(pid, ['-t', '-o', '-i', '--tos', '--inet-sockopt']), 'tcp');
}

export async function ssUdp(pid: number): Promise<SsInet[]> {
  return parseInet(await askSs(pid, ['-u', '--tos', '--inet-sockopt']), 'udp');
}

export async function ssUnix(pid: number): Promise<SsUnix[]> {
  return parseUnix(await askSs(pid, ['-x']));
}

/** Names may hold any bytes, so the answer is taken as latin1. */
async function askSs(pid: number, args: readonly string[]): Promise<string> {
  return (await runBytes(pid, 'ss', [...COMMON, ...args])).toString('latin1');
}

export function parseInet(text: string, protocol: 'tcp' | 'udp'): SsInet[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseInetLine(line, protocol));
}

const INET_LINE = /^(\S+) +(\d+) +(\d+) +(\S+):(\d+) +(\S+):(\d+|\*) *(.*?) *$/;

function parseInetLine(line: string, protocol: 'tcp' | 'udp'): SsInet {
  const [, state, rqueue, wqueue, near, sport, far, dport, rest] = capture(INET_LINE, line);
  return {
    protocol,
    family: /^[[*]/.test(near) ? 'inet6' : 'inet',
    state: known(STATES, state),
    rqueue: Number(rqueue),
    wqueue: Number(wqueue),
    src: address(near),
    sport: Number(sport),
    dst: address(far),
    dport: dport === '*' ? 0 : Number(dport),
    ...optional('dev', /%(.+)$/.exec(near)?.[1]),
    ...parseTimer(rest),
    uid: Number(find(rest, /(?:^| )uid:(\d+)/) ?? 0),
    inode: Number(find(rest, /(?:^| )ino:(\d+)/)),
    cookie: find(rest, / sk:([0-9a-f]+)/) ?? '',
    ...parseExtensions(rest),
  };
}

/** `[fe80::1]%d0`, `127.0.0.1%lo`, and `*`, which is a dual-stack socket's `::`. */
function address(text: string): string {
  const bare = text.replace(/%.*$/, '').replace(/[[\]]/g, '');
  return bare === '*' ? '::' : bare;
}

/** What only some sockets have. */
function parseExtensions(rest: string): Partial<SsInet> {
  return {
    ...optionalNumber('mark', find(rest, / fwmark:(\S+)/)),
    ...optional('cgroup', find(rest, new RegExp(` cgroup:(.*?)(?: v6only:\\d)? (?:${ARROW})(?: |$)`))),
    ...optional('skv6only', flag(find(rest, / v6only:(\d)/))),
    ...optional('shutdown', ARROWS[find(rest, new RegExp(` (${ARROW})(?: |$)`)) ?? '']),
    ...optionalNumber('tos', find(rest, / tos:(\S+)/)),
    ...optionalNumber('tclass', find(rest, / tclass:(\S+)/)),
    ...optionalNumber('classId', find(rest, / class_id:(\S+)/)),
    ...optional('sockopt', options(find(rest, / inet-sockopt: \(([^)]*)\)/))),
    ...optional('skmeminfo', parseMeminfo(rest)),
    ...optional('info', find(rest, / skmem:\([^)]*\) (.+)$/)),
  };
}

function parseTimer(rest: string): Pick<SsInet, 'timer' | 'expires' | 'retrans'> {
  const timer = /(?:^| )timer:\((\w+),([^,]*),(\d+)\)/.exec(rest);
  if (timer === null) return { timer: 'off', expires: [0, 0], retrans: 0 };
  const [, name = '', time = '', retrans] = timer;
  return { timer: name, expires: parseTime(time), retrans: Number(retrans) };
}

/**
 * `ss` prints `236ms`, `3sec`, `3.168ms` (which is 3 seconds and 168 ms), `42sec`, `8min56sec`, `119min`, and
 * nothing at all for 0. It drops milliseconds from ten seconds on, and seconds from ten minutes on.
 */
export function parseTime(text: string): Interval {
  const [, minutes, fraction, seconds, milliseconds] = capture(
    /^(?:(\d+)min)?(?:(\d+)\.|(\d+)sec)?(?:(\d+)ms)?$/,
    text,
  );
  const least = Number(minutes) * 60_000 + Number(fraction || seconds) * 1000 + Number(milliseconds);
  if (Number(minutes) > 9) return [least, least + 59_999];
  return minutes !== '' || Number(seconds) > 9 ? [least, least + 999] : [least, least];
}

/** A name may hold newlines: a record goes on until a line begins as a record does. */
export function parseUnix(text: string): SsUnix[] {
  return text
    .split(/\n(?=u_(?:str|dgr|seq) +(?:ESTAB|UNCONN|LISTEN) +\d+ +\d+ )/)
    .filter((record) => record !== '')
    .map(parseUnixRecord);
}

const UNIX_TYPES = { u_str: 'stream', u_dgr: 'dgram', u_seq: 'seqpacket' } as const;

/** Read from its end, since the name may hold anything that stands before: `… NAME INODE * PEER skmem:(…) <->`. */
const UNIX_RECORD = new RegExp(
  `^(u_\\w+) +(\\S+) +(\\d+) +(\\d+) +([\\s\\S]*) (\\d+) \\* (\\d+) +(skmem:\\([^)]*\\)) (${ARROW})( [^*<>]*)?$`,
);

function parseUnixRecord(record: string): SsUnix {
  const fields = capture(UNIX_RECORD, record);
  const [, type, state, rqueue, wqueue, name, inode, peer, memory, arrow, rest] = fields;
  return {
    family: 'unix',
    type: known(UNIX_TYPES, type),
    state: known(STATES, state),
    rqueue: Number(rqueue),
    wqueue: Number(wqueue),
    inode: Number(inode),
    ...optional('name', name === '*' ? undefined : name),
    peer: Number(peer),
    shutdown: known(ARROWS, arrow),
    ...optional('vfs', parseVfs(rest)),
    ...optional('icons', numbers(find(rest, / peers:([ \d]*)/))),
    meminfo: parseMeminfo(memory) as SsMeminfo,
  };
}

/**
 * `ss` takes the kernel's device number (12 bits major, 20 bits minor) apart as if it were of st_dev's form. This
 * puts it together again as it came, and then into st_dev's form.
 */
function parseVfs(rest: string): SsUnix['vfs'] {
  const file = / ino:(\d+) dev:(\d+)\/(\d+)/.exec(rest);
  if (file === null) return undefined;
  const [, inode, major, minor] = file.map(Number) as [number, number, number, number];
  const kernel = deviceNumber(major, minor);
  return { inode, dev: deviceNumber(kernel >>> 20, kernel & 0xfffff) };
}

/** The form of st_dev: the lower 8 bits of the minor number, 12 bits of the major, the rest of the minor. */
function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** In the order of the kernel's array, which `ss` keeps. */
const MEMINFO = [
  'rmemAlloc',
  'rcvbuf',
  'wmemAlloc',
  'sndbuf',
  'fwdAlloc',
  'wmemQueued',
  'optmem',
  'backlog',
  'drops',
] as const;

function parseMeminfo(text: string): SsMeminfo | undefined {
  const values = numbers(find(text, /skmem:\(([^)]*)\)/));
  return (
    values && (Object.fromEntries(MEMINFO.map((field, i) => [field, values[i]])) as unknown as SsMeminfo)
  );
}

function numbers(text: string | undefined): number[] | undefined {
  return text === undefined ? undefined : (text.match(/\d+/g) ?? []).map(Number);
}

function options(words: string | undefined): string[] | undefined {
  return words
    ?.trim()
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => known(SOCKOPT_NAMES, word));
}

function flag(digit: string | undefined): boolean | undefined {
  return digit === undefined ? undefined : digit === '1';
}

/** The groups of a match, '' where one took no part; text that does not match is an error, never skipped. */
function capture(pattern: RegExp, text: string): Groups {
  const match = pattern.exec(text);
  if (match === null) throw new Error(`ss printed what this parser does not know: ${JSON.stringify(text)}`);
  return Array.from(match, (group) => group ?? '') as unknown as Groups;
}

/** As many as any pattern here has. */
type Groups = [string, string, string, string, string, string, string, string, string, string, string];

function find(text: string, pattern: RegExp): string | undefined {
  return pattern.exec(text)?.[1];
}

function known<Value>(table: Record<string, Value>, word: string): Value {
  const value = table[word];
  if (value === undefined) throw new Error(`ss printed a word that this parser does not know: ${word}`);
  return value;
}

function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}

function optionalNumber<Key extends string>(
  key: Key,
  text: string | undefined,
): Partial<Record<Key, number>> {
  return optional(key, text === undefined ? undefined : Number(text));
}
