/**
 * The text for `-i` is what ss prints: of sockets alive; of the same messages of the kernel, which ss reads from a file
 * too, so that nothing moves in between; and of messages made by hand, for what no socket here comes to.
 */
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { tcpInfoText } from '../../lib/cli/tcp-info-text.js';
import { decode } from '../../lib/decode.js';
import { dumpTcp, type TcpDiagMsg } from '../../lib/index.js';
import { Random } from '../filter/random.js';
import { attribute, done, halves, message, quads, words } from '../messages.js';
import { lackOf, lackOfWorld } from '../tools.js';
import { type DetailsWorld, startDetailsWorld } from '../world/details_world.js';
import { end, firstLine, run, startWorld, type World } from '../world/world.js';

const SHOW = ['info', 'cong', 'vegasinfo', 'dctcpinfo', 'bbrinfo', 'ulpInfo'] as const;

/** All states, details, options; one line for each. */
const SS = '-tainOHe';

type Texts = ReadonlyMap<string, string>;

/** Behind the cookie come other things that `-e` prints, and then what `-i` does. */
const LINE = / sk:([0-9a-f]+)(?: fwmark:\S+)?(?: cgroup:\S+)?(?: v6only:\d)?(?: (?:<->|-->|<--|---))?(.*)$/;

/** What ss prints of each socket, by its cookie. */
function textsOf(output: string): Texts {
  const lines = output.split('\n').filter((line) => line !== '');
  const texts = new Map(
    lines.map((line) => {
      const [, cookie = '', text = ''] = LINE.exec(line) ?? [];
      // ss fills the line up to the widest.
      return [cookie, text.trimEnd()];
    }),
  );
  expect(texts.size, 'each line has a cookie of its own').toBe(lines.length);
  return texts;
}

const ourTexts = (records: readonly TcpDiagMsg[]): Texts =>
  new Map(records.map((record) => [record.cookie, tcpInfoText(record)]));

/** The words that stand in texts, without their numbers: which parts were compared. */
const namesIn = (texts: Texts): Set<string> =>
  new Set([...texts.values()].flatMap((text) => text.match(/[a-z][\w-]*(?=[: ]|$)/g) ?? []));

const execute = promisify(execFile);

/** SOCK_DIAG_BY_FAMILY, and TCPDIAG_GETSOCK. */
const TYPES: readonly number[] = [20, 18];
const NLM_F_REQUEST = 1;

/** The sockets of a recording, as ss reads them: without requests, and with one end. */
function forSs(recording: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < recording.length; ) {
    const length = recording.readUInt32LE(at);
    const isReply = (recording.readUInt16LE(at + 6) & NLM_F_REQUEST) === 0;
    if (isReply && TYPES.includes(recording.readUInt16LE(at + 4)))
      kept.push(recording.subarray(at, at + length));
    at += (length + 3) & ~3;
  }
  return Buffer.concat([...kept, done()]);
}

interface Compared {
  theirs: Texts;
  ours: Texts;
}

/** What ss prints of the sockets of a recording. */
async function ssOf(recording: Buffer, args: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sockdiag-tcp-info-'));
  const file = join(directory, 'recording');
  try {
    await writeFile(file, forSs(recording));
    const env = { ...process.env, TCPDIAG_FILE: file };
    return (await execute('ss', [args], { env, maxBuffer: 1 << 28 })).stdout;
  } finally {
    await rm(directory, { recursive: true });
  }
}

const recordsOf = async (recording: Buffer): Promise<TcpDiagMsg[]> =>
  (await decode(recording).toArray()) as TcpDiagMsg[];

/** What ss and the library make of the same messages. */
async function readBoth(recording: Buffer): Promise<Compared> {
  const theirs = textsOf(await ssOf(recording, SS));
  return { theirs, ours: ourTexts(await recordsOf(recording)) };
}

async function recordingOf(pid: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of dumpTcp({ netns: pid, show: [...SHOW] }).raw()) parts.push(part);
  return Buffer.concat(parts);
}

async function readAlive(pid: number): Promise<Compared> {
  const theirs = textsOf(await run(pid, 'ss', [SS]));
  const ours = ourTexts(await dumpTcp({ netns: pid, show: [...SHOW] }).toArray());
  return { theirs: still(theirs), ours: still(ours) };
}

/** The texts of those sockets of which they are not the same: short enough to be read. */
function differences({ theirs, ours }: Compared): object[] {
  const cookies = new Set([...theirs.keys(), ...ours.keys()]);
  return [...cookies]
    .map((cookie) => ({ cookie, ss: theirs.get(cookie), we: ours.get(cookie) }))
    .filter(({ ss, we }) => ss !== we);
}

/** Times since something or while something lasts, and what is reckoned from them. Of messages they are compared too. */
const MOVING =
  / (?:lastsnd:\d+|lastrcv:\d+|lastack:\d+|busy:\d+ms|(?:rwnd|sndbuf)_limited:\d+ms\([\d.]+%\)|delivery_rate \d+bps)(?= |$)/g;

const still = (texts: Texts): Texts =>
  new Map([...texts].map(([cookie, text]) => [cookie, text.replace(MOVING, '')]));

/** A socket may have changed between the two readings: then once more. */
async function expectSameAlive(pid: number): Promise<void> {
  let compared = await readAlive(pid);
  if (differences(compared).length > 0) compared = await readAlive(pid);
  expect(compared.theirs.size).toBeGreaterThan(4);
  expect(differences(compared)).toEqual([]);
}

/** Gives the names of the parts that were compared. */
async function expectSameRecorded(recording: Buffer): Promise<Set<string>> {
  const compared = await readBoth(recording);
  expect(compared.theirs.size).toBeGreaterThan(4);
  expect(differences(compared)).toEqual([]);
  return namesIn(compared.theirs);
}

describe.skipIf(lackOfWorld())('in the varied world', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  test('of each socket ss prints the same', () => expectSameAlive(world.pid));

  test('of each message ss prints the same, moving numbers too', async () => {
    const names = await expectSameRecorded(await recordingOf(world.pid));
    for (const name of ['ts', 'sack', 'wscale', 'rto', 'backoff', 'unacked', 'retrans', 'send', 'lastsnd'])
      expect(names).toContain(name);
  });
});

describe.skipIf(lackOfWorld())('in the world of details', () => {
  let world: DetailsWorld;
  beforeAll(async () => {
    world = await startDetailsWorld();
  });
  afterAll(() => world?.stop());

  test('of each socket ss prints the same', () => expectSameAlive(world.pid));

  test('of each message ss prints the same, moving numbers too', async () => {
    const names = await expectSameRecorded(await recordingOf(world.pid));
    if (!('mptcp' in world.lacks)) expect(names).toContain('tcp-ulp-mptcp');
    if (!('md5sig' in world.lacks)) expect(names).toContain('md5keys');
    if (!('loss' in world.lacks)) expect(names).toContain('bytes_retrans');
  });
});

const ALGORITHMS = readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8')
  .trim()
  .split(' ');

/**
 * A pair of connections for each algorithm: over one all was read that was written; of the other, which has a limit to
 * its pace, nothing is read any more.
 */
const TRAFFIC = `
import os, socket, subprocess, sys, threading
subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
TCP_CONGESTION, SO_MAX_PACING_RATE = 13, 47
kept = []
def connect(algorithm, pace=None):
    listener = socket.create_server(('127.0.0.1', 0))
    near = socket.socket()
    near.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, algorithm.encode())
    if pace: near.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, pace)
    near.connect(listener.getsockname())
    far = listener.accept()[0]
    kept.extend((listener, near, far))
    return near, far
def drain(far, size):
    while size > 0: size -= len(far.recv(65536))
for algorithm in sys.argv[1:]:
    near, far = connect(algorithm)
    reader = threading.Thread(target=drain, args=(far, 4 << 20))
    reader.start()
    near.sendall(bytes(4 << 20))
    reader.join()
    far.sendall(b'thanks')
    near, far = connect(algorithm, 100_000_000)
    near.settimeout(0.3)
    try: near.sendall(bytes(64 << 20))
    except TimeoutError: pass
print(os.getpid(), flush=True)
sys.stdin.read()
`;

describe.skipIf(lackOfWorld())('with traffic', () => {
  let child: ReturnType<typeof start>;
  let pid: number;
  const start = () =>
    spawn('unshare', ['--net', 'python3', '-c', TRAFFIC, ...ALGORITHMS], { detached: true });
  beforeAll(async () => {
    child = start();
    pid = Number(await firstLine(child));
  });
  afterAll(() => end(child));

  test('of each socket ss prints the same', () => expectSameAlive(pid));

  test('of each message ss prints the same, moving numbers too', async () => {
    const names = await expectSameRecorded(await recordingOf(pid));
    for (const name of [
      ...ALGORITHMS,
      'pacing_rate',
      'delivery_rate',
      'busy',
      'minrtt',
      'notsent',
      'rcv_space',
    ])
      expect(names).toContain(name);
    // It tells more of itself.
    if (ALGORITHMS.includes('bbr')) expect(names).toContain('pacing_gain');
  });
});

// Messages made by hand.

const ESTABLISHED = 1;
const LISTEN = 10;

const INET_DIAG_MSG_LENGTH = 72;
const TCP_INFO_LENGTH = 280;

/** Each has a cookie of its own. */
function socketMessage(cookie: number, attributes: readonly Buffer[], state = ESTABLISHED): Buffer {
  const head = Buffer.alloc(INET_DIAG_MSG_LENGTH);
  head.writeUInt8(2, 0);
  head.writeUInt8(state, 1);
  head.writeUInt32LE(cookie, 44);
  // Without INET_DIAG_SHUTDOWN, `-e` prints no arrow.
  return message(Buffer.concat([head, ...attributes]));
}

/** Offsets of the members of `struct tcp_info`: of 8 bits, of 64, and of 32, two of which are sometimes of 16. */
const BYTES: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];
const LONGS: readonly number[] = [104, 112, 120, 128, 160, 168, 176, 184, 200, 208];
const MEMBERS: readonly number[] = [
  ...BYTES,
  ...Array.from({ length: TCP_INFO_LENGTH / 4 - 2 }, (_, i) => 8 + 4 * i).filter(
    (at) => !LONGS.includes(at - 4),
  ),
];

type Values = Readonly<Record<number, bigint>>;

function tcpInfo(values: Values, length = TCP_INFO_LENGTH): Buffer {
  const info = Buffer.alloc(TCP_INFO_LENGTH);
  for (const [offset, value] of Object.entries(values)) {
    const at = Number(offset);
    if (BYTES.includes(at)) info.writeUInt8(Number(value), at);
    else if (LONGS.includes(at)) info.writeBigUInt64LE(value, at);
    else info.writeUInt32LE(Number(value), at);
  }
  return attribute(2, info.subarray(0, length));
}

const attributeOf = {
  vegas: (...values: number[]) => attribute(3, words(...values)),
  cong: (name: string) => attribute(4, Buffer.from(`${name}\0`)),
  dctcp: (enabled: number, ce: number, ...values: number[]) =>
    attribute(9, Buffer.concat([halves(enabled, ce), words(...values)])),
  bbr: (bw: bigint, ...values: number[]) => attribute(16, Buffer.concat([quads(bw), words(...values)])),
  md5sig: (...keys: Buffer[]) => attribute(18, Buffer.concat(keys)),
  ulp: (...inner: Buffer[]) => attribute(19, Buffer.concat(inner)),
};

/** Where a condition or a rounding of ss changes: behind the comma, half-way, signed, without a limit. */
const EDGES: readonly number[] = [
  ...[0, 1, 2, 3, 4, 999, 1000, 65_534, 65_535, 65_536, 100_000, 1_234_125, 1_234_375],
  ...[2_999_999, 3_000_000, 3_000_001, 12_345_250, 99_999_950, 123_456_500, 123_457_500, 999_999_500],
  ...[1_234_565_000, 1_234_575_000, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff],
];

/** More than 53 bits a record has rounded: of those, what a double can hold. */
const LONG_EDGES: readonly bigint[] = [
  ...EDGES.map(BigInt),
  ...[2n ** 32n, 2n ** 52n + 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 60n],
];

/** A rate without a limit. */
const ALL_ONES = 2n ** 64n - 1n;
const RATES: readonly number[] = [104, 112];

function edgesOf(at: number): readonly bigint[] {
  if (BYTES.includes(at)) return [0n, 1n, 2n, 3n, 4n, 8n, 16n, 32n, 64n, 127n, 128n, 255n];
  if (RATES.includes(at)) return [...LONG_EDGES, ALL_ONES];
  return LONGS.includes(at) ? LONG_EDGES : EDGES.map(BigInt);
}

/** Enough for one reading of ss. */
const RANDOM_MESSAGES = 3000;

function randomInfo(random: Random): Buffer {
  const members = MEMBERS.filter(() => random.chance(0.7));
  const values = members.map((at): [number, bigint] => [at, randomValue(random, at)]);
  return tcpInfo(Object.fromEntries(values));
}

/** Of any size up to what the member holds: small ones as often as great ones. */
function randomValue(random: Random, at: number): bigint {
  if (random.chance(0.2)) return random.pick(edgesOf(at));
  const bits = random.below(BYTES.includes(at) ? 9 : LONGS.includes(at) ? 50 : 33);
  return BigInt(random.below(2 ** bits));
}

const u32 = (random: Random): number => Number(randomValue(random, 8));

/** One of those that the kernel has for an algorithm, or none. */
function randomAlgorithm(random: Random): Buffer[] {
  const values = Array.from({ length: 4 }, () => u32(random));
  return random.pick([
    [],
    [attributeOf.cong('cubic')],
    [attributeOf.cong('vegas'), attributeOf.vegas(random.below(2), ...values.slice(1))],
    [attributeOf.cong('dctcp'), attributeOf.dctcp(random.below(2), random.below(2), ...values.slice(1))],
    [attributeOf.cong('bbr'), attributeOf.bbr(randomValue(random, 120), ...values.slice(1))],
  ]);
}

/** TLS, by the numbers of its attributes. */
const tls = (...values: [type: number, value: number][]): Buffer =>
  attributeOf.ulp(
    attribute(1, Buffer.from('tls\0')),
    attribute(2, Buffer.concat(values.map(([type, value]) => attribute(type, halves(value))))),
  );

/** All that the kernel can tell of a subflow, by the numbers of the attributes. */
const SUBFLOW: readonly Buffer[] = [
  attribute(1, words(0x12)),
  attribute(2, words(0xabcd_ef01)),
  attribute(3, words(77)),
  attribute(4, quads(0x12_3456_789a_bcden)),
  attribute(5, words(0xff1)),
  attribute(6, words(0xff2)),
  attribute(7, halves(0xff3)),
  attribute(8, words(0x1ff)),
  attribute(9, Buffer.from([200])),
  attribute(10, Buffer.from([255])),
];

const mptcp = (...inner: Buffer[]): Buffer =>
  attributeOf.ulp(attribute(1, Buffer.from('mptcp\0')), attribute(3, Buffer.concat(inner)));

const MD5_ADDRESS = 4;
const MD5_LENGTH = 100;

/** A key without a byte, which ss would print before all else. */
function md5Key(family: number, prefixlen: number, address: readonly number[]): Buffer {
  const key = Buffer.alloc(MD5_LENGTH);
  key.set([family, prefixlen]);
  key.set(address, MD5_ADDRESS);
  return key;
}

const UNKNOWN_FAMILY = 7;

describe.skipIf(lackOf('ss'))('of messages made by hand ss prints the same', () => {
  const expectSame = (made: readonly (readonly Buffer[])[], state?: number): Promise<Set<string>> => {
    const messages = made.map((attributes, i) => socketMessage(i + 1, attributes, state));
    return expectSameRecorded(Buffer.concat([...messages, done()]));
  };

  test.each([ESTABLISHED, LISTEN])('each member alone, in state %i', async (state) => {
    const names = await expectSame(
      MEMBERS.flatMap((at) => edgesOf(at).map((value) => [tcpInfo({ [at]: value })])),
      state,
    );
    for (const name of [
      'ecnseen',
      'fastopen',
      'delivered_ce',
      'dsack_dups',
      'fackets',
      'reord_seen',
      'rcv_ooopack',
    ])
      expect(names).toContain(name);
  });

  test('many members together, of every algorithm', async () => {
    const random = new Random(6);
    const made = Array.from({ length: RANDOM_MESSAGES }, () => [
      randomInfo(random),
      ...randomAlgorithm(random),
    ]);
    const names = await expectSame(made);
    for (const name of ['rwnd_limited', 'sndbuf_limited', 'send', 'pacing_gain', 'cwnd_gain', 'ce_state'])
      expect(names).toContain(name);
  });

  test('gains and algorithms without the rest', () =>
    expectSame([
      ...Array.from({ length: 1024 }, (_, i) => [tcpInfo({}), attributeOf.bbr(1n, i, i, 1023 - i)]),
      [tcpInfo({}), attributeOf.bbr(0n, 0xffff_ffff, 0xffff_ffff, 0)],
      [attributeOf.cong('cubic'), attributeOf.bbr(1n, 2, 3, 4)],
    ]));

  test('a structure of an older kernel', () => {
    const values = Object.fromEntries(MEMBERS.map((at): [number, bigint] => [at, BigInt(at + 1)]));
    const lengths = [104, 120, 136, 144, 152, 160, 168, 192, 200, 208, 216, 224, 228, 232, 240, 248, 280];
    return expectSame(lengths.map((length) => [tcpInfo(values, length)]));
  });

  test('TLS', () =>
    expectSame([
      ...[770, 771, 772, 773].map((version) => [tls([1, version])]),
      ...Array.from({ length: 10 }, (_, i) => [tls([2, 50 + i])]),
      ...Array.from({ length: 6 }, (_, i) => [tls([3, i], [4, 5 - i])]),
      [tls([7, 9], [6, 0], [5, 0], [4, 3], [3, 2], [2, 52], [1, 772])],
      [tcpInfo({}), attributeOf.cong('cubic'), tls()],
      [attributeOf.ulp(attribute(1, Buffer.from('espintcp\0')))],
    ]));

  test('MPTCP', () =>
    expectSame([
      [mptcp()],
      [tcpInfo({}), mptcp(...SUBFLOW)],
      ...SUBFLOW.map((alone) => [mptcp(alone)]),
      ...SUBFLOW.map((_, i) => [mptcp(...SUBFLOW.toSpliced(i, 1))]),
      ...Array.from({ length: 12 }, (_, i) => [mptcp(attribute(8, words(1 << i)))]),
      [mptcp(attribute(8, words(0)))],
    ]));

  test('keys of TCP-MD5', () =>
    expectSame([
      [attributeOf.md5sig(md5Key(2, 24, [10, 0, 0, 1]))],
      [tcpInfo({}), attributeOf.md5sig(md5Key(10, 64, [0x20, 1]), md5Key(2, 0, [])), tls([1, 772])],
      [attributeOf.md5sig(md5Key(10, 0, []))],
      [attributeOf.md5sig(md5Key(10, 128, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4]))],
      [attributeOf.md5sig(md5Key(UNKNOWN_FAMILY, 3, []))],
    ]));
});

test.skipIf(lackOf('ss'))('without -o and -e, ss has no words for what was negotiated', async () => {
  const recording = Buffer.concat([socketMessage(1, [tcpInfo({ 5: 0x7fn, 8: 1000n })]), done()]);
  const [record] = (await recordsOf(recording)) as [TcpDiagMsg];
  const withOptions = ' ts sack ecn ecnseen fastopen wscale:0,0 rto:1 reordering:0';
  const without = ' wscale:0,0 rto:1 reordering:0';
  expect(tcpInfoText(record)).toBe(withOptions);
  expect(tcpInfoText(record, false)).toBe(without);
  for (const args of ['-tainOHo', SS]) expect((await ssOf(recording, args)).trimEnd()).toMatch(withOptions);
  const plain = await ssOf(recording, '-tainOH');
  expect(plain.trimEnd().endsWith(without)).toBe(true);
  expect(plain).not.toMatch('fastopen');
});
