/** What comes twice is given once, and what is left out comes by asking twice. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { NativeBatch, NativeFailure } from '../lib/binding.js';
import { type DiagMsg, type Dump, decode, dumpMptcp, dumpTcp, dumpUdp, dumpUnix } from '../lib/index.js';
import { CookieSet } from '../lib/netlink/cookie-set.js';
import { PassesSource } from '../lib/netlink/passes.js';
import { FakeSource } from './fake-source.js';
import { compilers } from './layout/headers.js';
import { attribute, done, message, words } from './messages.js';
import { lackOfWorld, skip } from './tools.js';
import { Stage } from './world/stage.js';

describe('a set of cookies', () => {
  /** Numbers that differ in few bits, at either end, and in all. */
  const numbers: bigint[] = [];
  let state = 1n;
  for (let i = 0n; i < 40_000n; i++) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    numbers.push(i + 1n, (i + 1n) << 32n, state, 0xffff_ffff_ffff_ffffn - i, (i & 0xffn) << 56n);
  }

  test('knows exactly what was added', () => {
    const set = new CookieSet();
    const known = new Set<bigint>();
    const add = (number: bigint): boolean => set.add(Number(number & 0xffff_ffffn), Number(number >> 32n));
    const wrong = numbers.filter((number) => {
      const isNew = number === 0n || !known.has(number);
      known.add(number);
      return add(number) !== isNew;
    });
    expect(wrong).toEqual([]);
    expect(known.size).toBeGreaterThan(150_000);
    expect(numbers.filter((number) => number !== 0n && add(number))).toEqual([]);
  });

  test('takes zero for no cookie', () => {
    const set = new CookieSet();
    expect([set.add(0, 0), set.add(0, 0), set.add(1, 0), set.add(0, 1), set.add(0, 0)]).toEqual(
      new Array(5).fill(true),
    );
  });
});

describe('a recording', () => {
  const socket = (
    cookie: number,
    dport: number,
    { flags, attributes = Buffer.alloc(0) }: { flags?: number; attributes?: Buffer } = {},
  ): Buffer => {
    const structure = Buffer.alloc(72);
    structure.set([2, 1]);
    structure.writeUInt16BE(dport, 6);
    words(cookie).copy(structure, 44);
    return message(Buffer.concat([structure, attributes]), flags === undefined ? {} : { flags });
  };
  const request = (protocol: number): Buffer => {
    const payload = Buffer.alloc(56);
    payload.set([2, protocol]);
    payload.writeUInt32LE(262, 4);
    return message(payload, { flags: 0x301, portId: 0 });
  };
  const portsOf = async (bytes: Buffer): Promise<unknown[]> =>
    (await decode(bytes).toArray()).map((record) => 'dport' in record && record.dport);

  test('gives each socket of a dump once, as it came first', async () => {
    const dump = [socket(1, 10), socket(2, 20), socket(1, 11), socket(0, 30), socket(0, 31), done()];
    expect(await portsOf(Buffer.concat(dump))).toEqual([10, 20, 30, 31]);
    expect(await portsOf(Buffer.concat([...dump, socket(1, 12), done()]))).toEqual([10, 20, 30, 31, 12]);
  });

  test('gives single answers and events as often as they are there', async () => {
    expect(await portsOf(Buffer.concat([socket(1, 10, { flags: 0 }), socket(1, 11, { flags: 0 })]))).toEqual([
      10, 11,
    ]);
  });

  test('has each association of an SCTP socket once, by the address that it was made with', async () => {
    const association = (dport: number, ...peers: number[]): Buffer => {
      const addresses = peers.map((last) => {
        const address = Buffer.alloc(128);
        address.set([2, 0, 0, 9, 192, 0, 2, last]);
        return address;
      });
      return socket(1, dport, { attributes: attribute(13, Buffer.concat(addresses)) });
    };
    const associations = [association(20, 1, 2), association(21, 2, 1), association(22, 1)];
    const others = [socket(2, 30), socket(0, 40), socket(0, 41)];
    const dump = [socket(1, 10), ...associations, socket(1, 11), ...others, done()];
    expect(await portsOf(Buffer.concat([request(132), ...dump]))).toEqual([10, 20, 21, 30, 40, 41]);
    // Of TCP, the cookie is enough.
    expect(await portsOf(Buffer.concat([request(6), ...dump]))).toEqual([10, 30, 40, 41]);
  });
});

describe('passes', () => {
  const batch = (finished: boolean, failure?: NativeFailure): NativeBatch => ({
    records: 0,
    finished,
    ...(failure !== undefined && { failure }),
  });
  const failure: NativeFailure = { kind: 'system', request: 0, errno: 12, text: 'ENOMEM' };

  test('end with the last one, and close each at its end', async () => {
    const sources = [
      new FakeSource('a', batch(false), batch(true)),
      new FakeSource('b', batch(true)),
      new FakeSource('c'),
    ];
    const opened: number[] = [];
    const others = sources.slice(1).map((source, i) => () => {
      opened.push(i);
      return source;
    });
    const passes = new PassesSource(sources[0] as FakeSource, others);
    const finished: boolean[] = [];
    for (let i = 0; i < 4; i++)
      finished.push((i % 2 === 0 ? await passes.next() : passes.nextSync()).finished);
    expect(finished).toEqual([false, false, false, true]);
    expect(opened).toEqual([0, 1]);
    passes.close();
    expect(sources.map(({ closed }) => closed)).toEqual([1, 1, 1]);
  });

  test('end with a failure, which is told of the pass that had it', async () => {
    const second = new FakeSource('b', batch(true, failure));
    const passes = new PassesSource(new FakeSource('a', batch(true)), [
      () => second,
      () => {
        throw new Error('none is left');
      },
    ]);
    expect((await passes.next()).finished).toBe(false);
    const last = await passes.next();
    expect(last).toMatchObject({ finished: true, failure });
    expect(passes.errorOf(failure).message).toBe('b: ENOMEM');
  });

  test('that are left open no other', () => {
    const first = new FakeSource('a', batch(true));
    const passes = new PassesSource(first, [
      () => {
        throw new Error('none is wanted');
      },
    ]);
    passes.close();
    expect(passes.nextSync().finished).toBe(true);
    expect(first.closed).toBe(1);
  });
});

describe.skipIf(lackOfWorld())('where nothing changes', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(`
      import socket
      kept = [socket.create_server(('127.0.0.1', 0)) for n in range(20)]
      kept += [socket.create_server(('::1', 0), family=socket.AF_INET6) for n in range(20)]
      kept += [end for n in range(20) for end in socket.socketpair()]
      for n in range(20):
          kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
          kept[-1].bind(('127.0.0.1', 0))
      # What a listener accepts may have its cookie.
      listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
      listener.bind(('127.0.0.1', 0))
      listener.listen(16)
      for n in range(5):
          client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
          client.connect(listener.getsockname())
          kept += [client, listener.accept()[0]]
    `);
  });
  afterAll(() => stage?.close());

  const dumps = (options: object): Record<string, Dump<DiagMsg>> => ({
    tcp: dumpTcp({ netns: stage.pid, ...options }),
    udp: dumpUdp({ netns: stage.pid, ...options }),
    unix: dumpUnix({ netns: stage.pid, ...options }),
    mptcp: dumpMptcp({ netns: stage.pid, ...options }),
  });
  const least: Record<string, number> = { tcp: 40, udp: 20, unix: 40, mptcp: 11 };

  test.each(Object.keys(least))('both are the same: %s', async (kind) => {
    const plain = await (dumps({})[kind] as Dump<DiagMsg>).toArray();
    const twice = dumps({ consistent: true })[kind] as Dump<DiagMsg>;
    expect(plain.length).toBeGreaterThanOrEqual(least[kind] as number);
    expect(await twice.toArray()).toEqual(plain);
    expect([...twice]).toEqual(plain);
  });

  test('with all other options too', async () => {
    const options = {
      netns: [stage.pid],
      owners: true,
      filter: 'src 127.0.0.0/8',
      states: ['LISTEN'],
    } as const;
    const plain = await dumpTcp(options).toArray();
    expect(plain.length).toBeGreaterThanOrEqual(20);
    expect(plain[0]?.owners?.length).toBe(1);
    expect(await dumpTcp({ ...options, consistent: true }).toArray()).toEqual(plain);
    expect(await dumpTcp({ ...options, consistent: true, fallback: 'proc' }).toArray()).toEqual(plain);
  });

  test('a recording is of one pass', async () => {
    const parts: Uint8Array[] = [];
    for await (const part of dumpTcp({ netns: stage.pid, consistent: true }).raw()) parts.push(part);
    const plain: Uint8Array[] = [];
    for await (const part of dumpTcp({ netns: stage.pid }).raw()) plain.push(part);
    expect(Buffer.concat(parts).length).toBe(Buffer.concat(plain).length);
  });

  test('whoever leaves between the passes leaves nothing open', async () => {
    const iterator = dumpTcp({ netns: stage.pid, consistent: true, family: 'inet' }).batches();
    await iterator.next();
    await iterator.return();
    expect((await iterator.next()).done).toBe(true);
    const controller = new AbortController();
    const reading = dumpTcp({ netns: stage.pid, consistent: true, signal: controller.signal }).batches();
    await reading.next();
    controller.abort(new Error('enough'));
    await expect(reading.next()).rejects.toThrow('enough');
  });
});

const lacksChurn = lackOfWorld() || (compilers().length === 0 && skip('there is no compiler here'));

describe.skipIf(lacksChurn)('while others come and go', () => {
  const DUMPS = 20;
  const STABLE = 1504;
  let child: ChildProcess;
  let pid = 0;
  let stable: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'sockdiag-churn-'));
  beforeAll(async () => {
    const program = join(folder, 'churn');
    const [compiler] = compilers()[0] as [string];
    execFileSync(compiler, ['-xc', '-std=c11', '-O2', '-o', program, 'bench/churn.c']);
    child = spawn('unshare', ['--net', program, 'listeners', String(STABLE), '200'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    pid = Number((await lines.next()).value?.split(' ')[1]);
    stable = ((await lines.next()).value as string).trim().split(' ');
    stable = stable.map((pair) => pair.split(':')[0] as string);
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child?.stdin?.end();
    await ended;
    rmSync(folder, { recursive: true });
  });

  const cookiesOf = async (consistent: boolean): Promise<string[]> =>
    (await dumpTcp({ netns: pid, states: ['LISTEN'], consistent }).toArray()).map(({ cookie }) => cookie);

  // Their number and their rate are such that a dump in three has a repeat.
  test('no socket comes twice', async () => {
    for (let i = 0; i < DUMPS; i++) {
      const cookies = await cookiesOf(false);
      expect(cookies.length).toBeGreaterThan(STABLE);
      expect(new Set(cookies).size).toBe(cookies.length);
    }
  });

  test('asked twice, those that stay are there, and none twice', async () => {
    let missed = 0;
    for (let i = 0; i < DUMPS; i++) {
      const cookies = await cookiesOf(true);
      const found = new Set(cookies);
      expect(found.size).toBe(cookies.length);
      missed += stable.filter((cookie) => !found.has(cookie)).length;
    }
    expect(missed).toBeLessThanOrEqual(DUMPS * STABLE * 1e-4);
  });
});
