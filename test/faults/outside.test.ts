/** What others do meanwhile: descriptors closed or used up, namespaces deleted, clocks set, sockets forbidden. */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { lackOf } from '../tools.js';
import { Injector, lackOfInjector, PATIENCE } from './injector.js';

describe.skipIf(lackOfInjector())('somebody else', { timeout: PATIENCE }, () => {
  let injector: Injector;
  beforeAll(() => {
    injector = new Injector();
  });
  afterAll(() => injector?.remove());

  function linesOf<Line = unknown>(part: string): Line[] {
    const { lines, status, signal, stderr } = injector.run<Line>('outside.mjs', part);
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    return lines;
  }

  const error = (code: string, syscall: string) => ({ name: 'SockDiagError', code, syscall });
  const answered = { some: true };

  test('closes the socket of a dump: an error, and the next one is well', () => {
    expect(linesOf('a dump')).toEqual([{ opened: 1 }, error('EBADF', 'recvmsg'), answered]);
  });

  test('closes the socket that lookups keep: an error, and the next one opens another', () => {
    expect(linesOf('a lookup')).toEqual([{ opened: 1 }, error('EBADF', 'sendto'), { found: true }]);
  });

  test('closes the socket of a watcher: an error with the next event', () => {
    const lines = linesOf('a watcher, its socket');
    expect(lines).toEqual([{ opened: 2 }, { type: 'destroyed' }, error('EBADF', 'recvmsg'), answered]);
  });

  test.each(['its bell', 'all of it', 'and others have its numbers'])(
    'closes what a watcher has open, %s: it can be closed still, and keeps nobody waiting',
    (what) => {
      expect(linesOf(`a watcher, ${what}`)).toEqual([{ done: true }, answered]);
    },
  );

  test('deletes a namespace: what has its file open goes on, and nothing else finds it', () => {
    const gone = error('ENOENT', 'open');
    // By its name, as it was found, and among several, of which it is passed over.
    const asked = [gone, gone, { some: false }];
    expect(linesOf('a namespace')).toEqual([answered, ...asked, gone, gone, { done: true }]);
  });

  test('uses up all descriptors: an error, until there are enough', () => {
    const lines = linesOf<{ name: string; codes: string[] }>('too few descriptors');
    expect(lines).toHaveLength(9);
    for (const { name, codes } of lines) {
      // Between, there are enough for one thread at a time.
      expect([codes[0], codes.at(-1)], name).toEqual(['EMFILE', 'whole']);
      expect(new Set(codes), name).toEqual(new Set(['EMFILE', 'whole']));
    }
  });

  test('sets the clock a year forward, and back: readings go on, and rates are those of the time that passed', () => {
    const rates = { plausible: true, some: true };
    const years = [0, 1, -1, 0];
    expect(linesOf('a clock')).toEqual(years.map((now) => ({ now, ...rates })));
  });
});

const isKnown = ['x64', 'arm64'].includes(process.arch);

describe.skipIf(!isKnown || lackOf('python3'))('where seccomp forbids the socket', () => {
  /** What each way comes to. */
  const script = `
    import { dumpTcp, lookupTcpSync, owners, probe, watchDestroyed } from './dist/index.js';
    const told = ({ name, code, syscall, unsupported }) => ({ name, code, syscall, unsupported });
    const ways = [
      () => dumpTcp().toArray(), () => [...dumpTcp()], () => watchDestroyed(),
      () => lookupTcpSync({ src: '127.0.0.1', sport: 1, dst: '127.0.0.1', dport: 2 }),
      async () => Object.values((await probe()).families).some(({ supported }) => supported),
      async () => (await owners()).processes > 0,
    ];
    for (const way of ways) console.log(JSON.stringify(await (async () => way())().catch(told)));`;

  test.each([
    ['EPERM', {}],
    ['EACCES', {}],
    ['EPROTONOSUPPORT', { unsupported: 'sock_diag' }],
    ['EAFNOSUPPORT', { unsupported: 'sock_diag' }],
  ] as const)('with %s', (code, more) => {
    const words = [join(import.meta.dirname, 'programs/forbidding.py'), String(constants.errno[code])];
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync('python3', [...words, ...node], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stderr).toBe('');
    const error = { name: 'SockDiagError', code, syscall: 'socket', ...more };
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([error, error, error, error, false, true]);
  });
});
