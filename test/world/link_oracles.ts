/**
 * What `ss` and /proc/PID/net say of the packet and netlink sockets in a network namespace: oracles for the records of
 * dumps. Field names are those of the records, and a field is absent where the oracle does not tell it.
 */
import { readFileSync } from 'node:fs';

import { run } from './world.js';

export interface SsPacket {
  /** SOCK_PACKET is told as `'dgram'`. */
  type: 'raw' | 'dgram';
  num: number;
  /** Name of the device, or `if` and its number if it has none; absent for any. */
  device?: string;
  inode: number;
  cookie: string;
  uid: number;
  info: { version: string; copyThresh: number; flags: Record<string, boolean> };
  rxRing?: Record<string, number>;
  txRing?: Record<string, number>;
  fanout?: { id: number; type: string };
  filter?: Record<string, number>[];
  meminfo: Record<string, number>;
}

const PACKET_LINE = /^p_(raw|dgr) +UNCONN +(\d+) +(\d+) +(\S+):(\S+) +\* +(.*?) *$/;

/** Of iproute2 6.1, for whom the last two have no name. */
const FANOUT_TYPES: Record<string, string> = {
  hash: 'hash',
  lb: 'lb',
  cpu: 'cpu',
  roll: 'rollover',
  random: 'rnd',
  qm: 'qm',
  '0x6': 'cbpf',
  '0x7': 'ebpf',
};

const PACKET_FLAGS = ['running', 'auxdata', 'origdev', 'vnethdr', 'loss'];

const NO_NUMBERS = ['-a', '-n', '-H', '-O', '-e', '-m'];

export async function ssPacket(pid: number): Promise<SsPacket[]> {
  return linesOf(await run(pid, 'ss', [...NO_NUMBERS, '-0', '-b'])).map(parsePacket);
}

function parsePacket(line: string): SsPacket {
  const [, type, , , protocol = '', device = '', rest = ''] = match(PACKET_LINE, line);
  const flags = words(field(rest, /flags\(([^)]*)\)/));
  return {
    type: type === 'raw' ? 'raw' : 'dgram',
    num: protocol === '*' ? 3 : Number(protocol.replace(/^\[|\]$/g, '')),
    ...(device === '*' ? {} : { device }),
    inode: Number(field(rest, /\bino:(\d+)/)),
    cookie: field(rest, /\bsk:(\w+)/),
    // ss leaves out root's.
    uid: Number(/\buid:(\d+)/.exec(rest)?.[1] ?? 0),
    info: {
      version: `v${Number(field(rest, /\bver:(\d+)/)) + 1}`,
      copyThresh: Number(field(rest, /\bcpy_thresh:(\d+)/)),
      flags: Object.fromEntries(PACKET_FLAGS.map((name) => [name, flags.includes(name)])),
    },
    ...parseRing('rxRing', / ring_rx\(([^)]*)\)/.exec(rest)?.[1]),
    ...parseRing('txRing', / ring_tx\(([^)]*)\)/.exec(rest)?.[1]),
    ...parseFanout(/ fanout\(id:(\d+),type:(\w+)\)/.exec(rest)),
    ...parseFilter(/ bpf filter \((\d+)\): (.*?), (?=skmem)/.exec(rest)),
    meminfo: parseMeminfo(rest),
  };
}

const RING = /^blk_size:(\d+),blk_nr:(\d+),frm_size:(\d+),frm_nr:(\d+),tmo:(\d+),features:0x(\w+)$/;

function parseRing(name: 'rxRing' | 'txRing', text: string | undefined): Partial<SsPacket> {
  if (text === undefined) return {};
  const [, blockSize, blockNr, frameSize, frameNr, retireTmo, features] = match(RING, text);
  return {
    [name]: {
      blockSize: Number(blockSize),
      blockNr: Number(blockNr),
      frameSize: Number(frameSize),
      frameNr: Number(frameNr),
      retireTmo: Number(retireTmo),
      features: Number.parseInt(features ?? '', 16),
    },
  };
}

function parseFanout(found: RegExpExecArray | null): Partial<SsPacket> {
  if (found === null) return {};
  const type = FANOUT_TYPES[found[2] as string];
  if (type === undefined) throw new Error(`ss printed a type that this parser does not know: ${found[2]}`);
  return { fanout: { id: Number(found[1]), type } };
}

function parseFilter(found: RegExpExecArray | null): Partial<SsPacket> {
  if (found === null) return {};
  const steps = (found[2] as string).split(',').map((step) => words(step).map(Number));
  if (steps.length !== Number(found[1])) throw new Error(`ss printed ${steps.length} of ${found[1]} steps`);
  return { filter: steps.map(([code = -1, jt = -1, jf = -1, k = -1]) => ({ code, jt, jf, k })) };
}

/** `ss` tells neither inode nor cookie, nor that a socket comes twice. */
export interface SsNetlink {
  /** By its number. */
  protocol: number;
  portid: number;
  /** Absent for a socket that is not connected. */
  dst?: { group: number; portid: number };
  /** The first 32 of them, as bits. */
  groups: number;
  meminfo: Record<string, number>;
}

const NETLINK_LINE =
  /^UNCONN +(\d+) +(\d+) +(\d+):(\S+) +(?:\*|(\d+):(\S+)) +sk=0 cb=0 groups=0x(\w{8})\s(.*)$/;

export async function ssNetlink(pid: number): Promise<SsNetlink[]> {
  return linesOf(await run(pid, 'ss', [...NO_NUMBERS, '-A', 'netlink'])).map(parseNetlink);
}

function parseNetlink(line: string): SsNetlink {
  const [, , , protocol, portid, group, dstPortid, groups = '', rest = ''] = match(NETLINK_LINE, line);
  return {
    protocol: Number(protocol),
    portid: parsePort(portid),
    ...(group === undefined ? {} : { dst: { group: Number(group), portid: parsePort(dstPortid) } }),
    groups: Number.parseInt(groups, 16),
    meminfo: parseMeminfo(rest),
  };
}

/** `ss` takes port ids for signed, and the highest for any. */
function parsePort(text: string | undefined): number {
  return (text === '*' ? -1 : Number(text)) >>> 0;
}

const MEMINFO = {
  r: 'rmemAlloc',
  rb: 'rcvbuf',
  t: 'wmemAlloc',
  tb: 'sndbuf',
  f: 'fwdAlloc',
  w: 'wmemQueued',
  o: 'optmem',
  bl: 'backlog',
  d: 'drops',
} as const;

function parseMeminfo(text: string): Record<string, number> {
  const parts = field(text, /skmem:\(([^)]*)\)/).split(',');
  return Object.fromEntries(
    parts.map((part) => {
      const [, letters, number] = match(/^([a-z]+)(\d+)$/, part);
      return [MEMINFO[letters as keyof typeof MEMINFO], Number(number)];
    }),
  );
}

export interface ProcPacket {
  type: 'raw' | 'dgram' | 'packet';
  num: number;
  index: number;
  running: boolean;
  rmem: number;
  uid: number;
  inode: number;
}

const TYPES: Record<string, ProcPacket['type']> = { 2: 'dgram', 3: 'raw', 10: 'packet' };

export function procPacket(pid: number): ProcPacket[] {
  return tableOf(`/proc/${pid}/net/packet`).map(
    ([, , type = '', protocol = '', index, running, rmem, uid, inode]) => ({
      type: TYPES[type] as ProcPacket['type'],
      num: Number.parseInt(protocol, 16),
      index: Number(index),
      running: running === '1',
      rmem: Number(rmem),
      uid: Number(uid),
      inode: Number(inode) % 2 ** 32,
    }),
  );
}

export interface ProcNetlink {
  /** By its number. */
  protocol: number;
  portid: number;
  /** The first 32 of them, as bits. */
  groups: number;
  rmem: number;
  wmem: number;
  dumping: boolean;
  drops: number;
  inode: number;
}

/** Sockets without a port id, of which the kernel's own are the only ones here, are told as port 0. */
export function procNetlink(pid: number): ProcNetlink[] {
  return tableOf(`/proc/${pid}/net/netlink`).map(
    ([, protocol, portid, groups = '', rmem, wmem, dump, , drops, inode]) => ({
      protocol: Number(protocol),
      portid: Number(portid),
      groups: Number.parseInt(groups, 16),
      rmem: Number(rmem),
      wmem: Number(wmem),
      dumping: dump !== '0',
      drops: Number(drops),
      inode: Number(inode) % 2 ** 32,
    }),
  );
}

/** Behind the header line. */
function tableOf(file: string): string[][] {
  return linesOf(readFileSync(file, 'latin1')).slice(1).map(words);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function field(text: string, pattern: RegExp): string {
  return match(pattern, text)[1] as string;
}

/** Text that does not match is an error, never skipped. */
function match(pattern: RegExp, text: string): RegExpExecArray {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`ss printed what this parser does not know: ${JSON.stringify(text)}`);
  return found;
}
