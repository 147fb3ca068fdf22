/** Netlink messages made by hand, for the tests. Offsets and numbers are those of the kernel's headers. */
import { Buffer } from 'node:buffer';

export const PORT_ID = 0x3778;

export interface MessageOptions {
  type?: number;
  flags?: number;
  sequence?: number;
  portId?: number;
}

export function align(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

export function message(payload: Buffer, options: MessageOptions = {}): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + payload.length, 0);
  header.writeUInt16LE(options.type ?? 20, 4);
  header.writeUInt16LE(options.flags ?? 2, 6);
  header.writeUInt32LE(options.sequence ?? 1, 8);
  header.writeUInt32LE(options.portId ?? PORT_ID, 12);
  return align(Buffer.concat([header, payload]));
}

export function attribute(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + payload.length, 0);
  header.writeUInt16LE(type, 2);
  return align(Buffer.concat([header, payload]));
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** Numbers of 32 bits, one behind the other. */
export function words(...values: number[]): Buffer {
  return Buffer.from(new Uint32Array(values).buffer);
}

/** Numbers of 16 bits, one behind the other. */
export function halves(...values: number[]): Buffer {
  return Buffer.from(new Uint16Array(values).buffer);
}

/** Numbers of 64 bits, one behind the other. */
export function quads(...values: bigint[]): Buffer {
  return Buffer.from(new BigUint64Array(values).buffer);
}

export function done(status = 0, flags = 2): Buffer {
  return message(int32(status), { type: 3, flags });
}

export function errorReply(status: number): Buffer {
  return message(Buffer.concat([int32(status), Buffer.alloc(16)]), { type: 2, flags: 0x100 });
}

/** Words as WIRE-style dumps write them: four bytes each, in memory order. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}
