/** Dumps in parts, side by side: the same sockets, each once, whatever their ports are; and nothing is left open. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { NativeBatch, NativeFailure } from '../lib/binding.js';
import { matcher } from '../lib/filter/index.js';
import { decode, dumpTcp, type TcpDiagMsg, type TcpDumpOptions } from '../lib/index.js';
import { portsOf, rangesOf } from '../lib/inet/ranges.js';
import { summarize } from '../lib/metrics/index.js';
import { BatchMemory } from '../lib/netlink/batch.js';
import { type Divisible, ParallelSource } from '../lib/netlink/parallel.js';
import { openSockets } from './descriptors.js';
import { FakeSource } from './fake-source.js';
import { lackOf, lackOfWorld } from './tools.js';
import { Stage } from './world/stage.js';

describe('the ranges', () => {
  interface Ports {
    sport: number;
    dport: number;
  }
  const numberOf = ({ sport, dport }: Ports): number => sport * 0x1_0000 + dport;
  /** By how many of them a socket is taken. */
  const counted = (sample: readonly Ports[], wanted: number, sockets: readonly Ports[]): number[][] => {
    const ranges = rangesOf(sample.map(numberOf), wanted).map((range) => matcher(range));
    const record = (ports: Ports): TcpDiagMsg =>
      ({ family: 'inet', protocol: 'tcp', ...ports }) as TcpDiagMsg;
    return sockets.map((ports) => ranges.map((matches) => (matches(record(ports)) ? 1 : 0)));
  };
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  const EDGES = [0, 1, 442, 443, 444, 32767, 32768, 60999, 65534, 65535];
  const ANY: readonly Ports[] = EDGES.flatMap((sport) => EDGES.map((dport) => ({ sport, dport })));

  test.each<[string, readonly Ports[]]>([
    ['a server', Array.from({ length: 1000 }, (_, i) => ({ sport: 443, dport: 32768 + 28 * i }))],
    ['a client', Array.from({ length: 1000 }, (_, i) => ({ sport: 32768 + 28 * i, dport: 443 }))],
    ['the last port', Array.from({ length: 100 }, (_, i) => ({ sport: 65535, dport: 65436 + i }))],
    ['everything', ANY],
  ])('of %s are as large as each other, and take each socket once', (_, sample) => {
    for (const wanted of [2, 3, 4, 7, 16]) {
      for (const counts of counted(sample, wanted, ANY)) expect(sum(counts)).toBe(1);
      const taken = counted(sample, wanted, sample);
      const sizes = (taken[0] as number[]).map((_, part) =>
        sum(taken.map((counts) => counts[part] as number)),
      );
      expect(sizes.length).toBeGreaterThan(1);
      expect(Math.max(...sizes)).toBeLessThan((1.6 * sample.length) / wanted + 10);
    }
  });

  test('are none where nothing can be told apart', () => {
    expect(rangesOf([], 4)).toEqual([]);
    expect(rangesOf([80 * 0x1_0000], 4)).toEqual([]);
    expect(rangesOf(new Array<number>(100).fill(80 * 0x1_0000), 4)).toEqual([]);
  });

  test('are made of sockets that do not listen', () => {
    const message = new Uint8Array(8 + 72);
    // Its row in the index, and inet_diag_msg: AF_INET, TCP_ESTABLISHED, and two ports in the network's byte order.
    message.set([2, 1, 0, 0, 0x01, 0xbb, 0xee, 0x49], 8);
    new Uint32Array(message.buffer)[0] = 8;
    expect(portsOf(new BatchMemory(message.buffer), 0)).toBe(443 * 0x1_0000 + 61_001);
    message[9] = 10;
    expect(portsOf(new BatchMemory(message.buffer), 0)).toBeUndefined();
  });
});

describe('sources side by side', () => {
  /** One record in each batch, whose number is the sample. */
  const batchOf = (number: number): NativeBatch => {
    const buffer = new ArrayBuffer(12);
    new Uint32Array(buffer).set([number, 0, 0]);
    return { buffer, index: 1, records: 1, finished: false, netns: 4026531840 };
  };
  const failing = (kind: NativeFailure['kind'], errno: number): NativeBatch => ({
    records: 0,
    finished: true,
    failure: { kind, request: 0, syscall: 'socket', errno, text: `failure ${errno}` } as NativeFailure,
  });

  const many = (count: number): NativeBatch[] => Array.from({ length: count }, (_, i) => batchOf(i));

  /** Opens wholes and parts of these batches, one after the other. */
  const opening = (wholes: readonly NativeBatch[][], parts: readonly NativeBatch[][]) => {
    const opened: FakeSource[] = [];
    const asked: unknown[] = [];
    const left = [...wholes];
    const open = (name: string, batches: readonly NativeBatch[]): FakeSource => {
      const fake = new FakeSource(name, ...batches);
      opened.push(fake);
      return fake;
    };
    const divisible: Divisible<string> = {
      whole: (netns) => {
        asked.push(['whole', netns]);
        return open('whole', left.shift() ?? []);
      },
      sample: (memory, row) => (memory.words[row - 1] === 1000 ? undefined : memory.words[row - 1]),
      parts: (samples, netns) => {
        asked.push(['parts', samples.length, netns]);
        return parts.map((batches, i) => open(`part ${i}`, batches));
      },
    };
    return { source: new ParallelSource(divisible), opened, asked };
  };

  /** Whose batches come, in their order, and the error at the end. */
  const readAll = async (source: ParallelSource<string>): Promise<string[]> => {
    const seen: string[] = [];
    for (;;) {
      const { failure, finished, records } = await source.next();
      if (records > 0) seen.push(source.decode(undefined as never, 0) as string);
      if (failure !== undefined) return [...seen, source.errorOf(failure).message];
      if (finished) return seen;
    }
  };
  const times = (count: number, name: string): string[] => new Array<string>(count).fill(name);

  test('few are read as the whole', async () => {
    const { source, opened, asked } = opening([many(127)], [many(1), many(1)]);
    expect(await readAll(source)).toEqual(times(127, 'whole'));
    expect(asked).toEqual([['whole', undefined]]);
    await source.close();
    expect(opened.every(({ closed }) => closed > 0)).toBe(true);
  });

  test('of many, parts take turns until each has ended', async () => {
    const { source, opened, asked } = opening([many(500)], [many(3), [], many(1)]);
    expect(await readAll(source)).toEqual([
      ...times(128, 'whole'),
      ...['part 0', 'part 2', 'part 0', 'part 0'],
    ]);
    // They are to be read where the whole was.
    expect(asked).toEqual([
      ['whole', undefined],
      ['parts', 128, 4026531840],
    ]);
    expect(opened.every(({ closed }) => closed > 0)).toBe(true);
  });

  test('what tells nothing is no sample', async () => {
    const listening = Array.from({ length: 300 }, () => batchOf(1000));
    const { source } = opening([[...listening, ...many(200)]], [many(1), many(1)]);
    expect(await readAll(source)).toEqual([...times(300 + 128, 'whole'), 'part 0', 'part 1']);
  });

  test.each([[[]], [[many(9)]]])('what cannot be divided is read as the whole', async (parts) => {
    const { source, asked } = opening([many(300)], parts);
    expect(await readAll(source)).toEqual(times(300, 'whole'));
    expect(asked).toHaveLength(2);
  });

  test('where the system has not enough for parts, the whole is read again', async () => {
    const { source, opened, asked } = opening(
      [many(200), many(5)],
      [many(3), [failing('system', 24)], many(3)],
    );
    expect(await readAll(source)).toEqual([...times(128, 'whole'), 'part 0', ...times(5, 'whole')]);
    expect(asked.at(-1)).toEqual(['whole', 4026531840]);
    await source.close();
    expect(opened.map(({ closed }) => closed > 0)).toEqual(times(5, 'x').map(() => true));
  });

  test('an error of the whole that is read again is the error', async () => {
    const want = [failing('system', 24)];
    const { source } = opening([many(200), want], [want, want]);
    expect(await readAll(source)).toEqual([...times(128, 'whole'), 'whole: failure 24']);
  });

  test.each<[NativeFailure['kind'], NativeBatch[]]>([
    ['kernel', []],
    ['system', [batchOf(1)]],
  ])('any other error of a part (%s) is the error', async (kind, before) => {
    const { source, opened } = opening([many(200)], [many(9), [...before, failing(kind, 12)]]);
    const seen = await readAll(source);
    expect(seen.at(-1)).toBe('part 1: failure 12');
    await source.close();
    expect(opened.every(({ closed }) => closed > 0)).toBe(true);
  });

  test('a part is asked for more only when its last batch has been decoded', async () => {
    const { source, opened } = opening([many(200)], [many(9), many(9)]);
    for (let i = 0; i < 129; i++) await source.next();
    const [, first, second] = opened as [FakeSource, FakeSource, FakeSource];
    expect([first.asked, second.asked]).toEqual([1, 1]);
    await source.next();
    expect([first.asked, second.asked]).toEqual([2, 1]);
  });

  test('on the calling thread there is one', () => {
    const { source, asked } = opening([many(300)], [many(1), many(1)]);
    for (let i = 0; i < 300; i++) expect(source.nextSync().finished).toBe(false);
    expect(source.nextSync().finished).toBe(true);
    expect(asked).toEqual([['whole', undefined]]);
  });
});

const lacks = lackOfWorld();

describe.skipIf(lacks)('of a namespace with some ten thousand sockets', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(`
      crowded = listener('0.0.0.0', 443, backlog=4096)
      other = listener('::', 4443, backlog=4096)
      listeners = [listener('127.0.0.1') for _ in range(50)]
      held = [connection(crowded, '127.0.0.1') for _ in range(2500)]
      held += [connection(other, '::1') for _ in range(1000)]
      held += [connection(server, '127.0.0.1') for server in listeners for _ in range(20)]
      for _ in range(500):
          for end in connection(crowded, '127.0.0.1'): end.close()
      half = listener('127.0.0.1', 4444, backlog=1)
      queued = []
      for _ in range(6):
          waiting = socket.socket()
          waiting.setblocking(False)
          waiting.connect_ex(('127.0.0.1', 4444))
          queued.append(waiting)
    `);
  });
  afterAll(() => stage?.close());

  const dump = (options: TcpDumpOptions = {}) => dumpTcp({ netns: stage.pid, ...options });

  /** Without what changes from one look to the next. */
  const sorted = (records: readonly TcpDiagMsg[]): string[] =>
    records
      .map(({ cookie, src, sport, dst, dport, state, inode }) =>
        [cookie, src, sport, dst, dport, state, inode].join(' '),
      )
      .sort();

  test.each([2, 3, 4, 8, 64])('%i parts have each socket once', async (parallel) => {
    const whole = sorted(await dump().toArray());
    expect(whole.length).toBeGreaterThan(9000);
    expect(new Set(whole.map((line) => line.split(' ')[5]))).toEqual(
      new Set(['LISTEN', 'ESTABLISHED', 'TIME_WAIT', 'SYN_SENT']),
    );
    expect(sorted(await dump({ parallel }).toArray())).toEqual(whole);
    const each: TcpDiagMsg[] = [];
    for await (const socket of dump({ parallel })) each.push(socket);
    expect(sorted(each)).toEqual(whole);
  });

  test.each<TcpDumpOptions>([
    { filter: 'sport = :443' },
    { filter: 'dport = :443 or sport < :1000' },
    { filter: 'dst 127.0.0.1 and not dport = :443 or state time-wait' },
    { states: ['ESTABLISHED'], family: 'inet6' },
    { states: ['TIME_WAIT'] },
    { states: ['LISTEN'] },
    { states: ['SYN_RECV', 'SYN_SENT', 'NEW_SYN_RECV'] },
  ])('%o', async (options) => {
    const whole = sorted(await dump(options).toArray());
    expect(sorted(await dump({ ...options, parallel: 4 }).toArray())).toEqual(whole);
  });

  test('what comes first comes soon: a single part of the answer, where others follow', async () => {
    const sizes: number[] = [];
    for await (const bytes of dump().raw()) sizes.push(bytes.length);
    // Behind the requests, which are a part of their own.
    expect(sizes[1]).toBeGreaterThan(16_384);
    expect(sizes[1]).toBeLessThanOrEqual(32_768);
    expect(sizes[2]).toBeGreaterThan(3 * 16_384);
  });

  test('with all that is read twice', async () => {
    const whole = sorted(await dump().toArray());
    expect(sorted(await dump({ parallel: 3, consistent: true }).toArray())).toEqual(whole);
  });

  test('summed up', async () => {
    const summaries = await Promise.all(
      [{}, { parallel: 4 }].map((options) =>
        summarize(dump({ ...options, states: ['ESTABLISHED', 'LISTEN'] })),
      ),
    );
    expect(summaries[0]?.sockets.map(({ count }) => count).some((count) => count > 2000)).toBe(true);
    const inOrder = summaries.map(({ sockets }) => sockets.map((each) => JSON.stringify(each)).sort());
    expect(inOrder[1]).toEqual(inOrder[0]);
  });

  test('with attributes and owners', async () => {
    const wanted: TcpDumpOptions = { show: ['info', 'skmeminfo'], owners: true, states: ['ESTABLISHED'] };
    const ofCrowded = 'sport = :443 or dport = :443';
    const records = await dump({ ...wanted, filter: ofCrowded, parallel: 3 }).toArray();
    expect(records).toHaveLength(5000);
    for (const { info, skmeminfo, owners } of records) {
      expect([typeof info?.rtt, typeof skmeminfo?.rcvbuf, owners?.[0]?.pid]).toEqual([
        'number',
        'number',
        stage.pid,
      ]);
    }
  });

  test('of several namespaces', async () => {
    const other = await Stage.open();
    try {
      await other.run("only = listener('127.0.0.1', 5555)");
      const both = { netns: [stage.pid, other.pid], states: ['LISTEN'] } as const;
      const whole = sorted(await dumpTcp(both).toArray());
      expect(sorted(await dumpTcp({ ...both, parallel: 4 }).toArray())).toEqual(whole);
    } finally {
      await other.close();
    }
  });

  test('parts are never read of another namespace, where its path leads there by then', async () => {
    const other = await Stage.open();
    const folder = mkdtempSync(join(tmpdir(), 'sockdiag-parallel-'));
    try {
      // The only thread is taken by something else before the parts have theirs, and the path is another one's meanwhile.
      const script = `
        import { pbkdf2 } from 'node:crypto';
        import { renameSync, symlinkSync } from 'node:fs';
        import { dumpTcp } from './dist/index.js';
        const path = ${JSON.stringify(join(folder, 'ns'))};
        symlinkSync('/proc/${stage.pid}/ns/net', path);
        symlinkSync('/proc/${other.pid}/ns/net', path + '2');
        const batches = dumpTcp({ netns: path, parallel: 2 }).batches();
        const first = batches.next();
        // The whole has the thread first; until the event loop turns, nothing of it can come.
        for (let i = 0; i < 50; i++) await undefined;
        pbkdf2('a', 'b', 100_000, 64, 'sha512', () => undefined);
        console.log((await first).value.length > 128);
        renameSync(path + '2', path);
        for await (const _ of batches) console.log('more');`;
      const node = ['--input-type=module', '-e', script];
      const environment = { ...process.env, UV_THREADPOOL_SIZE: '1' };
      const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8', env: environment });
      expect(stdout).toBe('true\n');
      expect(stderr).toContain('ESTALE');
    } finally {
      rmSync(folder, { recursive: true });
      await other.close();
    }
  });

  test('on the calling thread and as messages, there is one part', async () => {
    const whole = sorted(await dump().toArray());
    expect(sorted([...dump({ parallel: 4 })])).toEqual(whole);
    const parts: Uint8Array[] = [];
    for await (const part of dump({ parallel: 4 }).raw()) parts.push(part);
    expect(sorted([...(decode(Buffer.concat(parts)) as Iterable<TcpDiagMsg>)])).toEqual(whole);
  });

  test('there are no more sockets while it is read, and none when it is left', async () => {
    const before = openSockets();
    let most = 0;
    for await (const batch of dump({ parallel: 4 }).batches()) {
      most = Math.max(most, openSockets().length - before.length);
      expect(batch.length).toBeGreaterThan(0);
    }
    // The one that it began with may not be closed yet; and a short part may have been read already.
    expect(most).toBeLessThanOrEqual(5);
    expect(openSockets()).toEqual(before);
    for (const left of [1, 1500, 5000]) {
      let seen = 0;
      for await (const _ of dump({ parallel: 4 })) if (++seen === left) break;
      expect(openSockets()).toEqual(before);
    }
  });

  test('an abort ends all of them', async () => {
    const before = openSockets();
    for (const after of [0, 1, 2000]) {
      const controller = new AbortController();
      let seen = 0;
      const read = async (): Promise<void> => {
        if (after === 0) controller.abort(new Error('enough'));
        for await (const _ of dump({ parallel: 4, signal: controller.signal })) {
          if (++seen === after) controller.abort(new Error('enough'));
        }
      };
      await expect(read()).rejects.toThrow('enough');
      expect(seen).toBe(after);
      expect(openSockets()).toEqual(before);
    }
  });

  test('while sockets come and go, those that stay are there, each once', async () => {
    const staying = new Set((await dump({ states: ['ESTABLISHED'] }).toArray()).map(({ cookie }) => cookie));
    await stage.run(`
      import threading
      go_on = True
      def churn():
          while go_on:
              for end in connection(other, '::1'): end.close()
      churning = threading.Thread(target=churn)
      churning.start()
    `);
    try {
      for (let i = 0; i < 10; i++) {
        const seen = (await dump({ parallel: 4 }).toArray()).map(({ cookie }) => cookie);
        const stayed = seen.filter((cookie) => staying.has(cookie));
        expect(new Set(stayed).size).toBe(stayed.length);
        // A dump is no snapshot, in any kernel.
        expect(stayed.length).toBeGreaterThan(0.99 * staying.size);
      }
    } finally {
      await stage.run('go_on = False; churning.join()');
    }
  });

  test.skipIf(lackOf('strace'))('parts are asked for where there are many, and no others', () => {
    /** How often the kernel is asked for a dump: in another namespace, `strace` has no name for its flags. */
    const asking = (options: TcpDumpOptions): number => {
      const script = `
        const { dumpTcp } = await import('./dist/index.js');
        await dumpTcp(${JSON.stringify({ netns: stage.pid, ...options })}).toArray();`;
      const strace = ['-f', '-qq', '-e', 'trace=sendmsg,sendto', '-e', 'signal=none'];
      const node = [process.execPath, '--input-type=module', '-e', script];
      const { stderr } = spawnSync('strace', [...strace, ...node], { encoding: 'utf8' });
      return stderr.split('\n').filter((line) => /NLM_F_DUMP|NLM_F_REQUEST\|0x300/.test(line)).length;
    };
    expect([asking({}), asking({ parallel: 1 })]).toEqual([1, 1]);
    expect([asking({ parallel: 2 }), asking({ parallel: 4 })]).toEqual([3, 5]);
    // Few are the whole, and ranges that a filter shuts out are no parts.
    expect(asking({ states: ['LISTEN'], parallel: 4 })).toBe(1);
    expect(asking({ filter: 'sport = :443 and dport < :20', parallel: 4 })).toBe(1);
  });

  test.skipIf(lackOf('prlimit'))('where there are descriptors for fewer, it is read in one', () => {
    const script = `
      import { closeSync, openSync } from 'node:fs';
      const { dumpTcp } = await import('./dist/index.js');
      const count = (options) =>
        dumpTcp(options).toArray().then((all) => new Set(all.map(({ cookie }) => cookie)).size === all.length && all.length);
      const all = await count({ parallel: 4 });
      // The first line opens what it is written to.
      console.log(all > 9000);
      const opened = [];
      try {
        for (;;) opened.push(openSync('/dev/null'));
      } catch {}
      for (const left of [0, 1, 2, 3]) {
        console.log(left, await count({ parallel: 4 }).then((found) => found === all, ({ code, syscall }) => code + ' ' + syscall));
        closeSync(opened.pop());
      }`;
    const { stdout } = spawnSync(
      'nsenter',
      [
        ...[`--net=/proc/${stage.pid}/ns/net`, 'prlimit', '--nofile=128'],
        ...[process.execPath, '--input-type=module', '-e', script],
      ],
      { encoding: 'utf8' },
    );
    expect(stdout).toBe('true\n0 EMFILE socket\n1 true\n2 true\n3 true\n');
  });
});

test.each([
  [0, RangeError, 'dumpTcp: options.parallel is 0, but must be a whole number from 1 to 64'],
  [65, RangeError, 'dumpTcp: options.parallel is 65, but must be a whole number from 1 to 64'],
  [1.5, TypeError, 'dumpTcp: options.parallel is 1.5, but must be a whole number from 1 to 64'],
  ['2', TypeError, "dumpTcp: options.parallel is '2', but must be a whole number from 1 to 64"],
])('parallel: %j is refused', (parallel, kind, message) => {
  const ask = (): unknown => dumpTcp({ parallel } as TcpDumpOptions);
  expect(ask).toThrow(kind);
  expect(ask).toThrow(message);
});
