/**
 * Sockets at a glance: for who counts them, and looks at a few fields of each. To make a record with all of its fields takes
 * longer than the kernel takes for it.
 */
import { BatchMemory } from '../netlink/batch.js';
import { ATTRIBUTE_HEADER_LENGTH, ATTRIBUTE_TYPE_MASK } from '../netlink/protocol.js';
import type { Decode } from '../netlink/reading.js';
import type { SocketOwner } from '../record/record.js';
import { type SocketState, stateName } from '../record/state.js';
import { readAddress4, readAddress6 } from './address.js';
import { AF_INET, type InetFamily } from './family.js';
import type { InetProtocol } from './record.js';

const INFO = 2;
const SKMEMINFO = 7;
const CGROUP_ID = 21;

/** Up to and with `tcpi_bytes_retrans`, which Linux 4.19 has. */
const INFO_LENGTH = 216;
const SKMEMINFO_LENGTH = 36;

/** Until there is a socket. */
const NONE = new BatchMemory(new ArrayBuffer(0));

/** Of tcp_info, where it lies in memory. */
class InfoGlance {
  memory = NONE;
  at = 0;

  get rtt(): number {
    return this.memory.u32(this.at + 68);
  }

  get sndCwnd(): number {
    return this.memory.u32(this.at + 80);
  }

  get deliveryRate(): number {
    return this.memory.u64(this.at + 160);
  }

  get bytesSent(): number {
    return this.memory.u64(this.at + 200);
  }

  get bytesRetrans(): number {
    return this.memory.u64(this.at + 208);
  }
}

/** Of SK_MEMINFO. */
class MeminfoGlance {
  memory = NONE;
  at = 0;

  get rmemAlloc(): number {
    return this.memory.u32(this.at);
  }

  get fwdAlloc(): number {
    return this.memory.u32(this.at + 16);
  }

  get wmemQueued(): number {
    return this.memory.u32(this.at + 20);
  }

  get optmem(): number {
    return this.memory.u32(this.at + 24);
  }

  get backlog(): number {
    return this.memory.u32(this.at + 28);
  }

  get drops(): number {
    return this.memory.u32(this.at + 32);
  }
}

/** One socket after the other: the fields that it has are those of `InetDiagMsg` and `TcpDiagMsg`, and no others. */
class InetGlance {
  readonly protocol: InetProtocol;
  memory = NONE;
  at = 0;
  owners: SocketOwner[] | undefined;
  netns: number | undefined;
  readonly #info = new InfoGlance();
  readonly #meminfo = new MeminfoGlance();
  info: InfoGlance | undefined;
  skmeminfo: MeminfoGlance | undefined;
  cgroupId: number | undefined;

  constructor(protocol: InetProtocol) {
    this.protocol = protocol;
  }

  /** Goes on to the socket in a row of the index. */
  turn(memory: BatchMemory, row: number): void {
    const { words } = memory;
    this.memory = memory;
    this.at = words[row] as number;
    this.owners = undefined;
    this.netns = undefined;
    this.info = undefined;
    this.skmeminfo = undefined;
    this.cgroupId = undefined;
    const end = row + 2 + (words[row + 1] as number);
    for (let i = row + 2; i < end; i++) this.#take(words[i] as number);
  }

  #take(header: number): void {
    const { memory } = this;
    const number = memory.u16(header + 2) & ATTRIBUTE_TYPE_MASK;
    const at = header + ATTRIBUTE_HEADER_LENGTH;
    const length = memory.u16(header) - ATTRIBUTE_HEADER_LENGTH;
    if (number === INFO && length >= INFO_LENGTH) {
      this.info = this.#info;
      this.#info.memory = memory;
      this.#info.at = at;
    } else if (number === SKMEMINFO && length >= SKMEMINFO_LENGTH) {
      this.skmeminfo = this.#meminfo;
      this.#meminfo.memory = memory;
      this.#meminfo.at = at;
    } else if (number === CGROUP_ID && length >= 8) {
      this.cgroupId = memory.u64(at);
    }
  }

  get family(): InetFamily {
    return this.memory.u8(this.at) === AF_INET ? 'inet' : 'inet6';
  }

  get state(): SocketState {
    return stateName(this.memory.u8(this.at + 1));
  }

  get src(): string {
    return this.#address(this.at + 8);
  }

  get sport(): number {
    return this.memory.port(this.at + 4);
  }

  get dst(): string {
    return this.#address(this.at + 24);
  }

  get rqueue(): number {
    return this.memory.u32(this.at + 56);
  }

  get wqueue(): number {
    return this.memory.u32(this.at + 60);
  }

  get inode(): number {
    return this.memory.u32(this.at + 68);
  }

  /** The halves of `cookie`. */
  get cookieLow(): number {
    return this.memory.u32(this.at + 44);
  }

  get cookieHigh(): number {
    return this.memory.u32(this.at + 48);
  }

  #address(at: number): string {
    return this.family === 'inet' ? readAddress4(this.memory, at) : readAddress6(this.memory, at);
  }
}

/** Gives the same object for each socket: nobody may keep it. For one reading. */
export function inetGlances<T>(protocol: InetProtocol): Decode<T> {
  const glance = new InetGlance(protocol);
  return (memory, row) => {
    glance.turn(memory, row);
    return glance as never;
  };
}
