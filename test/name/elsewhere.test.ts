/** Names of sockets of families that the kernel of these tests need not have, beside the structures of its headers. */
import { Buffer } from 'node:buffer';

import { expect, test } from 'vitest';

import type { TipcDiagMsg, VsockDiagMsg } from '../../lib/index.js';
import { peerName, socketName } from '../../lib/name/index.js';

/** What stands behind the family. */
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('of VSOCK: struct sockaddr_vm, with the port before the context', () => {
  const record = {
    family: 'vsock',
    state: 'ESTABLISHED',
    shutdown: 'none',
    srcCid: 2,
    srcPort: 0x1234,
    dstCid: 0xffff_ffff,
    dstPort: 0x567_89ab,
  } as VsockDiagMsg;
  const [own, peer] = [bytes('0000 34120000 02000000 00000000'), bytes('0000 ab896705 ffffffff 00000000')];
  expect(socketName(record)).toEqual({ family: 40, len: 16, data: own });
  expect(peerName(record)).toEqual({ family: 40, len: 16, data: peer });
  expect(peerName({ ...record, shutdown: 'send' })).toBeUndefined();
  expect(peerName({ ...record, state: 'LISTEN' })).toBeUndefined();
});

test('of TIPC: struct sockaddr_tipc, with the address of a socket in it', () => {
  const record = { family: 'tipc', addr: 0x0100_0001, ref: 7 } as TipcDiagMsg;
  const connected = { ...record, con: { flag: false, node: 9, sock: 0xabcd } };
  // TIPC_SOCKET_ADDR is 3.
  expect(socketName(record)).toEqual({
    family: 30,
    len: 16,
    data: bytes('03 00 07000000 01000001 00000000'),
  });
  expect(peerName(record)).toBeUndefined();
  expect(peerName(connected)).toEqual({
    family: 30,
    len: 16,
    data: bytes('03 00 cdab0000 09000000 00000000'),
  });
});
