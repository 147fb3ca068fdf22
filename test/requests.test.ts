/** What is sent, as strace reads it, which nobody here wrote. */
import { spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import { lackOf } from './tools.js';

interface Traced {
  /** The system calls on sockets that the script made. */
  calls: string[];
  /** What it wrote to its standard output. */
  printed: string;
}

/** Runs a script that reads dumps under strace. */
function trace(script: string, ...options: string[]): Traced {
  const program = `import { dumpTcp, dumpUdp, dumpUdpLite, dumpUnix } from './dist/index.js';\n${script}`;
  const strace = ['-f', '-qq', '-v', '-s', '256', '-e', 'trace=%network', '-e', 'signal=none', ...options];
  const node = [process.execPath, '--input-type=module', '-e', program];
  const { stderr, stdout } = spawnSync('strace', [...strace, ...node], {
    encoding: 'utf8',
    timeout: 30_000,
    maxBuffer: 1 << 28,
  });
  const lines = stderr.split('\n').map((line) => line.replace(/^(\[pid\s+\d+\] |\d+\s+)/, ''));
  return { calls: lines.filter((line) => /^\w+\(.*= /.test(line)), printed: stdout };
}

const dumpsIn = (calls: string[]): string[] =>
  calls.filter((call) => call.startsWith('sendto') && call.includes('SOCK_DIAG_BY_FAMILY'));

describe.skipIf(lackOf('strace'))('under strace', () => {
  test('a socket is opened close-on-exec, bound, connected to the kernel, and primed', () => {
    const { calls } = trace("await dumpTcp({ family: 'inet', states: ['LISTEN'] }).toArray();");
    const socket = calls.findIndex((call) => call.startsWith('socket(AF_NETLINK'));
    const ours = calls
      .slice(socket)
      .map((call) => call.replaceAll(/\b\d+\b(?=, (SOL_|\{sa_family|\{msg|\[?\{nlmsg))/g, 'FD'));
    const expected = [
      /^socket\(AF_NETLINK, SOCK_RAW\|SOCK_CLOEXEC, NETLINK_SOCK_DIAG\) = \d+/,
      /SOL_NETLINK, NETLINK_CAP_ACK, \[1\], 4\) = 0/,
      /SOL_NETLINK, NETLINK_EXT_ACK, \[1\], 4\) = 0/,
      /SOL_SOCKET, SO_RCVBUF, \[1048576\], 4\) = 0/,
      /SOL_SOCKET, SO_RCVBUFFORCE, \[1048576\], 4\) = 0/,
      /^bind\(FD, \{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000\}/,
      /^connect\(FD, \{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000\}/,
      /^getsockname\(/,
      /^sendto\(FD, \{nlmsg_len=16, nlmsg_type=NLMSG_NOOP, nlmsg_flags=NLM_F_REQUEST\|NLM_F_ACK, nlmsg_seq=0, .*nl_pid=0/,
      /^recvmsg\(FD, .*NLMSG_ERROR.*iov_len=32768.*MSG_DONTWAIT\) = 36/,
      /^sendto\(FD, .*SOCK_DIAG_BY_FAMILY, nlmsg_flags=NLM_F_REQUEST\|NLM_F_DUMP, nlmsg_seq=1, /,
    ];
    for (const [i, pattern] of expected.entries()) expect(ours[i]).toMatch(pattern);
    const receives = calls.filter((call) => call.startsWith('recvmsg') && call.includes('AF_NETLINK'));
    for (const receive of receives) expect(receive).toContain('iov_len=32768');
  });

  test('TCP: a family, every state but BOUND_INACTIVE', () => {
    const both = "for (const family of ['inet', 'inet6']) await dumpTcp({ family }).toArray();";
    const [inet, inet6, ...more] = dumpsIn(trace(both).calls);
    expect(more).toEqual([]);
    for (const [request, family] of [
      [inet, 'AF_INET'],
      [inet6, 'AF_INET6'],
    ]) {
      expect(request).toContain(
        `{sdiag_family=${family}, sdiag_protocol=IPPROTO_TCP, idiag_ext=0, idiag_states=`,
      );
      const states = /idiag_states=([^,]*), /.exec(request as string)?.[1];
      expect(states?.replaceAll('1<<', '').split('|')).toEqual([
        'TCP_ESTABLISHED',
        'TCP_SYN_SENT',
        'TCP_SYN_RECV',
        'TCP_FIN_WAIT1',
        'TCP_FIN_WAIT2',
        'TCP_TIME_WAIT',
        'TCP_CLOSE',
        'TCP_CLOSE_WAIT',
        'TCP_LAST_ACK',
        'TCP_LISTEN',
        'TCP_CLOSING',
        // Newer than some straces, which print the number.
        expect.stringMatching(/^(TCP_NEW_SYN_RECV|0x1000)$/),
      ]);
      expect(request).toContain('idiag_sport=htons(0), idiag_dport=htons(0)');
      expect(request).toMatch(/idiag_if=0, idiag_cookie=\[0, 0\]/);
    }
  });

  test('each option reaches the request, and nothing else does', () => {
    const { calls } = trace(`
      await dumpUdp({ family: 'inet6', states: ['CLOSE'] }).toArray();
      await dumpUdpLite({ family: 'inet' }).toArray();
      await dumpUnix({ states: ['LISTEN'], show: ['peer', 'uid'] }).toArray();
      await dumpUnix().toArray();`);
    const [udp, udplite, listeners, unix] = dumpsIn(calls);
    expect(udp).toContain(
      'sdiag_family=AF_INET6, sdiag_protocol=IPPROTO_UDP, idiag_ext=0, idiag_states=1<<TCP_CLOSE,',
    );
    expect(udplite).toContain('sdiag_family=AF_INET, sdiag_protocol=IPPROTO_UDPLITE, idiag_ext=0,');
    expect(listeners).toMatch(
      /sdiag_family=AF_UNIX, sdiag_protocol=0, udiag_states=1<<TCP_LISTEN, udiag_ino=0, udiag_show=(UDIAG_SHOW_PEER\|(0x40|UDIAG_SHOW_UID)|0x44)/,
    );
    expect(unix).toMatch(/udiag_states=1<<TCP_ESTABLISHED\|1<<TCP_CLOSE\|1<<TCP_LISTEN,/);
    expect(unix).toContain(
      'udiag_show=UDIAG_SHOW_NAME|UDIAG_SHOW_VFS|UDIAG_SHOW_PEER|UDIAG_SHOW_ICONS|UDIAG_SHOW_RQLEN|UDIAG_SHOW_MEMINFO',
    );
  });

  test('wrong arguments make no system call', () => {
    const { calls, printed } = trace(
      "try { dumpTcp({ states: ['NO'] }) } catch (error) { console.log(error.name) }",
    );
    expect(printed).toBe('TypeError\n');
    expect(calls.filter((call) => call.includes('AF_NETLINK'))).toEqual([]);
  });

  test.each([
    ['EPROTONOSUPPORT', 'sock_diag', 'this system has no NETLINK_SOCK_DIAG, as in gVisor, WSL 1'],
    ['EAFNOSUPPORT', 'sock_diag', 'this system has no NETLINK_SOCK_DIAG, as in gVisor, WSL 1'],
    ['EPERM', undefined, 'a security policy (seccomp, SELinux, AppArmor) forbids netlink sockets here'],
    ['EMFILE', undefined, 'too many open files'],
    ['ENOMEM', undefined, '(ENOMEM: socket)'],
  ])('socket() that fails with %s', (code, unsupported, words) => {
    const { printed } = trace(
      `await dumpTcp().toArray().catch(({ message, ...error }) => console.log(JSON.stringify({ message, ...error })));
       for (const read of [async () => { for await (const _ of dumpUnix()); }, async () => [...dumpUnix()]])
         await read().then(() => console.log('no error'), (error) => console.log(JSON.stringify(error)));`,
      '-e',
      `inject=socket:error=${code}`,
    );
    const [first, ...others] = printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ code, syscall: 'socket', ...(unsupported && { unsupported }) });
    expect(first.message).toMatch(/^cannot dump TCP sockets/);
    expect(first.message).toContain(words);
    expect(others).toHaveLength(2);
    for (const other of others) expect(other).toMatchObject({ code, syscall: 'socket' });
  });

  test.each([
    ['bind', 'EADDRINUSE'],
    ['connect', 'EINVAL'],
    ['sendto', 'ENOBUFS'],
    ['recvmsg', 'ENOBUFS'],
    ['recvmsg', 'EAGAIN'],
  ])('%s() that fails with %s is an error that names it, and the socket is closed', (call, code) => {
    const { printed } = trace(
      `import { readdirSync } from 'node:fs';
       const count = () => readdirSync('/proc/self/fd').length;
       void process.stdout; // which opens it
       const before = count();
       await dumpUnix().toArray().catch(({ message, ...error }) => console.log(JSON.stringify({ message, ...error })));
       console.log(count() - before);`,
      '-e',
      `inject=${call}:error=${code}`,
    );
    const [error, left] = printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(error).toMatchObject({ code, syscall: call });
    expect(error.message).toMatch(/^cannot dump unix sockets/);
    expect(left).toBe(0);
  });

  test('interrupted system calls are made again', () => {
    const { printed } = trace(
      'console.log((await dumpUnix().toArray()).length > 0, [...dumpUnix()].length > 0);',
      '-e',
      'inject=recvmsg:error=EINTR:when=1..5+2',
    );
    expect(printed).toBe('true true\n');
  });
});
