/** Dumps in parts, side by side: the same sockets, each once, whatever their ports are; and nothing is left open. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matcher } from '../lib/filter/index.js';
import { decode, dumpTcp, type TcpDiagMsg, type TcpDumpOptions } from '../lib/index.js';
import { type Ports, rangesOf } from '../lib/inet/ranges.js';
import { openSockets } from './descriptors.js';
import { lackOf, lackOfWorld } from './tools.js';
import { Stage } from './world/stage.js';

describe('the ranges', () => {
  /** By how many of them a socket is taken. */
  const counted = (sample: readonly Ports[], wanted: number, sockets: readonly Ports[]): number[][] => {
    const ranges = rangesOf(sample, wanted).map((range) => matcher(range));
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
    expect(rangesOf([{ sport: 80, dport: 0 }], 4)).toEqual([]);
    expect(rangesOf(new Array<Ports>(100).fill({ sport: 80, dport: 0 }), 4)).toEqual([]);
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

  test('on the calling thread and as messages, there is one part', async () => {
    const whole = sorted(await dump().toArray());
    expect(sorted([...dump({ parallel: 4 })])).toEqual(whole);
    const parts: Uint8Array[] = [];
    for await (const part of dump({ parallel: 4 }).raw()) parts.push(part);
    expect(sorted([...(decode(Buffer.concat(parts)) as Iterable<TcpDiagMsg>)])).toEqual(whole);
  });

  test('there are so many sockets while it is read, and none when it is left', async () => {
    const before = openSockets();
    let most = 0;
    for await (const batch of dump({ parallel: 4 }).batches()) {
      most = Math.max(most, openSockets().length - before.length);
      expect(batch.length).toBeGreaterThan(0);
    }
    expect(most).toBe(4);
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

  test.skipIf(lackOf('prlimit'))('a part that cannot be asked is an error, and nothing is left open', () => {
    const script = `
      import { closeSync, openSync, readdirSync } from 'node:fs';
      const { dumpTcp } = await import('./dist/index.js');
      await dumpTcp({ parallel: 4 }).toArray();
      // The first line opens what it is written to.
      console.log('begin');
      const opened = [];
      try {
        for (;;) opened.push(openSync('/dev/null'));
      } catch {}
      // For two of four parts.
      for (const descriptor of opened.splice(-2)) closeSync(descriptor);
      await dumpTcp({ parallel: 4 }).toArray().catch(({ code, syscall }) => console.log(code, syscall));
      console.log((await dumpTcp({ parallel: 2 }).toArray()).length > 9000);`;
    const { stdout } = spawnSync(
      'nsenter',
      [
        ...[`--net=/proc/${stage.pid}/ns/net`, 'prlimit', '--nofile=128'],
        ...[process.execPath, '--input-type=module', '-e', script],
      ],
      { encoding: 'utf8' },
    );
    expect(stdout).toBe('begin\nEMFILE socket\ntrue\n');
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
