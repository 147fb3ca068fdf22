/** Rows of sockets that no kernel here has, or in no such state: of the same messages ss prints the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { attribute, halves, message, quads, words } from '../messages.js';
import { Fed, inetRequest, lackOfFeed } from './fed.js';

const ANY = 0xffff_ffff;
const LO = 1;
const NO_DEVICE = 7777;

const nest = (number: number, ...attributes: Buffer[]): Buffer =>
  attribute(number, Buffer.concat(attributes));
const flag = (number: number): Buffer => attribute(number, Buffer.alloc(0));
const u32 = (number: number, ...values: number[]): Buffer => attribute(number, words(...values));

const MEMORY = [1, 2, 3, 4, 5, 6, 7, 8, 9];

describe.skipIf(lackOfFeed())('fed with the same messages', () => {
  let fed: Fed;
  beforeAll(() => {
    fed = new Fed();
  });
  afterAll(() => fed?.remove());

  /** At least as many lines as there are sockets. */
  const expectSame = (messages: readonly Buffer[], list: string): string => {
    const { ours, theirs } = fed.both(messages, list);
    expect(theirs.split('\n').length).toBeGreaterThanOrEqual(messages.length);
    expect(ours).toBe(theirs);
    return ours;
  };

  describe('vsock', () => {
    const vsock = (type: number, state: number, ...rest: number[]): Buffer =>
      message(Buffer.concat([Buffer.from([40, type, state, 0]), words(...rest, 77, 0x1234, 0)]));
    const SOCKETS = [
      vsock(1, 1, 3, 0x8000_0001, 2, 1024),
      vsock(1, 10, ANY, 22, ANY, ANY),
      vsock(1, 2, 1, 4_294_967_294, 2, 5),
      vsock(1, 7, ANY, ANY, ANY, ANY),
      vsock(1, 11, 0, 0, 0, 0),
      vsock(2, 7, ANY, 1, ANY, ANY),
    ];

    test.each([
      ...['-f vsock -a', '--vsock -a', '--vsock -an', '-A vsock -a', '--vsock -aemio', '--vsock -aH'],
      ...['-A vsock_stream,vsock_dgram -a', '-A v_str,v_dgr -a', '-aA vsock_dgram,tipc'],
      ...['--vsock -aO', '--vsock -a dst vsock:2:1024'],
    ])('ss %s', (list) => {
      const wanted = /dgram,tipc|dst/.test(list) ? 1 : SOCKETS.length;
      const { ours, theirs } = fed.both(SOCKETS, list);
      expect(theirs.match(/^v_/gm)).toHaveLength(wanted);
      expect(ours).toBe(theirs);
    });

    test('a kind has no name to stand in front of it where it is alone', () => {
      expect(expectSame([SOCKETS[5] as Buffer], '-aA vsock_dgram')).not.toContain('v_dgr');
    });

    test('SOCK_SEQPACKET has a name, where ss has none', () => {
      const { ours, theirs } = fed.both([vsock(5, 1, 3, 1, 2, 1024)], '--vsock -a');
      expect(theirs).toMatch(/^\?\?\? /m);
      expect(ours).toBe(theirs.replace('???  ', 'v_seq'));
      expect(fed.ours(['-aA', 'vsock_seqpacket'])).toContain('3:1');
      expect(fed.ours(['-aA', 'vsock_stream'])).not.toContain('3:1');
    });
  });

  describe('TIPC', () => {
    interface Tipc {
      type?: number;
      state?: number;
      uid?: number;
      con?: readonly Buffer[];
      stat?: readonly Buffer[];
      more?: readonly Buffer[];
    }
    let cookie = 0x123_4567_89ab_cdefn;
    const tipc = ({ type = 1, state = 1, uid = 1000, con, stat = [], more = [] }: Tipc): Buffer =>
      message(
        nest(
          2,
          u32(1, 0x1001009),
          u32(2, 0x8000_0001),
          ...(con === undefined ? [] : [nest(3, ...con)]),
          nest(5, u32(0, 6), u32(1, 7), u32(4, 0xffff_fff8), ...stat),
          u32(6, type),
          u32(7, 0x1c739a),
          u32(8, uid),
          u32(9, state),
          attribute(10, quads(cookie++)),
          ...more,
        ),
      );
    const SOCKETS = [
      tipc({ con: [u32(2, 2), u32(3, 3)] }),
      tipc({
        con: [u32(2, 0xffff_fffe), u32(3, 0xffff_ffff), flag(1), u32(4, 4), u32(5, 5)],
        stat: [flag(2)],
      }),
      tipc({ state: 2, type: 5, con: [u32(2, 0), u32(3, 0)], stat: [flag(3)] }),
      tipc({ state: 7, type: 2, uid: 0 }),
      tipc({ state: 8, type: 4, stat: [flag(2), flag(3)] }),
      tipc({ state: 10, more: [flag(4)] }),
      // In place of each that was not asked for.
      message(Buffer.alloc(0)),
    ];

    test.each([
      ...['-f tipc -a', '--tipc -a', '-A tipc -a', '-aA tipc,xdp', '--tipc -ae', '--tipc -aem'],
      ...['--tipc -a --tipcinfo', '--tipc -aO --tipcinfo', '--tipc -aeH --tipcinfo'],
    ])('ss %s', (list) => {
      const { ours, theirs } = fed.both(SOCKETS, list);
      expect(theirs.match(/16781321:/g)).toHaveLength(6);
      expect(ours).toBe(theirs);
    });

    test('what a recording lacks does not end it', () => {
      const text = fed.only([message(nest(2, u32(9, 1)))], '--tipc -ae --tipcinfo');
      expect(text.trimEnd().split('\n')).toHaveLength(3);
    });

    test('states are those of TCP, by other names', () => {
      const states = (list: string): string[] => {
        fed.both(SOCKETS, '--tipc');
        return fed.ours([...list.split(' '), '-H']).match(/^(?!\s)\S+/gm) ?? [];
      };
      expect(states('--tipc')).toEqual(['ESTAB', 'ESTAB', 'UNCONN', 'LISTEN']);
      expect(states('-A tipc')).toEqual(['ESTAB', 'ESTAB', 'SYN-SENT', 'CLOSE-WAIT']);
      expect(states('--tipc -l')).toEqual(['UNCONN', 'LISTEN']);
      expect(states('--tipc state close-wait')).toHaveLength(1);
    });
  });

  describe('XDP', () => {
    const xdp = (...attributes: Buffer[]): Buffer =>
      message(
        Buffer.concat([Buffer.from([44, 3, 0, 0]), words(0x1c739a, 0x89ab_cdef, 0x123), ...attributes]),
      );
    const umem = (flags: number): Buffer =>
      attribute(5, Buffer.concat([quads(0x1_0000_0002n), words(3, 4, 5, 6, 7, 8, flags, 9)]));
    const stats = attribute(9, quads(1n, 0x1_0000_0000_0002n, 3n, 4n, 5n, 6n));
    const SOCKETS = [
      xdp(),
      xdp(u32(1, LO, 3), u32(2, 1000), u32(8, ...MEMORY)),
      xdp(u32(1, NO_DEVICE, 0), u32(2, 0), u32(3, 64), u32(4, 128), umem(1), u32(6, 256), u32(7, 512)),
      xdp(u32(1, 0, 9), u32(2, 5), u32(4, 1), umem(0), u32(6, 256), u32(8, ...MEMORY), stats),
      // Without the memory, ss does not tell its rings.
      xdp(u32(6, 256), u32(7, 512), stats),
    ];

    test.each([
      '--xdp',
      '-f xdp',
      '-A xdp -a',
      '--xdp -e',
      '--xdp -m',
      '--xdp -em',
      '--xdp -l',
      '-eaA xdp,mptcp',
    ])('ss %s', (list) => {
      expectSame(SOCKETS, list);
    });

    test('in one line, but for a slip of ss', () => {
      const { ours, theirs } = fed.both(SOCKETS, '--xdp -emO');
      expect(theirs).toContain(' tumem(');
      expect(ours.replaceAll(/ +/g, ' ')).toBe(theirs.replaceAll(' tumem(', ' umem(').replaceAll(/ +/g, ' '));
    });
  });

  describe('packet', () => {
    const packet = (type: number, ...attributes: Buffer[]): Buffer =>
      message(
        Buffer.concat([
          Buffer.from([17, type]),
          halves(0x0800),
          words(77, 0x89ab_cdef, 0x123),
          ...attributes,
          u32(6, ...MEMORY),
        ]),
      );
    const info = (flags: number, version = 0): Buffer => u32(0, LO, version, 3, 0xffff_fff0, 5, flags);
    const instruction = (code: number, jt: number, jf: number, k: number): Buffer =>
      Buffer.concat([halves(code), Buffer.from([jt, jf]), words(k)]);
    const SOCKETS = [
      ...[0, 1, 2, 3, 12, 31].map((flags, version) => packet(3, info(flags, version % 3), u32(5, 1000))),
      packet(2, info(1), u32(2, 1, 2, 3, 4, 5, 6, 0xdead), u32(3, 7, 8, 9, 10, 11, 12, 0)),
      ...Array.from({ length: 20 }, (_, kind) => packet(3, info(1, kind), u32(4, (kind << 16) | 0xfffe))),
      packet(3, info(1), attribute(7, Buffer.alloc(0))),
      packet(
        3,
        info(1),
        u32(4, 1),
        attribute(7, Buffer.concat([instruction(0x28, 0, 0, 12), instruction(0xf015, 1, 255, 0xffff_ffff)])),
      ),
    ];

    test.each(['-0', '-0e', '-0b', '-0eb', '-0ebm', '-0ebmO', '-f link -beH', '-0n --bpf --extended'])(
      'ss %s',
      (list) => {
        expectSame(SOCKETS, list);
      },
    );
  });

  const NUMBERS = { tcp: 6, raw: 255, sctp: 132, mptcp: 262 } as const;

  interface Inet {
    state?: number;
    timer?: number;
    inode?: number;
  }
  const inet = ({ state = 1, timer = 0, inode = 77 }: Inet, ...attributes: Buffer[]): Buffer => {
    const structure = Buffer.alloc(72);
    structure.set([2, state, timer, 3, 0x1f, 0x90, 0xc3, 0x51, 10, 0, 0, 1]);
    structure.set([10, 0, 0, 2], 24);
    structure.writeUInt32LE(0x123, 44);
    structure.writeUInt32LE(61_234, 52);
    structure.writeUInt32LE(5, 56);
    structure.writeUInt32LE(1000, 64);
    structure.writeUInt32LE(inode, 68);
    return message(Buffer.concat([structure, ...attributes]));
  };

  describe('Multipath TCP', () => {
    const LENGTH = 96;
    const BYTES = [0, 1, 2, 3, 4, 5];
    const LONGS = [16, 24, 32];
    const mptcp = (members: Readonly<Record<number, bigint>>, length = LENGTH, ...more: Buffer[]): Buffer => {
      const info = Buffer.alloc(LENGTH);
      for (const [at, value] of Object.entries(members)) {
        if (BYTES.includes(Number(at))) info.writeUInt8(Number(value), Number(at));
        else if (LONGS.includes(Number(at))) info.writeBigUInt64LE(value, Number(at));
        else info.writeUInt32LE(Number(value), Number(at));
      }
      return inet({}, attribute(2, info.subarray(0, length)), ...more);
    };
    const ALL = {
      0: 1n,
      1: 255n,
      2: 3n,
      3: 4n,
      4: 5n,
      5: 6n,
      8: 3n,
      12: 0xffff_fffen,
      16: 7n,
      24: 8n,
      32: 9n,
    };
    const SOCKETS = [
      inetRequest(NUMBERS.mptcp),
      mptcp({}),
      mptcp(ALL),
      mptcp(ALL, 40),
      ...BYTES.map((at) => mptcp({ [at]: 200n })),
      ...[0n, 1n, 2n, 3n, 0x8000_0000n].map((flags) => mptcp({ 8: flags })),
      ...[1n, 0xffff_ffffn].map((token) => mptcp({ 12: token })),
      ...LONGS.flatMap((at) => [1n, 2n ** 53n + 1n, 2n ** 64n - 1n].map((value) => mptcp({ [at]: value }))),
      inet({ state: 10 }),
    ];

    test.each(['-Mai', '-Mani', '-ManiO', '-Maimeo', '-Mamn'])('ss %s', (list) => {
      // ss tells what there is in a message, if it is asked for memory only, too.
      const asked = list.includes('i') ? SOCKETS : [SOCKETS[0] as Buffer, inet({}, u32(7, ...MEMORY))];
      const text = expectSame(asked, list);
      if (list.includes('i'))
        expect(text).toContain(' fallback remote_key token:fffffffe write_seq:7 snd_una:8');
    });
  });

  describe('SCTP', () => {
    const LENGTH = 368;
    const OFFSETS = {
      words: [0, 8, 24, 28, 32, 36, 40, 44, 48, 344, 348, 352],
      halves: [12, 14, 16, 18],
      bytes: [52, 53, 359],
      booleans: [356, 357, 358],
    };
    const STATE = 4;
    const info = (fill: (info: Buffer) => void): Buffer => {
      const bytes = Buffer.alloc(LENGTH);
      fill(bytes);
      return attribute(2, bytes);
    };
    const address = (family: 2 | 10, ...bytes: number[]): Buffer => {
      const storage = Buffer.alloc(128);
      storage[0] = family;
      storage.set(bytes, family === 2 ? 4 : 8);
      return storage;
    };
    const V4 = address(2, 10, 0, 0, 1);
    const V6 = address(10, 0x20, 1, 0xd, 0xb8);
    const locals = (...all: Buffer[]): Buffer => attribute(12, Buffer.concat(all));
    const peers = (...all: Buffer[]): Buffer => attribute(13, Buffer.concat(all));
    const alone = [
      ...OFFSETS.words.flatMap((at) => [1, ANY].map((value) => info((b) => b.writeUInt32LE(value, at)))),
      ...OFFSETS.halves.map((at) => info((b) => b.writeUInt16LE(0xffff, at))),
      ...OFFSETS.bytes.flatMap((at) =>
        [1, 7, 0x85, 0xff].map((value) => info((b) => b.writeUInt8(value, at))),
      ),
      ...OFFSETS.booleans.map((at) => info((b) => b.writeUInt8(1, at))),
      ...Array.from({ length: 8 }, (_, state) => info((b) => b.writeUInt32LE(state, STATE))),
    ];
    const SOCKETS = [
      inetRequest(NUMBERS.sctp),
      inet({ state: 10, inode: 5 }, locals(V4, V6)),
      inet({ state: 1, inode: 6 }, locals(V4)),
      ...Array.from({ length: 8 }, (_, state) =>
        inet({ state, inode: 6, timer: 4 }, locals(V4), peers(V6, V4)),
      ),
      ...alone.map((one, i) => inet({ state: 7, inode: 100 + i }, locals(V6), one)),
      inet(
        { state: 7, inode: 7 },
        info((b) => b.fill(1).writeUInt32LE(1, STATE)),
      ),
    ];

    test.each(['-Sa', '-San', '-Sani', '-SaniO', '-Saneo', '-Sanieo', '-SanH', '-anoA sctp,tipc'])(
      'ss %s',
      (list) => {
        const text = expectSame(SOCKETS, list);
        expect(text).toContain('`- COOKIE_WAIT');
        if (list.includes('o')) expect(text).toContain(' timer:(T3_RTX,1min1sec,3)');
      },
    );
  });

  test('raw sockets, whose ports are IP protocols', () => {
    const raw = (protocol: number): Buffer => {
      const socket = inet({ state: 7 }, attribute(10, Buffer.from([protocol & 0xff])));
      socket.writeUInt16BE(protocol, 16 + 4);
      socket.writeUInt16BE(0, 16 + 6);
      return socket;
    };
    const sockets = [inetRequest(NUMBERS.raw), ...[1, 58, 89, 201, 262].map(raw)];
    for (const list of ['-wa', '-wan', '-wani', '-wanie', '-wanH']) expectSame(sockets, list);
    expect(fed.ours(['-wa'])).toMatch(/10\.0\.0\.1:ospf .*\n.*10\.0\.0\.1:ipproto-201 /);
    // For the kinds of most of them, ss has no word.
    const { ours, theirs } = fed.both(sockets, '-A raw,tipc -a');
    expect(theirs).toMatch(/^\?\?\? {3}UNCONN/m);
    expect(ours).toBe(theirs.replaceAll(/^(?:\?\?\? {2}|icmp6|tcp {2}) UNCONN/gm, 'raw   UNCONN'));
  });

  test('memory of which an old kernel tells less', () => {
    const sockets = [
      inetRequest(NUMBERS.tcp),
      inet({}, u32(7, ...MEMORY.slice(0, 8))),
      inet({}, u32(7, ...MEMORY)),
    ];
    const text = expectSame(sockets, '-tanm');
    expect(text).toContain('bl8)');
    expect(text).toContain('bl8,d9)');
  });
});
