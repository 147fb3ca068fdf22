/**
 * What /proc/PID/net says of the sockets in a process's network namespace: an oracle for the records of dumps.
 *
 * Field names are those of the records. Bound TCP sockets that do nothing are not in /proc.
 */
import { existsSync, readFileSync } from 'node:fs';
import { SocketAddress } from 'node:net';

import type { Interval } from './ss.js';

export interface ProcInet {
  protocol: 'tcp' | 'udp' | 'udplite';
  family: 'inet' | 'inet6';
  state: string;
  src: string;
  sport: number;
  dst: string;
  dport: number;
  rqueue: number;
  /** Absent for LISTEN: the backlog limit is not told. */
  wqueue?: number;
  timer: string;
  expires: Interval;
  retrans: number;
  /** SYN_RECV has its listener's here, and 0 in a record. */
  uid: number;
  inode: number;
  /** For UDP and UDP-Lite. */
  drops?: number;
}

export interface ProcUnix {
  family: 'unix';
  type: 'stream' | 'dgram' | 'seqpacket';
  state: 'ESTABLISHED' | 'CLOSE' | 'LISTEN';
  /** 0 for what waits to be accepted: such a socket is in no dump. */
  inode: number;
  /** The name's bytes, `@` (40) for each NUL of an abstract name; absent without a name. */
  nameHex?: string;
}

const STATES = [
  undefined,
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
] as const;

const TIMERS = ['off', 'on', 'keepalive', 'timewait', 'persist', 'delack'] as const;

/** Milliseconds: times are in USER_HZ, which is 100 on every architecture that Node runs on. */
const CLOCK_TICK = 10;

export function procTcp(pid: number): ProcInet[] {
  return readInet(pid, 'tcp');
}

export function procUdp(pid: number): ProcInet[] {
  return readInet(pid, 'udp');
}

/** Empty from Linux 7.1 on, which has no UDP-Lite. */
export function procUdpLite(pid: number): ProcInet[] {
  return existsSync(`/proc/${pid}/net/udplite`) ? readInet(pid, 'udplite') : [];
}

function readInet(pid: number, protocol: ProcInet['protocol']): ProcInet[] {
  const read = (file: string, family: ProcInet['family']) =>
    parseInet(readFileSync(`/proc/${pid}/net/${file}`, 'latin1'), protocol, family);
  return [...read(protocol, 'inet'), ...read(`${protocol}6`, 'inet6')];
}

/** The text of one file, with its header line. */
export function parseInet(
  text: string,
  protocol: ProcInet['protocol'],
  family: ProcInet['family'],
): ProcInet[] {
  const lines = text.split('\n').slice(1, -1);
  return lines.map((line) => parseLine(line.trim().split(/\s+/), protocol, family));
}

function parseLine(columns: string[], protocol: ProcInet['protocol'], family: ProcInet['family']): ProcInet {
  const [, near = '', far = '', state = '', queues = '', timing = '', retransmits, uid, probes, inode] =
    columns;
  const [src, sport] = endpoint(near);
  const [dst, dport] = endpoint(far);
  const [wqueue, rqueue] = queues.split(':').map(hexadecimal) as [number, number];
  const [timer, ticks] = timing.split(':').map(hexadecimal) as [number, number];
  const name = STATES[hexadecimal(state)] ?? `state ${state}`;
  return {
    protocol,
    family,
    state: name,
    src,
    sport,
    dst,
    dport,
    rqueue,
    ...(name === 'LISTEN' ? {} : { wqueue }),
    timer: TIMERS[timer] ?? `timer ${timer}`,
    expires: timer === 0 ? [0, 0] : [ticks * CLOCK_TICK, ticks * CLOCK_TICK + CLOCK_TICK - 1],
    retrans: repetitions(TIMERS[timer], hexadecimal(retransmits ?? ''), Number(probes)),
    uid: Number(uid),
    inode: Number(inode) % 2 ** 32,
    ...(protocol === 'tcp' ? {} : { drops: Number(columns[12]) }),
  };
}

/** sock_diag has one field where /proc has two columns. */
function repetitions(timer: string | undefined, retransmits: number, probes: number): number {
  if (timer === 'on') return retransmits;
  return timer === 'keepalive' || timer === 'persist' ? probes : 0;
}

function hexadecimal(text: string): number {
  return Number.parseInt(text, 16);
}

/** An address is 32-bit words as the machine holds them: `0100007F:1F90` is 127.0.0.1, port 8080. */
function endpoint(text: string): [address: string, port: number] {
  const [host = '', port = ''] = text.split(':');
  const words = Uint32Array.from(host.match(/.{8}/g) ?? [], hexadecimal);
  const bytes = new Uint8Array(words.buffer);
  return [bytes.length === 4 ? bytes.join('.') : address6(bytes), hexadecimal(port)];
}

/** Node lets inet_ntop(3) write the text, which makes it independent of ours. */
function address6(bytes: Uint8Array): string {
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

export function procUnix(pid: number): ProcUnix[] {
  return parseUnix(readFileSync(`/proc/${pid}/net/unix`));
}

/** Everything before the name is strict; a line that does not look so continues the name before it. */
const UNIX_LINE =
  /^[0-9a-f]+: [0-9A-F]{8} 00000000 ([0-9A-F]{8}) (0001|0002|0005) (0[0-4]) +(\d+)(?: ([\s\S]*))?$/;

const UNIX_TYPES: Record<string, ProcUnix['type']> = {
  '0001': 'stream',
  '0002': 'dgram',
  '0005': 'seqpacket',
};

const LISTENING = 0x10000;

const CONNECTED = '03';

/** The bytes of the file, with its header line. A name may hold any byte, newlines too. */
export function parseUnix(bytes: Buffer): ProcUnix[] {
  const lines = bytes.toString('latin1').split('\n').slice(1, -1);
  const records: string[] = [];
  for (const line of lines) {
    if (UNIX_LINE.test(line)) records.push(line);
    else records.push(`${records.pop()}\n${line}`);
  }
  return records.map(parseUnixRecord);
}

function parseUnixRecord(record: string): ProcUnix {
  const [, flags = '', type = '', state, inode, name] = UNIX_LINE.exec(record) ?? [];
  const unlistening = state === CONNECTED ? 'ESTABLISHED' : 'CLOSE';
  return {
    family: 'unix',
    type: UNIX_TYPES[type] as ProcUnix['type'],
    state: hexadecimal(flags) & LISTENING ? 'LISTEN' : unlistening,
    inode: Number(inode) % 2 ** 32,
    ...(name === undefined ? {} : { nameHex: Buffer.from(name, 'latin1').toString('hex') }),
  };
}
