/** Packet sockets: messages recorded on Linux 6.18, every attribute, and live ones against all who know them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { dumpPacket, type PacketDiagMsg, type PacketDumpOptions, type PacketShow } from '../lib/index.js';
import { PACKET_DIAG_MSG_LENGTH, readPacketDiagMsg } from '../lib/packet/record.js';
import { decodeDatagram } from './decoding.js';
import { attribute, hex, message } from './messages.js';
import { lackOf, lackOfWorld } from './tools.js';
import { procPacket, type SsPacket, ssPacket } from './world/link_oracles.js';
import { packetFromStrace } from './world/link_strace.js';
import { type LinkWorld, type PacketExpectation, startLinkWorld } from './world/link_world.js';
import { type Printed, structure, type Traced, traceIn } from './world/strace.js';
import { run } from './world/world.js';

const decodePacket = (datagram: Buffer): PacketDiagMsg[] =>
  decodeDatagram(datagram, { headerLength: PACKET_DIAG_MSG_LENGTH, family: 17 }, readPacketDiagMsg);

test('a socket that sees every frame of lo', () => {
  const records = decodePacket(
    hex(`
      6c000000 14000200 09000000 78370000 11030300 c5751c00 3ec50400 00000000 1c000000 01000000 00000000 00000000
      00000000 00000000 01000000 08000500 00000000 28000600 00000000 00400300 00000000 00400300 00000000 00000000
      00000000 00000000 00000000`),
  );
  expect(records).toStrictEqual([
    {
      family: 'packet',
      type: 'raw',
      num: 3,
      inode: 0x1c75c5,
      cookie: '4c53e',
      info: {
        index: 1,
        version: 'v1',
        reserve: 0,
        copyThresh: 0,
        tstamp: 0,
        flags: { running: true, auxdata: false, origdev: false, vnethdr: false, loss: false },
      },
      uid: 0,
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
    },
  ]);
});

const record = (...attributes: Buffer[]): PacketDiagMsg => {
  const base = Buffer.from([17, 3, 0x06, 0x08, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
  return decodePacket(message(Buffer.concat([base, ...attributes])))[0] as PacketDiagMsg;
};

/** 32-bit numbers in the machine's byte order. */
const u32s = (...numbers: number[]): Buffer => Buffer.from(Uint32Array.from(numbers).buffer);
const u16s = (...numbers: number[]): Buffer => Buffer.from(Uint16Array.from(numbers).buffer);

test('a record without attributes', () => {
  expect(record()).toStrictEqual({
    family: 'packet',
    type: 'raw',
    num: 0x0806,
    inode: 1,
    cookie: '300000002',
  });
});

const RING = u32s(0x10001, 0x20002, 0x30003, 0x40004, 0x50005, 0x60006, 0x70007);
const READ_RING = {
  blockSize: 0x10001,
  blockNr: 0x20002,
  frameSize: 0x30003,
  frameNr: 0x40004,
  retireTmo: 0x50005,
  sizeofPriv: 0x60006,
  features: 0x70007,
};

const NO_FLAGS = { running: false, auxdata: false, origdev: false, vnethdr: false, loss: false };
const MEMINFO = u32s(1, 2, 3, 4, 5, 6, 7, 8, 9);

/** What is read of each attribute with its exact length; a longer one is read likewise, but for what `tail` says. */
const ATTRIBUTES: [number: number, payload: Buffer, read: Partial<PacketDiagMsg>, tail: boolean][] = [
  [
    0,
    u32s(0x10001, 1, 0x20002, 0x30003, 0x40004, 4),
    {
      info: {
        index: 0x10001,
        version: 'v2',
        reserve: 0x20002,
        copyThresh: 0x30003,
        tstamp: 0x40004,
        flags: { ...NO_FLAGS, origdev: true },
      },
    },
    true,
  ],
  [2, RING, { rxRing: READ_RING }, true],
  [3, RING, { txRing: READ_RING }, true],
  [4, u32s(0x0005abcd), { fanout: { id: 0xabcd, type: 'qm' } }, false],
  [5, u32s(0xfffe0001), { uid: 0xfffe0001 }, false],
  [
    6,
    MEMINFO,
    {
      meminfo: {
        rmemAlloc: 1,
        rcvbuf: 2,
        wmemAlloc: 3,
        sndbuf: 4,
        fwdAlloc: 5,
        wmemQueued: 6,
        optmem: 7,
        backlog: 8,
        drops: 9,
      },
    },
    true,
  ],
];

test.each(ATTRIBUTES)(
  'attribute %i: exact, longer, shorter, absent and repeated',
  (number, payload, read, tail) => {
    const name = Object.keys(read)[0] as keyof PacketDiagMsg;
    const base = record();
    expect(record(attribute(number, payload))).toStrictEqual({ ...base, ...read });
    const longer = record(attribute(number, Buffer.concat([payload, Buffer.from([7, 8, 9])])));
    const end = tail ? { unknown: new Uint8Array([7, 8, 9]) } : {};
    expect(longer[name]).toEqual(tail ? { ...(read[name] as object), ...end } : read[name]);
    expect(longer).not.toHaveProperty('unknown');
    const short = payload.subarray(0, number === 6 ? 3 : payload.length - 1);
    expect(record(attribute(number, short))).toStrictEqual({
      ...base,
      unknown: { [number]: new Uint8Array(short) },
    });
    expect(record()).not.toHaveProperty(name);
    const zeros = attribute(number, Buffer.alloc(payload.length));
    expect(record(zeros)).not.toEqual(record(attribute(number, payload)));
    expect(record(zeros, attribute(number, payload))).toStrictEqual({ ...base, ...read });
  },
);

test('meminfo of a kernel that has fewer numbers', () => {
  const { meminfo } = record(attribute(6, MEMINFO.subarray(0, 32)));
  expect(meminfo).toMatchObject({ rmemAlloc: 1, backlog: 8 });
  expect(meminfo?.drops).toBeUndefined();
});

const member = (index: number, count: number, type: number, alen: number, address: Buffer): Buffer =>
  Buffer.concat([u32s(index, count), u16s(type, alen), address, Buffer.alloc(32 - address.length, 0xee)]);

test('memberships: none, several, an address of full length, one that claims to be longer', () => {
  const address = Buffer.from('01005e7f0001', 'hex');
  const long = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
  const read = (...members: Buffer[]) => record(attribute(1, Buffer.concat(members)));
  expect(read().mclist).toStrictEqual([]);
  expect(
    read(
      member(0x10001, 0x20002, 0, 6, address),
      member(2, 1, 1, 0, Buffer.alloc(0)),
      member(3, 4, 2, 32, long),
      member(5, 6, 3, 33, long),
    ).mclist,
  ).toStrictEqual([
    { index: 0x10001, count: 0x20002, type: 'multicast', alen: 6, addr: new Uint8Array(address) },
    { index: 2, count: 1, type: 'promisc', alen: 0, addr: new Uint8Array() },
    { index: 3, count: 4, type: 'allmulti', alen: 32, addr: new Uint8Array(long) },
    { index: 5, count: 6, type: 'unicast', alen: 33, addr: new Uint8Array(long) },
  ]);
  const cut = Buffer.concat([member(1, 1, 0, 6, address), Buffer.alloc(40)]);
  expect(record(attribute(1, cut))).toStrictEqual({ ...record(), unknown: { 1: new Uint8Array(cut) } });
  const once = attribute(1, member(1, 1, 0, 6, address));
  expect(record(attribute(1, Buffer.alloc(88)), once).mclist).toHaveLength(1);
  expect(record()).not.toHaveProperty('mclist');
});

test('filters: none, several instructions, one that is cut', () => {
  const steps = Buffer.concat([
    Buffer.concat([u16s(0x1234), Buffer.from([5, 6]), u32s(0xfffff000)]),
    Buffer.concat([u16s(6), Buffer.from([0, 0]), u32s(1)]),
  ]);
  expect(record(attribute(7, Buffer.alloc(0))).filter).toStrictEqual([]);
  expect(record(attribute(7, steps)).filter).toStrictEqual([
    { code: 0x1234, jt: 5, jf: 6, k: 0xfffff000 },
    { code: 6, jt: 0, jf: 0, k: 1 },
  ]);
  const cut = steps.subarray(0, 12);
  expect(record(attribute(7, cut))).toStrictEqual({ ...record(), unknown: { 7: new Uint8Array(cut) } });
  expect(record(attribute(7, Buffer.alloc(8)), attribute(7, steps)).filter).toHaveLength(2);
  expect(record()).not.toHaveProperty('filter');
});

test('attributes that this version does not know are kept', () => {
  expect(record(attribute(8, Buffer.from([1, 2])), attribute(99, Buffer.alloc(0))).unknown).toStrictEqual({
    8: new Uint8Array([1, 2]),
    99: new Uint8Array(),
  });
});

test('what no kernel has yet is told by its number', () => {
  const odd = decodePacket(message(Buffer.from([17, 7, ...Array(14).fill(0)])))[0];
  expect(odd?.type).toBe('unknown_7');
  const { info } = record(attribute(0, u32s(0xffffffff, 3, 0, 0, 0, 0x80000021)));
  expect(info).toMatchObject({ index: -1, version: 'unknown_3' });
  expect(info?.flags).toStrictEqual({ ...NO_FLAGS, running: true, unknown: 0x80000020 });
  expect(record(attribute(1, member(1, 1, 4, 0, Buffer.alloc(0)))).mclist?.[0]?.type).toBe('unknown_4');
  expect(record(attribute(4, u32s(0x10080001))).fanout).toStrictEqual({ id: 1, type: 'unknown_4104' });
});

test.each([
  ['running', 1],
  ['auxdata', 2],
  ['origdev', 4],
  ['vnethdr', 8],
  ['loss', 16],
] as const)('flag %s', (name, bit) => {
  const { info } = record(attribute(0, u32s(0, 0, 0, 0, 0, bit)));
  expect(info?.flags).toStrictEqual({ ...NO_FLAGS, [name]: true });
});

test.each([
  [null, 'dumpPacket: options must be an object, not null'],
  [
    { states: ['CLOSE'] },
    "dumpPacket: there is no option 'states', only 'signal', 'netns', 'filter', 'owners', 'consistent', 'show' and 'fallback'",
  ],
  [{ protocol: 'route' }, "dumpPacket: there is no option 'protocol'"],
  [{ show: 'info' }, "dumpPacket: options.show is 'info', but must be an array of 'info', 'mclist',"],
  [
    { show: ['info', 'rings'] },
    "dumpPacket: options.show[1] is 'rings', but must be 'info', 'mclist', 'ringCfg', 'fanout', 'meminfo' or 'filter'",
  ],
  [{ netns: -1 }, 'dumpPacket: options.netns is -1'],
])('dumpPacket(%o) is a TypeError', (options, words) => {
  const act = () => dumpPacket(options as PacketDumpOptions);
  expect(act).toThrow(TypeError);
  expect(act).toThrow(words);
});

const ALL: readonly PacketShow[] = ['info', 'mclist', 'ringCfg', 'fanout', 'meminfo', 'filter'];

describe.skipIf(lackOfWorld())('live', () => {
  let world: LinkWorld<PacketExpectation>;
  beforeAll(async () => {
    world = await startLinkWorld('packet');
  });
  afterAll(() => world?.stop());

  const byInode = <T extends { inode: number }>(items: readonly T[]): Map<number, T> => {
    const map = new Map(items.map((item) => [item.inode, item]));
    expect(map.size, 'none comes twice').toBe(items.length);
    return map;
  };

  const dump = (show?: readonly PacketShow[]): Promise<PacketDiagMsg[]> =>
    dumpPacket({ netns: world.pid, show }).toArray();

  const inHex = (value: PacketDiagMsg): object => ({
    ...value,
    mclist: value.mclist?.map(({ addr, ...rest }) => ({ ...rest, addr: Buffer.from(addr).toString('hex') })),
  });

  /** As the maker has it; without what was not asked for. */
  const expected = ({ label, ...made }: PacketExpectation): object => ({ family: 'packet', ...made });

  test('the world has all there is', () => {
    const all = JSON.stringify(world.expect);
    for (const word of [
      'raw',
      'dgram',
      'packet',
      'v1',
      'v2',
      'v3',
      'multicast',
      'promisc',
      'allmulti',
      'unicast',
    ])
      expect(all).toContain(`"${word}"`);
    for (const word of ['hash', 'lb', 'cpu', 'rollover', 'rnd', 'qm', 'cbpf', 'ebpf'])
      expect(all).toContain(`"type":"${word}"`);
    expect(world.expect.filter(({ meminfo }) => (meminfo['rmemAlloc'] as number) > 0).length).toBeGreaterThan(
      4,
    );
    expect(world.expect.filter(({ meminfo }) => (meminfo['drops'] as number) > 0).length).toBeGreaterThan(0);
    expect(world.expect.length).toBeGreaterThan(400);
  });

  test('exactly the sockets that were made, as they were made', async () => {
    const ours = byInode(await dump(ALL));
    expect(ours.size).toBe(world.expect.length);
    for (const made of world.expect) {
      expect(inHex(ours.get(made.inode) as PacketDiagMsg), made.label).toEqual(expected(made));
    }
  });

  test('without show, all but the memberships', async () => {
    const ours = byInode(await dump());
    expect(ours.size).toBe(world.expect.length);
    for (const { mclist, ...made } of world.expect) {
      expect(ours.get(made.inode), made.label).toStrictEqual(expected(made as PacketExpectation));
    }
  });

  test.each<[PacketShow[], (keyof PacketDiagMsg)[]]>([
    [[], []],
    [['info'], ['info', 'uid']],
    [['mclist'], ['mclist']],
    [['ringCfg'], ['rxRing', 'txRing']],
    [['fanout'], ['fanout']],
    [['meminfo'], ['meminfo']],
    [['filter'], ['filter']],
    [
      ['fanout', 'info'],
      ['info', 'uid', 'fanout'],
    ],
  ])('show: %j brings %j and nothing else', async (show, properties) => {
    const seen = new Set((await dump(show)).flatMap((one) => Object.keys(one)));
    expect([...seen].sort()).toEqual(['family', 'type', 'num', 'inode', 'cookie', ...properties].sort());
  });

  test('ss says the same of every socket', async () => {
    const theirs = byInode(await ssPacket(world.pid));
    const ours = await dump();
    expect(ours.length).toBe(theirs.size);
    for (const one of ours) {
      const { type, device, rxRing, txRing, ...said } = theirs.get(one.inode) as SsPacket;
      expect(one).toMatchObject(said);
      expect(one.type === 'packet' ? 'dgram' : one.type).toBe(type);
      expect(one.info?.index).toBe(indexOf(device));
      for (const [ring, told] of [
        [one.rxRing, rxRing],
        [one.txRing, txRing],
      ]) {
        expect(ring === undefined).toBe(told === undefined);
        expect(ring ?? {}).toMatchObject(told ?? {});
      }
      for (const name of ['fanout', 'filter'] as const) expect(name in one, name).toBe(name in said);
    }
  });

  const indexOf = (device: string | undefined): number => {
    if (device === undefined) return 0;
    return world.devices[device] ?? Number(/^if(\d+)$/.exec(device)?.[1]) | 0;
  };

  test('/proc/net says the same of every socket', async () => {
    const theirs = byInode(procPacket(world.pid));
    const ours = await dump();
    expect(ours.length).toBe(theirs.size);
    for (const { type, num, inode, uid, info, meminfo } of ours) {
      const { index, flags } = info as NonNullable<typeof info>;
      const said = { type, num, inode, uid, index, running: flags.running, rmem: meminfo?.rmemAlloc };
      expect(said).toEqual(theirs.get(inode));
    }
  });

  test('all ways of reading agree', async () => {
    const all = await dump();
    expect([...dumpPacket({ netns: world.pid })]).toStrictEqual(all);
    const each: PacketDiagMsg[] = [];
    for await (const one of dumpPacket({ netns: world.pid })) each.push(one);
    expect(each).toStrictEqual(all);
  });

  test('without any privilege, the same but for the filters, which are empty', async () => {
    const script = `
      import { dumpPacket } from './dist/index.js';
      // Loads the addon, from where nobody might not be let in.
      dumpPacket({ show: [] })[Symbol.iterator]().next();
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const hex = (_, value) => value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
      console.log(JSON.stringify(await dumpPacket({ show: ${JSON.stringify(ALL)} }).toArray(), hex));`;
    const output = await run(world.pid, process.execPath, ['--input-type=module', '-e', script]);
    const ours = byInode<PacketDiagMsg>(JSON.parse(output));
    expect(ours.size).toBe(world.expect.length);
    for (const made of world.expect) {
      expect(ours.get(made.inode), made.label).toEqual({ ...expected(made), filter: [] });
    }
  });

  describe.skipIf(lackOf('strace'))('under strace', () => {
    let traced: Traced;
    beforeAll(async () => {
      traced = await traceIn(
        world.pid,
        `for (const word of ${JSON.stringify(ALL)}) sockdiag.dumpPacket({ show: [word] })[Symbol.iterator]().next();
         sockdiag.dumpPacket({ show: [] })[Symbol.iterator]().next();
         sockdiag.dumpPacket()[Symbol.iterator]().next();
         print(await sockdiag.dumpPacket({ show: ${JSON.stringify(ALL)} }).toArray());`,
      );
    });

    test('each word asks for what it says', () => {
      const bits = (message: Printed[]) => structure(message[1])['pdiag_show'];
      expect(traced.sent.map(bits)).toEqual([
        'PACKET_SHOW_INFO',
        'PACKET_SHOW_MCLIST',
        'PACKET_SHOW_RING_CFG',
        'PACKET_SHOW_FANOUT',
        'PACKET_SHOW_MEMINFO',
        'PACKET_SHOW_FILTER',
        '0',
        'PACKET_SHOW_INFO|PACKET_SHOW_RING_CFG|PACKET_SHOW_FANOUT|PACKET_SHOW_MEMINFO|PACKET_SHOW_FILTER',
        expect.stringMatching(/^PACKET_SHOW_INFO\|PACKET_SHOW_MCLIST\|.*PACKET_SHOW_FILTER$/),
      ]);
      for (const message of traced.sent) {
        expect(message[1]).toMatchObject({ sdiag_family: 'AF_PACKET', sdiag_protocol: '0', pdiag_ino: '0' });
      }
    });

    test('strace reads the same from the same bytes', () => {
      const ours = traced.lines[0] as object[];
      const theirs = traced.received
        .slice(-ours.length)
        .map((message) => packetFromStrace(message, world.devices));
      expect(ours.length).toBe(world.expect.length);
      expect(ours).toEqual(theirs);
    });
  });
});
