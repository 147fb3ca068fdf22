/** Network interfaces by name or index. */
import { type Operand, quote, readNumber, readString, toNumber } from './operand.js';
import type { Device } from './tree.js';
import { RESERVED } from './vocabulary.js';

/** What the kernel takes for an index. */
export const MOST_IFINDEX = 0x7fff_ffff;

/** Digits are an index, what stands between quotes is a name. */
export function readDevice(operand: Operand): Device {
  if (toNumber(operand.text) !== undefined) return readNumber(operand, MOST_IFINDEX, 'an interface index');
  const name = readString(operand);
  return isDeviceName(name) ? name : operand.fail('an interface: a name or an index');
}

/** By the kernel's rules, and as long as an alternative name may be. */
export function isDeviceName(name: string): boolean {
  if (/^$|^\.\.?$|^\*$|[\s/:\0]/.test(name)) return false;
  return Buffer.byteLength(name) <= 127;
}

/** So that it is read as the same again. */
export function formatDevice(device: Device): string {
  if (typeof device === 'number') return String(device);
  return quote(device, RESERVED.has(device) || toNumber(device) !== undefined);
}
