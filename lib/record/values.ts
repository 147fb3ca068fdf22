/** Values that more than one family's attributes hold. */
import type { ValueReader } from '../netlink/attributes.js';

export const u8: ValueReader<number> = { size: 1, read: (memory, at) => memory.u8(at) };

export const u32: ValueReader<number> = { size: 4, read: (memory, at) => memory.u32(at) };

/** A 64-bit number, exact up to 2^53 - 1. */
export const u64: ValueReader<number> = {
  size: 8,
  read: (memory, at) => memory.u32(at) + memory.u32(at + 4) * 0x1_0000_0000,
};

export const flag: ValueReader<boolean> = { size: 1, read: (memory, at) => memory.u8(at) !== 0 };

/** Which directions of a socket were shut down: nothing more will be received, or sent. */
export type Shutdown = 'none' | 'rcv' | 'send' | 'both';

const SHUTDOWNS: readonly Shutdown[] = ['none', 'rcv', 'send', 'both'];

export const shutdown: ValueReader<Shutdown> = {
  size: 1,
  read: (memory, at) => SHUTDOWNS[memory.u8(at) & 3] as Shutdown,
};
