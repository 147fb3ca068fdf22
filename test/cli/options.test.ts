/** Options one by one: -B, -Q, -r, -T, -Z, and which families and kinds there are. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { usersText } from '../../lib/cli/details.js';
import { checkContexts, readHolders } from '../../lib/cli/holders.js';
import { HostNames, hostsOf } from '../../lib/cli/hosts.js';
import type { DiagMsg } from '../../lib/index.js';
import { lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';

const COMMAND = 'dist/cli/main.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockdiag-options-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const HOSTS = `127.0.0.1 localhost
127.0.0.2 second.example
::1 six.example
`;

describe.skipIf(lackOfWorld())('in a namespace', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  let hosts = HOSTS;
  /** With names of hosts of its own, and no others. */
  const run = (program: readonly string[], words: string): string => {
    writeFileSync(join(folder, 'hosts'), hosts);
    writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: files\n');
    const mount = (name: string): string => `mount --bind ${join(folder, name)} /etc/${name}`;
    const shell = `${mount('hosts')} && ${mount('nsswitch.conf')} && exec "$@"`;
    return execFileSync(
      'nsenter',
      [
        `--net=/proc/${stage.pid}/ns/net`,
        'unshare',
        '--mount',
        'sh',
        '-c',
        shell,
        'sh',
        ...program,
        ...words.split(' '),
      ],
      { encoding: 'utf8' },
    );
  };
  const ours = (words: string): string => run([process.execPath, COMMAND], words);
  const theirs = (words: string): string => run(['ss'], words);

  test('a port that the kernel may have given has no name', async () => {
    await stage.run(`
      import socket
      given = socket.create_server(('127.0.0.1', 57000))
      chosen = socket.create_server(('127.0.0.1', 8080))
      result = None
    `);
    for (const port of ['57000', 'http-alt']) expect(theirs('-tl')).toContain(`127.0.0.1:${port} `);
    // With records and without.
    for (const words of ['-tl', '-tlo']) expect(ours(words)).toBe(theirs(words));
    expect(ours('-tln')).toBe(theirs('-tln'));
  });

  test('-B tells of sockets that are bound and nothing more, which only their names can ask for', async () => {
    await stage.run(`
      import socket
      bound = socket.socket()
      bound.bind(('127.0.0.1', 4001))
      six = socket.socket(socket.AF_INET6)
      six.bind(('::1', 4002))
      listener = socket.create_server(('127.0.0.1', 4003))
      datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      datagrams.bind(('127.0.0.1', 4004))
      inodes = [os.fstat(one.fileno()).st_ino for one in (bound, six)]
    `);
    const ports = (text: string): string[] => text.match(/:40\d\d(?= )/g) ?? [];
    for (const words of ['-tnB', '-nB', '-n --bound-inactive', '-n state bound-inactive', '-nB -A tcp,udp'])
      expect(ports(ours(words)), words).toEqual([':4001', ':4002']);
    expect(ours('-tnB')).toBe(ours('-tn state bound-inactive'));
    expect(ours('-tnBH')).toBe(
      '0      0      127.0.0.1:4001 0.0.0.0:*\n0      0          [::1]:4002    [::]:*\n',
    );
    // With -l or -a, the others too, and with their states.
    expect(ours('-tnlBH')).toMatch(/^LISTEN .*:4003 .*\nUNCONN .*:4001 .*\nUNCONN .*:4002 .*\n$/);
    expect(ports(ours('-tunaBH'))).toEqual([':4004', ':4003', ':4001', ':4002']);
    // Else nothing changes.
    for (const words of ['-tna', '-tnl', '-tn exclude established', '-tn state all', '-una'])
      expect(ours(words), words).toBe(theirs(words));
    expect(ports(ours('-tn6B'))).toEqual([':4002']);
    const inodes = await stage.run<number[]>('result = inodes');
    expect(ours('-tnBe').match(/ino:\d+/g)).toEqual(inodes.map((inode) => `ino:${inode}`));
    for (const words of ['-uB', '-xB', '-f netlink -B', '-0B']) expect(ours(`${words}H`), words).toBe('');
  });

  test('-Q leaves the queues out, and nothing else', async () => {
    await stage.run(`
      import socket
      listener = socket.create_server(('127.0.0.1', 4001))
      near = socket.create_connection(('127.0.0.1', 4001))
      left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    `);
    const without = (text: string): string =>
      text
        .replaceAll(/^((?:Netid +)?(?:State +)?)Recv-Q +Send-Q +/gm, '$1')
        .replaceAll(/^((?:(?:tcp|u_seq) +)?(?:(?:ESTAB|LISTEN) +)?)\d+ +\d+ +/gm, '$1');
    const narrow = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/^ /gm, '');
    for (const words of ['-tan', '-tln', '-n -A unix_seqpacket', '-tanem', '-tn state established']) {
      const expected = without(theirs(words));
      expect(narrow(ours(`-Q ${words}`)), words).toBe(narrow(expected));
    }
    expect(ours('-tlnQ')).toBe(
      'State  Local Address:Port Peer Address:PortProcess\nLISTEN     127.0.0.1:4001      0.0.0.0:*          \n',
    );
    expect(ours('-tnQH state established')).toMatch(/^ ?127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ *\n/);
  });

  test('-r tells the names of hosts, as ss does', async () => {
    await stage.run(`
      import socket
      sockets = []
      for family, listen, near in [
          (socket.AF_INET, '127.0.0.1', '127.0.0.2'),
          (socket.AF_INET, '127.0.0.3', '127.0.0.3'),
          (socket.AF_INET6, '::1', '::1'),
      ]:
          listener = socket.create_server((listen, 4001), family=family)
          client = socket.socket(family)
          client.bind((near, 0))
          client.connect((listen, 4001))
          sockets += [listener, client, listener.accept()[0]]
      # An IPv4 connection of an IPv6 socket.
      dual = socket.create_server(('::', 4002), family=socket.AF_INET6, dualstack_ipv6=True)
      client = socket.create_connection(('127.0.0.1', 4002), source_address=('127.0.0.2', 0))
      sockets += [dual, client, dual.accept()[0]]
    `);
    for (const words of ['-tarn', '-tr', '-ta --resolve', '-tarne', '-tarH', '-4tar', '-6tar']) {
      const text = ours(words);
      expect(text, words).toBe(theirs(words));
      expect(text).toMatch(/ (?:second\.example|six\.example):\d/);
    }
    expect(ours('-tarn')).toContain(' 127.0.0.3:4001');
    // They are for people.
    expect(ours('-tarn --json')).not.toContain('example');
    // No host has the address of any, for which ss finds a name here.
    hosts = `${HOSTS}0.0.0.0 nobody.example\n`;
    await stage.run(`
      any = socket.create_server(('0.0.0.0', 4003))
    `);
    expect(theirs('-tlrn sport = :4003')).toContain('nobody.example:4003');
    expect(ours('-tlrn sport = :4003')).toContain(' 0.0.0.0:4003');
  });

  test('-T tells of threads, one of which may hold what no other does', async () => {
    await stage.run(`
      import ctypes, socket, threading
      listener = socket.create_server(('127.0.0.1', 4001))
      copy = os.dup(listener.fileno())
      own = []
      ready = threading.Barrier(3)
      CLONE_FILES, PR_SET_NAME = 0x400, 15
      def wait(name, alone):
          libc = ctypes.CDLL(None)
          libc.prctl(PR_SET_NAME, name, 0, 0, 0)
          if alone:
              libc.unshare(CLONE_FILES)
              own.append(socket.create_server(('127.0.0.1', 4002)))
          ready.wait()
          threading.Event().wait()
      for name, alone in [(b'one', False), (b'alone', True)]:
          threading.Thread(target=wait, args=(name, alone), daemon=True).start()
      ready.wait()
      child = os.fork()
      if child == 0:
          os.pause() if hasattr(os, 'pause') else __import__('signal').pause()
    `);
    for (const words of ['-tlnT', '-tlnTp', '-tn --threads --listening', '-tlnp', '-xaT'])
      expect(ours(words), words).toBe(theirs(words));
    const text = ours('-tlnT');
    expect(text).toMatch(
      /:4001 .* users:\(\("python3",pid=\d+,tid=\d+,fd=\d+\).*\("alone",pid=.*\("one",pid=/,
    );
    expect(text).toMatch(/:4002 .* users:\(\("alone",pid=\d+,tid=\d+,fd=\d+\)\)/);
    // No process has it by itself.
    expect(ours('-tlnp')).toMatch(/:4002 .*(?<!\))\s*$/m);
    await stage.run(`
      import signal
      os.kill(child, signal.SIGKILL)
      os.waitpid(child, 0)
    `);
  });
});

describe('names of hosts', () => {
  test('each is asked for once, not too many at a time', async () => {
    const asked: string[] = [];
    let running = 0;
    let most = 0;
    const names = new HostNames(async (address) => {
      asked.push(address);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (address.endsWith('3')) throw new Error('ENOTFOUND');
      return `host-${address}`;
    });
    const addresses = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`);
    await names.learn([...addresses, ...addresses, '::ffff:10.0.0.1', '0.0.0.0', '::']);
    await names.learn(['10.0.0.5', '::ffff:10.0.0.200']);
    expect(asked.sort()).toEqual([...addresses, '10.0.0.200'].sort());
    expect(most).toBe(8);
    expect(names.of('::ffff:10.0.0.1')).toBe('host-10.0.0.1');
    expect(names.of('10.0.0.3')).toBeUndefined();
    expect(names.of('::')).toBeUndefined();
  });

  test('a name does nothing to the terminal', async () => {
    const names = new HostNames(async () => 'evil\u001b[2J\n');
    await names.learn(['10.0.0.1']);
    expect(names.of('10.0.0.1')).toBe('evil\\x1b[2J\\x0a');
  });

  test('all that a record has, those of SCTP too', () => {
    const end = (addr: string) => ({ family: 'inet', addr, port: 1 });
    const socket = { family: 'inet', src: '10.0.0.1', dst: '10.0.0.2' };
    expect(hostsOf({ ...socket, protocol: 'tcp' } as DiagMsg)).toEqual(['10.0.0.1', '10.0.0.2']);
    const association = { ...socket, locals: [end('10.0.0.3')], peers: [end('10.0.0.4'), end('')] };
    expect(hostsOf(association as unknown as DiagMsg)).toEqual(
      ['1', '2', '3', '4'].map((n) => `10.0.0.${n}`),
    );
    expect(hostsOf({ family: 'netlink' } as DiagMsg)).toEqual([]);
  });
});

describe('contexts of SELinux', () => {
  test('without it, they are an error, as for ss', () => {
    for (const word of ['-Z', '-z', '--context', '--contexts']) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, '-ta', word], {
        encoding: 'utf8',
      });
      expect({ status, stdout, stderr }).toEqual({
        status: 1,
        stdout: '',
        stderr: 'sockdiag: SELinux is not enabled\n',
      });
    }
    expect(spawnSync('ss', ['-Z'], { encoding: 'utf8' })).toMatchObject({
      status: 1,
      stderr: 'ss: SELinux is not enabled.\n',
    });
  });

  test('with it, those of processes are told, and that those of sockets are not', () => {
    expect(() => checkContexts({ context: true }, '/')).not.toThrow();
    expect(() => checkContexts({ contexts: true }, '/')).toThrow(/--context tells its process's$/);
  });

  test('they are those that /proc tells', () => {
    const proc = join(folder, 'proc');
    const make = (pid: number, context: string | undefined): void => {
      const own = join(proc, String(pid));
      mkdirSync(join(own, 'fd'), { recursive: true });
      mkdirSync(join(own, 'attr'));
      writeFileSync(join(own, 'comm'), 'ng(in)x\n');
      if (context !== undefined) writeFileSync(join(own, 'attr/current'), context);
      symlinkSync('socket:[77]', join(own, 'fd/10'));
      symlinkSync('socket:[77]', join(own, 'fd/9'));
      symlinkSync('/dev/null', join(own, 'fd/0'));
    };
    make(12, 'system_u:system_r:httpd_t:s0\0');
    make(3, undefined);
    const holders = readHolders({ context: true }, proc);
    expect([...holders.keys()]).toEqual([77]);
    const user = (pid: number, context: string, fd: number): string =>
      `("ng(in)x",pid=${pid},proc_ctx=${context},fd=${fd})`;
    expect(usersText(holders.get(77))).toBe(
      ` users:(${[
        user(12, 'system_u:system_r:httpd_t:s0', 10),
        user(12, 'system_u:system_r:httpd_t:s0', 9),
        user(3, 'unavailable', 10),
        user(3, 'unavailable', 9),
      ].join(',')})`,
    );
  });
});

test.each(['-T --json', '-Z --json', '--contexts --json', '-T --from x', '--context --from x'])(
  '%s does not go together',
  (words) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...words.split(' ')], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^sockdiag: --\w+ and --\w+ do not go together .*\n$/);
  },
);
