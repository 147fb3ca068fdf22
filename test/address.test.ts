/** Address text, against the C library's inet_ntop, which nobody here wrote. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import {
  formatAddress4,
  formatAddress6,
  putAddress4,
  readAddress4,
  readAddress6,
} from '../lib/inet/address.js';
import { BatchMemory } from '../lib/netlink/batch.js';

/** What inet_ntop makes of the addresses, all of one length. */
function inetNtop(addresses: readonly Buffer[]): string[] {
  const script = `
import socket, sys
for line in sys.stdin:
    data = bytes.fromhex(line.strip())
    print(socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data))`;
  const input = addresses.map((address) => address.toString('hex')).join('\n');
  const { stdout, status, stderr } = spawnSync('python3', ['-c', script], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`python3: ${stderr}`);
  return stdout.trimEnd().split('\n');
}

/** Random, with as many zero groups as make "::" interesting, and with the prefixes that end in an IPv4 address. */
function address6(): Buffer {
  const bytes = randomBytes(16);
  const zeros = bytes[0] as number;
  const small = bytes[2] as number;
  for (let group = 0; group < 8; group++) {
    if ((zeros >> group) & 1) bytes.fill(0, 2 * group, 2 * group + 2);
    else if ((small >> group) & 1) bytes[2 * group] = 0;
  }
  const kind = (bytes[1] as number) % 8;
  if (kind === 0) bytes.fill(0, 0, 12);
  if (kind === 1) bytes.fill(0, 0, 10).fill(0xff, 10, 12);
  return bytes;
}

function memoryOf(addresses: readonly Buffer[]): BatchMemory {
  const bytes = Buffer.concat(addresses);
  return new BatchMemory(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
  );
}

const EDGES: string[] = [
  '00000000000000000000000000000000',
  '00000000000000000000000000000001',
  '00000000000000000000000000010000',
  '00000000000000000000000000010002',
  '00000000000000000000ffff7f000001',
  '00000000000000000000ffff00000000',
  '0000000000000000fffe0000c0000201',
  '00010000000000000000000000000000',
  '20010db8000000010001000100010001',
  '20010db8000000000001000000000001',
  '20010db8000100000000000100000000',
  'fe80000000000000a00000000000000f',
  'ffffffffffffffffffffffffffffffff',
  '0064ff9b000000000000000001020304',
];

test('IPv6 text is that of inet_ntop, for 20,000 addresses', () => {
  const addresses = [
    ...EDGES.map((edge) => Buffer.from(edge, 'hex')),
    ...Array.from({ length: 20_000 }, address6),
  ];
  const texts = inetNtop(addresses);
  const memory = memoryOf(addresses);
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[i] as Buffer;
    expect(formatAddress6(address, 0)).toBe(texts[i]);
    // Twice: made, and remembered.
    expect(readAddress6(memory, 16 * i)).toBe(texts[i]);
    expect(readAddress6(memory, 16 * i)).toBe(texts[i]);
  }
});

test('IPv4 text is that of inet_ntop, for 20,000 addresses', () => {
  const addresses = [Buffer.alloc(4), ...Array.from({ length: 20_000 }, () => randomBytes(4))];
  const texts = inetNtop(addresses);
  const memory = memoryOf(addresses);
  const text = Buffer.alloc(32);
  for (let i = 0; i < addresses.length; i++) {
    expect(formatAddress4(addresses[i] as Buffer, 0)).toBe(texts[i]);
    expect(text.toString('latin1', 3, putAddress4(text, 3, addresses[i] as Buffer, 0))).toBe(texts[i]);
    expect(readAddress4(memory, 4 * i)).toBe(texts[i]);
    expect(readAddress4(memory, 4 * i)).toBe(texts[i]);
  }
});

test('remembered text is never that of another address with the same place', () => {
  // More different addresses than there are places, each asked for again after all others.
  const addresses = Array.from({ length: 30_000 }, (_, i) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32BE(i, 12);
    bytes[0] = 0x20;
    return bytes;
  });
  const memory = memoryOf(addresses);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < addresses.length; i++) {
      expect(readAddress6(memory, 16 * i)).toBe(formatAddress6(addresses[i] as Buffer, 0));
      expect(readAddress4(memory, 16 * i + 12)).toBe(formatAddress4(addresses[i] as Buffer, 12));
    }
  }
});
