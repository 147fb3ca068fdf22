/** Network namespaces: which there are, and that looking into them leaves this process where it is. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import {
  destroyMatching,
  dumpNetlink,
  dumpTcp,
  dumpUnix,
  lookupTcp,
  type Namespace,
  type Netns,
  namespaces,
} from '../lib/index.js';
import { nameOf, namespaceMounts } from '../lib/namespaces/mounts.js';
import { openSockets } from './descriptors.js';
import { isSanitized, lackOf, lackOfWorld } from './tools.js';
import { type NamespaceExpectation, type NamespaceWorlds, startNamespaces } from './world/namespaces.js';

const OWN = Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);

describe('mountinfo', () => {
  const line = (root: string, point: string, type = 'nsfs') =>
    `43 42 0:4 ${root} ${point} rw shared:2 - ${type} ${type} rw\n`;

  test('every mount of a network namespace is found, whatever its path', () => {
    const text =
      '22 1 259:0 / / rw,relatime - ext4 /dev/root rw\n' +
      line('net:[4026532177]', '/run/netns/blue') +
      line('net:[4026532178]', '/tmp/a\\040blank\\011a\\012line\\134040') +
      line('mnt:[4026532179]', '/run/snapd/ns/x.mnt') +
      line('/net:[4026532180]', '/tmp/file') +
      line('net:[4026532181]', '/tmp/liar', 'tmpfs') +
      '44 42 0:4 net:[4026532182] /run/docker/netns/default rw - nsfs nsfs rw\n' +
      '45 42 0:4 net:[4026532183] /tmp/many rw shared:3 master:2 propagate_from:1 - nsfs nsfs rw\n';
    expect(namespaceMounts(text)).toEqual([
      { ino: 4026532177, path: '/run/netns/blue' },
      { ino: 4026532178, path: '/tmp/a blank\ta\nline\\040' },
      { ino: 4026532182, path: '/run/docker/netns/default' },
      { ino: 4026532183, path: '/tmp/many' },
    ]);
    expect(namespaceMounts('')).toEqual([]);
    expect(namespaceMounts(' net:[1]\nx net:[')).toEqual([]);
  });

  test('a name is what lies directly below /run/netns', () => {
    expect(nameOf('/run/netns/blue')).toBe('blue');
    expect(nameOf('/run/netns/blue/green')).toBeUndefined();
    expect(nameOf('/run/netns2/blue')).toBeUndefined();
    expect(nameOf('/run/docker/netns/blue')).toBeUndefined();
  });
});

describe('wrong arguments', () => {
  test.for<[unknown, string]>([
    [null, 'namespaces: options must be an object, not null'],
    [{ netns: 1 }, "namespaces: there is no option 'netns', only 'signal'"],
    [{ signal: 1 }, 'namespaces: options.signal is 1, but must be an AbortSignal'],
  ])('%o', async ([options, words]) => {
    const refused = namespaces(options as never);
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(words);
  });

  test.for<[unknown, string]>([
    [[], 'dumpTcp: options.netns is empty, but must have at least one element'],
    [[1, 0], 'dumpTcp: options.netns[1] is 0, but must be a name under /run/netns, a path,'],
    [[[1]], 'dumpTcp: options.netns[0] is an array, but must be'],
    [new Array(1), 'options.netns[0] is undefined'],
    [{ path: '/x' }, 'options.netns is an object'],
    [{ path: '', ino: 1 }, 'options.netns is an object'],
    [{ path: 'a\0', ino: 1 }, 'options.netns is an object'],
    [{ path: '/x', ino: 0 }, 'options.netns is an object'],
    [{ path: '/x', ino: 1.5 }, 'options.netns is an object'],
    [{ path: '/x', ino: '1' }, 'options.netns is an object'],
  ])('netns: %o', ([netns, words]) => {
    const dump = () => dumpTcp({ netns: netns as never });
    expect(dump).toThrow(TypeError);
    expect(dump).toThrow(words);
  });

  test('interfaces of other namespaces have no names here', () => {
    expect(() => dumpTcp({ netns: [1, 2], filter: 'dev lo' })).toThrow('another network namespace');
  });
});

test('a signal ends the search with its reason', async () => {
  await expect(namespaces({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
});

describe.skipIf(lackOfWorld() || lackOf('lsns', 'findmnt'))('ten namespaces', () => {
  let worlds: NamespaceWorlds;
  let all: NamespaceExpectation[];
  let server: Server;
  let ownPort: number;
  const directory = mkdtempSync(join(tmpdir(), 'sockdiag-namespaces-'));

  beforeAll(async () => {
    worlds = await startNamespaces();
    all = worlds.namespaces;
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    ownPort = (server.address() as { port: number }).port;
  });

  afterAll(async () => {
    server?.close();
    await worlds?.stop();
    rmSync(directory, { recursive: true });
  });

  const at = (label: string): NamespaceExpectation => {
    const found = all.find((one) => one.label === label);
    if (found === undefined) throw new Error(`there is no namespace '${label}'`);
    return found;
  };

  /** Those of the test, as `namespaces` finds them, in the order of the test. */
  const listed = async (): Promise<Namespace[]> => {
    const { found } = await namespaces();
    return all.map(({ ino }) => found.find((one) => one.ino === ino) as Namespace);
  };

  const portsIn = async (netns: Netns | readonly Netns[]): Promise<(number | undefined)[][]> =>
    (await dumpTcp({ netns }).toArray()).map((socket) => [socket.netns, socket.sport]);

  const stamped = (some: readonly NamespaceExpectation[]) => some.map(({ ino, port }) => [ino, port]);

  test('each is listed once, with what leads there', async () => {
    const { found } = await namespaces();
    const inos = found.map(({ ino }) => ino);
    expect(new Set(inos).size).toBe(inos.length);
    expect(inos).toEqual(inos.toSorted((a, b) => a - b));
    const plain = all.map(({ label: _, port: __, ...expected }) => ({ ...expected, own: false }));
    expect(await listed()).toEqual(plain);
    expect(found.filter(({ own }) => own).map(({ ino }) => ino)).toEqual([OWN]);
  });

  test('lsns counts the same processes in each', async () => {
    const words = ['--json', '--type', 'net', '--output', 'NS,PID,NPROCS'];
    const { namespaces: rows } = JSON.parse(execFileSync('lsns', words, { encoding: 'utf8' })) as {
      namespaces: { ns: number; pid: number; nprocs: number }[];
    };
    const inhabited = all.filter(({ processes }) => processes > 0);
    const ours = rows.filter(({ ns }) => inhabited.some(({ ino }) => ino === ns));
    const told = (await listed()).filter(({ processes }) => processes > 0);
    const byNs = (a: { ns: number }, b: { ns: number }) => a.ns - b.ns;
    expect(told.map(({ ino, pid, processes }) => ({ ns: ino, pid, nprocs: processes })).sort(byNs)).toEqual(
      ours.sort(byNs),
    );
    expect(told).toHaveLength(5);
  });

  test('ip and findmnt know the same names and mounts', async () => {
    const told = await listed();
    const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.split(' ')[0] as string);
    const named = told.map(({ name }) => name).filter((name) => name !== undefined);
    expect(named).toHaveLength(4);
    expect(names).toEqual(expect.arrayContaining(named));
    const words = ['--json', '--types', 'nsfs', '--output', 'TARGET,SOURCE', '--list'];
    const { filesystems } = JSON.parse(execFileSync('findmnt', words, { encoding: 'utf8' })) as {
      filesystems: { target: string; source: string }[];
    };
    const mounts = new Map(filesystems.map(({ target, source }) => [target, source]));
    const mounted = told.filter(({ path }) => !path.startsWith('/proc/'));
    expect(mounted).toHaveLength(7);
    for (const { path, ino } of mounted) expect(mounts.get(path), path).toBe(`nsfs[net:[${ino}]]`);
  });

  test('a mount that another one hides leads nowhere', () => {
    const [lonely, inhabited] = [at("mounted at 'a blank'"), at('a process, and mounted')];
    const cover = `mount -t tmpfs none '${dirname(lonely.path)}' && exec "$@"`;
    const { lines, stderr } = asRoot(
      `const { found } = await namespaces();
      const inos = [${lonely.ino}, ${inhabited.ino}];
      print(found.filter(({ ino }) => inos.includes(ino)));
      print((await dumpTcp({ netns: [{ ino: ${inhabited.ino}, path: '${inhabited.path}' }] }).toArray()).length);`,
      ['unshare', '--mount', 'sh', '-c', cover, 'sh'],
    );
    expect(stderr).toBe('');
    const { ino, pid, processes } = inhabited;
    expect(lines).toEqual([[{ ino, pid, processes, path: `/proc/${pid}/ns/net`, own: false }], 1]);
  });

  test('of several names one is told, and it is one that can be asked', async () => {
    const { ino, pid, port } = at('1 processes');
    const [one, two] = ['one', 'two'].map((word) => `${at('named 0').name}-${word}`) as [string, string];
    try {
      for (const name of [one, two]) execFileSync('ip', ['netns', 'attach', name, `${pid}`]);
      const [found, ...others] = (await namespaces()).found.filter((each) => each.ino === ino);
      expect(others).toEqual([]);
      expect([one, two]).toContain(found?.name);
      expect(found).toMatchObject({ path: `/run/netns/${found?.name}`, pid, processes: 1 });
      expect(await portsIn([one, two])).toEqual([[ino, port]]);
    } finally {
      for (const name of [one, two]) spawnSync('ip', ['netns', 'delete', name]);
    }
  });

  test('an array is the union of its namespaces, stamped, in its order', async () => {
    const { found } = await namespaces();
    const some = all.map(({ ino }) => found.find((one) => one.ino === ino) as Namespace);
    expect(await portsIn(some)).toEqual(stamped(all));
    expect(await portsIn(some.toReversed())).toEqual(stamped(all.toReversed()));
    const own = found.filter((one) => one.own);
    const union = await dumpTcp({ netns: [...own, ...some] }).toArray();
    const singles = await Promise.all(some.map((netns) => dumpTcp({ netns }).toArray()));
    const expected = singles.flatMap((single, i) =>
      single.map((socket) => ({ ...socket, netns: all[i]?.ino })),
    );
    expect(union.filter(({ netns }) => netns !== OWN)).toEqual(expected);
    expect(union.filter(({ netns }) => netns === OWN).map(({ sport }) => sport)).toContain(ownPort);
  });

  test('it can be read in all ways, and again', async () => {
    const netns = (await listed()).slice(3, 7);
    const expected = stamped(all.slice(3, 7));
    const dump = dumpTcp({ netns });
    const shown = (socket: { netns?: number; sport: number }) => [socket.netns, socket.sport];
    expect([...dump].map(shown)).toEqual(expected);
    const batches: unknown[][] = [];
    for await (const batch of dump.batches()) batches.push(batch.map(shown));
    expect(batches.flat()).toEqual(expected);
    const one: unknown[] = [];
    for await (const socket of dump) one.push(shown(socket));
    expect(one).toEqual(expected);
  });

  test('names, paths, pids, descriptors and found ones go together', async () => {
    const [named, processes, mounted] = [at('named 1'), at('2 processes'), at("mounted at 'a blank'")];
    const fd = openSync(at('5 processes').path, 'r');
    try {
      const netns = [named.name as string, processes.pid as number, mounted.path, { fd }];
      expect(await portsIn(netns)).toEqual(stamped([named, processes, mounted, at('5 processes')]));
      // Nothing is stamped without an array, and something is with an array of one.
      expect(await portsIn(mounted)).toEqual([[undefined, mounted.port]]);
      expect(await portsIn([mounted])).toEqual([[mounted.ino, mounted.port]]);
    } finally {
      closeSync(fd);
    }
  });

  test('a namespace is asked once, however often and however it is named', async () => {
    const { name, pid, path, ino } = at('named, with processes');
    const netns = [name as string, pid as number, path, { path, ino }, { path: '/nowhere', ino }, path];
    expect(await portsIn(netns)).toEqual(stamped([at('named, with processes')]));
    expect(dumpTcp({ netns })[Symbol.iterator]().next().value).toHaveProperty('netns', ino);
    expect([...dumpTcp({ netns })]).toHaveLength(1);
    const before = openSockets();
    const mixed = [path, pid as number, at('named 0').path];
    expect(await portsIn(mixed)).toEqual(stamped([at('named, with processes'), at('named 0')]));
    expect(openSockets()).toEqual(before);
  });

  test('what is named a second time is left at once, however many sockets are in it', async () => {
    // Fifteen processes, as one may have a thousand descriptors at most.
    const script =
      'import os, socket, sys\n' +
      'any(os.fork() == 0 for _ in range(14))\n' +
      'pairs = [socket.socketpair() for _ in range(400)]\n' +
      'os.write(1, b".")\n' +
      'sys.stdin.read()';
    const crowd = spawn('unshare', ['--net', 'python3', '-c', script]);
    try {
      let ready = 0;
      for await (const dots of crowd.stdout) {
        ready += dots.length;
        if (ready === 15) break;
      }
      expect(ready).toBe(15);
      // To leave the loop closes the pipe, which is a socket, but not at once.
      await vi.waitFor(() => expect(crowd.stdout.closed).toBe(true));
      const before = openSockets();
      const netns = [crowd.pid as number, `/proc/${crowd.pid}/task/${crowd.pid}/ns/net`, at('named 0').path];
      // More than is read ahead.
      expect(await dumpUnix({ netns }).toArray()).toHaveLength(12_000);
      expect(openSockets()).toEqual(before);
      expect([...dumpUnix({ netns })]).toHaveLength(12_000);
      expect(openSockets()).toEqual(before);
    } finally {
      await end(crowd);
    }
  });

  test('every family is stamped, filters and all', async () => {
    const netns = await listed();
    const inos = new Set(all.map(({ ino }) => ino));
    const netlink = await dumpNetlink({ netns, protocol: 'sock_diag' }).toArray();
    // At the least the kernel's own, in each.
    expect(new Set(netlink.map((socket) => socket.netns))).toEqual(inos);
    const port = all[6]?.port as number;
    const filter = `sport = :${port}`;
    expect((await dumpTcp({ netns, filter }).toArray()).map((socket) => socket.netns)).toEqual([all[6]?.ino]);
    expect(await dumpTcp({ netns, filter: 'src unix:*' }).toArray()).toEqual([]);
    expect(await dumpUnix({ netns }).toArray()).toEqual([]);
  });

  test('a thousand dumps at once are stamped right, and leave every thread where it was', async () => {
    const threads = () =>
      readdirSync('/proc/self/task').map((thread) => readlinkSync(`/proc/self/task/${thread}/ns/net`));
    const sockets = openSockets();
    const before = new Set(threads());
    const found = await listed();
    // The same order for the same seed.
    let seed = 20260;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    const ways = (i: number): Netns[] => {
      const { pid, name, path } = all[i] as NamespaceExpectation;
      return [
        found[i] as Namespace,
        path,
        ...(pid === undefined ? [] : [pid]),
        ...(name === undefined ? [] : [name]),
      ];
    };
    const anyWay = (i: number) => ways(i)[random(ways(i).length)] as Netns;
    const dumps = Array.from({ length: 1000 }, async () => {
      if (random(3) > 0) {
        const i = random(10);
        expect(await portsIn(anyWay(i))).toEqual([[undefined, all[i]?.port]]);
        return 1;
      }
      const some = Array.from({ length: 1 + random(5) }, () => random(10));
      const distinct = [...new Set(some)].map((i) => all[i] as NamespaceExpectation);
      expect(await portsIn(some.map(anyWay))).toEqual(stamped(distinct));
      return distinct.length;
    });
    const asked = await Promise.all(dumps);
    expect(asked).toHaveLength(1000);
    expect(asked.filter((count) => count > 1).length).toBeGreaterThan(100);
    expect(before).toEqual(new Set([`net:[${OWN}]`]));
    expect(new Set(threads())).toEqual(before);
    const own = await dumpTcp({ states: ['LISTEN'] }).toArray();
    expect(own.map(({ sport }) => sport)).toContain(ownPort);
    expect(own.some(({ netns }) => netns !== undefined)).toBe(false);
    expect(openSockets()).toEqual(sockets);
  }, 120_000);

  test('where a path leads elsewhere by now, another way to the same namespace is taken', async () => {
    const [target, other] = [at('2 processes'), at('named 0')];
    const gone = { ino: target.ino, path: '/proc/4194304/ns/net' };
    const reused = { ino: target.ino, path: other.path };
    const covered = { ino: target.ino, path: '/proc/self/ns/mnt' };
    for (const netns of [gone, reused, covered]) {
      expect(await portsIn(netns)).toEqual([[undefined, target.port]]);
      expect(await portsIn([other.path, netns])).toEqual(stamped([other, target]));
      expect([...dumpTcp({ netns: [netns] })].map(({ sport }) => sport)).toEqual([target.port]);
    }
  });

  test('what nothing leads to any more is passed over among several, and an error alone', async () => {
    const before = openSockets();
    const name = `${at('named 0').name}-brief`;
    execFileSync('ip', ['netns', 'add', name]);
    const child = spawn('unshare', ['--net', 'sh', '-c', 'echo; exec sleep 60']);
    await once(child.stdout, 'data');
    const { found } = await namespaces();
    const named = found.find((one) => one.name === name) as Namespace;
    const inhabited = found.find((one) => one.pid === child.pid) as Namespace;
    expect(inhabited.path).toBe(`/proc/${child.pid}/ns/net`);
    execFileSync('ip', ['netns', 'delete', name]);
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
    const elsewhere = { ino: named.ino, path: at('named 1').path };
    const [first, last] = [at('named 1'), at('1 processes')];
    const netns = [named, first.path, inhabited, elsewhere, last.path];
    expect(await portsIn(netns)).toEqual(stamped([first, last]));
    expect([...dumpTcp({ netns })]).toHaveLength(2);
    expect(await portsIn([named, inhabited])).toEqual([]);
    await expect(portsIn(named)).rejects.toMatchObject({
      code: 'ENOENT',
      message: `cannot dump TCP sockets: there is no network namespace at ${named.path} (ENOENT: open)`,
    });
    expect(() => [...dumpTcp({ netns: inhabited })]).toThrow('there is no network namespace at /proc/');
    await expect(portsIn(elsewhere)).rejects.toMatchObject({
      code: 'ESTALE',
      message:
        `cannot dump TCP sockets: ${elsewhere.path} leads to another network namespace by now, and nothing to ` +
        'the one that was asked for (ESTALE: open)',
    });
    // A name, a path and a pid are the caller's word, among several too.
    for (const wrong of [name, named.path, child.pid as number]) {
      await expect(portsIn([first.path, wrong])).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
    }
    expect(openSockets()).toEqual(before);
  });

  test('records that came before a failure are given out', async () => {
    const seen: unknown[] = [];
    const read = async () => {
      for await (const { netns } of dumpTcp({ netns: [at('named 2').path, '/nowhere'] })) seen.push(netns);
    };
    await expect(read()).rejects.toThrow('there is no network namespace at /nowhere');
    expect(seen).toEqual([at('named 2').ino]);
  });

  test('what is no network namespace is told in words', async () => {
    const before = openSockets();
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const fd = openSync(file, 'r');
    const socket = Number(readdirSync('/proc/self/fd').find((one) => isSocket(one)));
    try {
      const netns = [fifo, file, directory, '/dev/null', '/proc/self/ns/mnt', { fd }, { fd: socket }];
      for (const wrong of netns) {
        const refused = {
          name: 'SockDiagError',
          message: expect.stringContaining('is not a network namespace (E'),
        };
        await expect(portsIn(wrong), `${wrong}`).rejects.toMatchObject(refused);
        await expect(portsIn([wrong]), `${wrong}`).rejects.toMatchObject(refused);
      }
      await expect(portsIn(join(file, 'below'))).rejects.toThrow('(ENOTDIR: open)');
    } finally {
      closeSync(fd);
    }
    expect(openSockets()).toEqual(before);
  });

  const isSocket = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  };

  test('an abort and a break in the midst free everything', async () => {
    const before = openSockets();
    const netns = await listed();
    const controller = new AbortController();
    let seen = 0;
    const read = async () => {
      for await (const _ of dumpTcp({ netns, signal: controller.signal }))
        if (++seen === 4) controller.abort();
    };
    await expect(read()).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toBe(4);
    for await (const _ of dumpTcp({ netns })) if (++seen === 8) break;
    for (const _ of dumpTcp({ netns })) if (++seen === 12) break;
    expect(seen).toBe(12);
    const waiting = new AbortController();
    const gone = { ino: 1, path: '/nowhere' };
    const reading = dumpTcp({ netns: [gone, ...netns], signal: waiting.signal }).toArray();
    setImmediate(() => waiting.abort(new Error('enough')));
    await expect(reading).rejects.toThrow('enough');
    expect(openSockets()).toEqual(before);
  });

  test('lookups follow what was found, and look into no other namespace', async () => {
    const [target, other] = [at('2 processes'), at('named 0')];
    const tuple = { src: '0.0.0.0', sport: target.port };
    for (const path of [target.path, other.path, '/nowhere', '/proc/self/ns/mnt']) {
      const netns = { ino: target.ino, path, fd: undefined };
      expect(await lookupTcp(tuple, { netns }), path).toMatchObject({ sport: target.port, state: 'LISTEN' });
    }
    const gone = { ino: 1, path: target.path };
    await expect(lookupTcp(tuple, { netns: gone })).rejects.toMatchObject({
      code: 'ESTALE',
      syscall: 'open',
    });
  });

  test('what a dump of several found is destroyed where it is', async () => {
    const script =
      'import socket, sys\nlistener = socket.create_server(("", 21999))\nprint(flush=True)\nsys.stdin.read()';
    const hosts = [1, 2, 3].map(() => spawn('unshare', ['--net', 'python3', '-c', script]));
    try {
      for (const { stdout } of hosts) await once(stdout, 'data');
      const { found } = await namespaces();
      const [one, two, three] = hosts.map(({ pid }) => found.find((each) => each.pid === pid)) as [
        Namespace,
        Namespace,
        Namespace,
      ];
      const filter = 'sport = :21999';
      const dump = dumpTcp({ netns: [at('named 0').path, one, two.pid as number], filter });
      const before = openSockets();
      const results = await destroyMatching(dump);
      expect(openSockets()).toEqual(before);
      expect(results.map(({ socket, error }) => [socket.netns, error])).toEqual([
        [one.ino, undefined],
        [two.ino, undefined],
      ]);
      expect(await dump.toArray()).toEqual([]);
      expect(await portsIn([three])).toEqual([[three.ino, 21999]]);
    } finally {
      await Promise.all(hosts.map(end));
    }
  });

  test('a recording of several is refused, and one of each is not', async () => {
    const raw = dumpTcp({ netns: await listed() }).raw();
    await expect(raw.next()).rejects.toThrow(TypeError);
    await expect(raw.next()).rejects.toThrow('a recording does not tell network namespaces apart');
    for await (const bytes of dumpTcp({ netns: at('named 0') }).raw())
      expect(bytes.length).toBeGreaterThan(0);
  });

  test('without a privilege, the own namespace can be looked into, and others are refused in words', async () => {
    const other = at('named 0');
    const { lines, stderr } = asNobody(`
      const { found, denied } = await namespaces();
      const own = found.filter(({ own }) => own);
      print(found.map(({ ino, name, processes }) => ({ ino, name, processes })));
      print(denied > 0);
      print((await dumpTcp({ netns: own }).toArray()).filter(({ sport }) => sport === ${ownPort}).map(({ netns }) => netns));
      print((await dumpTcp({ netns: own[0] }).toArray()).some(({ sport }) => sport === ${ownPort}));
      print((await dumpTcp({ netns: '/proc/self/ns/net' }).toArray()).some(({ sport }) => sport === ${ownPort}));
      for (const netns of [[...own, '${other.name}'], '${other.name}', [found.find(({ ino }) => ino === ${other.ino})]])
        await dumpTcp({ netns }).toArray().then(print, told);`);
    expect(stderr).toBe('');
    const [found, denied, stamps, one, path, ...refused] = lines as [Namespace[], ...unknown[]];
    expect(found).toContainEqual({ ino: other.ino, name: other.name, processes: 0 });
    expect(found.find(({ ino }) => ino === at('2 processes').ino)).toBeUndefined();
    expect([denied, stamps, one, path]).toEqual([true, [OWN], true, true]);
    const refusal = {
      message:
        `cannot dump TCP sockets: entering the network namespace at ${other.path} needs CAP_SYS_ADMIN ` +
        '(EPERM: setns)',
      code: 'EPERM',
      errno: 1,
      syscall: 'setns',
    };
    expect(refused).toEqual([refusal, refusal, refusal]);
  });

  // A sanitizer finds the process's memory and program in /proc, and complains without it.
  const unwatched = test.skipIf(isSanitized('sanitizers want /proc'));

  unwatched('without /proc, one namespace is asked all the same, several cannot be told apart', () => {
    const { name, port } = at('named 0');
    const { lines, stderr } = withoutProc(`
      for (const netns of ['${name}', ['${name}']])
        await dumpTcp({ netns }).toArray().then((sockets) => print(sockets.map(({ sport }) => sport)), told);
      await namespaces().catch(told);`);
    expect(stderr).toBe('');
    const hint = '/proc is not mounted, or this kernel has no CONFIG_NET_NS';
    expect(lines).toEqual([
      [port],
      {
        message:
          'records of several network namespaces cannot be told apart without /proc, which is not mounted here',
        code: 'ENOENT',
      },
      {
        message: `cannot look for network namespaces: /proc/self/ns/net cannot be read: ${hint} (ENOENT: readlink)`,
        code: 'ENOENT',
        errno: 2,
        syscall: 'readlink',
      },
    ]);
  });

  test.skipIf(lackOf('strace'))(
    'only threads that end with it enter a namespace, and only to open a socket',
    () => {
      const log = join(directory, 'strace');
      const netns = JSON.stringify([...all.map(({ path, ino }) => ({ path, ino })), '/proc/self/ns/net']);
      const script = `await Promise.all([1, 2, 3].map(() => dumpTcp({ netns: ${netns} }).toArray()));`;
      const strace = ['strace', '-f', '-qq', '-o', log, '-e', 'trace=setns,socket,bind,sendto,recvmsg,exit'];
      const { stderr } = asRoot(script, strace);
      expect(stderr).toBe('');
      const calls = new Map<string, string[]>();
      for (const line of readFileSync(log, 'latin1').split('\n')) {
        const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
        if (thread !== undefined) calls.set(thread, [...(calls.get(thread) ?? []), call as string]);
      }
      const entered = [...calls.values()].filter((made) => made.includes('setns'));
      // The own one is not entered.
      expect(entered).toHaveLength(30);
      for (const made of entered) expect(made).toEqual(['setns', 'socket', 'exit']);
    },
  );

  test('the process may end, or a worker be terminated, while namespaces are looked for and into', () => {
    const { status, lines, stderr } = asRoot(`
      const { Worker } = await import('node:worker_threads');
      const { found } = await namespaces();
      const code = "import { parentPort } from 'node:worker_threads';" +
        "import { dumpTcp, namespaces } from './dist/index.js';" +
        "for (;;) { await dumpTcp({ netns: (await namespaces()).found }).toArray(); parentPort.postMessage(1); }";
      for (let i = 0; i < 8; i++) {
        const worker = new Worker(code, { eval: true });
        await new Promise((resolve) => worker.once('message', resolve));
        print(await worker.terminate());
      }
      for (let i = 0; i < 8; i++) dumpTcp({ netns: [{ ino: 1, path: '/nowhere' }, ...found] }).toArray();
      setImmediate(() => setImmediate(() => process.exit(7)));`);
    expect({ status, stderr }).toEqual({ status: 7, stderr: '' });
    expect(lines).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });
});

/** Until its descriptors here are closed too. */
async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  const closed = once(child, 'close');
  child.stdin.end();
  await closed;
}

interface Ended {
  status: number | null;
  lines: unknown[];
  stderr: string;
}

/** Runs a script that may use the library, `print` and `told`. */
function asRoot(script: string, around: readonly string[] = []): Ended {
  const program = `
    import { dumpTcp, namespaces } from './dist/index.js';
    const print = (value) => console.log(JSON.stringify(value));
    const told = ({ message, ...error }) => print({ message, ...error });
    ${script}`;
  const [command, ...words] = [...around, process.execPath, '--input-type=module', '-e', program];
  const { status, stdout, stderr } = spawnSync(command as string, words, {
    encoding: 'utf8',
    timeout: 60_000,
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { status, lines: lines.map((line) => JSON.parse(line)), stderr };
}

/** As nobody, who has no capability. */
function asNobody(script: string): Ended {
  return asRoot(`process.setgroups([]); process.setgid(65534); process.setuid(65534); ${script}`);
}

function withoutProc(script: string): Ended {
  return asRoot(script, ['unshare', '--mount', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh']);
}
