/** owners with `bpf`: the same as /proc tells, where the kernel runs the program, and where it does not. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { describe, expect, test } from 'vitest';

import { loadBinding, type NativeOwners } from '../lib/binding.js';
import { dumpUnix, owners, ownersSync } from '../lib/index.js';
import { isSanitized, lackOf, lackOfIterator } from './tools.js';

/** Without what other processes do meanwhile: of this one, and of those that stay as long as the machine. */
const SCRIPT = `
  import { createServer } from 'node:net';
  import process from 'node:process';
  import { dumpTcp, owners, ownersSync } from './dist/index.js';
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ownOf = ({ sockets }) =>
    [...sockets].filter(([, all]) => all.some(({ pid }) => pid === process.pid)).sort(([a], [b]) => a - b);
  const plain = await owners();
  const asked = await owners({ bpf: true });
  const { sockets, ...rest } = ownersSync({ bpf: true });
  const own = ownOf(plain);
  const same = [asked, { sockets }].every((each) => JSON.stringify(ownOf(each)) === JSON.stringify(own));
  const [socket] = await dumpTcp({ owners: 'bpf', filter: 'sport = :' + server.address().port }).toArray();
  const isOwner = socket.owners.length === 1 && socket.owners[0].pid === process.pid;
  console.log(JSON.stringify({ bpf: asked.bpf, sync: rest.bpf, own: own.length > 0, same, isOwner, hidden: rest.hidden }));
  server.close();`;

/** What is found by a script behind a command that starts it. */
function find(command: string, ...words: string[]): unknown {
  const { stdout, stderr } = spawnSync(
    command,
    [...words, process.execPath, '--input-type=module', '-e', SCRIPT],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const SAME = { own: true, same: true, isOwner: true };
const TOLD = { ...SAME, bpf: true, sync: true };
const READ = { ...SAME, bpf: false, sync: false };

describe.skipIf(lackOfIterator())('where the program is loaded', () => {
  test('what it tells is what /proc does', () => {
    expect(find('env')).toEqual({ ...TOLD, hidden: false });
  });

  test.skipIf(lackOf('strace'))('nothing is loaded unasked', () => {
    const script = `
      import { dumpTcp, owners } from './dist/index.js';
      await owners();
      await owners({ bpf: false });
      await dumpTcp({ owners: true }).toArray();`;
    const { stderr, status } = spawnSync(
      'strace',
      ['-f', '-e', 'trace=bpf', process.execPath, '--input-type=module', '-e', script],
      { encoding: 'utf8' },
    );
    expect(status).toBe(0);
    expect(stderr).not.toContain('bpf(');
  });

  test.skipIf(lackOf('strace'))(
    'the command loads it where it shows processes, unless --no-bpf is said',
    async () => {
      const run = (...words: string[]) => {
        const trace = [
          '-f',
          '-qq',
          '-e',
          'signal=none',
          '-e',
          'trace=bpf',
          process.execPath,
          'dist/cli/main.js',
        ];
        const { stdout, stderr, status } = spawnSync('strace', [...trace, ...words], { encoding: 'utf8' });
        expect(status).toBe(0);
        return { stdout, isLoaded: stderr.includes('bpf(BPF_ITER_CREATE') };
      };
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const filter = `sport = :${(server.address() as AddressInfo).port}`;
      for (const words of [['-tlnp'], ['-tl', '--json', '--fields', 'inode,owners']]) {
        const [told, read] = [run(...words, filter), run(...words, '--no-bpf', filter)];
        expect(told.stdout).toBe(read.stdout);
        expect(told.stdout).toContain(String(process.pid));
        expect([told.isLoaded, read.isLoaded]).toEqual([true, false]);
      }
      expect(run('-tln', filter).isLoaded).toBe(false);
      const top = ['top', '--once', '--interval', '0.1'];
      expect([run(...top).isLoaded, run(...top, '--no-bpf').isLoaded]).toEqual([true, false]);
      server.close();
    },
  );

  // As nobody would notice who has the capabilities of root, but not these.
  test.each([
    ['without CAP_BPF', '-bpf,-sys_admin'],
    ['without CAP_PERFMON', '-perfmon,-sys_admin'],
  ])('%s, /proc is read', (_, less) => {
    expect(find('setpriv', `--bounding-set=${less}`, `--inh-caps=${less}`)).toEqual({
      ...READ,
      hidden: false,
    });
  });

  test.skipIf(lackOf('strace'))('without either, nothing is tried', () => {
    const script = `
      import process from 'node:process';
      import { ownersSync } from './dist/index.js';
      process.setuid(65534);
      console.log(ownersSync({ bpf: true }).bpf);`;
    const words = ['-f', '-e', 'trace=bpf', process.execPath, '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync('strace', words, { encoding: 'utf8' });
    expect(stdout).toBe('false\n');
    expect(stderr).not.toContain('bpf(');
  });

  test('with just CAP_BPF and CAP_PERFMON, it is loaded', () => {
    const only = '-all,+bpf,+perfmon';
    const words = ['--reuid=65534', '--clear-groups', `--inh-caps=${only}`, `--ambient-caps=${only}`];
    // The sockets of all are seen, and no process is denied, other than in /proc.
    expect(find('setpriv', ...words)).toEqual({ ...TOLD, hidden: false });
  });

  test.each([
    ['in a pid namespace of its own', ['--pid', '--fork', '--mount-proc'], true],
    ['in a user namespace of its own', ['--user', '--map-root-user'], false],
    ['in a time namespace of its own', ['--time', '--boottime', '100000', '--fork'], false],
    ['where the kernel does not describe its types', hiding('mount -t tmpfs none /sys/kernel/btf'), false],
    ['where that is no description', hiding('mount --bind /etc/passwd /sys/kernel/btf/vmlinux'), false],
    ['where that is empty', hiding('mount --bind /dev/null /sys/kernel/btf/vmlinux'), false],
  ])('%s, /proc is read', (_, words, hidden) => {
    expect(find('unshare', ...words)).toEqual({ ...READ, hidden });
  });

  const TYPES = ['-P', '/sys/kernel/btf/vmlinux'];
  test.skipIf(lackOf('strace')).each<[fault: string, words: string[], outcome: unknown]>([
    ['the first call is refused', inject('bpf:error=EPERM:when=1'), [false, true, 0]],
    ['the second call is refused', inject('bpf:error=EINVAL:when=2'), [false, true, 0]],
    ['the third call is refused', inject('bpf:error=ENOMEM:when=3+'), [false, true, 0]],
    ['there is no such call', inject('bpf:error=ENOSYS'), [false, true, 0]],
    ["the kernel's types may not be read", [...TYPES, ...inject('openat:error=EACCES')], [false, true, 0]],
    ['their size is not told', [...TYPES, ...inject('newfstatat,fstat:error=ENOMEM')], [false, true, 0]],
    ['they cannot be mapped, and are read', [...TYPES, ...inject('mmap:error=ENODEV')], [true, true, 0]],
    [
      'they cannot be read either',
      [...TYPES, ...inject('mmap:error=ENODEV'), ...inject('read:error=EIO:when=700')],
      [false, true, 0],
    ],
  ])('where %s, the answer is whole, and nothing is left open', (_, words, outcome) => {
    const script = `
      import { readdirSync } from 'node:fs';
      import { ownersSync } from './dist/index.js';
      ownersSync();
      const open = () => readdirSync('/proc/self/fd').length;
      const before = open();
      const { bpf, sockets } = ownersSync({ bpf: true });
      console.log(JSON.stringify([bpf, sockets.size > 0, open() - before]));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { stdout } = spawnSync('strace', ['-f', '-o', '/dev/null', ...words, ...node], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual(outcome);
  });

  test('the name of a socket that is open as a path is none', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sockdiag-owners-'));
    const path = join(directory, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const O_PATH = 0o10000000;
    const fd = openSync(path, O_PATH);
    const found = await owners({ bpf: true });
    const [listener] = await dumpUnix({ owners: 'bpf', filter: `src = unix:${path}` }).toArray();
    closeSync(fd);
    server.close();
    rmSync(directory, { recursive: true });
    const own = [...found.sockets.values()].flat().filter(({ pid }) => pid === process.pid);
    expect(found.bpf).toBe(true);
    expect(own.length).toBeGreaterThan(0);
    expect(own.map((each) => each.fd)).not.toContain(fd);
    expect(listener?.owners).toHaveLength(1);
  });

  test('it leaves no descriptor, whether it came to its end or not', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    await owners({ bpf: true });
    const before = open();
    for (let i = 0; i < 50; i++) {
      const controller = new AbortController();
      const looking = owners({ bpf: true, signal: controller.signal });
      if (i % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      await Promise.allSettled([looking]);
      ownersSync({ bpf: true });
    }
    expect(open()).toBe(before);
  });

  test('a walk that is cancelled ends with less', async () => {
    const none = new Uint32Array();
    const { length: all } = ((await new (loadBinding().OwnersWalk)(none, none, true).run()) as NativeOwners)
      .inodes;
    const told: number[] = [];
    for (let i = 0; i < 20; i++) {
      const walk = new (loadBinding().OwnersWalk)(none, none, true);
      const running = walk.run();
      walk.cancel();
      told.push(((await running) as NativeOwners).inodes.length);
    }
    expect(Math.min(...told)).toBeLessThan(all);
  });

  test.skipIf(isSanitized('sanitizers want descriptors'))('for lack of descriptors, it is an error', () => {
    const script = `
      import { closeSync, openSync } from 'node:fs';
      import { ownersSync } from './dist/index.js';
      ownersSync({ bpf: true });
      const spare = [];
      try { for (;;) spare.push(openSync('/dev/null')); } catch {}
      const outcomes = [];
      for (let free = 0; free <= 8; free++) {
        try { outcomes.push(ownersSync({ bpf: true }).bpf); } catch ({ code }) { outcomes.push(code); }
        closeSync(spare.pop());
      }
      console.log(JSON.stringify(outcomes));`;
    const words = [
      '-c',
      'ulimit -n 512; exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    const outcomes: unknown[] = JSON.parse(spawnSync('sh', words, { encoding: 'utf8' }).stdout);
    expect(outcomes[0]).toBe('EMFILE');
    expect(outcomes.at(-1)).toBe(true);
    // Once there are enough, there are.
    expect(outcomes.lastIndexOf('EMFILE')).toBeLessThan(outcomes.indexOf(true));
  });
});

/** Words of strace. */
function inject(fault: string): string[] {
  return ['-e', `inject=${fault}`];
}

/** A mount namespace after some command. */
function hiding(command: string): string[] {
  return ['--mount', 'sh', '-c', `${command}\nexec "$@"`, 'sh'];
}
