/** owners: who holds which socket, beside what the holders themselves say of it. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadBinding, type NativeOwners } from '../lib/binding.js';
import { type Owners, owners, ownersSync, type SocketOwner } from '../lib/index.js';
import { Holdings } from '../lib/owners/holdings.js';
import { lackOf, lackOfIterator, lackOfWorld } from './tools.js';
import { type Held, type OwnersWorld, startOwnersWorld, startTimeOf } from './world/owners_world.js';

type Look = (options?: { pids?: number[]; inodes?: number[] }) => Promise<Owners>;

const ways: [name: string, look: Look][] = [
  ['owners()', owners],
  ['ownersSync()', async (options) => ownersSync(options)],
];
if (!lackOfIterator()) {
  const byProgram = (found: Owners, { pids }: { pids?: number[] } = {}) => {
    expect(found.bpf).toBe(pids === undefined);
    return found;
  };
  ways.push(
    ['owners({ bpf: true })', async (options) => byProgram(await owners({ ...options, bpf: true }), options)],
    [
      'ownersSync({ bpf: true })',
      async (options) => byProgram(ownersSync({ ...options, bpf: true }), options),
    ],
  );
}

const byPid = (a: { pid: number; fd: number }, b: { pid: number; fd: number }) =>
  a.pid - b.pid || a.fd - b.fd;

/** What is said of a holder by itself, and by /proc of its time and of its name where it has not chosen one. */
function expected({ owners: holders }: Held): Partial<SocketOwner>[] {
  return holders
    .map(({ pid, fd, comm }) => ({
      pid,
      fd,
      comm: comm === undefined ? 'python3' : Buffer.from(comm, 'hex').toString(),
      startTime: startTimeOf(pid),
    }))
    .sort(byPid);
}

describe.skipIf(lackOfWorld())('in a world of processes that hold sockets in every way', () => {
  let world: OwnersWorld;
  beforeAll(async () => {
    world = await startOwnersWorld();
  });
  afterAll(() => world?.stop());

  test.each(ways)('%s names all owners of each, with their name and start time', async (_, look) => {
    const { sockets } = await look();
    expect(world.held.length).toBeGreaterThan(20);
    for (const held of world.held) {
      expect(sockets.get(held.inode)?.sort(byPid) ?? [], held.label).toEqual(expected(held));
    }
  });

  test.each(ways)('%s looks at given processes only', async (_, look) => {
    const held = world.held.find(({ label }) => label === 'shared with two children') as Held;
    const [one, two, three] = held.owners.map(({ pid }) => pid) as [number, number, number];
    const found = await look({ pids: [three, two, three] });
    expect(found.sockets.get(held.inode)?.map(({ pid }) => pid)).toEqual([two, three]);
    // Whatever else they have: they were given standard input by this test, for one.
    expect(new Set([...found.sockets.values()].flat().map(({ pid }) => pid))).toEqual(new Set([two, three]));
    expect(found).toMatchObject({ processes: 2, denied: 0, vanished: 0 });
    expect((await look({ pids: [one] })).sockets.size).toBeGreaterThan(10);
  });

  test.each(ways)('%s looks for given sockets only, by the low 32 bits', async (_, look) => {
    const [first, second] = world.held.filter(({ owners: holders }) => holders.length > 1) as [Held, Held];
    const found = await look({ inodes: [second.inode + 7 * 2 ** 32, 0, first.inode, first.inode] });
    expect([...found.sockets.keys()].sort()).toEqual([first.inode, second.inode].sort());
    expect(found.sockets.get(first.inode)?.sort(byPid)).toEqual(expected(first));
    expect((await look({ inodes: [0] })).sockets.size).toBe(0);
  });

  test('both at once', async () => {
    const held = world.held.find(({ label }) => label === 'passed on') as Held;
    const { pid } = held.owners[0] as { pid: number };
    expect((await owners({ pids: [pid], inodes: [held.inode] })).sockets.size).toBe(1);
    expect((await owners({ pids: [world.pid], inodes: [held.inode] })).sockets.size).toBe(0);
  });

  test('a process that is not there counts as vanished, and so does a thread', async () => {
    const threads = readdirSync('/proc/self/task').map(Number);
    const thread = threads.find((id) => id !== process.pid) as number;
    expect(await owners({ pids: [0x7fff_ffff, thread] })).toMatchObject({
      sockets: new Map(),
      processes: 0,
      denied: 0,
      vanished: 2,
    });
  });
});

test('its own sockets are found, and every process is counted', async () => {
  const server = createServer().listen(0);
  const before = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
  const { sockets, processes, denied, vanished } = await owners();
  server.close();
  const own = [...sockets.values()].flat().filter(({ pid }) => pid === process.pid);
  expect(own.length).toBeGreaterThan(0);
  expect(own.every(({ startTime }) => startTime === startTimeOf(process.pid))).toBe(true);
  // Others may come and go meanwhile.
  expect(Math.abs(processes + denied + vanished - before)).toBeLessThan(20);
});

/** What looks at one pid over and over while processes come and go under it. */
const LOOK = `
  import { writeSync } from 'node:fs';
  import { owners } from './dist/index.js';
  const pid = Number(process.env.PID);
  // All threads that stay are there now.
  await owners();
  writeSync(Number(process.env.READY), '!');
  const found = [];
  let vanished = 0;
  for (let i = 0; i < 200; i++) {
    const all = await owners(i % 20 === 0 ? {} : { pids: [pid] });
    vanished += all.vanished;
    for (const [inode, owners] of all.sockets)
      for (const owner of owners) if (owner.pid === pid) found.push([owner.startTime, inode]);
  }
  console.log(JSON.stringify({ found, vanished }));`;

test.skipIf(lackOfWorld() || lackOf('strace'))(
  'a process that ends while it is read, and another that gets its pid, are never taken for one',
  () => {
    const churn = ['--pid', '--fork', '--mount-proc', 'python3', join('test/world', 'owners_churn.py')];
    // Each call takes as long as if the machine was busy, so that many end between one and the next, and also behind
    // the last of their links, before it is read who they are.
    const slowly = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=readlinkat,getdents64'];
    slowly.push('-e', 'inject=readlinkat:delay_exit=1000', '-e', 'inject=getdents64:delay_exit=5000');
    const look = [process.execPath, '--input-type=module', '-e', LOOK];
    const { stdout, stderr, status } = spawnSync('unshare', [...churn, ...slowly, ...look], {
      encoding: 'utf8',
    });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const [looked, lived] = stdout.trim().split('\n') as [string, string];
    const { found, vanished }: { found: [number, number][]; vanished: number } = JSON.parse(looked);
    const lives: [pid: number, startTime: number, inodes: number[]][] = JSON.parse(lived);
    const startTimes = new Map(lives.flatMap(([, time, inodes]) => inodes.map((inode) => [inode, time])));
    expect(new Set(lives.map(([pid]) => pid)).size).toBe(1);
    expect(lives.length).toBeGreaterThan(20);
    expect(vanished).toBeGreaterThan(0);
    // They were given sockets by this test too, which all of them hold.
    const times = new Set(startTimes.values());
    for (const [startTime, inode] of found) {
      expect(times).toContain(startTime);
      expect(startTimes.get(inode) ?? startTime).toBe(startTime);
    }
    expect(found.some(([, inode]) => startTimes.has(inode))).toBe(true);
  },
);

describe('a walk that is ended', () => {
  test('before it begins looks at nothing', async () => {
    const reason = new Error('enough');
    await expect(owners({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('on its way rejects with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const looking = owners({ signal: controller.signal });
    controller.abort(reason);
    await expect(looking).rejects.toBe(reason);
    // The signal is used up, not the function.
    expect((await owners({ signal: new AbortController().signal })).processes).toBeGreaterThan(0);
  });

  test('does not go on to the end', async () => {
    const { processes: all } = await owners();
    const looked: number[] = [];
    for (let i = 0; i < 20; i++) {
      const walk = new (loadBinding().OwnersWalk)(new Uint32Array(), new Uint32Array(), false);
      const running = walk.run();
      walk.cancel();
      looked.push(((await running) as NativeOwners).processes);
    }
    // This thread may be held up once before it gets to cancel, but not always.
    expect(Math.min(...looked)).toBeLessThan(all / 2);
  });

  test('leaves no descriptor, and neither does one that came to its end', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    await owners();
    const before = open();
    for (let i = 0; i < 50; i++) {
      const controller = new AbortController();
      const looking = [
        owners({ signal: controller.signal }),
        owners({ signal: controller.signal, pids: [process.pid] }),
      ];
      if (i % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      await Promise.allSettled(looking);
      await owners();
      ownersSync();
    }
    expect(open()).toBe(before);
  });
});

describe('who is found', () => {
  const found: NativeOwners = {
    inodes: Uint32Array.of(3, 5, 5, 0xffff_ffff),
    holders: Uint32Array.of(1, 0, 1, 0),
    descriptors: Uint32Array.of(7, 8, 9, 10),
    pids: Uint32Array.of(100, 200),
    startTimes: Float64Array.of(2 ** 40, 1),
    commEnds: Uint32Array.of(3, 3),
    comms: Buffer.from('æb'),
    processes: 2,
    denied: 0,
    vanished: 0,
    hidden: false,
    bpf: false,
  };
  const first = { pid: 100, comm: 'æb', startTime: 2 ** 40 };
  const second = { pid: 200, comm: '', startTime: 1 };

  test('is told by the low 32 bits of the inode', () => {
    const holdings = new Holdings(found);
    expect(holdings.ownersOf(5)).toEqual([
      { ...first, fd: 8 },
      { ...second, fd: 9 },
    ]);
    expect(holdings.ownersOf(0xffff_ffff)).toEqual([{ ...first, fd: 10 }]);
    expect(holdings.ownersOf(9 * 2 ** 32 + 3)).toEqual([{ ...second, fd: 7 }]);
  });

  test('is nobody only where everybody was seen', () => {
    expect(new Holdings(found).ownersOf(4)).toEqual([]);
    for (const less of [{ denied: 1 }, { hidden: true }]) {
      const holdings = new Holdings({ ...found, ...less });
      expect(holdings.ownersOf(4)).toBeUndefined();
      expect(holdings.ownersOf(0xffff_fffe)).toBeUndefined();
      expect(holdings.ownersOf(0)).toEqual([]);
      expect(holdings.ownersOf(3)).toHaveLength(1);
    }
  });
});

const wrong: [options: unknown, words: string][] = [
  [null, 'options must be an object, not null'],
  [[1], 'options must be an object, not an array'],
  [{ pid: 1 }, "there is no option 'pid', only 'pids'"],
  [{ pids: 1 }, 'options.pids is 1, but must be an array, each a process id above 0'],
  [{ pids: [] }, 'options.pids is empty, but must hold at least one number: nothing would match'],
  [{ pids: [1, 0] }, 'options.pids[1] is 0, but must be a process id above 0'],
  [{ pids: [-1] }, 'options.pids[0] is -1'],
  [{ pids: ['1'] }, "options.pids[0] is '1'"],
  [{ pids: [1.5] }, 'options.pids[0] is 1.5'],
  [{ pids: [2 ** 31] }, 'options.pids[0] is 2147483648'],
  [{ pids: new Array(1) }, 'options.pids[0] is undefined'],
  [{ pids: [5n] }, 'options.pids[0] is 5n'],
  [{ inodes: [] }, 'options.inodes is empty'],
  [{ inodes: new Set([1]) }, 'options.inodes is an object, but must be an array, each an inode number'],
  [{ inodes: [-1] }, 'options.inodes[0] is -1, but must be an inode number'],
  [{ inodes: [Number.NaN] }, 'options.inodes[0] is NaN'],
  [{ inodes: [2 ** 53] }, 'options.inodes[0] is 9007199254740992'],
  [{ bpf: 1 }, 'options.bpf is 1, but must be true or false'],
];

test.each(wrong)('owners(%o) is a TypeError at the call', (options, words) => {
  for (const call of [owners, ownersSync]) {
    const act = () => call(options as never);
    expect(act).toThrow(TypeError);
    expect(act).toThrow(`${call.name}: ${words}`);
  }
});

test('a signal is one, and for what waits only', () => {
  expect(() => owners({ signal: {} as never })).toThrow(
    'owners: options.signal is an object, but must be an AbortSignal',
  );
  const { signal } = new AbortController();
  expect(() => ownersSync({ signal } as never)).toThrow("ownersSync: there is no option 'signal'");
});

test('what is undefined counts as not given', async () => {
  const all = await owners({ pids: undefined, inodes: undefined, signal: undefined });
  expect(all.processes).toBeGreaterThan(1);
});
