/** Recordings: what `raw()` gives and what `ss -D` writes, read again; and everything that can be wrong with one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type DiagMsg,
  type Dump,
  decode,
  dumpMptcp,
  dumpNetlink,
  dumpPacket,
  dumpTcp,
  dumpUdp,
  dumpUnix,
  SockDiagError,
} from '../lib/index.js';
import { attribute, done, errorReply, halves, hex, int32, message, words } from './messages.js';
import { lackOf } from './tools.js';

async function record(dump: Dump<unknown>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of dump.raw()) parts.push(part);
  return Buffer.concat(parts);
}

const structure = (family = 2, state = 10): Buffer => {
  const bytes = Buffer.alloc(72);
  bytes.set([family, state]);
  return bytes;
};

const socket = (options: Parameters<typeof message>[1] = {}, ...attributes: Buffer[]): Buffer =>
  message(Buffer.concat([structure(), ...attributes]), options);

/** A request for the sockets of an IP protocol. */
function request(protocol: number, sequence: number, ...attributes: Buffer[]): Buffer {
  const payload = Buffer.alloc(56);
  payload.set([2, protocol]);
  return message(Buffer.concat([payload, ...attributes]), { flags: 0x301, sequence, portId: 0 });
}

const failureOf = (bytes: Uint8Array): Promise<{ records: number; error: unknown }> => readAll(decode(bytes));

async function readAll(dump: Dump<unknown>): Promise<{ records: number; error: unknown }> {
  let records = 0;
  try {
    for await (const _record of dump) records++;
  } catch (error) {
    return { records, error };
  }
  return { records, error: undefined };
}

describe('a recording of this machine', () => {
  const servers = Array.from({ length: 40 }, () => createServer());
  beforeAll(async () => {
    await Promise.all(
      servers.map(
        (server, i) =>
          new Promise<void>((resolve) => server.listen(0, i % 2 === 0 ? '127.0.0.1' : '::1', resolve)),
      ),
    );
  });
  afterAll(() => {
    for (const server of servers) server.close();
  });

  /** The listeners alone: nothing else on the machine holds still. */
  const listeners = { states: ['LISTEN'], show: ['info', 'skmeminfo'] } as const;

  test('decodes to what the dump itself gives', async () => {
    const bytes = await record(dumpTcp(listeners));
    const live = await dumpTcp(listeners).toArray();
    expect(live.length).toBeGreaterThanOrEqual(40);
    expect(await decode(bytes).toArray()).toEqual(live);
  });

  test('tells its protocol and its family', async () => {
    const bytes = Buffer.concat([
      await record(dumpUdp()),
      await record(dumpTcp(listeners)),
      await record(dumpUnix({ states: ['LISTEN'] })),
    ]);
    const all = await decode(bytes).toArray();
    const kinds = new Set(all.map((socket) => ('protocol' in socket ? socket.protocol : socket.family)));
    expect([...kinds]).toEqual(expect.arrayContaining(['tcp']));
    expect(all.filter((socket) => 'state' in socket && socket.state === 'LISTEN')).toEqual([
      ...(await dumpTcp(listeners).toArray()),
      ...(await dumpUnix({ states: ['LISTEN'] }).toArray()),
    ]);
  });

  test('can be read in every way, again and again, and recorded again', async () => {
    const bytes = await record(dumpTcp(listeners));
    const dump = decode(bytes);
    const all = await dump.toArray();
    expect([...dump]).toEqual(all);
    const each: DiagMsg[] = [];
    for await (const socket of dump) each.push(socket);
    expect(each).toEqual(all);
    const batches: DiagMsg[] = [];
    for await (const batch of dump.batches()) batches.push(...batch);
    expect(batches).toEqual(all);
    expect(await record(dump)).toEqual(bytes);
    for await (const _socket of dump) break;
  });

  test('may lie anywhere in memory', async () => {
    const bytes = await record(dumpTcp(listeners));
    const apart = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
    expect(await decode(apart).toArray()).toEqual(await decode(bytes).toArray());
    expect(await decode(new Uint8Array(bytes)).toArray()).toEqual(await decode(bytes).toArray());
  });

  test('that is cut off, wherever, is an error behind what could be read', async () => {
    const bytes = await record(dumpTcp({ ...listeners, family: 'inet' }));
    const { length } = await decode(bytes).toArray();
    const request = 72;
    // From there on it is a dump whose end is missing; before, nothing but a request.
    for (let size = request + 1; size < bytes.length; size += 41) {
      const { records, error } = await failureOf(bytes.subarray(0, size));
      expect(error, `${size} bytes`).toMatchObject({ name: 'SockDiagError', code: 'EBADMSG' });
      expect(records).toBeLessThanOrEqual(length);
    }
  });

  describe.skipIf(lackOf('ss'))('by ss -D', () => {
    test('has the same sockets', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'sockdiag-'));
      const file = join(folder, 'recording');
      expect(spawnSync('ss', ['-t', '-l', '-i', '-D', file]).status).toBe(0);
      const theirs = await decode(readFileSync(file)).toArray();
      rmSync(folder, { recursive: true });
      const ours = await dumpTcp({ states: ['LISTEN'] }).toArray();
      expect(theirs.length).toBeGreaterThanOrEqual(40);
      expect(theirs.map(({ cookie }) => cookie).sort()).toEqual(ours.map(({ cookie }) => cookie).sort());
      for (const socket of theirs) {
        expect(socket).toMatchObject({ ...ours.find(({ cookie }) => cookie === socket.cookie) });
        expect(socket).not.toHaveProperty('unknown');
      }
    });
  });
});

test('a request says which protocol its answers are of', async () => {
  const bytes = Buffer.concat([
    request(17, 1),
    request(254, 2, attribute(3, words(262))),
    request(132, 3),
    socket({ sequence: 1 }),
    message(int32(0), { type: 3, sequence: 1 }),
    socket({ sequence: 2 }),
    message(int32(0), { type: 3, sequence: 2 }),
    socket({ sequence: 3 }),
    message(int32(0), { type: 3, sequence: 3 }),
  ]);
  const protocols = (await decode(bytes).toArray()).map((socket) => 'protocol' in socket && socket.protocol);
  expect(protocols).toEqual(['udp', 'mptcp', 'sctp']);
});

test('without a request, the protocol is TCP, or what the caller says', async () => {
  const bytes = Buffer.concat([socket(), done()]);
  expect(await decode(bytes).toArray()).toMatchObject([{ protocol: 'tcp', state: 'LISTEN' }]);
  expect(await decode(bytes, { protocol: 'udp' }).toArray()).toMatchObject([{ protocol: 'udp' }]);
});

test('every family is known by its records alone', async () => {
  const tipc = attribute(2, Buffer.concat([attribute(2, words(77)), attribute(6, words(1))]));
  const fixed = (family: number, length: number) =>
    Buffer.concat([Buffer.from([family, 3]), Buffer.alloc(length - 2)]);
  const bytes = Buffer.concat([
    ...[fixed(1, 16), fixed(17, 16), fixed(16, 28), fixed(40, 32), fixed(44, 16), fixed(43, 64)].map(
      (payload) => message(payload),
    ),
    message(tipc),
    // In place of a socket whose state was not asked for.
    message(Buffer.alloc(0)),
    done(),
  ]);
  const records = await decode(bytes).toArray();
  const families = ['unix', 'packet', 'netlink', 'vsock', 'xdp', 'smc', 'tipc'];
  expect(records.map(({ family }) => family)).toEqual(families);
  expect(records.at(-1)).toMatchObject({ ref: 77, type: 'stream' });
});

test('a request for SMC says that what looks like TCP is not', async () => {
  const asked = Buffer.alloc(52);
  asked[0] = 43;
  const payload = Buffer.alloc(64);
  payload.set([10, 1]);
  const bytes = Buffer.concat([message(asked, { flags: 0x301, portId: 0 }), message(payload), done()]);
  expect(await decode(bytes).toArray()).toMatchObject([{ family: 'inet6', state: 'ACTIVE', mode: 'smcr' }]);
});

test.each<readonly [string, () => Dump<DiagMsg>]>([
  ['packet', dumpPacket],
  ['netlink', dumpNetlink],
  ['mptcp', dumpMptcp],
])('%s: a recording decodes to what the dump gives', async (_what, dump) => {
  const before = (await dump().toArray()).length;
  const records = await decode(await record(dump())).toArray();
  const after = (await dump().toArray()).length;
  expect(records.length).toBeGreaterThanOrEqual(Math.min(before, after));
  expect(records.length).toBeLessThanOrEqual(Math.max(before, after));
});

test('a message of type 0 is no record', async () => {
  const strange = message(Buffer.alloc(0), { type: 0, sequence: 9, flags: 0 });
  const bytes = Buffer.concat([socket(), done(), strange]);
  const { records, error } = await failureOf(bytes);
  expect(records).toBe(1);
  expect(error).toMatchObject({
    code: 'EBADMSG',
    message: expect.stringContaining('that was not asked for'),
  });
});

test('answers of the older request are TCP', async () => {
  const bytes = Buffer.concat([
    socket({ type: 18 }),
    message(structure(10), { type: 18 }),
    message(int32(0), { type: 3 }),
  ]);
  expect(await decode(bytes, { protocol: 'udp' }).toArray()).toMatchObject([
    { protocol: 'tcp', family: 'inet' },
    { protocol: 'tcp', family: 'inet6' },
  ]);
});

test('single answers and events have no end, and need none', async () => {
  const bytes = Buffer.concat([
    socket({ flags: 0, sequence: 7 }),
    errorReply(0).fill(7, 8, 9),
    socket({ flags: 0, sequence: 0, portId: 0 }),
    socket({ flags: 0, sequence: 0, portId: 0 }),
  ]);
  expect(await decode(bytes).toArray()).toHaveLength(3);
});

test('an attribute that is not known yet is kept', async () => {
  const bytes = Buffer.concat([socket({}, attribute(99, Buffer.from('new'))), done()]);
  const [record] = await decode(bytes).toArray();
  expect(record?.unknown).toEqual({ 99: new Uint8Array(Buffer.from('new')) });
});

test('keys of TCP-MD5 come out only where they are asked for', async () => {
  const key = Buffer.concat([Buffer.from('secret'), Buffer.alloc(74)]);
  const md5sig = Buffer.concat([Buffer.from([2, 32]), halves(6), hex('c0000201'), Buffer.alloc(12), key]);
  const bytes = Buffer.concat([socket({}, attribute(18, md5sig)), done()]);
  const without = { family: 'inet', prefixlen: 32, keylen: 6, addr: '192.0.2.1' };
  expect(await decode(bytes).toArray()).toMatchObject([{ md5sig: [without] }]);
  expect(JSON.stringify(await decode(bytes).toArray())).not.toContain('"key"');
  expect(await decode(bytes, { show: ['md5sig'] }).toArray()).toMatchObject([
    { md5sig: [{ ...without, key: new Uint8Array(Buffer.from('secret')) }] },
  ]);
});

test('an empty recording is empty', async () => {
  expect(await decode(new Uint8Array()).toArray()).toEqual([]);
  expect(await decode(done()).toArray()).toEqual([]);
});

const MULTI = socket();

test.each<[what: string, bytes: Buffer, records: number, words: RegExp]>([
  ['no end', MULTI, 1, /no end: a part of it is missing/],
  ['no end before the next dump', Buffer.concat([MULTI, done().fill(9, 8, 9)]), 1, /no end of a dump/],
  ['a short header', Buffer.concat([MULTI, done(), Buffer.alloc(8)]), 1, /shorter than a message header/],
  ['a length that is too small', Buffer.concat([MULTI, Buffer.alloc(16)]), 0, /wrong length \(at byte 88\)/],
  ['a length beyond its end', MULTI.subarray(0, 80), 0, /a message with a wrong length \(at byte 0\)/],
  [
    'the other byte order',
    hex('00000058 00140002 00000001 00003778'.padEnd(208, '0')),
    0,
    /byte order of another/,
  ],
  ['a family of nobody', Buffer.concat([message(structure(77)), done()]), 0, /of a kind that is not known/],
  [
    'no record in a message',
    Buffer.concat([request(6, 1), message(Buffer.alloc(0)), done()]),
    0,
    /of a kind that is not known/,
  ],
  [
    'a short record',
    Buffer.concat([message(structure().subarray(0, 60)), done()]),
    0,
    /shorter than its structure/,
  ],
  [
    'an attribute beyond the message',
    Buffer.concat([MULTI, socket({}, halves(40, 8)), done()]),
    0,
    /longer than what holds it \(at byte 176\)/,
  ],
  [
    'a message of no type that there is',
    Buffer.concat([MULTI, message(Buffer.alloc(4), { type: 7 })]),
    0,
    /of a type/,
  ],
  ['text', Buffer.from('Netid State Recv-Q Send-Q Local Address:Port'), 0, /a message with a wrong length/],
])('a recording with %s is refused in words', async (_what, bytes, records, pattern) => {
  const failure = await failureOf(bytes);
  expect(failure.error).toBeInstanceOf(SockDiagError);
  expect(failure.error).toMatchObject({ code: 'EBADMSG' });
  expect((failure.error as Error).message).toMatch(/^the recording has /);
  expect((failure.error as Error).message).toMatch(pattern);
  expect(failure.records).toBe(records);
});

test("an error of the kernel's own that was recorded is thrown again", async () => {
  const absent = await failureOf(Buffer.concat([MULTI, done(-2)]));
  expect(absent).toMatchObject({ records: 1, error: { code: 'ENOENT', errno: 2, unsupported: 'protocol' } });
  const refused = await failureOf(errorReply(-1));
  expect(refused).toMatchObject({ records: 0, error: { code: 'EPERM' } });
  expect((refused.error as Error).message).toContain('the recording holds an error of the kernel');
});

test('a large recording comes in batches, and others get their turn in between', async () => {
  const bytes = Buffer.concat([...new Array<Buffer>(20_000).fill(socket()), done()]);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  let batches = 0;
  let records = 0;
  for await (const batch of decode(bytes).batches()) {
    batches++;
    records += batch.length;
  }
  clearInterval(timer);
  expect(records).toBe(20_000);
  expect(batches).toBeGreaterThan(10);
  expect(turns).toBeGreaterThan(2);
});

test('a signal ends the reading', async () => {
  const bytes = Buffer.concat([...new Array<Buffer>(5_000).fill(socket()), done()]);
  const controller = new AbortController();
  const { records, error } = await (async () => {
    let records = 0;
    try {
      for await (const _socket of decode(bytes, { signal: controller.signal })) {
        if (++records === 10) controller.abort(new Error('enough'));
      }
    } catch (error) {
      return { records, error };
    }
    return { records, error: undefined };
  })();
  expect(records).toBe(10);
  expect(error).toMatchObject({ message: 'enough' });
});

test('what is no recording is a TypeError', () => {
  for (const wrong of [undefined, 'file', new ArrayBuffer(8), [1, 2]]) {
    expect(() => decode(wrong as never)).toThrow(/must be a Uint8Array/);
  }
});
