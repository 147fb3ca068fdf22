/**
 * The kernel's half of INET_DIAG_REQ_BYTECODE, for tests only: its audit and its evaluation, written from a description
 * of how it behaves (the rules that it was seen to apply to some hundred programs) and not from its code.
 */
import { endianness } from 'node:os';

/** What a program sees of a socket. */
export interface KernelSocket {
  family: 'inet' | 'inet6';
  /** 4 or 16 bytes, by the family. */
  src: readonly number[];
  sport: number;
  dst: readonly number[];
  dport: number;
  ifindex: number;
  mark: number;
  /** 0 for sockets in SYN_RECV and TIME_WAIT. */
  cgroup: bigint;
  /** The port was not chosen by bind(2). */
  auto: boolean;
}

const LITTLE = endianness() === 'LE';

/** Bytes of each operation with its operand, without the address of a condition; by code. */
const LENGTHS = [4, 4, 8, 8, 8, 8, 4, 12, 12, 8, 12, 8, 8, 12];
const NOP = 0;
const CONDITIONS = [7, 8];
/** Bytes of an address by its family. */
const ADDRESSES: Readonly<Record<number, number>> = { 0: 0, 2: 4, 10: 16 };

/** What the kernel would refuse a program for with EINVAL; undefined if it takes it. */
export function audit(program: Uint8Array): string | undefined {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const end = program.length;
  if (end < 4) return 'shorter than an instruction';
  const visited = new Set<number>();
  const jumps: number[] = [];
  let at = 0;
  while (at < end) {
    visited.add(at);
    const left = end - at;
    const length = lengthAt(view, at, left);
    if (typeof length === 'string') return length;
    const yes = view.getUint8(at + 1);
    const no = view.getUint16(at + 2, LITTLE);
    if (yes < length || yes % 4 !== 0 || yes > left + 4) return `yes is ${yes} at ${at}`;
    if (view.getUint8(at) !== NOP) {
      if (no < length || no % 4 !== 0 || no > left + 4) return `no is ${no} at ${at}`;
      if (no < left) jumps.push(at + no);
    }
    at += yes;
  }
  if (at !== end) return 'the chain of yes does not end at the end';
  // Jumps lead forward only, so what the chain visits is known at its end.
  const stray = jumps.find((target) => !visited.has(target));
  return stray === undefined ? undefined : `the chain of yes does not visit ${stray}`;
}

/** Bytes of the instruction, or what is wrong with it. */
function lengthAt(view: DataView, at: number, left: number): number | string {
  if (left < 4) return `an instruction is cut off at ${at}`;
  const code = view.getUint8(at);
  const base = LENGTHS[code];
  if (base === undefined) return `code ${code} at ${at}`;
  if (left < base) return `an operand is cut off at ${at}`;
  if (!CONDITIONS.includes(code)) return base;
  const address = ADDRESSES[view.getUint8(at + 4)];
  if (address === undefined) return `family ${view.getUint8(at + 4)} at ${at}`;
  if (view.getUint8(at + 5) > 8 * address) return `prefix of ${view.getUint8(at + 5)} bits at ${at}`;
  return left < base + address ? `an address is cut off at ${at}` : base + address;
}

/** Whether a program that passes the audit takes a socket. */
export function run(program: Uint8Array, socket: KernelSocket): boolean {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let at = 0;
  while (at < program.length) {
    at += holds(view, at, socket) ? view.getUint8(at + 1) : view.getUint16(at + 2, LITTLE);
  }
  return at === program.length;
}

/** How many instructions it takes. */
export function steps(program: Uint8Array, socket: KernelSocket): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let count = 0;
  for (let at = 0; at < program.length; count++) {
    at += holds(view, at, socket) ? view.getUint8(at + 1) : view.getUint16(at + 2, LITTLE);
  }
  return count;
}

function holds(view: DataView, at: number, socket: KernelSocket): boolean {
  const port = (): number => view.getUint16(at + 6, LITTLE);
  const word = (offset: number): number => view.getUint32(at + offset, LITTLE);
  switch (view.getUint8(at)) {
    case 0:
      return true;
    case 1:
      return false;
    case 2:
      return socket.sport >= port();
    case 3:
      return socket.sport <= port();
    case 4:
      return socket.dport >= port();
    case 5:
      return socket.dport <= port();
    case 6:
      return socket.auto;
    case 7:
      return hostHolds(view, at + 4, socket.family, socket.src, socket.sport);
    case 8:
      return hostHolds(view, at + 4, socket.family, socket.dst, socket.dport);
    case 9:
      return socket.ifindex === word(4);
    case 10:
      return (socket.mark & word(8)) >>> 0 === word(4);
    case 11:
      return socket.sport === port();
    case 12:
      return socket.dport === port();
    case 13:
      return socket.cgroup === view.getBigUint64(at + 4, LITTLE);
    default:
      throw new Error(`code ${view.getUint8(at)}`);
  }
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function hostHolds(
  view: DataView,
  at: number,
  family: 'inet' | 'inet6',
  address: readonly number[],
  port: number,
): boolean {
  const wantedPort = view.getInt32(at + 4, LITTLE);
  if (wantedPort !== -1 && wantedPort !== port) return false;
  const wantedFamily = view.getUint8(at);
  if (wantedFamily === 0) return true;
  const bits = view.getUint8(at + 1);
  const wanted = Array.from({ length: wantedFamily === 2 ? 4 : 16 }, (_, i) => view.getUint8(at + 8 + i));
  if (wantedFamily === (family === 'inet' ? 2 : 10)) return leadingBitsEqual(address, wanted, bits);
  const isMapped = family === 'inet6' && leadingBitsEqual(address, MAPPED, 96);
  return wantedFamily === 2 && isMapped && leadingBitsEqual(address.slice(12), wanted, bits);
}

export function leadingBitsEqual(a: readonly number[], b: readonly number[], bits: number): boolean {
  for (let i = 0; i < bits; i++) {
    const shift = 7 - (i & 7);
    if ((((a[i >> 3] as number) ^ (b[i >> 3] as number)) >> shift) & 1) return false;
  }
  return true;
}

/** Programs that the kernel does not take, little endian, by what is wrong with them. */
export const REFUSED: readonly [what: string, hex: string][] = [
  ['nothing at all', ''],
  ['less than an instruction', '0004'],
  ['an unknown operation', '0e040800'],
  ['yes shorter than the instruction', '02040c00 00001600'],
  ['yes of no whole words', '020a0c00 00001600'],
  ['yes behind the end', '02100c00 00001600'],
  ['yes that ends four behind the end', '020c0c00 00001600'],
  ['no shorter than the instruction', '02080400 00001600'],
  ['no of no whole words', '02080a00 00001600'],
  ['no further than four behind the end', '02081000 00001600'],
  ['no of a JMP to itself', '01040000'],
  ['no into an operand', '02081400 00001600 02080c00 00001600 02080800 00001600 02080800 00001600'],
  ['no to what yes passes over', '020c0800 00001600 00040000 00040000'],
  ['a cut off operand', '02080c00'],
  ['a cut off condition', '070c1000 00000000'],
  ['a cut off address', '070c1000 02080000 ffffffff'],
  ['an unknown family', '070c1000 01000000 ffffffff'],
  ['a prefix of nothing', '070c1000 00010000 ffffffff'],
  ['a prefix of 33 bits', '07101400 02210000 ffffffff 7f000000'],
  ['a prefix of 129 bits', `071c2000 0a810000 ffffffff ${'00'.repeat(16)}`],
  ['a cut off mark', '09080c00'],
  ['a mark without a mask', '0a0c1000 01000000'],
  ['a cut off cgroup', '0d0c1000 01000000'],
];

/** Programs that the kernel takes though they look odd. */
export const ODD: readonly [what: string, hex: string][] = [
  ['NOP whose no leads nowhere', '0004ffff'],
  ['yes that passes over an instruction', '020c1000 00001600 00040000'],
  ['a prefix of no bits', '07101400 02000000 ffffffff 7f000000'],
  ['a condition on a port alone', '070c1000 00000000 16000000'],
  ['a port that no socket has', '070c1000 00000000 5a1b0100'],
  ['always', '00040000'],
  ['never', '01040800'],
];

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}
