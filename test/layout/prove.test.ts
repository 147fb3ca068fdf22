/** That the proof of a decoder finds what is wrong with one, and nothing wrong with a right one. */
import { endianness } from 'node:os';

import { expect, test } from 'vitest';

import type { Layout, Member } from './layout.js';
import { observe, problemsOf } from './prove.js';
import { propertyName, type Rules } from './rules.js';

const LITTLE = endianness() === 'LE';

const member = (path: string, offset: number, mask: number[], kind: Member['kind'] = 'unsigned'): Member => ({
  path,
  offset,
  mask: new Uint8Array(mask),
  kind,
});

const ones = (count: number): number[] => Array(count).fill(0xff);

const LAYOUT: Layout = {
  name: 'toy',
  size: 44,
  members: [
    member('t_state', 0, [0xff]),
    member('t_snd_wscale', 1, [LITTLE ? 0x0f : 0xf0]),
    member('t_rcv_wscale', 1, [LITTLE ? 0xf0 : 0x0f]),
    member('t_port', 2, ones(2)),
    member('t_rtt', 4, ones(4)),
    member('t_rttvar', 8, ones(4)),
    member('t_delta', 12, ones(4), 'signed'),
    member('t_bytes', 16, ones(8)),
    member('t_addr', 24, ones(4), 'bytes'),
    member('t_bw_lo', 28, ones(4)),
    member('t_bw_hi', 32, ones(4)),
    member('t_flags', 36, [0xff]),
    member('t_on', 37, [LITTLE ? 0x01 : 0x80]),
    member('t_pad', 38, ones(2)),
    member('q[0].t_count', 40, ones(2)),
    member('q[0].t_rest', 44, [], 'bytes'),
  ],
};

const RULES: Rules = {
  prefixes: ['t_'],
  members: [
    { member: 't_state', as: 'distinct' },
    { member: 't_port', as: 'bigEndian' },
    { member: 't_addr', as: (_number, bytes) => bytes.join('.') },
    { member: 't_bw_lo', property: 'bw' },
    { member: 't_bw_hi', property: 'bw', as: (number) => number * 2 ** 32 },
    { member: 't_flags', flags: { 'flags.busy': 0x01, 'flags.late': 0x06 }, others: ['flags.unknown'] },
    { member: 't_pad', ignored: 'of no use' },
  ],
  elsewhere: { kind: 'there is but one' },
};

const u16 = (bytes: Buffer, at: number): number => (LITTLE ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
const u32 = (bytes: Buffer, at: number): number => (LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
const u64 = (bytes: Buffer, at: number): number =>
  u32(bytes, at + (LITTLE ? 0 : 4)) + u32(bytes, at + (LITTLE ? 4 : 0)) * 2 ** 32;

const low = (bytes: Buffer, at: number): number => bytes.readUInt8(at) & 15;
const high = (bytes: Buffer, at: number): number => bytes.readUInt8(at) >> 4;

const right = (bytes: Buffer) => ({
  kind: 'toy',
  state: `state ${bytes[0]}`,
  sndWscale: LITTLE ? low(bytes, 1) : high(bytes, 1),
  rcvWscale: LITTLE ? high(bytes, 1) : low(bytes, 1),
  port: bytes.readUInt16BE(2),
  rtt: u32(bytes, 4),
  rttvar: u32(bytes, 8),
  delta: u32(bytes, 12) | 0,
  bytes: u64(bytes, 16),
  addr: bytes.subarray(24, 28).join('.'),
  bw: u32(bytes, 28) + u32(bytes, 32) * 2 ** 32,
  flags: {
    busy: (bytes.readUInt8(36) & 1) !== 0,
    late: (bytes.readUInt8(36) & 6) !== 0,
    ...(bytes.readUInt8(36) > 7 && { unknown: bytes.readUInt8(36) >> 3 }),
  },
  on: (bytes.readUInt8(37) & (LITTLE ? 1 : 0x80)) !== 0,
  q: [{ count: u16(bytes, 40) }],
});

const problems = (wrong: (bytes: Buffer) => object, rules: Rules = RULES): string[] =>
  problemsOf(LAYOUT, (bytes) => ({ ...right(bytes), ...wrong(bytes) }), rules);

test('a right decoder is proved', () => {
  expect(problemsOf(LAYOUT, right, RULES)).toEqual([]);
});

test.each<[string, (bytes: Buffer) => object, string[]]>([
  [
    'the wrong offset',
    (bytes) => ({ rtt: u32(bytes, 8) }),
    ['toy: t_rtt does not change rtt', 'toy: t_rttvar changes rtt beside rttvar'],
  ],
  [
    'too few bits',
    (bytes) => ({ rtt: u16(bytes, LITTLE ? 4 : 6) }),
    ['toy: t_rtt of ffffffff reads rtt 65535, not 4294967295'],
  ],
  [
    'too many bits',
    (bytes) => ({ rtt: u64(bytes, 4) }),
    expect.arrayContaining(['toy: t_rttvar changes rtt beside rttvar']),
  ],
  [
    'two members for each other',
    (bytes) => ({ rtt: u32(bytes, 8), rttvar: u32(bytes, 4) }),
    ['toy: t_rtt changes rttvar, not rtt', 'toy: t_rttvar changes rtt, not rttvar'],
  ],
  [
    'nothing of a member',
    () => ({ rttvar: undefined }),
    ['toy: t_rttvar does not change rttvar', 'toy: no member changes rttvar'],
  ],
  [
    'a signed member without its sign',
    (bytes) => ({ delta: u32(bytes, 12) }),
    ['toy: t_delta of ffffffff reads delta 4294967295, not -1'],
  ],
  [
    'a sign that is none',
    (bytes) => ({ rtt: u32(bytes, 4) | 0 }),
    ['toy: t_rtt of ffffffff reads rtt -1, not 4294967295'],
  ],
  [
    'the low half of a byte for the high one',
    (bytes) => ({ sndWscale: right(bytes).rcvWscale, rcvWscale: right(bytes).sndWscale }),
    [
      'toy: t_snd_wscale changes rcvWscale, not sndWscale',
      'toy: t_rcv_wscale changes sndWscale, not rcvWscale',
    ],
  ],
  [
    'the whole byte for its half',
    (bytes) => ({ sndWscale: bytes[1] }),
    expect.arrayContaining(['toy: t_rcv_wscale changes sndWscale beside rcvWscale']),
  ],
  [
    'the high half of a byte in its place',
    (bytes) => ({ rcvWscale: bytes.readUInt8(1) & (LITTLE ? 0xf0 : 0x0f) & 0xf0 }),
    LITTLE ? ['toy: t_rcv_wscale of f0 reads rcvWscale 240, not 15'] : expect.anything(),
  ],
  [
    "the machine's byte order for the network's",
    (bytes) => ({ port: bytes.readUInt16LE(2) }),
    ['toy: t_port of 0100 reads port 1, not 256'],
  ],
  [
    'the halves of a number for each other',
    (bytes) => ({ bytes: u32(bytes, 20) + u32(bytes, 16) * 2 ** 32 }),
    [expect.stringMatching(/^toy: t_bytes of [0-9a-f]{16} reads bytes \d+, not \d+$/)],
  ],
  [
    'a number of 64 bits in 32',
    (bytes) => ({ bytes: u32(bytes, LITTLE ? 16 : 20) }),
    ['toy: t_bytes of ffffffffffffffff reads bytes 4294967295, not 18446744073709552000'],
  ],
  [
    'one value for several',
    (bytes) => ({ state: `state ${bytes.readUInt8(0) & 0x7f}` }),
    ["toy: t_state reads state 'state 0' of 00 as well as of 80"],
  ],
  [
    'too few bytes',
    (bytes) => ({ addr: `${bytes.subarray(24, 27).join('.')}.0` }),
    ["toy: t_addr of ffffffff reads addr '255.255.255.0', not '255.255.255.255'"],
  ],
  [
    'a flag of another bit',
    (bytes) => ({ flags: { ...right(bytes).flags, late: (bytes.readUInt8(36) & 2) !== 0 } }),
    ['toy: t_flags of 04 reads flags.late false, not true'],
  ],
  [
    'padding',
    (bytes) => ({ on: (bytes.readUInt8(37) & 0x10) !== 0 }),
    [
      'toy: t_on does not change on',
      'toy: no member changes on',
      'toy: byte 37, where no member is, changes on',
    ],
  ],
  [
    'what is of no use',
    (bytes) => ({ pad: u16(bytes, 38) }),
    ['toy: t_pad is to be ignored (of no use), but changes pad'],
  ],
  ['what is not there', () => ({ more: 1 }), ['toy: no member changes more']],
  [
    'what it refuses',
    (bytes) => {
      if (u32(bytes, 4) === 1) throw new RangeError('one');
      return {};
    },
    ['toy: t_rtt cannot be tried: RangeError: one', 'toy: no member changes rtt'],
  ],
  [
    'another of several',
    (bytes) => ({ q: [{ count: 0 }, { count: u16(bytes, 40) }] }),
    ['toy: q[0].t_count changes q.1.count, not q.0.count', 'toy: no member changes q.0.count'],
  ],
])('a decoder that reads %s is not', (_what, wrong, expected) => {
  expect(problems(wrong)).toEqual(expected);
});

test('what changes is told with the bits that changed it', () => {
  const observed = observe(LAYOUT, right);
  expect([...observed.keys()]).toEqual(LAYOUT.members.map(({ path }) => path));
  expect(observed.get('t_pad')).toEqual([]);
  expect(observed.get('t_on')).toEqual([
    { pattern: Uint8Array.of(LITTLE ? 1 : 0x80), property: 'on', value: true },
  ]);
  expect(new Set(observed.get('t_flags')?.map(({ property }) => property))).toEqual(
    new Set(['flags.busy', 'flags.late', 'flags.unknown']),
  );
});

test('a member that matters only while another has some value', () => {
  const timed = (bytes: Buffer) => ({ ...right(bytes), rtt: bytes[0] === 1 ? u32(bytes, 4) : 0 });
  expect(problemsOf(LAYOUT, timed, RULES)).toEqual([
    'toy: t_rtt does not change rtt',
    'toy: no member changes rtt',
  ]);
  const members = [...(RULES.members ?? []), { member: 't_rtt', given: { t_state: 1 } }];
  expect(problemsOf(LAYOUT, timed, { ...RULES, members })).toEqual([]);
  const both = [
    ...(RULES.members ?? []).filter(({ member }) => member !== 't_state'),
    { member: 't_state', properties: ['state', 'rtt'] },
  ];
  expect(problemsOf(LAYOUT, timed, { ...RULES, members: both, given: { t_state: 1, t_rtt: 7 } })).toEqual([]);
  expect(() => problemsOf(LAYOUT, timed, { ...RULES, given: { t_stat: 1 } })).toThrow(
    'struct toy has no member t_stat',
  );
});

test('a property that only a newer structure has', () => {
  const newer = (bytes: Buffer) => ({
    ...right(bytes),
    spare: (bytes.readUInt8(37) >> (LITTLE ? 1 : 0)) & 0x7f,
  });
  expect(problemsOf(LAYOUT, newer, RULES)).toEqual([
    'toy: no member changes spare',
    'toy: byte 37, where no member is, changes spare',
  ]);
  expect(problemsOf(LAYOUT, newer, { ...RULES, elsewhere: { ...RULES.elsewhere, spare: 'newer' } })).toEqual(
    [],
  );
});

test.each([
  ['tcpi_snd_wscale', ['tcpi_'], 'sndWscale'],
  ['id.idiag_sport', ['id.', 'idiag_'], 'sport'],
  ['id.idiag_sport', ['idiag_'], 'id.sport'],
  ['lnk[0].link_id', [], 'lnk.0.linkId'],
  ['tcpi_delivered_e1_bytes', ['tcpi_'], 'deliveredE1Bytes'],
  ['recverr_rfc4884', [], 'recverrRfc4884'],
])('by default %s without %j is %s', (path, prefixes, property) => {
  expect(propertyName(path, prefixes)).toBe(property);
});
