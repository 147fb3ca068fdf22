/** What the command does beside a dump: -s, -D and --from, -F, -K, -E, and `wait`. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { readCounters, summaryOf } from '../../lib/cli/summary.js';
import { lackOfWorld } from '../tools.js';
import { Stage, THREE_CONNECTIONS } from '../world/stage.js';

const COMMAND = 'dist/cli/main.js';

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sockdiag-acts-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const file = (name: string): string => join(directory, name);

test('what the counters of /proc add up to', () => {
  writeFileSync(
    file('sockstat'),
    'sockets: used 308\nTCP: inuse 57 orphan 2 tw 12 alloc 369 mem 431\nUDP: inuse 13 mem 0\nRAW: inuse 1\nFRAG: inuse 3 memory 0\n',
  );
  writeFileSync(
    file('sockstat6'),
    'TCP6: inuse 115\nUDP6: inuse 13\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n',
  );
  const told = summaryOf(readCounters(file('sockstat')), readCounters(file('sockstat6')), 112);
  expect(told).toEqual({
    total: 308,
    tcp: { total: 381, estab: 112, closed: 209, orphaned: 2, timewait: 12 },
    transports: [
      { name: 'RAW', ip: 1, ipv6: 0 },
      { name: 'UDP', ip: 13, ipv6: 13 },
      { name: 'TCP', ip: 57, ipv6: 115 },
      { name: 'INET', ip: 71, ipv6: 128 },
      { name: 'FRAG', ip: 3, ipv6: 0 },
    ],
  });
  // What the kernel does not tell is not 0.
  expect(() => summaryOf(new Map([['TCP alloc', 1]]), new Map(), 0)).toThrow(/does not tell 'RAW inuse'/);
  expect(() => summaryOf(readCounters(file('sockstat')), new Map(), Number.NaN)).toThrow(/CurrEstab/);
  // Without IPv6 there is no second file; without the first, nothing is known.
  expect(readCounters(file('none'), true).size).toBe(0);
  expect(() => readCounters(file('none'))).toThrow('ENOENT');
});

describe.skipIf(lackOfWorld())('in a namespace', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
    await stage.run(`
      ${THREE_CONNECTIONS}
      datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      datagrams.bind(('127.0.0.1', 4003))
      left, right = socket.socketpair()
    `);
  });
  afterEach(() => stage.close());

  const enter = (): string[] => [`--net=/proc/${stage.pid}/ns/net`];

  const start = (...words: string[]): ChildProcessWithoutNullStreams =>
    spawn('nsenter', [...enter(), process.execPath, COMMAND, ...words]);

  const run = (words: string, input?: string | Buffer, program = [process.execPath, COMMAND]): Result => {
    const { status, stdout, stderr } = spawnSync(
      'nsenter',
      [...enter(), ...program, ...words.split(' ').filter((word) => word !== '')],
      { encoding: 'utf8', ...(input !== undefined && { input }) },
    );
    return { status, stdout, stderr };
  };

  test('no key of TCP-MD5 is in the JSON', async () => {
    await stage.run(`
      import struct
      peer = struct.pack('=H2x4s120x', socket.AF_INET, socket.inet_aton('127.0.0.9'))
      secret = b'do not tell'
      listener.setsockopt(socket.IPPROTO_TCP, 14, peer + struct.pack('=BBHi80s', 0, 0, len(secret), 0, secret))
    `);
    const { stdout } = run('-tlni --json');
    expect(stdout).toContain('"info":');
    expect(stdout).not.toContain(Buffer.from('do not tell').toString('hex'));
    expect(JSON.parse(stdout).md5sig).toEqual([
      { family: 'inet', prefixlen: 32, keylen: 11, addr: '127.0.0.9' },
    ]);
    expect(run('-tlni').stdout).toContain('md5keys:127.0.0.9/32=');
    expect(run('-tlni').stdout).not.toContain('do not tell');
  });

  const ss = (words: string): string => run(words, undefined, ['ss']).stdout;
  const ok = (stdout: string): Result => ({ status: 0, stdout, stderr: '' });

  test.each(['-s', '-sa', '-sl', '-sH', '--summary'])('%s as ss', (words) => {
    // TCP's own line counts the sockets of all namespaces, in which others come and go.
    const still = (text: string): string => text.replace(/^TCP: .* \(estab (\d+), closed -?\d+/m, 'TCP: $1');
    const { stdout, ...rest } = run(words);
    expect(rest).toEqual({ status: 0, stderr: '' });
    expect(still(stdout)).toBe(still(ss(words)));
    expect(stdout).toMatch(/estab 6,/);
  });

  test('-s --json is one object, and the sockets that were asked for', () => {
    const { stdout } = run('-s --json');
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ tcp: { estab: 6 } });
    expect(`Total: ${told.total}\n`).toBe(ss('-s').slice(0, `Total: ${told.total}\n`.length));
    expect(told.transports.map(({ name, ip }: { name: string; ip: number }) => [name, ip])).toEqual([
      ['RAW', 0],
      ['UDP', 1],
      ['TCP', 7],
      ['INET', 8],
      ['FRAG', 0],
    ]);
    const lines = run('-stn --json').stdout.trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual([
      'total',
      ...Array(6).fill('family'),
    ]);
  });

  test('-s and which sockets: the summary, and these', () => {
    const { stdout } = run('-stn');
    expect(stdout.split('\n').slice(10).join('\n')).toBe(ss('-tn'));
    expect(stdout.split('\n').length).toBe(ss('-stn').split('\n').length);
  });

  test('-F reads the filter from a file, or from standard input', () => {
    writeFileSync(file('filter'), '# ports\n( dport = :4001\n  or sport = :4001 )\n');
    const expected = ss('-tan ( dport = :4001 or sport = :4001 )');
    expect(run(`-tan -F ${file('filter')}`)).toEqual(ok(expected));
    expect(run('-tan -F -', 'dport = :4001\n or sport = :4001')).toEqual(ok(expected));
    expect(expected.split('\n')).toHaveLength(9);
    expect(run(`-tan --filter=${file('none')}`)).toMatchObject({ status: 2, stdout: '' });
  });

  test('what -D writes, --from reads, and so what ss -D writes', () => {
    expect(run(`-tanD ${file('own')}`)).toEqual(ok(''));
    ss(`-tanD ${file('theirs')}`);
    expect(run(`-D ${file('all')} -a`)).toEqual(ok(''));
    for (const name of ['own', 'theirs', 'all']) {
      expect(run(`-tan --from ${file(name)}`), name).toEqual(ok(ss('-tan')));
      expect(run(`-tn4 --from=${file(name)} dport = :4001`)).toEqual(ok(ss('-tn4 dport = :4001')));
      expect(run(`-tln6 --from=${file(name)}`)).toEqual(ok(ss('-tln6')));
    }
    expect(run(`-uan --from ${file('all')}`)).toEqual(ok(ss('-uan')));
    expect(run(`-x --from ${file('all')}`)).toEqual(ok(ss('-x')));
    // A family of IP leaves the states of others as they are.
    expect(run(`-ta4xn --from ${file('all')}`)).toEqual(ok(ss('-ta4xn')));
    expect(run(`-t4xn --from ${file('all')}`)).toEqual(ok(ss('-t4xn')));
    expect(run(`-0a --from ${file('own')}`).stdout.split('\n')).toHaveLength(2);
    const json = run(`-tan --json --from ${file('all')} sport = :4001`)
      .stdout.trim()
      .split('\n');
    expect(json.map((line) => JSON.parse(line).sport)).toEqual([4001, 4001, 4001, 4001]);
  });

  test('a recording goes through a pipe', () => {
    const shell = `set -o pipefail; ${process.execPath} ${COMMAND} -taD - | ${process.execPath} ${COMMAND} -tan --from -`;
    const { stdout, stderr } = spawnSync('nsenter', [...enter(), 'bash', '-c', shell], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: ss('-tan'), stderr: '' });
  });

  test('what is no recording, or is cut off, is an error and not an empty table', () => {
    run(`-tanD ${file('own')}`);
    writeFileSync(file('cut'), readFileSync(file('own')).subarray(0, -30));
    writeFileSync(file('text'), 'no recording\n'.repeat(9));
    writeFileSync(file('empty'), '');
    for (const name of ['cut', 'text', 'none', 'empty']) {
      const { status, stderr } = run(`-tan --from ${file(name)}`);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^sockdiag: .*\n$/);
    }
    const { status, stderr } = run(`-tanD ${file('none')}/at/all`);
    expect({ status, exists: existsSync(file('none')) }).toEqual({ status: 1, exists: false });
    expect(stderr).toMatch(/^sockdiag: ENOENT: .*\n$/);
  });

  test('-K ends what fits, tells it as ss would have, and nothing else', async () => {
    const expected = ss('-tn sport = :4001');
    expect(run('-Ktn sport = :4001')).toEqual(ok(expected));
    // Their peers were reset.
    expect(ss('-tn').split('\n')).toHaveLength(2);
    expect(ss('-tln').split('\n')).toHaveLength(3);
    const errors = await stage.run(`
      result = []
      for near, far in pairs:
          for end in (near, far):
              try:
                  end.recv(1)
              except OSError as error:
                  result.append(error.errno)
    `);
    // ECONNRESET and ECONNABORTED.
    expect(errors).toEqual([104, 103, 104, 103, 104, 103]);
    expect(run('-Ktln --json sport = :4001').stdout).toMatch(/^\{"family":"inet",.*"state":"LISTEN".*\}\n$/);
    expect(ss('-tlnH')).toBe('');
  });

  test('-K passes over what the kernel does not end', () => {
    const before = ss('-xn');
    expect(run('-KxH state all')).toEqual(ok(''));
    expect(ss('-xn')).toBe(before);
  });

  test('-K without a filter ends nothing', () => {
    const before = ss('-an');
    for (const words of ['-K', '-Kt', '-Kta']) {
      expect(run(words)).toMatchObject({ status: 2, stdout: '' });
    }
    expect(ss('-an').split('\n')).toHaveLength(before.split('\n').length);
  });

  test('-K without the privilege for it is an error', () => {
    const bare = ['setpriv', '--inh-caps=-all', '--bounding-set=-all', process.execPath, COMMAND];
    const { status, stderr } = run('-Ktn sport = :4001', undefined, bare);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^sockdiag: the kernel refused to destroy .*CAP_NET_ADMIN.*\n$/);
    expect(ss('-tnH').trim().split('\n')).toHaveLength(6);
  });

  /** Sockets of sock_diag that hear of ends: those that have opened theirs, and nothing else tells of it. */
  const watchers = (): number =>
    readFileSync(`/proc/${stage.pid}/net/netlink`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, protocol, , groups]) => protocol === '4' && /[1-9a-f]/.test(groups ?? '')).length;

  const end = (): Promise<unknown> =>
    stage.run(`
      near, far = pairs.pop()
      far.close()
      near.close()
      datagrams.close()
      listener.close()
    `);

  /** What each prints of these ends, as soon as it is as many lines. */
  async function heard(count: number, ...children: ChildProcessWithoutNullStreams[]): Promise<string[][]> {
    const texts = children.map(() => '');
    for (const [i, child] of children.entries()) {
      child.stdout.setEncoding('utf8').on('data', (more: string) => {
        texts[i] += more;
      });
    }
    const isComplete = (): boolean => texts.every((text) => text.split('\n').length > count);
    await vi.waitUntil(() => watchers() === children.length, { timeout: 10_000 });
    await end();
    await vi.waitUntil(isComplete, { timeout: 10_000 });
    for (const child of children) child.kill();
    await Promise.all(children.map((child) => once(child, 'close')));
    return texts.map((text) => text.trimEnd().split('\n'));
  }

  test('-E prints sockets as they end, as ss does', async () => {
    const theirs = spawn('nsenter', [...enter(), 'stdbuf', '-oL', 'ss', '-En']);
    const [told, expected] = await heard(5, start('-En'), theirs);
    // Of what waits to be sent the kernel tells nothing that would hold: see docs/ss.md.
    const still = (all: string[] = []): string[] =>
      all.map((line) => line.replace(/^(udp .*) -1/, '$1 0').replaceAll(/ +/g, ' '));
    expect(still(told)).toEqual(still(expected));
    expect(told).toHaveLength(5);
  });

  test('-E with a filter, as JSON', async () => {
    const [told = []] = await heard(1, start('-E', '--json', 'sport', '=', ':4003'));
    expect(told.map((line) => JSON.parse(line))).toMatchObject([
      { type: 'destroyed', socket: { protocol: 'udp', src: '127.0.0.1', sport: 4003 } },
    ]);
  });

  describe('wait', () => {
    const status = async (child: ChildProcessWithoutNullStreams): Promise<[number | null, string]> => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      const [code] = await once(child, 'close');
      return [code, text];
    };

    test('ends at once when it is so', () => {
      expect(run('wait --listen 4001 --timeout 0')).toEqual(ok(''));
      expect(run('wait --gone --listen 4002 --timeout 0')).toEqual(ok(''));
      expect(run('wait -ua sport = :4003')).toEqual(ok(''));
      expect(run('wait -t dport = :4001 and src 127.0.0.1')).toEqual(ok(''));
    });

    test('tells what came in JSON', () => {
      const { stdout } = run('wait --listen 4001 --json');
      expect(JSON.parse(stdout)).toMatchObject({ state: 'LISTEN', sport: 4001 });
    });

    test('ends when it has become so', async () => {
      const came = status(start('wait', '--listen', '4009'));
      const went = status(start('wait', '--gone', '--listen', '4001'));
      const other = status(start('wait', '--listen', '4001', 'src', '127.0.0.9', '--timeout', '0.8'));
      await sleep(400);
      await stage.run(`
        listener.close()
        late = socket.create_server(('127.0.0.1', 4009))
      `);
      expect(await came).toEqual([0, '']);
      expect(await went).toEqual([0, '']);
      expect(await other).toEqual([124, '']);
    });

    test('ends when the time is up', () => {
      expect(run('wait --listen 4008 --timeout 0.2')).toEqual({ status: 124, stdout: '', stderr: '' });
      expect(run('wait --gone --listen 4001 --timeout 0')).toMatchObject({ status: 124 });
    });
  });

  test.each([
    'wait --timeout x',
    'wait --timeout -1',
    'wait --listen none-such',
    'wait -s',
    'wait -K state all',
    'wait --from x',
    '--gone',
    '--listen 1',
    '-KE state all',
    '-ED x',
    '-E -x',
    '-s -N x',
    '--from x -p',
    '-D x --json',
    'wait --listen 1 state listening',
    '--fallback netlink',
    '-E --fallback proc',
    '-D x --fallback proc',
    '-K state all --fallback proc',
    '--from x --fallback proc',
    '--from x --consistent',
    '-E --consistent',
    '-D x --consistent',
    '-ta --fallback proc dev lo',
    '--from x -K state all',
  ])('%s makes no sense', (words) => {
    const { status, stdout, stderr } = run(words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^sockdiag: .*\n$/);
  });
});
