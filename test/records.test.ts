/** Messages recorded on Linux 6.18, and what they say. */
import { expect, test } from 'vitest';

import type { InetDiagMsg } from '../lib/index.js';
import type { UnixDiagMsg } from '../lib/unix/record.js';
import { decodeInet, decodeUnix } from './decoding.js';
import { attribute, done, hex, message } from './messages.js';

const SOCKOPT = {
  recverr: false,
  isIcsk: true,
  freebind: false,
  hdrincl: false,
  mcLoop: true,
  transparent: false,
  mcAll: true,
  nodefrag: false,
  bindAddressNoPort: false,
  recverrRfc4884: false,
  deferConnect: false,
};

const LISTENER = hex(`
  7c000000 14000200 01000000 78370000 020a0000 1b590000 7f000001 00000000 00000000 00000000 00000000 00000000
  00000000 00000000 00000000 75a20400 00000000 00000000 00000000 09000000 00000000 9a731c00 05000800 00000000
  08000f00 00000000 0c001500 01000000 00000000 06001600 52000000
  14000000 03000200 01000000 78370000 00000000`);

test('a TCP listener', () => {
  expect(decodeInet(LISTENER, 2, 'tcp')).toStrictEqual([
    {
      family: 'inet',
      protocol: 'tcp',
      state: 'LISTEN',
      timer: 'off',
      retrans: 0,
      src: '127.0.0.1',
      sport: 7001,
      dst: '0.0.0.0',
      dport: 0,
      ifindex: 0,
      cookie: '4a275',
      expires: 0,
      rqueue: 0,
      wqueue: 9,
      uid: 0,
      inode: 0x1c739a,
      shutdown: 'none',
      mark: 0,
      cgroupId: 1,
      sockopt: SOCKOPT,
    },
  ]);
});

test('an IPv6 listener, with attributes that this version does not know', () => {
  const [record] = decodeInet(
    hex(`
      bc000000 14000200 02000000 78370000 0a0a0000 1b5a0000 00000000 00000000 00000000 00000001 00000000 00000000
      00000000 00000000 00000000 76a20400 00000000 00000000 00000000 03000000 00000000 9d731c00 05000800 00000000
      05007700 2a000000 05000b00 01000000 08000f00 00000000 08007800 00010203 0c001500 01000000 00000000 06001600
      12000000 28007900 00000000 00000200 00000000 00400000 00000000 00000000 00000000 00000000 00000000`),
    10,
    'tcp',
  );
  expect(record).toMatchObject({
    family: 'inet6',
    src: '::1',
    sport: 7002,
    dst: '::',
    dport: 0,
    skv6only: true,
  });
  expect(record?.unknown).toStrictEqual({
    119: new Uint8Array([42]),
    120: new Uint8Array([0, 1, 2, 3]),
    121: new Uint8Array(
      hex('00000000 00000200 00000000 00400000 00000000 00000000 00000000 00000000 00000000'),
    ),
  });
});

test('TIME_WAIT and SYN_RECV have a timer and hardly anything else', () => {
  const [timeWait] = decodeInet(
    hex(`
      60000000 14000200 04000000 bba7b9e0 02060300 9c411b59 7f000001 00000000 00000000 00000000 7f000001 00000000
      00000000 00000000 00000000 7ca20400 00000000 20ea0000 00000000 00000000 00000000 00000000 08000f00 00000000`),
    2,
    'tcp',
  );
  expect(timeWait).toMatchObject({
    state: 'TIME_WAIT',
    timer: 'timewait',
    expires: 59936,
    uid: 0,
    inode: 0,
    mark: 0,
  });
  expect(timeWait).not.toHaveProperty('shutdown');
  expect(timeWait).not.toHaveProperty('sockopt');
  const [synRecv] = decodeInet(
    hex(`
      60000000 14000200 05000000 78370000 02030100 1b599c42 7f000001 00000000 00000000 00000000 7f000001 00000000
      00000000 00000000 00000000 78a20400 00000000 e0030000 00000000 00000000 00000000 00000000 08000f00 00000000`),
    2,
    'tcp',
  );
  expect(synRecv).toMatchObject({ state: 'SYN_RECV', timer: 'on', expires: 992, sport: 7001, dport: 40002 });
});

test('a UDP socket', () => {
  const [record] = decodeInet(
    hex(`
      7c000000 14000200 06000000 78370000 02070000 17710000 7f000001 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 79a20400 00000000 00000000 00000000 00000000 00000000 a4731c00 05000800 00000000
      08000f00 00000000 0c001500 01000000 00000000 06001600 50000000`),
    2,
    'udp',
  );
  expect(record).toMatchObject({
    protocol: 'udp',
    state: 'CLOSE',
    src: '127.0.0.1',
    sport: 6001,
    timer: 'off',
  });
  expect(record?.sockopt).toEqual({ ...SOCKOPT, isIcsk: false });
});

test('a unix listener with one client that waits', () => {
  const records = decodeUnix(
    hex(`
      84000000 14000200 07000000 78370000 01010a00 c0751c00 3cc50400 00000000 0b000000 672e736f 636b0000 0c000100
      dc692e00 0000e00f 08000300 c1751c00 0c000400 01000000 02000000 28000500 00000000 00400300 00000000 00400300
      00000000 00000000 00000000 00000000 00000000 05000600 00000000 08000700 00000000`),
  );
  expect(records).toStrictEqual([
    {
      family: 'unix',
      type: 'stream',
      state: 'LISTEN',
      inode: 0x1c75c0,
      cookie: '4c53c',
      name: 'g.sock',
      nameBytes: new Uint8Array(Buffer.from('g.sock')),
      // stat(2) said 254:0, which is 0xfe00 there.
      vfs: { inode: 0x2e69dc, dev: 0xfe00 },
      icons: [0x1c75c1],
      rqueue: 1,
      wqueue: 2,
      meminfo: {
        rmemAlloc: 0,
        rcvbuf: 212992,
        wmemAlloc: 0,
        sndbuf: 212992,
        fwdAlloc: 0,
        wmemQueued: 0,
        optmem: 0,
        backlog: 0,
        drops: 0,
      },
      shutdown: 'none',
      uid: 0,
    },
  ]);
});

test('an abstract unix name', () => {
  const [record] = decodeUnix(
    hex(`
      30000000 14000200 08000000 78370000 01020700 c3751c00 3dc50400 00000000 08000000 00616263 05000600 00000000`),
  );
  expect(record).toMatchObject({ type: 'dgram', name: '@abc', nameBytes: new Uint8Array([0, 97, 98, 99]) });
  expect(record).not.toHaveProperty('vfs');
});

const unixRecord = (...attributes: Buffer[]): UnixDiagMsg => {
  const structure = Buffer.from([1, 1, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
  return decodeUnix(message(Buffer.concat([structure, ...attributes])))[0] as UnixDiagMsg;
};

test.each([
  ['a path', Buffer.from('/run/a\0'), '/run/a', Buffer.from('/run/a')],
  ['a path of full length, without a NUL', Buffer.alloc(108, 'x'), 'x'.repeat(108), Buffer.alloc(108, 'x')],
  ['a path with a newline', Buffer.from('/a\nb\0'), '/a\nb', Buffer.from('/a\nb')],
  [
    'a path that is not UTF-8',
    Buffer.from([0x2f, 0xff, 0xfe, 0]),
    '/\ufffd\ufffd',
    Buffer.from([0x2f, 0xff, 0xfe]),
  ],
  ['an abstract name with NULs', Buffer.from('\0a\0b\0'), '@a@b@', Buffer.from('\0a\0b\0')],
  ['an abstract name of one NUL', Buffer.from('\0'), '@', Buffer.from('\0')],
  ['no bytes at all', Buffer.alloc(0), '', Buffer.alloc(0)],
])('the unix name is %s', (_what, payload, text, bytes) => {
  const record = unixRecord(attribute(0, payload));
  expect(record.name).toBe(text);
  expect(record.nameBytes).toStrictEqual(new Uint8Array(bytes));
});

test('cookies, cgroups and other 64-bit numbers', () => {
  const structure = Buffer.alloc(72);
  structure[0] = 2;
  const cookieOf = (low: number, high: number): string => {
    structure.writeUInt32LE(low, 44);
    structure.writeUInt32LE(high, 48);
    const cgroup = attribute(21, structure.subarray(44, 52));
    const record = decodeInet(message(Buffer.concat([structure, cgroup])), 2, 'tcp')[0] as InetDiagMsg;
    expect(record.cgroupId).toBe(high * 2 ** 32 + low);
    return record.cookie;
  };
  for (const [low, high] of [
    [0, 0],
    [1, 0],
    [0xffff, 0],
    [0x10000, 0],
    [0x12340005, 0],
    [0xffffffff, 0],
    [0, 1],
    [5, 0xffffffff],
    [0xffffffff, 0xffffffff],
  ] as const) {
    expect(cookieOf(low, high)).toBe(((BigInt(high) << 32n) | BigInt(low)).toString(16));
  }
});

test('a state, a timer and a type that no kernel has yet are told by their numbers', () => {
  const structure = Buffer.alloc(72);
  structure.set([2, 14, 9]);
  expect(decodeInet(message(structure), 2, 'tcp')[0]).toMatchObject({
    state: 'UNKNOWN_14',
    timer: 'unknown_9',
  });
  // An association is what has peers; its states are those of SCTP.
  const association = Buffer.concat([structure, attribute(13, Buffer.alloc(128))]);
  expect(decodeInet(message(association), 2, 'sctp')[0]).toMatchObject({ state: 'UNKNOWN_14' });
  const info = Buffer.alloc(368);
  info.writeUInt32LE(77, 4);
  const [endpoint] = decodeInet(message(Buffer.concat([structure, attribute(2, info)])), 2, 'sctp');
  expect(endpoint?.info?.state).toBe('UNKNOWN_77');
  const unix = Buffer.alloc(16);
  unix.set([1, 9, 14]);
  expect(decodeUnix(message(unix))[0]).toMatchObject({ type: 'unknown_9', state: 'UNKNOWN_14' });
});

test('records are plain objects: they spread, clone and survive JSON', () => {
  const [record] = decodeInet(Buffer.concat([LISTENER.subarray(0, 124)]), 2, 'tcp');
  expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  expect(structuredClone(record)).toStrictEqual(record);
  expect({ ...record }).toStrictEqual(record);
  expect(JSON.parse(JSON.stringify(record))).toStrictEqual(record);
});

test('an empty dump has no records', () => {
  expect(decodeInet(done(), 2, 'tcp')).toEqual([]);
});
