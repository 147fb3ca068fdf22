/** XDP: what is asked, what is told, and what is said where the kernel has no handler for it. */
import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { dumpXdp, SockDiagError, type XdpDiagMsg } from '../lib/index.js';
import { readXdpDiagMsg, XDP_DIAG_MSG_LENGTH } from '../lib/xdp/record.js';
import { testAttributes } from './attributes.js';
import { decodeDatagram } from './decoding.js';
import { compilers, layoutsOfHeaders } from './layout/headers.js';
import type { Layout } from './layout/layout.js';
import { problemsOf } from './layout/prove.js';
import type { Rules } from './layout/rules.js';
import { attribute, message, quads, words } from './messages.js';
import { skip } from './tools.js';

const AF_XDP = 44;

const decode = (datagram: Buffer, family: number = AF_XDP): XdpDiagMsg[] =>
  decodeDatagram(datagram, { headerLength: XDP_DIAG_MSG_LENGTH, family }, readXdpDiagMsg);

const structure = (...rest: number[]): Buffer =>
  Buffer.concat([Buffer.from([AF_XDP, 3, 0, 0]), words(...rest)]);

const BASE: Buffer = structure(0x1c739a, 0x89ab_cdef, 0x123_4567);

const record = (...attributes: Buffer[]): XdpDiagMsg =>
  decode(message(Buffer.concat([BASE, ...attributes])))[0] as XdpDiagMsg;

const UMEM: Buffer = Buffer.concat([quads(0x2_0000_0003n), words(4, 5, 6, 7, 8, 9, 1, 11)]);
const STATS: Buffer = quads(1n, 0x1_0000_0002n, 3n, 4n, 5n, 0x1f_ffff_ffff_ffffn);

const UMEM_RECORD = {
  size: 0x2_0000_0003,
  id: 4,
  numPages: 5,
  chunkSize: 6,
  headroom: 7,
  ifindex: 8,
  queueId: 9,
  flags: { zerocopy: true },
  refs: 11,
};
const STATS_RECORD = {
  nRxDropped: 1,
  nRxInvalid: 0x1_0000_0002,
  nRxFull: 3,
  nFillRingEmpty: 4,
  nTxInvalid: 5,
  nTxRingEmpty: Number.MAX_SAFE_INTEGER,
};
const MEMINFO_RECORD = {
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

test('a socket, with every member another value', () => {
  const whole = record(
    attribute(1, words(2, 3)),
    attribute(2, words(1000)),
    attribute(3, words(64)),
    attribute(4, words(128)),
    attribute(5, UMEM),
    attribute(6, words(256)),
    attribute(7, words(512)),
    attribute(8, words(1, 2, 3, 4, 5, 6, 7, 8, 9)),
    attribute(9, STATS),
  );
  expect(whole).toStrictEqual({
    family: 'xdp',
    type: 'raw',
    inode: 0x1c739a,
    cookie: '123456789abcdef',
    info: { ifindex: 2, queueId: 3 },
    uid: 1000,
    rxRing: { entries: 64 },
    txRing: { entries: 128 },
    umem: UMEM_RECORD,
    umemFillRing: { entries: 256 },
    umemCompletionRing: { entries: 512 },
    meminfo: MEMINFO_RECORD,
    stats: STATS_RECORD,
  });
});

test('a socket of which nothing was asked', () => {
  expect(record()).toStrictEqual({ family: 'xdp', type: 'raw', inode: 0x1c739a, cookie: '123456789abcdef' });
});

testAttributes(
  'xdp',
  [
    { property: 'info', number: 1, payload: words(2, 3), value: { ifindex: 2, queueId: 3 } },
    { property: 'uid', number: 2, payload: words(0xffff_fffe), value: 0xffff_fffe },
    { property: 'rxRing', number: 3, payload: words(64), value: { entries: 64 } },
    { property: 'txRing', number: 4, payload: words(0x8000_0000), value: { entries: 0x8000_0000 } },
    { property: 'umem', number: 5, payload: UMEM, value: UMEM_RECORD },
    { property: 'umemFillRing', number: 6, payload: words(256), value: { entries: 256 } },
    { property: 'umemCompletionRing', number: 7, payload: words(512), value: { entries: 512 } },
    {
      property: 'meminfo',
      number: 8,
      payload: words(1, 2, 3, 4, 5, 6, 7, 8, 9),
      value: MEMINFO_RECORD,
      least: 4,
    },
    { property: 'stats', number: 9, payload: STATS, value: STATS_RECORD },
  ],
  record,
);

test.each([
  ['info', 1, 8],
  ['rxRing', 3, 4],
  ['txRing', 4, 4],
  ['umem', 5, 40],
  ['umemFillRing', 6, 4],
  ['umemCompletionRing', 7, 4],
  ['stats', 9, 48],
] as const)('what a newer kernel has behind %s is kept in it', (name, number, size) => {
  const payload = Buffer.concat([Buffer.alloc(size), Buffer.from([1, 2, 3])]);
  expect(record(attribute(number, payload))[name]?.unknown).toEqual(new Uint8Array([1, 2, 3]));
});

test('types, flags and attributes that no kernel has yet are kept', () => {
  const umem = Buffer.from(UMEM);
  umem.set(words(0x8000_0000), 32);
  expect(record(attribute(5, umem)).umem?.flags).toEqual({ zerocopy: false, unknown: 0x8000_0000 });
  expect(record(attribute(10, words(1)), attribute(0, Buffer.alloc(0))).unknown).toEqual({
    0: new Uint8Array(),
    10: new Uint8Array(words(1)),
  });
  const base = Buffer.from(BASE);
  base[1] = 12;
  expect(decode(message(base))).toMatchObject([{ type: 'unknown_12' }]);
});

test('a message that is shorter than the structure, or of another family, is refused', () => {
  expect(() => decode(message(BASE.subarray(0, 12)))).toThrow(/shorter than its structure/);
  const other = Buffer.from(BASE);
  other[0] = 40;
  expect(() => decode(message(other))).toThrow(/another family/);
});

const HEADER = 'linux/xdp_diag.h';
const noHeader = !existsSync(`/usr/include/${HEADER}`) && skip(`there is no <${HEADER}> here`);

test.skipIf(noHeader)('the numbers of attributes are those of the header of the kernel', () => {
  const text = readFileSync(`/usr/include/${HEADER}`, 'utf8');
  const names = [...text.matchAll(/^\s+XDP_DIAG_(\w+),$/gm)].map(([, name]) => name);
  expect(names).toEqual([
    'NONE',
    'INFO',
    'UID',
    'RX_RING',
    'TX_RING',
    'UMEM',
    'UMEM_FILL_RING',
    'UMEM_COMPLETION_RING',
    'MEMINFO',
    'STATS',
  ]);
});

const noCompiler = compilers().length === 0 && skip('there is no compiler here');

describe.skipIf(noHeader || noCompiler)('each member is where the header of the kernel has it', () => {
  const inside =
    (number: number, name: keyof XdpDiagMsg) =>
    (bytes: Buffer): object =>
      record(attribute(number, bytes))[name] as object;
  const structures: Record<string, [size: number, decode: (bytes: Buffer) => object, rules: Rules]> = {
    xdp_diag_msg: [
      XDP_DIAG_MSG_LENGTH,
      (bytes) => decode(message(bytes), 0)[0] as XdpDiagMsg,
      {
        prefixes: ['xdiag_'],
        members: [
          { member: 'xdiag_family', ignored: 'the walker refuses any other' },
          { member: 'xdiag_type', as: 'distinct' },
          { member: 'pad', ignored: 'it is always 0' },
          { member: 'xdiag_ino', property: 'inode' },
          { member: 'xdiag_cookie', as: 'distinct' },
        ],
        elsewhere: { family: 'it is always the same' },
      },
    ],
    xdp_diag_info: [8, inside(1, 'info'), {}],
    xdp_diag_ring: [4, inside(3, 'rxRing'), {}],
    xdp_diag_umem: [
      40,
      inside(5, 'umem'),
      { members: [{ member: 'flags', flags: { 'flags.zerocopy': 1 }, others: ['flags.unknown'] }] },
    ],
    xdp_diag_stats: [48, inside(9, 'stats'), {}],
  };
  const names = Object.keys(structures);

  test.each(names)('struct %s', (name) => {
    const layout = layoutsOfHeaders([{ name, header: HEADER }]).get(name) as Layout;
    const [size, read, rules] = structures[name] as (typeof structures)[string];
    expect(layout.size).toBe(size);
    expect(problemsOf(layout, read, rules)).toEqual([]);
  });
});

async function requestOf(options?: Parameters<typeof dumpXdp>[0]): Promise<Uint8Array> {
  const raw = dumpXdp(options).raw();
  const { value } = await raw.next();
  await raw.return();
  return new Uint8Array(value as Uint8Array);
}

const REQUEST = 0x301;

test.each([
  [undefined, 0x1f],
  [[], 0],
  [['info'], 0x01],
  [['ringCfg'], 0x02],
  [['umem'], 0x04],
  [['meminfo'], 0x08],
  [['stats'], 0x10],
  [['stats', 'info', 'stats'], 0x11],
] as const)('the request for %j is xdp_diag_req with the mask %i', async (show, mask) => {
  const expected = message(words(AF_XDP, 0, mask, 0, 0), { flags: REQUEST, portId: 0 });
  expect(await requestOf(show === undefined ? undefined : { show })).toEqual(new Uint8Array(expected));
});

test.each([
  [
    { states: ['CLOSE'] },
    "dumpXdp: there is no option 'states', only 'signal', 'netns', 'filter', 'owners', 'consistent' and 'show'",
  ],
  [{ show: 'info' }, "dumpXdp: options.show is 'info', but must be an array of 'info', 'ringCfg', 'umem',"],
  [
    { show: ['uid'] },
    "dumpXdp: options.show[0] is 'uid', but must be 'info', 'ringCfg', 'umem', 'meminfo' or 'stats'",
  ],
  [null, 'dumpXdp: options must be an object, not null'],
])('dumpXdp(%j) is a TypeError', (options, words) => {
  const call = (): unknown => dumpXdp(options as never);
  expect(call).toThrow(TypeError);
  expect(call).toThrow(/^dumpXdp: /);
  expect(call).toThrow(words);
});

describe('live', () => {
  test('a kernel without a handler is told by an error that says what it lacks', async () => {
    const error = await dumpXdp()
      .toArray()
      .catch((reason) => reason);
    if (Array.isArray(error)) return void skip('this kernel has a handler for XDP sockets');
    expect(error).toBeInstanceOf(SockDiagError);
    expect(error).toMatchObject({ code: 'ENOENT', errno: 2, unsupported: 'family' });
    expect(error.message).toBe(
      'this kernel has no handler for XDP sockets: its module xsk_diag (CONFIG_XDP_SOCKETS_DIAG) is absent, or could ' +
        'not be loaded (ENOENT)',
    );
    expect(() => [...dumpXdp({ show: [] })]).toThrow(error.message);
  });
});
