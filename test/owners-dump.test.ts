/** The option `owners` of dumps: in all families and all ways of reading, beside `ss -p` and the holders themselves. */
import { readdirSync, statSync } from 'node:fs';
import process from 'node:process';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { type Binding, loadBinding } from '../lib/binding.js';
import {
  type DiagMsg,
  type Dump,
  type DumpOptions,
  dumpMptcp,
  dumpNetlink,
  dumpPacket,
  dumpTcp,
  dumpUdp,
  dumpUnix,
  ownersSync,
} from '../lib/index.js';
import { lackOfWorld } from './tools.js';
import { type Held, type OwnersWorld, startOwnersWorld, startTimeOf } from './world/owners_world.js';
import { run } from './world/world.js';

type Make = (options: DumpOptions) => Dump<DiagMsg>;

const families: Record<string, Make> = {
  tcp: dumpTcp,
  udp: dumpUdp,
  unix: dumpUnix,
  packet: dumpPacket,
  netlink: dumpNetlink,
};

const ways: Record<string, (dump: Dump<DiagMsg>) => Promise<DiagMsg[]>> = {
  'for await': async (dump) => {
    const records = [];
    for await (const record of dump) records.push(record);
    return records;
  },
  'batches()': async (dump) => {
    const records = [];
    for await (const batch of dump.batches()) records.push(...batch);
    return records;
  },
  'toArray()': (dump) => dump.toArray(),
  for: async (dump) => [...dump],
};

const pairs = Object.entries(families).flatMap(([family, make]) =>
  Object.entries(ways).map(([way, read]) => ({ family, make, way, read })),
);

/** What the holders say of themselves, without their names. */
function holdersOf(held: Held): string[] {
  return held.owners.map(({ pid, fd }) => `${pid}/${startTimeOf(pid)}/${fd}`).sort();
}

function ownersOf({ owners }: DiagMsg): string[] | undefined {
  return owners?.map(({ pid, startTime, fd }) => `${pid}/${startTime}/${fd}`).sort();
}

describe.skipIf(lackOfWorld())('in a world of processes that hold sockets in every way', () => {
  let world: OwnersWorld;
  let held: Map<number, Held>;
  beforeAll(async () => {
    world = await startOwnersWorld();
    held = new Map(world.held.map((each) => [each.inode, each]));
  });
  afterAll(() => world?.stop());

  test.each(pairs)('$family by $way: each record has its owners', async ({ family, make, read }) => {
    const records = await read(make({ netns: world.pid, owners: true }));
    const known = records.filter(({ inode }) => (held.get(inode)?.owners.length ?? 0) > 0);
    expect(known.length).toBeGreaterThanOrEqual(family === 'packet' || family === 'netlink' ? 1 : 3);
    for (const record of known)
      expect(ownersOf(record), held.get(record.inode)?.label).toEqual(
        holdersOf(held.get(record.inode) as Held),
      );
    for (const record of await read(make({ netns: world.pid, owners: false })))
      expect(record).not.toHaveProperty('owners');
  });

  test('nobody holds what is in TIME_WAIT or waits to be accepted', async () => {
    const records = await dumpTcp({ netns: world.pid, owners: true }).toArray();
    const without = records.filter(({ inode }) => inode === 0);
    expect(without.map(({ state }) => state).sort()).toEqual(['ESTABLISHED', 'TIME_WAIT']);
    for (const { owners } of without) expect(owners).toEqual([]);
  });

  test('that nobody holds one is said only if everybody was seen', async () => {
    const { denied, hidden } = ownersSync();
    const flying = world.held.find(({ label }) => label === 'in a message');
    const records = await dumpUdp({ netns: world.pid, owners: true }).toArray();
    const record = records.find(({ inode }) => inode === flying?.inode);
    expect(record).toBeDefined();
    expect(record?.owners).toEqual(denied === 0 && !hidden ? [] : undefined);
    expect('owners' in (record as DiagMsg)).toBe(denied === 0 && !hidden);
  });

  test('a connection of MPTCP and its first subflow have the same owner', async (context) => {
    const inodes = world.held.filter(({ label }) => label === 'mptcp').map(({ inode }) => inode);
    if (inodes.length === 0) return context.skip('this kernel has no MPTCP');
    const options: DumpOptions = { netns: world.pid, owners: true };
    for (const records of [await dumpMptcp(options).toArray(), await dumpTcp(options).toArray()]) {
      const found = records.filter(({ inode }) => inodes.includes(inode));
      expect(found).toHaveLength(inodes.length);
      for (const record of found) expect(ownersOf(record)).toEqual(holdersOf(held.get(record.inode) as Held));
    }
  });

  test.each(Object.entries(ways))(
    'of several namespaces by %s, those of each have their owners',
    async (_, read) => {
      const records = await read(dumpUdp({ netns: [process.pid, world.pid], owners: true }));
      const known = records.filter(({ inode }) => (held.get(inode)?.owners.length ?? 0) > 0);
      expect(known.length).toBeGreaterThan(10);
      for (const record of known) {
        expect(ownersOf(record)).toEqual(holdersOf(held.get(record.inode) as Held));
        expect(record.netns).toBe(statSync(`/proc/${world.pid}/ns/net`).ino);
      }
    },
  );

  test('with a filter, those that fit have their owners', async () => {
    const dump = dumpTcp({ netns: world.pid, owners: true, filter: 'state listening' });
    const records = await dump.toArray();
    const shared = records.find(({ inode }) => held.get(inode)?.label === 'shared with two children');
    expect(shared?.owners).toHaveLength(3);
    expect(records.every(({ state }) => state === 'LISTEN')).toBe(true);
  });

  test('ss -p names the same', async () => {
    const text = await run(world.pid, 'ss', ['-t', '-u', '-a', '-n', '-p', '-e', '-H', '-O']);
    const told = new Map<number, string[]>();
    // Names may hold anything, but hardly this.
    for (const [, users = '', inode] of text.matchAll(/users:\(([\s\S]*?)\)\s+(?:uid:\d+ )?ino:(\d+)/g)) {
      const pattern = /,pid=(\d+),fd=(\d+)\)/g;
      told.set(Number(inode), Array.from(users.matchAll(pattern), ([, pid, fd]) => `${pid}/${fd}`).sort());
    }
    expect(told.size).toBeGreaterThan(15);
    const options: DumpOptions = { netns: world.pid, owners: true };
    const records: DiagMsg[] = [...dumpTcp(options), ...dumpUdp(options)];
    for (const { inode, owners } of records) {
      // It looks at /proc/PID/fd only, which is empty where the first thread has ended.
      if (held.get(inode)?.label === 'first thread ended') continue;
      const ours = owners?.map(({ pid, fd }) => `${pid}/${fd}`).sort();
      expect(ours ?? [], `${inode}`).toEqual(told.get(inode) ?? []);
      told.delete(inode);
    }
    expect(told).toEqual(new Map());
  });
});

describe('the walk', () => {
  const binding: { OwnersWalk: Binding['OwnersWalk'] } = loadBinding();
  const { OwnersWalk } = binding;
  afterEach(() => {
    binding.OwnersWalk = OwnersWalk;
  });

  /** Counts the walks from here on. */
  function counted(): { walks: number } {
    const count = { walks: 0 };
    binding.OwnersWalk = class extends OwnersWalk {
      override run() {
        count.walks++;
        return super.run();
      }
      override runSync() {
        count.walks++;
        return super.runSync();
      }
    };
    return count;
  }

  test.each(Object.entries(ways))(
    'happens once a reading by %s, and only where it is asked for',
    async (_, read) => {
      const count = counted();
      const dump = dumpUnix({ owners: true });
      expect(count.walks).toBe(0);
      await read(dump);
      expect(count.walks).toBe(1);
      await read(dump);
      expect(count.walks).toBe(2);
      await read(dumpUnix());
      await read(dumpUnix({ owners: false }));
      await read(dumpTcp({ owners: true, filter: 'src unix:*' }));
      expect(count.walks).toBe(2);
    },
  );

  test('is not for raw()', async () => {
    const count = counted();
    const parts = [];
    for await (const part of dumpUnix({ owners: true }).raw()) parts.push(part);
    expect(parts.length).toBeGreaterThan(1);
    expect(count.walks).toBe(0);
  });
});

describe('a dump that is left', () => {
  const open = () => readdirSync('/proc/self/fd').length;

  test('by an abort during the walk throws the reason', async () => {
    const before = open();
    for (const read of [ways['for await'], ways['batches()'], ways['toArray()']]) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const reading = read?.(dumpUnix({ owners: true, signal: controller.signal }));
      await Promise.resolve();
      controller.abort(reason);
      await expect(reading).rejects.toBe(reason);
    }
    expect(open()).toBe(before);
  });

  test('by return during the walk, or after it, has everything closed then', async () => {
    const before = open();
    for (const turns of [0, 1, 2, 5]) {
      const iterator = dumpUnix({ owners: true }).batches();
      const first = iterator.next();
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      expect(await iterator.return()).toEqual({ done: true, value: undefined });
      expect(open()).toBe(before);
      await first;
      expect(open()).toBe(before);
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    }
  });

  test('and read synchronously too', () => {
    const before = open();
    for (const { owners } of dumpUnix({ owners: true })) {
      expect(owners === undefined || Array.isArray(owners)).toBe(true);
      break;
    }
    const { signal } = new AbortController();
    expect([...dumpUnix({ owners: true, signal })].length).toBeGreaterThan(0);
    expect(() => [...dumpUnix({ owners: true, signal: AbortSignal.abort('enough') })]).toThrow('enough');
    expect(open()).toBe(before);
  });
});
