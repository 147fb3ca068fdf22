/**
 * Sockets in every state that can be made, in a network namespace of their own: each record agrees, field by field,
 * with what its maker knows of it, with ss, and with /proc/net; and none is missing or too many.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type Dump,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
  type InetDiagMsg,
  type SocketState,
  type UnixDiagMsg,
} from '../lib/index.js';
import { lackOfWorld } from './tools.js';
import { type ProcInet, procTcp, procUdp, procUdpLite, procUnix } from './world/procnet.js';
import { type Interval, type SsInet, ssTcp, ssUdp, ssUnix } from './world/ss.js';
import { type InetExpectation, startWorld, type World } from './world/world.js';

let world: World;

type Protocol = 'tcp' | 'udp' | 'udplite';
type InetRecord = InetDiagMsg & { protocol: Protocol };

const INET_DUMPS: Record<Protocol, (options: { netns: number }) => Dump<InetRecord>> = {
  tcp: dumpTcp,
  udp: dumpUdp,
  udplite: dumpUdpLite,
};

const dumpInet = (protocol: Protocol): Promise<InetRecord[]> =>
  INET_DUMPS[protocol]({ netns: world.pid }).toArray();

/** Items by a key that no two of them share. */
function byKey<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T> {
  const map = new Map(items.map((item) => [keyOf(item), item]));
  expect(map.size, 'keys are unique').toBe(items.length);
  return map;
}

type Tuple = Pick<ProcInet, 'protocol' | 'family' | 'src' | 'sport' | 'dst' | 'dport' | 'inode' | 'state'>;

/** Listeners of one port are told apart by their inode, which /proc and ss have too. */
const tupleOf = ({ protocol, family, src, sport, dst, dport, inode, state }: Tuple): string =>
  `${protocol} ${family} ${src}:${sport} ${dst}:${dport} ${inode} ${state}`;

const sorted = (items: Iterable<string>): string[] => [...items].sort();

/** What is set, as the oracles tell it. */
const optionsOf = (record: InetRecord): string[] =>
  Object.entries(record.sockopt ?? {})
    .filter(([, set]) => set)
    .map(([name]) => name);

/** A time that runs down lies between what was read after it and what was read before it. */
function expectBetween(value: number, before: Interval, after: Interval, what: string): void {
  const wound = after[1] > before[1];
  // A timer that was started anew in between can have been anything.
  if (wound) return;
  expect(value, what).toBeLessThanOrEqual(before[1]);
  expect(value, what).toBeGreaterThanOrEqual(after[0]);
}

/** The kernel's clock moves in steps, which the oracles round in their own ways. Milliseconds. */
const CLOCK_STEP = 10;
const widen = ([least, most]: Interval): Interval => [least - CLOCK_STEP, most + CLOCK_STEP];

describe.skipIf(lackOfWorld())('in the varied world', () => {
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  test('it has every state', () => {
    const states = new Set(world.inet.filter(({ protocol }) => protocol === 'tcp').map(({ state }) => state));
    expect(sorted(states)).toEqual(
      sorted([
        'ESTABLISHED',
        'SYN_SENT',
        'SYN_RECV',
        'FIN_WAIT1',
        'FIN_WAIT2',
        'TIME_WAIT',
        'CLOSE',
        'CLOSE_WAIT',
        'LAST_ACK',
        'LISTEN',
        'CLOSING',
      ]),
    );
  });

  test.each(['tcp', 'udp', 'udplite'] as const)(
    '%s: exactly the sockets that were made, as they were made',
    async (protocol) => {
      const expected = world.inet.filter((socket) => socket.protocol === protocol);
      const dump = INET_DUMPS[protocol];
      const records = await dump({ netns: world.pid }).toArray();
      // Another walk, which the default leaves out.
      if (protocol === 'tcp')
        records.push(...(await dumpTcp({ netns: world.pid, states: ['BOUND_INACTIVE'] }).toArray()));
      const ours = byKey(records, tupleOf);
      const theirs = byKey(expected, tupleOf);
      expect(theirs.size).toBeGreaterThan(4);
      expect(sorted(ours.keys())).toEqual(sorted(theirs.keys()));
      for (const [key, socket] of theirs) expectAsMade(ours.get(key) as InetRecord, socket);
    },
  );

  function expectAsMade(record: InetRecord, made: InetExpectation): void {
    const { label, nonzero, sockopt, tos, tclass, cong, ...fields } = made;
    expect(record, label).toMatchObject(fields);
    if (nonzero !== undefined) expect(record[nonzero], label).toBeGreaterThan(0);
    if (sockopt !== undefined) expect(optionsOf(record), label).toEqual(expect.arrayContaining(sockopt));
  }

  test.each([
    ['tcp', ssTcp],
    ['udp', ssUdp],
  ] as const)('%s: ss says the same of every socket', async (protocol, ask) => {
    const before = byKey(await ask(world.pid), ({ cookie }) => cookie);
    const ours = byKey(await dumpInet(protocol), ({ cookie }) => cookie);
    const after = byKey(await ask(world.pid), ({ cookie }) => cookie);
    expect(ours.size).toBeGreaterThan(4);
    expect(sorted(ours.keys())).toEqual(sorted(before.keys()));
    expect(sorted(ours.keys())).toEqual(sorted(after.keys()));
    for (const [cookie, record] of ours) {
      expectAsSsSays(record, before.get(cookie) as SsInet, after.get(cookie) as SsInet);
    }
  });

  function expectAsSsSays(record: InetRecord, before: SsInet, after: SsInet): void {
    const { dev, timer, expires, retrans, mark, cgroup, sockopt, ...rest } = before;
    const { skmeminfo, info, tos, tclass, classId, ...fields } = rest;
    const what = tupleOf(record);
    expect(record, what).toMatchObject(fields);
    expect(record.ifindex, what).toBe(dev === undefined ? 0 : world.devices[dev]);
    expect([timer, after.timer], what).toContain(record.timer);
    if (timer === after.timer) expectBetween(record.expires, widen(expires), widen(after.expires), what);
    expect(record.retrans, what).toBeGreaterThanOrEqual(Math.min(retrans, after.retrans));
    expect(record.retrans, what).toBeLessThanOrEqual(Math.max(retrans, after.retrans));
    // ss leaves out a mark of 0.
    expect(record.mark ?? 0, what).toBe(mark ?? 0);
    expect('cgroupId' in record, what).toBe(cgroup !== undefined);
    expect(optionsOf(record), what).toEqual(sockopt ?? []);
    expect(record, what).not.toHaveProperty('unknown');
    for (const field of ['skv6only', 'shutdown'] as const)
      expect(field in record, what).toBe(field in before);
  }

  test.each([
    ['tcp', procTcp],
    ['udp', procUdp],
    ['udplite', procUdpLite],
  ] as const)('%s: /proc/net says the same of every socket', async (protocol, read) => {
    const before = byKey(read(world.pid), tupleOf);
    const ours = byKey(await dumpInet(protocol), tupleOf);
    const after = byKey(read(world.pid), tupleOf);
    expect(sorted(ours.keys())).toEqual(sorted(before.keys()));
    expect(sorted(ours.keys())).toEqual(sorted(after.keys()));
    for (const [key, record] of ours) {
      expectAsProcSays(record, before.get(key) as ProcInet, after.get(key) as ProcInet);
    }
  });

  function expectAsProcSays(record: InetRecord, before: ProcInet, after: ProcInet): void {
    const { timer, expires, retrans, uid, drops, ...fields } = before;
    const what = tupleOf(record);
    expect(record, what).toMatchObject(fields);
    // A request socket has no owner; /proc prints its listener's.
    expect(record.uid, what).toBe(record.state === 'SYN_RECV' ? 0 : uid);
    if (timer === after.timer) {
      expect(record.timer, what).toBe(timer);
      expectBetween(record.expires, widen(expires), widen(after.expires), what);
    }
    expect(record.retrans, what).toBeGreaterThanOrEqual(Math.min(retrans, after.retrans));
    expect(record.retrans, what).toBeLessThanOrEqual(Math.max(retrans, after.retrans));
  }

  test('unix: exactly the sockets that were made, as they were made', async () => {
    const ours = byKey(await dumpUnix({ netns: world.pid }).toArray(), ({ cookie }) => cookie);
    const theirs = byKey(world.unix, ({ cookie }) => cookie);
    expect(sorted(ours.keys())).toEqual(sorted(theirs.keys()));
    for (const [cookie, { label, protocol, nameHex, icons, ...fields }] of theirs) {
      const record = ours.get(cookie) as UnixDiagMsg;
      expect(record, label).toMatchObject(fields);
      expect(hexOf(record), label).toBe(nameHex);
      expect(
        record.icons?.toSorted((a, b) => a - b),
        label,
      ).toEqual(icons ?? (fields.state === 'LISTEN' ? [] : undefined));
      expect('vfs' in record, label).toBe('vfs' in fields);
    }
  });

  const hexOf = ({ nameBytes }: UnixDiagMsg): string | undefined =>
    nameBytes === undefined ? undefined : Buffer.from(nameBytes).toString('hex');

  /** As ss and /proc print a name: its bytes, but `@` for each NUL of an abstract one. */
  const printed = ({ nameBytes }: UnixDiagMsg): string | undefined => {
    if (nameBytes === undefined) return undefined;
    const text = Buffer.from(nameBytes).toString('latin1');
    return nameBytes[0] === 0 ? text.replaceAll('\0', '@') : text;
  };

  test('unix: ss says the same of every socket', async () => {
    const theirs = byKey(await ssUnix(world.pid), ({ inode }) => String(inode));
    const ours = byKey(await dumpUnix({ netns: world.pid }).toArray(), ({ inode }) => String(inode));
    expect(ours.size).toBeGreaterThan(10);
    expect(sorted(ours.keys())).toEqual(sorted(theirs.keys()));
    for (const [inode, record] of ours) {
      const { name, peer, vfs, icons, ...fields } = theirs.get(inode) as NonNullable<
        ReturnType<typeof theirs.get>
      >;
      const what = `${record.name ?? 'without a name'} ${inode}`;
      expect(record, what).toMatchObject(fields);
      expect(printed(record)?.trimStart(), what).toBe(name);
      expect(record.peer ?? 0, what).toBe(peer);
      expect(record.vfs, what).toEqual(vfs);
      if (icons !== undefined) expect(record.icons, what).toEqual(icons);
      expect(record, what).not.toHaveProperty('unknown');
    }
  });

  test('unix: /proc/net says the same of every socket that has an inode', async () => {
    const theirs = byKey(
      procUnix(world.pid).filter(({ inode }) => inode !== 0),
      ({ inode }) => String(inode),
    );
    const ours = byKey(await dumpUnix({ netns: world.pid }).toArray(), ({ inode }) => String(inode));
    expect(sorted(ours.keys())).toEqual(sorted(theirs.keys()));
    for (const [inode, record] of ours) {
      const { nameHex, ...fields } = theirs.get(inode) as NonNullable<ReturnType<typeof theirs.get>>;
      expect(record, inode).toMatchObject(fields);
      expect(printed(record), inode).toBe(
        nameHex === undefined ? undefined : Buffer.from(nameHex, 'hex').toString('latin1'),
      );
    }
  });

  test('all four ways of reading agree', async () => {
    const dumps: Dump<InetRecord>[] = [dumpTcp({ netns: world.pid }), dumpUdp({ netns: world.pid })];
    for (const dump of dumps) {
      const keys = (records: InetRecord[]) => sorted(records.map(({ cookie }) => cookie));
      const all = keys(await dump.toArray());
      const each: InetRecord[] = [];
      for await (const record of dump) each.push(record);
      const batches: InetRecord[] = [];
      for await (const batch of dump.batches()) batches.push(...batch);
      expect(keys(each)).toEqual(all);
      expect(keys(batches)).toEqual(all);
      expect(keys([...dump])).toEqual(all);
    }
  });

  test.each<{ states: SocketState[] }>([
    { states: ['ESTABLISHED', 'LISTEN'] },
    { states: ['TIME_WAIT'] },
    { states: ['SYN_RECV'] },
    { states: ['CLOSE_WAIT', 'CLOSING', 'LAST_ACK'] },
    { states: ['CLOSE'] },
  ])('states $states are these and no other', async ({ states }) => {
    const all = await dumpInet('tcp');
    const some = await dumpTcp({ netns: world.pid, states }).toArray();
    const wanted = all.filter(({ state }) => states.includes(state));
    expect(sorted(some.map(tupleOf))).toEqual(sorted(wanted.map(tupleOf)));
  });

  test('an IPv4 client of a dual-stack listener is an IPv6 socket with mapped addresses', async () => {
    const mapped = (await dumpTcp({ netns: world.pid, family: 'inet6' }).toArray()).filter(
      ({ dst, state }) => dst.startsWith('::ffff:') && state === 'ESTABLISHED',
    );
    expect(mapped.length).toBeGreaterThan(0);
    for (const { src } of mapped) expect(src).toMatch(/^::ffff:\d+\.\d+\.\d+\.\d+$/);
  });

  test('a namespace may be named by pid, path and descriptor', async () => {
    const { openSync, closeSync } = await import('node:fs');
    const path = `/proc/${world.pid}/ns/net`;
    const fd = openSync(path, 'r');
    const keys = async (netns: number | string | { fd: number }) =>
      sorted((await dumpUdp({ netns }).toArray()).map(tupleOf));
    const byPid = await keys(world.pid);
    expect(byPid.length).toBeGreaterThan(4);
    expect(await keys(path)).toEqual(byPid);
    expect(await keys({ fd })).toEqual(byPid);
    closeSync(fd);
    // And this process is still where it was.
    expect((await dumpUdp().toArray()).map(tupleOf)).not.toEqual(byPid);
  });

  test.each([
    [
      'a name that is not there',
      'sockdiag-no-such-namespace',
      'ENOENT',
      'open',
      /no network namespace at \/run\/netns\//,
    ],
    [
      'a pid that is not there',
      0x7fff_ffff,
      'ENOENT',
      'open',
      /no network namespace at \/proc\/2147483647\/ns\/net/,
    ],
    ['a file that is no namespace', '/dev/null', 'EINVAL', 'setns', /\/dev\/null is not a network namespace/],
    ['a descriptor that is not open', { fd: 1_000_000 }, 'ENOENT', 'open', /no network namespace at/],
  ])('%s is an error in words', async (_what, netns, code, syscall, words) => {
    const error = await dumpTcp({ netns })
      .toArray()
      .then(
        () => undefined,
        (reason: Error) => reason,
      );
    expect(error).toMatchObject({ name: 'SockDiagError', code, syscall });
    expect(error?.message).toMatch(words);
  });
});
