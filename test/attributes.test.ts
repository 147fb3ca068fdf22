/** The attributes of the IP protocols and of unix sockets, row by row. Other families have theirs beside their records. */
import { describe, expect, test } from 'vitest';

import { accecnOf, type TcpInfo } from '../lib/index.js';
import type { InetProtocol } from '../lib/inet/record.js';
import { type AttributeRow, testAttributes } from './attributes.js';
import { decodeInet, decodeUnix, type InetRecords } from './decoding.js';
import { attribute, halves, hex, message, quads, words } from './messages.js';

const inet =
  <P extends InetProtocol>(protocol: P) =>
  (...attributes: Buffer[]): InetRecords[P] => {
    const structure = Buffer.alloc(72);
    structure[0] = 2;
    return decodeInet(message(Buffer.concat([structure, ...attributes])), 2, protocol)[0] as InetRecords[P];
  };

const unix = (...attributes: Buffer[]): object => {
  const structure = Buffer.from([1, 1, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
  return decodeUnix(message(Buffer.concat([structure, ...attributes])))[0] as object;
};

const SKMEMINFO = {
  rmemAlloc: 1,
  rcvbuf: 2,
  wmemAlloc: 3,
  sndbuf: 4,
  fwdAlloc: 5,
  wmemQueued: 6,
  optmem: 7,
  backlog: 8,
  drops: 9,
};
const SKMEMINFO_BYTES: Buffer = words(1, 2, 3, 4, 5, 6, 7, 8, 9);

const COMMON: AttributeRow[] = [
  {
    property: 'meminfo',
    number: 1,
    payload: words(1, 2, 3, 4),
    value: { rmem: 1, wmem: 2, fmem: 3, tmem: 4 },
  },
  { property: 'tos', number: 5, payload: Buffer.from([0xb8]), value: 0xb8 },
  { property: 'tclass', number: 6, payload: Buffer.from([0x68]), value: 0x68 },
  { property: 'skmeminfo', number: 7, payload: SKMEMINFO_BYTES, value: SKMEMINFO, least: 4 },
  { property: 'shutdown', number: 8, payload: Buffer.from([2]), value: 'send' },
  { property: 'skv6only', number: 11, payload: Buffer.from([1]), value: true },
  { property: 'mark', number: 15, payload: words(0xdeadbeef), value: 0xdeadbeef },
  { property: 'classId', number: 17, payload: words(0x10001), value: 0x10001 },
  { property: 'cgroupId', number: 21, payload: quads(0x1_0000_0002n), value: 0x1_0000_0002 },
  {
    property: 'sockopt',
    number: 22,
    payload: Buffer.from([0x54, 4]),
    value: expect.objectContaining({
      freebind: true,
      mcLoop: true,
      mcAll: true,
      deferConnect: true,
      recverr: false,
    }),
    open: true,
  },
];

const LEAST_TCP_INFO = 104;
const TCP_INFO: Buffer = Buffer.from(Array.from({ length: 280 }, (_, i) => i & 0x7f));

const tcpInfoRow: AttributeRow = {
  property: 'info',
  number: 2,
  payload: TCP_INFO,
  value: expect.objectContaining({ sndWscale: 6, rcvWscale: 0, rto: 0x0b0a0908, totalRetrans: 0x67666564 }),
  least: LEAST_TCP_INFO,
  open: true,
};

const STORAGES: AttributeRow = {
  property: 'skBpfStorages',
  number: 0x8014,
  payload: attribute(0x8001, Buffer.concat([attribute(2, words(7)), attribute(3, Buffer.from('value'))])),
  value: [{ mapId: 7, mapValue: new Uint8Array(Buffer.from('value')) }],
  least: 0,
  open: true,
  other: Buffer.alloc(0),
};

const MD5_KEY: Buffer = Buffer.concat([Buffer.from('secret'), Buffer.alloc(74)]);

const TCP: AttributeRow[] = [
  tcpInfoRow,
  {
    property: 'vegasinfo',
    number: 3,
    payload: words(1, 2, 3, 4),
    value: { enabled: true, rttcnt: 2, rtt: 3, minrtt: 4 },
  },
  { property: 'cong', number: 4, payload: Buffer.from('cubic\0'), value: 'cubic', least: 0 },
  {
    property: 'dctcpinfo',
    number: 9,
    payload: Buffer.concat([halves(1, 1), words(1024, 5, 6)]),
    value: { enabled: true, ceState: 1, alpha: 1024, abEcn: 5, abTot: 6 },
  },
  {
    property: 'bbrinfo',
    number: 16,
    payload: words(1, 2, 0xffff_ffff, 739, 512),
    value: { bw: 2 * 2 ** 32 + 1, minRtt: Infinity, pacingGain: 739, cwndGain: 512 },
  },
  {
    property: 'md5sig',
    number: 18,
    payload: Buffer.concat([Buffer.from([2, 24]), halves(6), hex('c0000200'), Buffer.alloc(12), MD5_KEY]),
    value: [{ family: 'inet', prefixlen: 24, keylen: 6, addr: '192.0.2.0' }],
    open: true,
  },
  {
    property: 'ulpInfo',
    number: 19,
    payload: Buffer.concat([
      attribute(1, Buffer.from('tls\0')),
      attribute(
        2,
        Buffer.concat([
          attribute(1, halves(0x304)),
          attribute(2, halves(54)),
          attribute(3, halves(2)),
          attribute(4, halves(3)),
          attribute(5, Buffer.alloc(0)),
          attribute(7, halves(16384)),
        ]),
      ),
    ]),
    value: {
      name: 'tls',
      tls: {
        version: 'TLS1.3',
        cipher: 'CHACHA20-POLY1305',
        txconf: 'sw',
        rxconf: 'hw',
        zcRoTx: true,
        txMaxPayloadLen: 16384,
      },
    },
    least: 0,
    open: true,
    other: attribute(1, Buffer.from('mptcp\0')),
  },
  STORAGES,
];

const ADDRESSES: Buffer = Buffer.concat([
  halves(2),
  Buffer.from([0x1f, 0x90, 192, 0, 2, 1]),
  Buffer.alloc(120),
  halves(10),
  hex('1f91 00012345 fe800000 00000000 00000000 00000001 03000000'),
  Buffer.alloc(100),
]);
const ADDRESS_LIST = [
  { family: 'inet', addr: '192.0.2.1', port: 8080 },
  { family: 'inet6', addr: 'fe80::1', port: 8081, scopeId: 3, flowinfo: 0x12345 },
];

const SCTP: AttributeRow[] = [
  {
    property: 'info',
    number: 2,
    payload: Buffer.from(Array.from({ length: 368 }, (_, i) => i & 0x7f)),
    value: expect.objectContaining({ tag: 0x03020100, instrms: 0x1110, sV4mapped: true, pCwnd: 0x2f2e2d2c }),
    least: 364,
    open: true,
  },
  { property: 'cong', number: 4, payload: Buffer.from('reno\0'), value: 'reno', least: 0 },
  { property: 'locals', number: 12, payload: ADDRESSES, value: ADDRESS_LIST, least: 128, open: true },
];

const MPTCP: AttributeRow[] = [
  {
    property: 'info',
    number: 2,
    payload: Buffer.from(Array.from({ length: 96 }, (_, i) => i)),
    value: expect.objectContaining({
      subflows: 0,
      subflowsMax: 3,
      token: 0x0f0e0d0c,
      lastAckRecv: 0x5f5e5d5c,
    }),
    least: 40,
    open: true,
  },
  STORAGES,
];

for (const protocol of ['tcp', 'udp', 'udplite', 'raw', 'sctp', 'dccp', 'mptcp'] as const) {
  describe(protocol, () => testAttributes(protocol, COMMON, inet(protocol)));
}
describe('tcp', () => testAttributes('tcp', TCP, inet('tcp')));
describe('dccp', () => testAttributes('dccp', [tcpInfoRow], inet('dccp')));
describe('sctp', () => testAttributes('sctp', SCTP, inet('sctp')));
describe('mptcp', () => testAttributes('mptcp', MPTCP, inet('mptcp')));
describe('raw', () =>
  testAttributes(
    'raw',
    [{ property: 'rawProtocol', number: 10, payload: Buffer.from([58]), value: 58 }],
    inet('raw'),
  ));

describe('unix', () =>
  testAttributes(
    'unix',
    [
      { property: 'vfs', number: 1, payload: words(5, 0x0fe00000), value: { inode: 5, dev: 0xfe00 } },
      { property: 'peer', number: 2, payload: words(77), value: 77 },
      { property: 'icons', number: 3, payload: words(1, 0, 3), value: [1, 0, 3], open: true, least: 0 },
      { property: 'rqueue', number: 4, payload: words(8, 9), value: 8 },
      { property: 'wqueue', number: 4, payload: words(8, 9), value: 9 },
      { property: 'meminfo', number: 5, payload: SKMEMINFO_BYTES, value: SKMEMINFO, least: 4 },
      { property: 'shutdown', number: 6, payload: Buffer.from([3]), value: 'both' },
      { property: 'uid', number: 7, payload: words(0xffff_fffe), value: 0xffff_fffe },
    ],
    unix,
  ));

test('an array that is not a whole number of elements is kept as it is', () => {
  const cut = ADDRESSES.subarray(0, 130);
  expect(inet('sctp')(attribute(12, cut)).unknown).toEqual({ 12: new Uint8Array(cut) });
});

test('a tcp_info of 8 bytes more keeps them, one of 100 bytes less has all that is there', () => {
  const longer = inet('tcp')(attribute(2, Buffer.concat([TCP_INFO, Buffer.alloc(8, 7)]))).info;
  const exact = inet('tcp')(attribute(2, TCP_INFO)).info;
  expect(longer).toEqual({ ...exact, unknown: new Uint8Array(8).fill(7) });
  const shorter = inet('tcp')(attribute(2, TCP_INFO.subarray(0, 180))).info;
  expect(shorter?.rwndLimited).toBeUndefined();
  for (const [name, value] of Object.entries(shorter ?? {})) {
    expect(value ?? exact?.[name as 'rtt'], name).toEqual(exact?.[name as 'rtt']);
  }
  expect(JSON.parse(JSON.stringify(shorter))).toMatchObject({
    state: 'UNKNOWN_0',
    busyTime: expect.any(Number),
  });
});

test('the four bytes that Linux 7.0 gave another layout are taken apart by the kernel that they come from', () => {
  const bytes = Buffer.from(TCP_INFO);
  const fails = { aceSend: false, aceRecv: true, optSend: false, optRecv: false };
  halves(2, 2).copy(bytes, 276);
  const older = inet('tcp')(attribute(2, bytes)).info as TcpInfo;
  expect(older.accecn).toBe(0x20002);
  for (const kernel of ['6.18.44', '6.19.0-rc1'])
    expect(accecnOf(older, kernel)).toEqual({ failMode: fails, optSeen: 'counter' });
  words(0x2a).copy(bytes, 276);
  const newer = inet('tcp')(attribute(2, bytes)).info as TcpInfo;
  expect(accecnOf(newer, '7.0.3')).toEqual({ failMode: fails, optSeen: 'counter', ecnMode: 'accecn' });
  expect(accecnOf(inet('tcp')(attribute(2, bytes.subarray(0, 248))).info as TcpInfo)).toBeUndefined();
});

test('what is unlimited is Infinity', () => {
  const info = Buffer.alloc(280, 0xff);
  info.writeUInt32LE(0x7fff_ffff, 76);
  expect(inet('tcp')(attribute(2, info)).info).toMatchObject({
    pacingRate: Infinity,
    maxPacingRate: Infinity,
    minRtt: Infinity,
    sndSsthresh: Infinity,
  });
});

test('peers make an SCTP record an association, with a state of its own', () => {
  const structure = Buffer.alloc(72);
  structure.set([2, 3, 4]);
  const read = (...attributes: Buffer[]) =>
    decodeInet(message(Buffer.concat([structure, ...attributes])), 2, 'sctp')[0];
  expect(read(attribute(13, ADDRESSES))).toMatchObject({
    state: 'ESTABLISHED',
    timer: 't3_rtx',
    peers: ADDRESS_LIST,
  });
  expect(read()).toMatchObject({ state: 'SYN_RECV' });
});

test('nests without NLA_F_NESTED are checked to the bottom all the same', () => {
  const beyond = (number: number) => Buffer.concat([halves(9, number), Buffer.alloc(4)]);
  for (const nest of [beyond(1), attribute(2, beyond(1)), attribute(3, beyond(4))]) {
    expect(() => inet('tcp')(attribute(19, nest))).toThrow(/longer than what holds it/);
  }
});

test('BPF storages are checked to the bottom, flags or not', () => {
  const beyond = Buffer.concat([halves(40, 3), Buffer.alloc(4)]);
  for (const protocol of ['tcp', 'mptcp'] as const) {
    for (const [outer, inner] of [
      [0x8014, 0x8001],
      [0x8014, 1],
      [20, 1],
    ] as const) {
      expect(() => inet(protocol)(attribute(outer, attribute(inner, beyond)))).toThrow(
        /longer than what holds it/,
      );
      const empty = attribute(inner, Buffer.alloc(4));
      expect(() => inet(protocol)(attribute(outer, empty))).toThrow(/shorter than an attribute header/);
    }
  }
});

test('inside a nest, too, nothing is lost', () => {
  const { ulpInfo } = inet('tcp')(
    attribute(
      19,
      Buffer.concat([
        attribute(9, Buffer.from([1])),
        attribute(3, Buffer.concat([attribute(2, words(0xfedc_ba98)), attribute(10, Buffer.alloc(0))])),
      ]),
    ),
  );
  expect(ulpInfo).toEqual({
    unknown: { 9: new Uint8Array([1]) },
    mptcp: { tokenLoc: 0xfedcba98, unknown: { 10: new Uint8Array() } },
  });
});

test('a subflow of MPTCP, as Linux 6.18 tells it to root', () => {
  const { ulpInfo } = inet('tcp')(
    attribute(
      19,
      hex(`
        0a000100 6d707463 70000000 58000300 08000100 00000000 08000200 65382832 08000800 c1000000 05000900 00000000
        05000a00 00000000 08000300 01000000 0c000400 d294db2f fafcab0f 08000500 01000000 08000600 1b6b0ce5 06000700
        05000000`),
    ),
  );
  expect(ulpInfo).toEqual({
    name: 'mptcp',
    mptcp: {
      tokenRem: 0,
      tokenLoc: 0x32283865,
      flags: {
        mcapRem: true,
        mcapLoc: false,
        joinRem: false,
        joinLoc: false,
        bkupRem: false,
        bkupLoc: false,
        fullyEstablished: true,
        connected: true,
        mapvalid: false,
      },
      idRem: 0,
      idLoc: 0,
      relwriteSeq: 1,
      mapSeq: 'fabfcfa2fdb94d2',
      mapSfseq: 1,
      ssnOffset: 0xe50c6b1b,
      mapDatalen: 5,
    },
  });
});

test('flags and options that no kernel has yet are kept', () => {
  expect(inet('tcp')(attribute(22, Buffer.from([0, 0xf8]))).sockopt?.unknown).toBe(0xf800);
  const info = Buffer.alloc(96);
  info.writeUInt32LE(0x8000_0002, 8);
  expect(inet('mptcp')(attribute(2, info)).info?.flags).toEqual({
    fallback: false,
    remoteKeyReceived: true,
    unknown: 0x8000_0000,
  });
});
