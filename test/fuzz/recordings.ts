/** Recorded messages: what the fuzzers of decoders begin with, and what the corpus of the walker is made of. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { TCP } from '../../lib/inet/tcp.js';
import { TIPC_NESTS } from '../../lib/tipc/record.js';

const TEST = join(process.cwd(), 'test');

/** Netlink messages, one behind the other. */
export interface Recording {
  name: string;
  bytes: Buffer;
}

/** What answers to a request have in common. */
export interface Shape {
  headerLength: number;
  /** 0 for any. */
  family: number;
  nests: Uint16Array;
}

const NONE = new Uint16Array();
const AF_SMC = 43;
const AF_TIPC = 30;

/** By the first byte of the request. */
const SHAPES: Readonly<Record<number, Shape>> = {
  1: { headerLength: 16, family: 1, nests: NONE },
  2: { headerLength: 72, family: 2, nests: TCP.nests ?? NONE },
  10: { headerLength: 72, family: 10, nests: TCP.nests ?? NONE },
  16: { headerLength: 28, family: 16, nests: NONE },
  17: { headerLength: 16, family: 17, nests: NONE },
  [AF_TIPC]: { headerLength: 0, family: 0, nests: TIPC_NESTS },
  40: { headerLength: 32, family: 40, nests: NONE },
  [AF_SMC]: { headerLength: 64, family: 0, nests: NONE },
  44: { headerLength: 16, family: 44, nests: NONE },
};

/** How the kernel frames the answers to a request of this family. */
export function shapeOf(family: number): Shape | undefined {
  return SHAPES[family];
}

/** The messages that `golden.txt` has, by what is said of them. */
export function goldenMessages(): Recording[] {
  const text = readFileSync(join(TEST, 'fuzz/golden.txt'), 'latin1');
  return text.split('\n\n').flatMap((part) => {
    const [title = '', ...lines] = part.split('\n');
    const hex = lines.filter((line) => !line.startsWith('#')).join('');
    if (hex === '') return [];
    return [{ name: title.replace(/^# /, ''), bytes: Buffer.from(hex.replaceAll(/\s/g, ''), 'hex') }];
  });
}

/** Those of other kernels, and those of this folder, which a script captured. */
export function recordings(): Recording[] {
  return ['fixtures/linux-6.12', 'fuzz/corpus/decoders'].flatMap((folder) =>
    readdirSync(join(TEST, folder))
      .filter((file) => file.endsWith('.netlink'))
      .map((file) => ({ name: `${folder}/${file}`, bytes: readFileSync(join(TEST, folder, file)) })),
  );
}

/** One behind the other, each with its padding. */
export function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 16 <= bytes.length; ) {
    const size = (bytes.readUInt32LE(at) + 3) & ~3;
    messages.push(bytes.subarray(at, at + size));
    at += size;
  }
  return messages;
}

export function typeOf(message: Buffer): number {
  return message.readUInt16LE(4);
}

/** Whether it asks for something. */
export function isRequest(message: Buffer): boolean {
  return typeOf(message) >= 16 && (message.readUInt16LE(6) & 1) !== 0;
}
