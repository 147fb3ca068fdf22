/** TIPC: what is asked, what is told, and what is said where the kernel has no handler for it. */
import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { dumpTipc, SockDiagError, type TipcDiagMsg } from '../lib/index.js';
import { Dump } from '../lib/netlink/dump.js';
import { RecordedSource } from '../lib/netlink/recording.js';
import { readTipcDiagMsg, TIPC_NESTS } from '../lib/tipc/record.js';
import { type AttributeRow, testAttributes } from './attributes.js';
import { decodeDatagram } from './decoding.js';
import { attribute, done, halves, message, quads, words } from './messages.js';
import { skip } from './tools.js';

const AF_TIPC = 30;

const SHAPE = { headerLength: 0, family: 0, nests: TIPC_NESTS };

const decode = (datagram: Buffer): TipcDiagMsg[] => decodeDatagram(datagram, SHAPE, readTipcDiagMsg);

/** Names and numbers as in the header of the kernel, which has one enumeration for each nest. */
const TOP = { SOCK: 2 };
const SOCK = {
  ADDR: 1,
  REF: 2,
  CON: 3,
  HAS_PUBL: 4,
  STAT: 5,
  TYPE: 6,
  INO: 7,
  UID: 8,
  TIPC_STATE: 9,
  COOKIE: 10,
  PAD: 11,
  GROUP: 12,
};
const CON = { FLAG: 1, NODE: 2, SOCK: 3, TYPE: 4, INST: 5 };
const STAT = { RCVQ: 0, SENDQ: 1, LINK_CONG: 2, CONN_CONG: 3, DROP: 4 };
const GROUP = { ID: 0, OPEN: 1, NODE_SCOPE: 2, CLUSTER_SCOPE: 3, INSTANCE: 4, BC_SEND_NEXT: 5 };

const nest = (number: number, ...attributes: Buffer[]): Buffer =>
  attribute(number, Buffer.concat(attributes));
const flag = (number: number): Buffer => attribute(number, Buffer.alloc(0));
const u32 = (number: number, value: number): Buffer => attribute(number, words(value));

const sock = (...attributes: Buffer[]): TipcDiagMsg =>
  decode(message(nest(TOP.SOCK, ...attributes)))[0] as TipcDiagMsg;

const BASE: Buffer[] = [
  u32(SOCK.REF, 0x8000_0001),
  u32(SOCK.ADDR, 0x1001009),
  u32(SOCK.TYPE, 1),
  u32(SOCK.TIPC_STATE, 1),
  u32(SOCK.INO, 0x1c739a),
  u32(SOCK.UID, 1000),
  attribute(SOCK.COOKIE, quads(0x123_4567_89ab_cdefn)),
];

const WHOLE: Buffer = nest(
  TOP.SOCK,
  ...BASE,
  nest(SOCK.CON, u32(CON.NODE, 2), u32(CON.SOCK, 3), flag(CON.FLAG), u32(CON.TYPE, 4), u32(CON.INST, 5)),
  flag(SOCK.HAS_PUBL),
  nest(
    SOCK.STAT,
    u32(STAT.RCVQ, 6),
    u32(STAT.SENDQ, 7),
    u32(STAT.DROP, 8),
    flag(STAT.LINK_CONG),
    flag(STAT.CONN_CONG),
  ),
  nest(
    SOCK.GROUP,
    u32(GROUP.ID, 9),
    u32(GROUP.INSTANCE, 10),
    u32(GROUP.BC_SEND_NEXT, 11),
    flag(GROUP.NODE_SCOPE),
    flag(GROUP.CLUSTER_SCOPE),
    flag(GROUP.OPEN),
  ),
);

const BASE_RECORD = {
  family: 'tipc',
  ref: 0x8000_0001,
  addr: 0x1001009,
  type: 'stream',
  state: 'ESTABLISHED',
  inode: 0x1c739a,
  uid: 1000,
  cookie: '123456789abcdef',
};
const WHOLE_RECORD = {
  ...BASE_RECORD,
  hasPubl: true,
  con: { flag: true, node: 2, sock: 3, type: 4, inst: 5 },
  stat: { rcvq: 6, sendq: 7, drop: 8, linkCong: true, connCong: true },
  group: { id: 9, instance: 10, bcSendNext: 11, open: true, nodeScope: true, clusterScope: true },
};

test('a socket, with every attribute another value', () => {
  expect(decode(message(WHOLE))).toStrictEqual([WHOLE_RECORD]);
});

test('flags that are absent are false, and what else may be absent is', () => {
  const record = sock(...BASE, nest(SOCK.CON), nest(SOCK.STAT), nest(SOCK.GROUP));
  expect(record).toStrictEqual({
    ...BASE_RECORD,
    hasPubl: false,
    con: { flag: false },
    stat: { linkCong: false, connCong: false },
    group: { open: false, nodeScope: false, clusterScope: false },
  });
  expect(sock(...BASE)).toStrictEqual({ ...BASE_RECORD, hasPubl: false });
});

test.each([
  ['hasPubl', () => sock(flag(SOCK.HAS_PUBL)).hasPubl],
  ['con.flag', () => sock(nest(SOCK.CON, flag(CON.FLAG))).con],
  ['stat.linkCong', () => sock(nest(SOCK.STAT, flag(STAT.LINK_CONG))).stat],
  ['stat.connCong', () => sock(nest(SOCK.STAT, flag(STAT.CONN_CONG))).stat],
  ['group.open', () => sock(nest(SOCK.GROUP, flag(GROUP.OPEN))).group],
  ['group.nodeScope', () => sock(nest(SOCK.GROUP, flag(GROUP.NODE_SCOPE))).group],
  ['group.clusterScope', () => sock(nest(SOCK.GROUP, flag(GROUP.CLUSTER_SCOPE))).group],
])('%s is set by its attribute alone, and sets nothing else', (path, read) => {
  const value = read();
  const set =
    typeof value === 'object' ? Object.entries(value).filter(([, is]) => is === true) : [['hasPubl', value]];
  expect(set).toEqual([[path.split('.').at(-1), true]]);
});

const nestRows = (rows: Record<string, [number: number, payload: Buffer, value: unknown]>): AttributeRow[] =>
  Object.entries(rows).map(([property, [number, payload, value]]) => ({
    property,
    number,
    payload,
    value,
    least: 0,
    open: true,
    other: Buffer.alloc(0),
  }));

testAttributes(
  'tipc',
  [
    { property: 'addr', number: SOCK.ADDR, payload: words(0xffff_fffe), value: 0xffff_fffe },
    { property: 'ref', number: SOCK.REF, payload: words(0xffff_fffd), value: 0xffff_fffd },
    { property: 'type', number: SOCK.TYPE, payload: words(5), value: 'seqpacket' },
    { property: 'inode', number: SOCK.INO, payload: words(0xffff_fffc), value: 0xffff_fffc },
    { property: 'uid', number: SOCK.UID, payload: words(0xffff_fffb), value: 0xffff_fffb },
    { property: 'state', number: SOCK.TIPC_STATE, payload: words(8), value: 'DISCONNECTING' },
    {
      property: 'cookie',
      number: SOCK.COOKIE,
      payload: quads(0xfedc_ba98_7654_3210n),
      value: 'fedcba9876543210',
    },
    ...nestRows({
      con: [SOCK.CON, Buffer.concat([u32(CON.NODE, 1), u32(CON.SOCK, 2)]), { flag: false, node: 1, sock: 2 }],
      stat: [SOCK.STAT, u32(STAT.DROP, 1), { linkCong: false, connCong: false, drop: 1 }],
      group: [SOCK.GROUP, u32(GROUP.ID, 1), { open: false, nodeScope: false, clusterScope: false, id: 1 }],
    }),
  ],
  sock,
);

const numbers = (rows: Record<string, number>): AttributeRow[] =>
  Object.entries(rows).map(([property, number]) => ({
    property,
    number,
    payload: words(0xffff_ff00 + number),
    value: 0xffff_ff00 + number,
  }));

testAttributes(
  'tipc con',
  numbers({ node: CON.NODE, sock: CON.SOCK, type: CON.TYPE, inst: CON.INST }),
  (...attributes) => sock(nest(SOCK.CON, ...attributes)).con as object,
);
testAttributes(
  'tipc stat',
  numbers({ rcvq: STAT.RCVQ, sendq: STAT.SENDQ, drop: STAT.DROP }),
  (...attributes) => sock(nest(SOCK.STAT, ...attributes)).stat,
);
testAttributes(
  'tipc group',
  numbers({ id: GROUP.ID, instance: GROUP.INSTANCE, bcSendNext: GROUP.BC_SEND_NEXT }),
  (...attributes) => sock(nest(SOCK.GROUP, ...attributes)).group as object,
);

test.each([
  [1, 'ESTABLISHED'],
  [2, 'CONNECTING'],
  [7, 'OPEN'],
  [8, 'DISCONNECTING'],
  [10, 'LISTEN'],
  [3, 'UNKNOWN_3'],
  [0xffff_ffff, 'UNKNOWN_4294967295'],
])('state %i is %s', (number, state) => {
  expect(sock(u32(SOCK.TIPC_STATE, number)).state).toBe(state);
});

test.each([
  [1, 'stream'],
  [2, 'dgram'],
  [4, 'rdm'],
  [5, 'seqpacket'],
  [0x1_0001, 'unknown_65537'],
])('type %i is %s', (number, type) => {
  expect(sock(u32(SOCK.TYPE, number)).type).toBe(type);
});

test('a cookie stands at any multiple of 4, with a filler before it where the machine wants one', () => {
  const cookie = attribute(SOCK.COOKIE, quads(0x123_4567_89ab_cdefn));
  for (const before of [[], [flag(SOCK.PAD)], [flag(SOCK.PAD), flag(SOCK.PAD)]]) {
    expect(sock(...before, cookie)).toStrictEqual({
      family: 'tipc',
      hasPubl: false,
      cookie: '123456789abcdef',
    });
  }
});

test('NLA_F_NESTED changes nothing', () => {
  const [record] = decode(
    message(nest(0x8000 | TOP.SOCK, ...BASE, nest(0x8000 | SOCK.CON, u32(CON.NODE, 2)))),
  );
  expect(record).toStrictEqual({ ...BASE_RECORD, hasPubl: false, con: { flag: false, node: 2 } });
});

test('what is not known is kept where it stands', () => {
  const bytes = (value: number): Uint8Array => new Uint8Array([value]);
  const unknown = (number: number, value: number): Buffer => attribute(number, Buffer.from([value]));
  const [record] = decode(
    message(
      Buffer.concat([
        unknown(13, 1),
        nest(
          TOP.SOCK,
          ...BASE,
          unknown(13, 2),
          nest(SOCK.CON, unknown(0, 3), unknown(13, 4)),
          nest(SOCK.STAT, unknown(5, 5)),
          nest(SOCK.GROUP, unknown(6, 6)),
        ),
        unknown(3, 7),
      ]),
    ),
  );
  expect(record).toStrictEqual({
    ...BASE_RECORD,
    hasPubl: false,
    unknown: { 13: bytes(2) },
    con: { flag: false, unknown: { 0: bytes(3), 13: bytes(4) } },
    stat: { linkCong: false, connCong: false, unknown: { 5: bytes(5) } },
    group: { open: false, nodeScope: false, clusterScope: false, unknown: { 6: bytes(6) } },
    unknownBeside: { 3: bytes(7), 13: bytes(1) },
  });
});

test('of two sockets in one message the last counts, whole', () => {
  const twice = Buffer.concat([WHOLE, nest(TOP.SOCK, ...BASE)]);
  expect(decode(message(twice))).toStrictEqual([{ ...BASE_RECORD, hasPubl: false }]);
});

describe('nests do not say that they are some, and are checked to the bottom all the same', () => {
  const beyond = Buffer.concat([halves(9, 1), Buffer.alloc(4)]);
  const short = Buffer.concat([halves(3, 1)]);
  test.each([
    ['TIPC_NLA_SOCK', (inside: Buffer) => attribute(TOP.SOCK, inside)],
    ['TIPC_NLA_SOCK_CON', (inside: Buffer) => nest(TOP.SOCK, attribute(SOCK.CON, inside))],
    ['TIPC_NLA_SOCK_STAT', (inside: Buffer) => nest(TOP.SOCK, attribute(SOCK.STAT, inside))],
    ['TIPC_NLA_SOCK_GROUP', (inside: Buffer) => nest(TOP.SOCK, attribute(SOCK.GROUP, inside))],
  ])('%s', (_name, around) => {
    expect(() => decode(message(around(beyond)))).toThrow(/longer than what holds it/);
    expect(() => decode(message(around(short)))).toThrow(/shorter than an attribute header/);
    expect(() => decode(message(around(Buffer.from([8, 0]))))).toThrow(/shorter than an attribute header/);
  });
});

describe('a message without attributes stands for a socket that was not asked for', () => {
  const empty = message(Buffer.alloc(0));
  const one = message(WHOLE);
  const datagram = Buffer.concat([empty, one, empty, empty, one, empty, done()]);
  const nothing = Buffer.concat([empty, empty, done()]);

  test('the decoder makes nothing of it', () => {
    expect(decode(datagram)).toStrictEqual([WHOLE_RECORD, WHOLE_RECORD]);
    expect(decode(nothing)).toEqual([]);
  });

  test('no way to read a dump gives anything for it', async () => {
    const kind = { shape: SHAPE, decode: readTipcDiagMsg };
    const dumpOf = (bytes: Buffer): Dump<TipcDiagMsg> =>
      new Dump({ open: () => new RecordedSource(bytes, () => kind) });
    for (const [bytes, records] of [
      [datagram, [WHOLE_RECORD, WHOLE_RECORD]],
      [nothing, []],
    ] as const) {
      const dump = dumpOf(bytes);
      expect([...dump]).toEqual(records);
      expect(await dump.toArray()).toEqual(records);
      const each: TipcDiagMsg[] = [];
      for await (const record of dump) each.push(record);
      expect(each).toEqual(records);
      const batches: TipcDiagMsg[][] = [];
      for await (const batch of dump.batches()) batches.push(batch);
      expect(batches).toEqual(records.length === 0 ? [] : [records]);
    }
  });

  test('one that has an attribute, but none that is known, is given out', () => {
    expect(decode(message(nest(TOP.SOCK)))).toStrictEqual([{ family: 'tipc', hasPubl: false }]);
    expect(decode(message(u32(7, 1)))).toStrictEqual([
      { family: 'tipc', hasPubl: false, unknownBeside: { 7: new Uint8Array(words(1)) } },
    ]);
  });
});

const HEADER = '/usr/include/linux/tipc_netlink.h';

test.skipIf(!existsSync(HEADER) && skip('there is no <linux/tipc_netlink.h> here'))(
  'the numbers of attributes are those of the header of the kernel',
  () => {
    const enumerations = readFileSync(HEADER, 'utf8').split(/^enum /m);
    const namesIn = (prefix: string, some: string): string[] => {
      const text = enumerations.find((enumeration) => enumeration.includes(`${prefix}${some},`)) ?? '';
      return [...text.matchAll(/^\t(TIPC_\w+),/gm)].map(([, name]) => (name as string).slice(prefix.length));
    };
    const numbered = (numbers: Readonly<Record<string, number>>, unspecified: string[]): string[] => {
      const names = [...unspecified];
      for (const [name, number] of Object.entries(numbers)) names[number] = name;
      return names;
    };
    expect(namesIn('TIPC_NLA_', 'SOCK').indexOf('SOCK')).toBe(TOP.SOCK);
    expect(namesIn('TIPC_NLA_SOCK_', 'ADDR')).toEqual(numbered(SOCK, ['UNSPEC']));
    expect(namesIn('TIPC_NLA_CON_', 'FLAG')).toEqual(numbered(CON, ['UNSPEC']));
    expect(namesIn('TIPC_NLA_SOCK_STAT_', 'RCVQ')).toEqual(numbered(STAT, []));
    expect(namesIn('TIPC_NLA_SOCK_GROUP_', 'ID')).toEqual(numbered(GROUP, []));
  },
);

async function requestOf(options?: Parameters<typeof dumpTipc>[0]): Promise<Uint8Array> {
  const raw = dumpTipc(options).raw();
  const { value } = await raw.next();
  await raw.return();
  return new Uint8Array(value as Uint8Array);
}

const REQUEST = 0x301;

test.each([
  [undefined, (1 << 1) | (1 << 2) | (1 << 7) | (1 << 8) | (1 << 10)],
  [['ESTABLISHED'], 1 << 1],
  [['CONNECTING'], 1 << 2],
  [['OPEN'], 1 << 7],
  [['DISCONNECTING'], 1 << 8],
  [['LISTEN'], 1 << 10],
  [['OPEN', 'LISTEN', 'OPEN'], (1 << 7) | (1 << 10)],
] as const)('the request for %j is tipc_sock_diag_req with the mask %i', async (states, mask) => {
  const expected = message(words(AF_TIPC, mask), { flags: REQUEST, portId: 0 });
  expect(await requestOf(states === undefined ? undefined : { states })).toEqual(new Uint8Array(expected));
});

test.each([
  [
    { show: ['con'] },
    "dumpTipc: there is no option 'show', only 'signal', 'netns', 'filter', 'owners', 'consistent' and 'states'",
  ],
  [{ states: [] }, 'dumpTipc: options.states is empty, but must name at least one of'],
  [
    { states: 'OPEN' },
    "dumpTipc: options.states is 'OPEN', but must be an array of 'ESTABLISHED', 'CONNECTING',",
  ],
  [
    { states: ['CLOSE'] },
    "dumpTipc: options.states[0] is 'CLOSE', but must be 'ESTABLISHED', 'CONNECTING', 'OPEN',",
  ],
  [[], 'dumpTipc: options must be an object, not an array'],
])('dumpTipc(%j) is a TypeError', (options, words) => {
  const call = (): unknown => dumpTipc(options as never);
  expect(call).toThrow(TypeError);
  expect(call).toThrow(/^dumpTipc: /);
  expect(call).toThrow(words);
});

describe('live', () => {
  test('a kernel without a handler is told by an error that says what it lacks', async () => {
    const error = await dumpTipc()
      .toArray()
      .catch((reason) => reason);
    if (Array.isArray(error)) return void skip('this kernel has a handler for TIPC sockets');
    expect(error).toBeInstanceOf(SockDiagError);
    expect(error).toMatchObject({ code: 'ENOENT', errno: 2, unsupported: 'family' });
    expect(error.message).toBe(
      'this kernel has no handler for TIPC sockets: its module tipc_diag or, before Linux 6.9, diag ' +
        '(CONFIG_TIPC_DIAG) is absent, or could not be loaded (ENOENT)',
    );
    expect(() => [...dumpTipc({ states: ['LISTEN'] })]).toThrow(error.message);
  });
});
