/** Looking needs no privilege; what needs one says which. */
import { spawnSync } from 'node:child_process';
import { getuid } from 'node:process';

import { describe, expect, test } from 'vitest';

import { dumpTcp } from '../lib/index.js';
import { skip } from './tools.js';
import { Stage } from './world/stage.js';

/** Runs a script as nobody, who has no capability. */
function asNobody(script: string): { lines: unknown[]; stderr: string } {
  const program = `
    import process from 'node:process';
    import { dumpTcp, dumpUdp, dumpUnix, watchDestroyed } from './dist/index.js';
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    const print = (value) => console.log(JSON.stringify(value));
    ${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { lines: lines.map((line) => JSON.parse(line)), stderr };
}

describe.skipIf(getuid?.() !== 0 && skip('to become nobody needs root'))('without any privilege', () => {
  test('the same sockets are seen, but for their marks', async () => {
    const { lines, stderr } = asNobody(`
      print((await dumpTcp({ states: ['LISTEN'] }).toArray()).map(({ cookie }) => cookie));
      print((await dumpTcp().toArray()).some((socket) => 'mark' in socket));
      print((await dumpUnix().toArray()).length > 0);
      print((await dumpUdp().toArray()).length >= 0);`);
    expect(stderr).toBe('');
    const [listeners, ...rest] = lines as [string[], ...unknown[]];
    const all = (await dumpTcp({ states: ['LISTEN'] }).toArray()).map(({ cookie }) => cookie);
    expect(listeners.sort()).toEqual(all.sort());
    expect(rest).toEqual([false, true, true]);
  });

  test("the tables of another process's namespace may be read, where its namespace may not be entered", async () => {
    const stage = await Stage.open();
    const port = await stage.run<number>("one = listener('127.0.0.1'); result = one.getsockname()[1]");
    const { lines, stderr } = asNobody(`
      const netns = ${stage.pid};
      const { dumpTcp: readTcp } = await import('./dist/proc/index.js');
      print((await readTcp({ netns }).toArray()).map(({ sport }) => sport));
      print(await dumpTcp({ netns }).toArray().then(() => 'no error', ({ code }) => code));`);
    await stage.close();
    expect(stderr).toBe('');
    expect(lines).toEqual([[port], 'EACCES']);
  });

  test('sockets are watched as they end', () => {
    const { lines, stderr } = asNobody(`
      import { createSocket } from 'node:dgram';
      const watcher = watchDestroyed({ protocols: ['udp'], filter: 'src 127.0.0.1' });
      const socket = createSocket('udp4').bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        socket.close(async () => {
          for await (const event of watcher) if (event.socket?.sport === port) break;
          print('seen');
        });
      });`);
    expect({ lines, stderr }).toEqual({ lines: ['seen'], stderr: '' });
  });

  test('the namespace of a process of another user is refused in words', () => {
    const { lines } = asNobody(`
      await dumpTcp({ netns: 1 }).toArray().then(print, ({ message, ...error }) => print({ message, ...error }));`);
    expect(lines).toEqual([
      {
        message:
          'cannot dump TCP sockets: opening the network namespace at /proc/1/ns/net needs ' +
          'CAP_SYS_PTRACE, and entering it CAP_SYS_ADMIN (EACCES: open)',
        code: 'EACCES',
        errno: 13,
        syscall: 'open',
      },
    ]);
  });

  test('nor may it be watched', () => {
    const { lines } = asNobody(`
      try { watchDestroyed({ netns: 1 }); } catch ({ message, ...error }) { print({ message, ...error }); }`);
    expect(lines).toEqual([
      {
        message:
          'cannot watch IPv4 TCP sockets: opening the network namespace at /proc/1/ns/net needs ' +
          'CAP_SYS_PTRACE, and entering it CAP_SYS_ADMIN (EACCES: open)',
        code: 'EACCES',
        errno: 13,
        syscall: 'open',
      },
    ]);
  });
});
