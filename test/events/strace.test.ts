/** What watchDestroyed does to the system, as strace tells it, and what it makes of a system that fails. */
import { spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import { lackOf, skip } from '../tools.js';

interface Traced {
  /** The system calls on netlink sockets, without the numbers of threads. */
  calls: string[];
  lines: unknown[];
}

/** Runs a script under strace, in a network namespace of its own that has its loopback interface. */
function trace(script: string, ...options: string[]): Traced {
  return traceBeside('true', script, ...options);
}

/** The same, with a command of the shell at work beside it. */
function traceBeside(command: string, script: string, ...options: string[]): Traced {
  const program = `
    import { createSocket } from 'node:dgram';
    import { once } from 'node:events';
    import { watchDestroyed } from './dist/index.js';
    const print = (value) => console.log(JSON.stringify(value));
    /** Opens and closes so many sockets on a port, one after the other. */
    async function datagrams(count, port = 0) {
      for (let i = 0; i < count; i++) {
        const socket = createSocket('udp4').bind(port, '127.0.0.1');
        await once(socket, 'listening');
        await new Promise((resolve) => socket.close(resolve));
      }
    }
    const failure = (call) => {
      try { call().close(); print('no error'); } catch ({ message, ...error }) { print({ message, ...error }); }
    };
    ${script}`;
  const strace = ['strace', '-f', '-qq', '-s', '128', '-e', 'trace=%network', '-e', 'signal=none'];
  const node = [process.execPath, '--input-type=module', '-e', program];
  // Through a pipe: to find out that its output is a socket, Node asks the system.
  const shell = `ip link set lo up; { ${command}; } >/dev/null 2>&1 & "$@" | cat`;
  const words = ['sh', '-c', shell, 'sh', ...strace, ...options, ...node];
  const { stderr, stdout } = spawnSync('unshare', ['--net', ...words], { encoding: 'utf8', timeout: 60_000 });
  const lines = stderr.split('\n').map((line) => line.replace(/^(\[pid\s+\d+\] |\d+\s+)/, ''));
  return {
    calls: lines.filter((line) => /NETLINK|SO_ATTACH_FILTER|recvmsg/.test(line)),
    lines: stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  };
}

const cannot =
  process.getuid?.() !== 0
    ? skip('a network namespace needs root')
    : lackOf('strace', 'unshare', 'ip', 'python3');

describe.skipIf(cannot)('under strace', () => {
  test('the handlers are asked for, then the filter is attached, then the groups are joined', () => {
    const { calls, lines } = trace(`
      const watcher = watchDestroyed({ filter: 'sport = 7000' });
      print('subscribed');
      await datagrams(3, 7001);
      await datagrams(2, 7000);
      for (let i = 0; i < 2; i++) print((await watcher.next()).value.socket.sport);
      watcher.close();`);
    expect(lines).toEqual(['subscribed', 7000, 7000]);
    const at = (pattern: RegExp) => calls.findIndex((call) => pattern.test(call));
    const asked = calls.filter((call) => call.startsWith('sendto') && call.includes('SOCK_DIAG_BY_FAMILY'));
    expect(asked.map((call) => /sdiag_family=(\w+), sdiag_protocol=(\w+)/.exec(call)?.slice(1))).toEqual([
      ['AF_INET', 'IPPROTO_TCP'],
      ['AF_INET6', 'IPPROTO_TCP'],
      ['AF_INET', 'IPPROTO_UDP'],
      ['AF_INET6', 'IPPROTO_UDP'],
    ]);
    for (const call of asked) expect(call).toContain('idiag_states=0');
    const attached = at(/SOL_SOCKET, SO_ATTACH_FILTER, \{len=\d+, .*\) = 0/);
    const joined = calls.filter((call) => /NETLINK_ADD_MEMBERSHIP, \[\d\], 4\) = 0/.test(call));
    expect(joined.map((call) => /\[(\d)\]/.exec(call)?.[1])).toEqual(['1', '3', '2', '4']);
    expect(attached).toBeGreaterThan(0);
    expect(at(/NETLINK_ADD_MEMBERSHIP/)).toBeGreaterThan(attached);
    expect(at(/SO_RCVBUFFORCE, \[4194304\], 4\) = 0/)).toBeLessThan(attached);
    // What does not fit never came out of the kernel: the listener received what was wanted and nothing else.
    const events = calls
      .slice(attached)
      // A call during which another thread made one comes in two lines.
      .filter((call) => /^(recvmsg\(|<\.\.\. recvmsg resumed>).*\) = [1-9]/.test(call));
    expect(events).toHaveLength(2);
  });

  test('wrong arguments make no system call', () => {
    const { calls, lines } = trace(`
      for (const options of [{ protocols: [] }, { queue: 0 }, { filter: 'state established' }, { netns: '' }])
        failure(() => watchDestroyed(options));`);
    expect(lines).toHaveLength(4);
    expect(calls.filter((call) => /AF_NETLINK|NETLINK_/.test(call))).toEqual([]);
  });

  test('nor does a watcher whose signal was aborted before', () => {
    const { calls, lines } = trace(`
      const watcher = watchDestroyed({ signal: AbortSignal.abort('enough') });
      for (let i = 0; i < 2; i++) await watcher.next().then(print, print);`);
    expect(lines).toEqual(['enough', 'enough']);
    expect(calls.filter((call) => /AF_NETLINK|NETLINK_/.test(call))).toEqual([]);
  });

  test.each([
    ['', []],
    [' by a kernel that does not tell of its queue', ['-e', 'inject=getsockopt:error=ENOPROTOOPT']],
  ])('ENOBUFS%s: a loss of the kernel is told, and events go on', (_, more) => {
    // Not made by Node, which cannot do so without getsockopt. They end on and on, for some seconds.
    const sockets =
      'python3 -c "import socket, time\nfor _ in range(2000):\n' +
      " with socket.socket(type=socket.SOCK_DGRAM) as one: one.bind(('127.0.0.1', 0))\n time.sleep(0.003)\"";
    const { lines } = traceBeside(
      sockets,
      `const watcher = watchDestroyed({ protocols: ['udp'] });
       let left = 30;
       for await (const { type, socket, ...more } of watcher) {
         print(type === 'destroyed' ? type : { type, ...more });
         if (left < 30 || type === 'lost') left--;
         if (left === 0) break;
       }`,
      '-e',
      // Counted for each thread: that of the listener makes so many receives, and the main one does not.
      'inject=recvmsg:error=ENOBUFS:when=50',
      ...more,
    );
    // Behind the loss, 29 more.
    expect(lines.slice(-29)).toEqual(new Array(29).fill('destroyed'));
    expect(lines.length).toBeGreaterThan(40);
    // Nothing was lost in truth, so that nobody knows how many.
    expect(lines.filter((line) => line !== 'destroyed')).toEqual([{ type: 'lost', reason: 'kernel' }]);
  });

  test('another error ends the watcher, behind what came before', () => {
    const { lines } = trace(
      `const watcher = watchDestroyed({ protocols: ['udp'] });
       await datagrams(60);
       try { for await (const { type } of watcher) print(type); } catch ({ message, ...error }) { print({ message, ...error }); }
       await watcher.next().catch(({ code }) => print(code));`,
      '-e',
      'inject=recvmsg:error=ENOMEM:when=50',
    );
    const errors = lines.filter((line) => line !== 'destroyed');
    expect(errors).toEqual([
      { message: 'cannot watch IP sockets (ENOMEM: recvmsg)', code: 'ENOMEM', errno: 12, syscall: 'recvmsg' },
      'ENOMEM',
    ]);
    expect(lines.length).toBeGreaterThan(10);
  });

  test('interrupted receives are made again', () => {
    const { lines } = trace(
      `const watcher = watchDestroyed({ protocols: ['udp'] });
       await datagrams(20);
       for (let i = 0; i < 20; i++) print((await watcher.next()).value.type);
       watcher.close();`,
      '-e',
      'inject=recvmsg:error=EINTR:when=1+3',
    );
    expect(lines).toEqual(new Array(20).fill('destroyed'));
  });

  test('where there is no memory for a program, a coarser one is attached, and the filter stays true', () => {
    const ports = Array.from({ length: 700 }, (_, i) => `sport = ${10_000 + 3 * i}`).join(' or ');
    const { calls, lines } = trace(
      `const watcher = watchDestroyed({ protocols: ['udp'], filter: '${ports}' });
       await datagrams(1, 10_001);
       await datagrams(1, 9000);
       await datagrams(1, 10_003);
       print((await watcher.next()).value.socket.sport);
       watcher.close();`,
      '-e',
      // Behind four options each of the socket that asks for handlers and of the first listener's.
      'inject=setsockopt:error=ENOMEM:when=9',
    );
    const lengths = calls
      .flatMap((call) => /SO_ATTACH_FILTER, \{len=(\d+)/.exec(call)?.[1] ?? [])
      .map(Number);
    expect(lengths).toHaveLength(2);
    expect(lengths[0]).toBeGreaterThan(1024);
    expect(lengths[1]).toBeLessThanOrEqual(1024);
    expect(lines).toEqual([10_003]);
  });

  test.each([
    ['socket', 'EPROTONOSUPPORT', '1', 'cannot watch IPv4 TCP sockets: this system has no NETLINK_SOCK_DIAG'],
    ['socket', 'EMFILE', '2', 'cannot watch IP sockets: too many open files (EMFILE: socket)'],
    ['setsockopt', 'EINVAL', '9', 'cannot watch IP sockets (EINVAL: setsockopt)'],
    ['setsockopt', 'EPERM', '10', 'cannot watch IP sockets (EPERM: setsockopt)'],
  ])(
    '%s() that fails with %s is an error at the call, and leaves nothing open',
    (call, code, when, words) => {
      const { lines } = trace(
        `import { readdirSync } from 'node:fs';
       const count = () => readdirSync('/proc/self/fd').length + readdirSync('/proc/self/task').length;
       void process.stdout; // which opens it
       const before = count();
       failure(() => watchDestroyed({ protocols: ['tcp'], family: 'inet' }));
       print(count() - before);`,
        '-e',
        `inject=${call}:error=${code}:when=${when}`,
      );
      expect(lines).toEqual([expect.objectContaining({ code, syscall: call }), expect.any(Number)]);
      // A thread of Node's own may have ended meanwhile.
      expect(lines[1]).toBeLessThanOrEqual(0);
      expect((lines[0] as Error).message).toContain(words);
    },
  );
});
