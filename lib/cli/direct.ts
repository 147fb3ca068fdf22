/**
 * Sockets straight from the kernel's messages into a table, without a record for each: of a hundred thousand, making and
 * collecting records takes longer than all else. It serves where nothing is told of a socket but its state, queues,
 * addresses and owners, and has to put there what `inetRow` would.
 */
import { plan as divide } from '../filter/plan.js';
import { ADDRESS_TEXT_LENGTH, putAddress4, putAddress6 } from '../inet/address.js';
import { AF_INET, AF_INET6 } from '../inet/family.js';
import { INET_DIAG_MSG_LENGTH } from '../inet/record.js';
import { BatchMemory } from '../netlink/batch.js';
import { ATTRIBUTE_HEADER_LENGTH, ATTRIBUTE_TYPE_MASK } from '../netlink/protocol.js';
import type { Decode } from '../netlink/reading.js';
import { stateName } from '../record/state.js';
import { type Cells, NUMBER_LENGTH, putNumber, putText } from './cells.js';
import type { Context } from './context.js';
import { MORE } from './inet-row.js';
import type { Layout } from './layout.js';
import type { Values } from './options.js';
import type { Plan } from './plan.js';
import { serviceOf } from './services.js';
import { QUEUE_WIDTH, stateWord } from './words.js';

/** What puts the sockets of a protocol into a table, and gives out none. */
export type Direct = (protocol: 'tcp' | 'udp') => Decode<never>;

/** Undefined where records are needed. */
export function directInto(layout: Layout, context: Context, plan: Plan): Direct | undefined {
  if (!isEnough(plan, context.values)) return undefined;
  return (protocol) => {
    const put = putterOf(layout.cells, context, protocol);
    rehearse(put, layout.cells);
    return (memory, row) => {
      put(memory, row);
      layout.next();
      return undefined; // untested: the bundler leaves it out
    };
  };
}

/** Whether the kernel decides all of the filter: what is left of it would have to be asked of records. */
function isEnough({ filter }: Plan, values: Values): boolean {
  if (MORE.some((name) => name !== 'processes' && values[name]) || values.resolve) return false;
  if (filter === undefined) return true;
  // Nothing of an interface or a cgroup has to be known for that.
  const lookup = { device: () => 0, cgroup: () => 0, features: { cgroup: false } };
  return divide(filter, lookup).remainder === undefined;
}

const STATE_WORDS: readonly string[] = Array.from({ length: 256 }, (_, state) => stateWord(stateName(state)));

const SKV6ONLY = 11;

const BLANK = 0x20;
const COLON = 0x3a;
const STAR = 0x2a;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** For all cells but names of devices and services. */
const ROOM = 64 + 2 * ADDRESS_TEXT_LENGTH + 4 * NUMBER_LENGTH;

/** A letter takes no more bytes than this. */
const LETTER = 3;

/** Puts the cells of the inet_diag_msg in a row of the index. */
type Put = (memory: BatchMemory, row: number) => void;

/** Few calls, and the cells by hand: until the engine has compiled it, each call costs as much as the rest. */
function putterOf(cells: Cells, context: Context, protocol: string): Put {
  const { ends } = cells;
  const { owners, values } = context;
  const { numeric } = values;
  const putService = (at: number, port: number): number => {
    const service = numeric || port === 0 ? undefined : serviceOf(port, protocol);
    if (service === undefined) return putPort(cells.bytes, at, port);
    cells.at = at;
    return putText(cells.reserve(service.length * LETTER + ROOM), at, service);
  };
  const putDevice = (at: number, ifindex: number): number => {
    const device = `%${context.device(ifindex)}`;
    cells.at = at;
    return putText(cells.reserve(device.length * LETTER + ROOM), at, device);
  };
  return (memory, row) => {
    const { words } = memory;
    const at = words[row] as number;
    const word = at >>> 2;
    let bytes = cells.reserve(ROOM);
    let next = putText(bytes, 0, protocol);
    ends[0] = next;
    next = putText(bytes, next, STATE_WORDS[memory.bytes[at + 1] as number] as string);
    ends[1] = next;
    next = putQueue(bytes, next, words[word + 14] as number);
    ends[2] = next;
    next = putQueue(bytes, next, words[word + 15] as number);
    ends[3] = next;
    next = putAddress(bytes, next, memory, row, at + 8);
    const ifindex = words[word + 10] as number;
    if (ifindex !== 0) {
      next = putDevice(next, ifindex);
      bytes = cells.bytes;
    }
    bytes[next++] = COLON;
    ends[4] = next;
    next = putService(next, memory.port(at + 4));
    bytes = cells.bytes;
    ends[5] = next;
    next = putAddress(bytes, next, memory, row, at + 24);
    bytes[next++] = COLON;
    ends[6] = next;
    next = putService(next, memory.port(at + 6));
    ends[7] = next;
    cells.at = next;
    cells.count = 8;
    if (owners === undefined) cells.close(next);
    else owners.put(cells, words[word + 17] as number);
  };
}

/**
 * The sockets of IPv4 come first. If the engine had seen nothing else when it compiles, it would have to do so again when
 * the first one of IPv6 comes, and be slow until then: for a tenth of the time of all.
 */
function rehearse(put: Put, cells: Cells): void {
  const memory = new BatchMemory(new ArrayBuffer(INET_DIAG_MSG_LENGTH + 8));
  const row = INET_DIAG_MSG_LENGTH / 4;
  for (const family of [AF_INET, AF_INET6]) {
    memory.bytes.fill(1, 0, INET_DIAG_MSG_LENGTH);
    memory.bytes[0] = family;
    memory.words[40 / 4] = 0;
    put(memory, row);
    cells.clear();
  }
}

function putQueue(bytes: Buffer, at: number, value: number): number {
  let next = putNumber(bytes, at, value);
  while (next < at + QUEUE_WIDTH) bytes[next++] = BLANK;
  return next;
}

function putPort(bytes: Buffer, at: number, port: number): number {
  if (port !== 0) return putNumber(bytes, at, port);
  bytes[at] = STAR;
  return at + 1;
}

function putAddress(bytes: Buffer, at: number, memory: BatchMemory, row: number, from: number): number {
  if (memory.u8(memory.words[row] as number) === AF_INET) return putAddress4(bytes, at, memory.bytes, from);
  if (isAny(memory, from) && !isOnly6(memory, row)) {
    bytes[at] = STAR;
    return at + 1;
  }
  bytes[at] = OPEN;
  const end = putAddress6(bytes, at + 1, memory.bytes, from);
  bytes[end] = CLOSE;
  return end + 1;
}

function isAny(memory: BatchMemory, at: number): boolean {
  return (memory.u32(at) | memory.u32(at + 4) | memory.u32(at + 8) | memory.u32(at + 12)) === 0;
}

/** IPV6_V6ONLY. */
function isOnly6({ words, halves, bytes }: BatchMemory, row: number): boolean {
  const end = row + 2 + (words[row + 1] as number);
  let is = false;
  for (let i = row + 2; i < end; i += 1) {
    const header = words[i] as number;
    const number = (halves[(header >>> 1) + 1] as number) & ATTRIBUTE_TYPE_MASK;
    if (number === SKV6ONLY) is = bytes[header + ATTRIBUTE_HEADER_LENGTH] !== 0;
  }
  return is;
}
