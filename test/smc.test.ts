/** SMC: what is asked, what is told, and what is said where the kernel has no handler for it. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

import { describe, expect, test } from 'vitest';

import { dumpSmc, type SmcDiagMsg, SockDiagError } from '../lib/index.js';
import { readSmcDiagMsg, SMC_DIAG_MSG_LENGTH } from '../lib/smc/record.js';
import { testAttributes } from './attributes.js';
import { decodeDatagram } from './decoding.js';
import { compilers, layoutsOfHeaders } from './layout/headers.js';
import type { Layout } from './layout/layout.js';
import { problemsOf } from './layout/prove.js';
import type { MemberRule, Rules } from './layout/rules.js';
import { attribute, halves, hex, message, quads, words } from './messages.js';
import { lackOf, skip } from './tools.js';
import { attributesOf, type Printed, structure as structureOf, traceIn } from './world/strace.js';

const AF_SMC = 43;

const decode = (datagram: Buffer): SmcDiagMsg[] =>
  decodeDatagram(datagram, { headerLength: SMC_DIAG_MSG_LENGTH, family: 0 }, readSmcDiagMsg);

interface Given {
  family?: number;
  state?: number;
  mode?: number;
  src?: Buffer;
  dst?: Buffer;
}

const ANY: Buffer = Buffer.alloc(16);
const SRC: Buffer = hex('c0000201 00000000 00000000 00000000');
const DST: Buffer = hex('c6336407 00000000 00000000 00000000');
const SRC_6: Buffer = hex('20010db8 00000000 00000000 00000001');

/** A connection between ports 1029 and 443. */
const structure = ({ family = AF_SMC, state = 1, mode = 0, src = SRC, dst = DST }: Given = {}): Buffer =>
  Buffer.concat([
    Buffer.from([family, state, mode, 0]),
    hex('0405 01bb'),
    src,
    dst,
    words(3, 0x89ab_cdef, 0x123_4567, 1000),
    quads(0x1_0000_0007n),
  ]);

const record = (...attributes: Buffer[]): SmcDiagMsg =>
  decode(message(Buffer.concat([structure(), ...attributes])))[0] as SmcDiagMsg;

const cursors = (...numbers: number[]): Buffer =>
  Buffer.concat(numbers.map((number) => Buffer.concat([halves(0, number), words(0x1000 + number)])));

const CONNINFO: Buffer = Buffer.concat([
  words(0x8000_0001, 2, 3, 4),
  cursors(5, 6, 7, 8),
  Buffer.from([0xa8, 0x80, 0x50, 0x60]),
  cursors(9, 10, 11),
]);
const cursor = (number: number) => ({ wrap: number, count: 0x1000 + number });
const NO_PROD = {
  writeBlocked: false,
  urgDataPending: false,
  urgDataPresent: false,
  consCursUpdReq: false,
  failoverValidation: false,
};
const NO_STATE = { peerDoneWriting: false, peerConnClosed: false, peerConnAbort: false };
const CONNINFO_RECORD = {
  token: 0x8000_0001,
  sndbufSize: 2,
  rmbeSize: 3,
  peerRmbeSize: 4,
  rxProd: cursor(5),
  rxCons: cursor(6),
  txProd: cursor(7),
  txCons: cursor(8),
  rxProdFlags: { ...NO_PROD, writeBlocked: true, urgDataPresent: true, failoverValidation: true },
  rxConnStateFlags: { ...NO_STATE, peerDoneWriting: true },
  txProdFlags: { ...NO_PROD, urgDataPending: true, consCursUpdReq: true },
  txConnStateFlags: { ...NO_STATE, peerConnClosed: true, peerConnAbort: true },
  txPrep: cursor(9),
  txSent: cursor(10),
  txFin: cursor(11),
};

const text = (value: string, size: number): Buffer => Buffer.from(value.padEnd(size, '\0'));
const GID = 'fe80:0000:0000:0000:0000:0000:0000:0001';
const PEER_GID = 'fe80:0000:0000:0000:0000:0000:0000:0002';
const LGRINFO: Buffer = Buffer.concat([
  Buffer.from([5]),
  text('mlx5_0', 64),
  Buffer.from([2]),
  text(GID, 40),
  text(PEER_GID, 40),
  Buffer.from([1]),
]);
const LGRINFO_RECORD = {
  lnk: { linkId: 5, ibname: 'mlx5_0', ibport: 2, gid: GID, peerGid: PEER_GID },
  role: 'server',
};

/** Of Linux 6.8; before that without the last two. */
const DMBINFO: Buffer = Buffer.concat([
  words(7, 0),
  quads(0xfedc_ba98_7654_3210n, 2n, 0x1f_ffff_ffff_ffffn, 0n, 0x1234n, 0xffff_ffff_ffff_ffffn),
]);
const OLD_DMBINFO_RECORD = {
  linkid: 7,
  peerGid: 'fedcba9876543210',
  myGid: '2',
  token: '1fffffffffffff',
  peerToken: '0',
};
const DMBINFO_RECORD = { ...OLD_DMBINFO_RECORD, peerGidExt: '1234', myGidExt: 'ffffffffffffffff' };

const FALLBACK: Buffer = words(0x0301_0000, 0x9999_0000);
const FALLBACK_RECORD = { reason: 0x0301_0000, peerDiagnosis: 0x9999_0000 };

const WHOLE: Buffer = Buffer.concat([
  structure({ state: 20, mode: 2 }),
  attribute(3, Buffer.from([3])),
  attribute(5, FALLBACK),
  attribute(1, CONNINFO),
  attribute(2, LGRINFO),
  attribute(4, DMBINFO),
]);

test('a connection, with every member another value', () => {
  expect(decode(message(WHOLE))).toStrictEqual([
    {
      family: 'smc',
      state: 'PEERCLOSEWAIT1',
      mode: 'smcd',
      src: '192.0.2.1',
      sport: 1029,
      dst: '198.51.100.7',
      dport: 443,
      ifindex: 3,
      cookie: '123456789abcdef',
      uid: 1000,
      inode: 0x1_0000_0007,
      shutdown: 'both',
      fallback: FALLBACK_RECORD,
      conninfo: CONNINFO_RECORD,
      lgrinfo: LGRINFO_RECORD,
      dmbinfo: DMBINFO_RECORD,
    },
  ]);
});

testAttributes(
  'smc',
  [
    { property: 'conninfo', number: 1, payload: CONNINFO, value: CONNINFO_RECORD },
    { property: 'lgrinfo', number: 2, payload: LGRINFO, value: LGRINFO_RECORD },
    { property: 'shutdown', number: 3, payload: Buffer.from([2]), value: 'send' },
    { property: 'dmbinfo', number: 4, payload: DMBINFO, value: DMBINFO_RECORD, least: 40 },
    { property: 'fallback', number: 5, payload: FALLBACK, value: FALLBACK_RECORD },
  ],
  record,
);

test('a dmbinfo of before Linux 6.8 has no extensions, one of after it keeps what it has more', () => {
  expect(record(attribute(4, DMBINFO.subarray(0, 40))).dmbinfo).toStrictEqual(OLD_DMBINFO_RECORD);
  expect(record(attribute(4, DMBINFO.subarray(0, 47))).dmbinfo).toStrictEqual(OLD_DMBINFO_RECORD);
  const more = Buffer.concat([DMBINFO, Buffer.from([1, 2, 3])]);
  expect(record(attribute(4, more)).dmbinfo).toStrictEqual({
    ...DMBINFO_RECORD,
    unknown: new Uint8Array([1, 2, 3]),
  });
});

test.each([
  ['conninfo', 1, 76],
  ['lgrinfo', 2, 147],
  ['fallback', 5, 8],
] as const)('what a newer kernel has behind %s is kept in it', (name, number, size) => {
  const payload = Buffer.concat([Buffer.alloc(size), Buffer.from([1, 2, 3])]);
  expect(record(attribute(number, payload))[name]?.unknown).toEqual(new Uint8Array([1, 2, 3]));
});

describe('addresses', () => {
  const read = (given: Given) => {
    const [{ family, src, dst } = {} as SmcDiagMsg] = decode(message(structure(given)));
    return { family, src, dst };
  };

  test.each([
    ['IPv4', SRC, DST, '192.0.2.1', '198.51.100.7'],
    ['IPv6', SRC_6, hex('fe800000 00000000 00000000 00000002'), '2001:db8::1', 'fe80::2'],
    ['IPv6 that is not connected', SRC_6, ANY, '2001:db8::1', '::'],
    ['IPv6 that is bound to any, and connected', ANY, SRC_6, '::', '2001:db8::1'],
    // The kernel does not tell it from a socket of IPv4.
    ['IPv6 that is bound to any, and not connected', ANY, ANY, '0.0.0.0', '0.0.0.0'],
    [
      'IPv6 with an IPv4 address inside',
      hex('00000000 00000000 0000ffff c0000201'),
      ANY,
      '::ffff:192.0.2.1',
      '::',
    ],
    [
      'IPv6 with nothing but a third word',
      hex('00000000 00000000 00010000 00000000'),
      ANY,
      '::1:0:0:0',
      '::',
    ],
    ['IPv6 with nothing but a last word', hex('00000000 00000000 00000000 00000001'), ANY, '::1', '::'],
    [
      'IPv6 with no more than a second word',
      hex('20010db8 00000001 00000000 00000000'),
      ANY,
      '2001:db8:0:1::',
      '::',
    ],
  ])('AF_SMC, %s', (_what, src, dst, expectedSrc, expectedDst) => {
    expect(read({ src, dst })).toEqual({ family: 'smc', src: expectedSrc, dst: expectedDst });
  });

  test('IPPROTO_SMC has the family of the addresses', () => {
    const any = { src: ANY, dst: ANY };
    expect(read({ family: 2, ...any })).toEqual({ family: 'inet', src: '0.0.0.0', dst: '0.0.0.0' });
    expect(read({ family: 10, ...any })).toEqual({ family: 'inet6', src: '::', dst: '::' });
    expect(read({ family: 2 })).toEqual({ family: 'inet', src: '192.0.2.1', dst: '198.51.100.7' });
    expect(read({ family: 10 })).toEqual({ family: 'inet6', src: 'c000:201::', dst: 'c633:6407::' });
    expect(read({ family: 99, ...any })).toEqual({ family: 'unknown_99', src: '::', dst: '::' });
  });
});

test('names, flags and attributes that no kernel has yet are kept', () => {
  expect(decode(message(structure({ state: 200, mode: 9 })))).toMatchObject([
    { state: 'UNKNOWN_200', mode: 'unknown_9' },
  ]);
  const lgrinfo = Buffer.from(LGRINFO);
  lgrinfo[146] = 7;
  expect(record(attribute(2, lgrinfo)).lgrinfo?.role).toBe('unknown_7');
  const conninfo = Buffer.from(CONNINFO);
  conninfo.set([0x87, 0x01], 48);
  conninfo.set(halves(9), 16);
  expect(record(attribute(1, conninfo)).conninfo).toMatchObject({
    rxProdFlags: { ...NO_PROD, writeBlocked: true, unknown: 0x07 },
    rxConnStateFlags: { ...NO_STATE, unknown: 0x01 },
    rxProd: { ...cursor(5), reserved: 9 },
  });
  expect(record(attribute(6, words(1)), attribute(0, Buffer.alloc(0))).unknown).toEqual({
    0: new Uint8Array(),
    6: new Uint8Array(words(1)),
  });
});

test.each([
  [0, 'smcr'],
  [1, 'fallback_tcp'],
  [2, 'smcd'],
])('mode %i is %s', (number, mode) => {
  expect(decode(message(structure({ mode: number })))).toMatchObject([{ mode }]);
});

test.each([
  [0, 'client'],
  [1, 'server'],
])('role %i is %s', (number, role) => {
  const lgrinfo = Buffer.from(LGRINFO);
  lgrinfo[146] = number;
  expect(record(attribute(2, lgrinfo)).lgrinfo?.role).toBe(role);
});

test('a text that fills its place has no NUL', () => {
  const lgrinfo = Buffer.alloc(147, 'x');
  expect(record(attribute(2, lgrinfo)).lgrinfo?.lnk).toMatchObject({
    ibname: 'x'.repeat(64),
    gid: 'x'.repeat(40),
    peerGid: 'x'.repeat(40),
  });
});

test('a message that is shorter than the structure is refused', () => {
  expect(() => decode(message(structure().subarray(0, 60)))).toThrow(/shorter than its structure/);
});

const noCompiler = compilers().length === 0 && skip('there is no compiler here');

describe.skipIf(noCompiler)('each member is where the header of the kernel has it', () => {
  const HEADER = 'linux/smc_diag.h';
  const inside =
    (number: number, name: keyof SmcDiagMsg) =>
    (bytes: Buffer): object =>
      record(attribute(number, bytes))[name] as object;
  const cString = (_: number, bytes: Uint8Array): string =>
    Buffer.concat([bytes, Buffer.alloc(1)])
      .toString('utf8')
      .replace(/\0.*/s, '');
  const name64 = (_: number, bytes: Uint8Array): string =>
    new BigUint64Array(new Uint8Array(bytes).buffer)[0]?.toString(16) as string;
  const reserved = (of: string): MemberRule => ({
    member: `${of}.reserved`,
    properties: [`${camel(of)}.reserved`],
  });
  const CURSORS = ['rx_prod', 'rx_cons', 'tx_prod', 'tx_cons', 'tx_prep', 'tx_sent', 'tx_fin'];
  const PROD_FLAGS = {
    writeBlocked: 0x80,
    urgDataPending: 0x40,
    urgDataPresent: 0x20,
    consCursUpdReq: 0x10,
    failoverValidation: 0x08,
  };
  const STATE_FLAGS = { peerDoneWriting: 0x80, peerConnClosed: 0x40, peerConnAbort: 0x20 };
  const flags = (of: string, bits: Readonly<Record<string, number>>): MemberRule => ({
    member: of,
    flags: Object.fromEntries(Object.entries(bits).map(([name, bit]) => [`${camel(of)}.${name}`, bit])),
    others: [`${camel(of)}.unknown`],
  });

  const structures: Record<string, [decode: (bytes: Buffer) => object, rules: Rules]> = {
    smc_diag_msg: [
      (bytes) => decode(message(bytes))[0] as SmcDiagMsg,
      {
        prefixes: ['diag_', 'id.', 'idiag_'],
        given: { diag_family: AF_SMC },
        members: [
          { member: 'diag_family', properties: ['family', 'src', 'dst'] },
          { member: 'diag_state', as: 'distinct' },
          { member: 'diag_mode', as: 'distinct' },
          { member: 'diag_fallback', property: 'mode', as: 'distinct' },
          { member: 'diag_shutdown', ignored: 'always 0; there is an attribute for it' },
          { member: 'id.idiag_sport', as: 'bigEndian' },
          { member: 'id.idiag_dport', as: 'bigEndian' },
          // One of IPv6 makes the other one so, too.
          { member: 'id.idiag_src', properties: ['src', 'dst'] },
          { member: 'id.idiag_dst', properties: ['src', 'dst'] },
          { member: 'id.idiag_if', property: 'ifindex' },
          { member: 'id.idiag_cookie', as: 'distinct' },
        ],
      },
    ],
    smc_diag_conninfo: [
      inside(1, 'conninfo'),
      {
        members: [
          ...CURSORS.map(reserved),
          flags('rx_prod_flags', PROD_FLAGS),
          flags('rx_conn_state_flags', STATE_FLAGS),
          flags('tx_prod_flags', PROD_FLAGS),
          flags('tx_conn_state_flags', STATE_FLAGS),
        ],
      },
    ],
    smc_diag_lgrinfo: [
      inside(2, 'lgrinfo'),
      {
        prefixes: ['0.'],
        members: [
          { member: 'lnk[0].ibname', as: cString },
          { member: 'lnk[0].gid', as: cString },
          { member: 'lnk[0].peer_gid', as: cString },
          { member: 'role', as: 'distinct' },
        ],
      },
    ],
    smcd_diag_dmbinfo: [
      inside(4, 'dmbinfo'),
      {
        members: ['peer_gid', 'my_gid', 'token', 'peer_token', 'peer_gid_ext', 'my_gid_ext'].map(
          (member) => ({
            member,
            as: name64,
          }),
        ),
      },
    ],
    smc_diag_fallback: [inside(5, 'fallback'), {}],
  };

  test.each(Object.keys(structures))('struct %s', (name) => {
    const layout = layoutsOfHeaders([{ name, header: HEADER }]).get(name) as Layout;
    const [read, rules] = structures[name] as (typeof structures)[string];
    if (name === 'smc_diag_msg') expect(layout.size).toBe(SMC_DIAG_MSG_LENGTH);
    expect(problemsOf(layout, read, rules)).toEqual([]);
  });
});

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe.skipIf(lackOf('strace', 'python3'))('as strace reads it', () => {
  /** Sends replies to the kernel, which does not look at what is no request, for strace to read them. */
  const readBack = async (datagram: Buffer): Promise<Printed[][]> => {
    const send = [
      'import socket',
      'netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)',
      'netlink.bind((0, 0))',
      `netlink.sendto(bytes.fromhex('${datagram.toString('hex')}'), (0, 0))`,
    ].join('\n');
    const script = `(await import('node:child_process')).execFileSync('python3', ['-c', ${JSON.stringify(send)}]);`;
    return (await traceIn(process.pid, script)).sent;
  };

  test('a reply means what we read in it', async () => {
    const [reply = []] = await readBack(message(WHOLE));
    const [ours] = decode(message(WHOLE));
    const base = structureOf(reply[1]);
    const id = structureOf(base['id']);
    expect({
      family: base['diag_family'],
      state: base['diag_state'],
      mode: base['diag_mode'] ?? base['diag_fallback'],
      src: id['idiag_src'],
      sport: id['idiag_sport'],
      dst: id['idiag_dst'],
      dport: id['idiag_dport'],
      cookie: (id['idiag_cookie'] as string[]).map(Number),
      uid: Number(base['diag_uid']),
      inode: Number(base['diag_inode']),
    }).toEqual({
      family: 'AF_SMC',
      state: `SMC_${ours?.state}`,
      mode: `SMC_DIAG_MODE_${ours?.mode.toUpperCase()}`,
      src: `inet_addr("${ours?.src}")`,
      sport: `htons(${ours?.sport})`,
      dst: `inet_addr("${ours?.dst}")`,
      dport: `htons(${ours?.dport})`,
      cookie: [
        Number.parseInt(ours?.cookie.slice(-8) ?? '', 16),
        Number.parseInt(ours?.cookie.slice(0, -8) ?? '', 16),
      ],
      uid: ours?.uid,
      inode: ours?.inode,
    });
    const attributes = attributesOf(reply);
    const { conninfo, lgrinfo, dmbinfo, fallback } = ours as Required<SmcDiagMsg>;
    expect(attributes.get('SMC_DIAG_SHUTDOWN')).toBe('RCV_SHUTDOWN|SEND_SHUTDOWN');
    expect(plain(attributes.get('SMC_DIAG_FALLBACK'))).toEqual(fallback);
    expect(plain(attributes.get('SMC_DIAG_CONNINFO'))).toEqual({
      ...conninfo,
      rxProdFlags: 0xa8,
      rxConnStateFlags: 0x80,
      txProdFlags: 0x50,
      txConnStateFlags: 0x60,
    });
    expect(plain(attributes.get('SMC_DIAG_LGRINFO'))).toEqual({ lnk: [lgrinfo.lnk], role: 'SMC_SERV' });
    // It prints 64 bits exactly.
    const printed = structureOf(attributes.get('SMC_DIAG_DMBINFO'));
    expect(printed).toMatchObject({
      linkid: `${dmbinfo.linkid}`,
      peer_gid: `0x${dmbinfo.peerGid}`,
      my_gid: `0x${dmbinfo.myGid}`,
      token: `0x${dmbinfo.token}`,
      peer_token: expect.stringMatching(/^0(x0)?$/),
    });
    // Straces from before Linux 6.8 do not know these.
    if ('my_gid_ext' in printed) expect(printed['my_gid_ext']).toBe(`0x${dmbinfo.myGidExt}`);
  });

  test('every state has its name', async () => {
    const numbers = Array.from({ length: 64 }, (_, i) => i);
    const datagram = Buffer.concat(numbers.map((state) => message(structure({ state }))));
    const printed = (await readBack(datagram)).map((reply) => structureOf(reply[1])['diag_state'] as string);
    expect(printed).toHaveLength(64);
    expect(decode(datagram).map(({ state }) => state)).toEqual(
      printed.map((name, number) => (name.startsWith('SMC_') ? name.slice(4) : `UNKNOWN_${number}`)),
    );
  });

  test('the request', () => {
    const script = `
      import { dumpSmc } from './dist/index.js';
      for (const show of [undefined, [], ['conninfo'], ['lgrinfo'], ['dmbinfo']])
        await dumpSmc({ show }).toArray().catch(() => undefined);`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { stderr } = spawnSync('strace', ['-f', '-qq', '-v', '-e', 'trace=sendto', ...node], {
      encoding: 'utf8',
    });
    const requests = stderr.split('\n').filter((line) => line.includes('SOCK_DIAG_BY_FAMILY'));
    const [conninfo, lgrinfo] = ['SMC_DIAG_CONNINFO', 'SMC_DIAG_LGRINFO'].map((name) => `1<<(${name}-1)`);
    // Strace has no name for the last one.
    const extensions = [`${conninfo}|${lgrinfo}|0x8`, '0', conninfo, lgrinfo, '0x8'];
    expect(requests).toHaveLength(extensions.length);
    for (const [i, request] of requests.entries()) {
      expect(request).toMatch(/nlmsg_len=68, .*nlmsg_flags=NLM_F_REQUEST\|NLM_F_DUMP,/);
      expect(request.replace(' /* 1<<SMC_DIAG_???-1 */', '')).toContain(
        `{diag_family=AF_SMC, diag_ext=${extensions[i]}, id={idiag_sport=htons(0), idiag_dport=htons(0), ` +
          'idiag_src=inet_addr("0.0.0.0"), idiag_dst=inet_addr("0.0.0.0"), idiag_if=0, idiag_cookie=[0, 0]}}',
      );
    }
  });
});

/** What strace printed, by our names; numbers as numbers. */
function plain(printed: Printed | undefined): unknown {
  if (Array.isArray(printed)) return printed.map(plain);
  if (typeof printed === 'object') {
    const members = Object.entries(printed).filter(([name, value]) => name !== 'reserved' || value !== '0');
    return Object.fromEntries(members.map(([name, value]) => [camel(name), plain(value)]));
  }
  if (printed?.startsWith('"') === true) return JSON.parse(printed);
  return Number.isNaN(Number(printed)) ? printed : Number(printed);
}

async function requestOf(options?: Parameters<typeof dumpSmc>[0]): Promise<Uint8Array> {
  const raw = dumpSmc(options).raw();
  const { value } = await raw.next();
  await raw.return();
  return new Uint8Array(value as Uint8Array);
}

const REQUEST = 0x301;

test.each([
  [undefined, 0x0b],
  [[], 0],
  [['conninfo'], 0x01],
  [['lgrinfo'], 0x02],
  [['dmbinfo'], 0x08],
] as const)('the request for %j is smc_diag_req with the extensions %i', async (show, extensions) => {
  const payload = Buffer.alloc(52);
  payload.set([AF_SMC, 0, 0, extensions]);
  const expected = message(payload, { flags: REQUEST, portId: 0 });
  expect(await requestOf(show === undefined ? undefined : { show })).toEqual(new Uint8Array(expected));
});

test.each([
  [
    { states: ['LISTEN'] },
    "dumpSmc: there is no option 'states', only 'signal', 'netns', 'filter', 'owners', 'consistent' and 'show'",
  ],
  [
    { show: 'conninfo' },
    "dumpSmc: options.show is 'conninfo', but must be an array of 'conninfo', 'lgrinfo' or",
  ],
  [
    { show: ['fallback'] },
    "dumpSmc: options.show[0] is 'fallback', but must be 'conninfo', 'lgrinfo' or 'dmbinfo'",
  ],
  [43, 'dumpSmc: options must be an object, not 43'],
])('dumpSmc(%j) is a TypeError', (options, words) => {
  const call = (): unknown => dumpSmc(options as never);
  expect(call).toThrow(TypeError);
  expect(call).toThrow(/^dumpSmc: /);
  expect(call).toThrow(words);
});

describe('live', () => {
  test('a kernel without a handler is told by an error that says what it lacks', async () => {
    const error = await dumpSmc()
      .toArray()
      .catch((reason) => reason);
    if (Array.isArray(error)) return void skip('this kernel has a handler for SMC sockets');
    expect(error).toBeInstanceOf(SockDiagError);
    expect(error).toMatchObject({ code: 'ENOENT', errno: 2, unsupported: 'family' });
    expect(error.message).toBe(
      'this kernel has no handler for SMC sockets: its module smc_diag (CONFIG_SMC_DIAG) is absent, or could not be ' +
        'loaded (ENOENT)',
    );
    expect(() => [...dumpSmc({ show: [] })]).toThrow(error.message);
  });
});
