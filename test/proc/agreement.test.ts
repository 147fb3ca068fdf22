/**
 * The records of /proc/net beside those of netlink, in worlds with sockets of every kind: of each socket the two tell the
 * same, in every field that both have, and neither has a socket that the other lacks, but for those that only one can tell
 * of.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Dump } from '../../lib/index.js';
import * as netlink from '../../lib/index.js';
import type { ProcInetMsg } from '../../lib/proc/index.js';
import * as proc from '../../lib/proc/index.js';
import { lackOfWorld } from '../tools.js';
import { type LinkWorld, startLinkWorld } from '../world/link_world.js';
import { startWorld, type World } from '../world/world.js';

const sorted = (items: Iterable<string>): string[] => [...items].sort();

/** Items by a key that no two of them share. */
function byKey<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T> {
  const map = new Map(items.map((item) => [keyOf(item), item]));
  expect(map.size, 'keys are unique').toBe(items.length);
  return map;
}

const tupleOf = ({
  family,
  src,
  sport,
  dst,
  dport,
  inode,
  state,
}: ProcInetMsg | netlink.InetDiagMsg): string =>
  `${family} ${src}:${sport} ${dst}:${dport} ${inode} ${state}`;

/** Clock ticks, rounded by either side. Milliseconds. */
const TICK = 10;
/** What may have passed between the two, on a machine that is busy. Milliseconds. */
const PATIENCE = 3000;

let world: World;

describe.skipIf(lackOfWorld())('in the varied world', () => {
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  const INET = {
    tcp: [netlink.dumpTcp, proc.dumpTcp, 'info'],
    udp: [netlink.dumpUdp, proc.dumpUdp, 'skmeminfo'],
    udplite: [netlink.dumpUdpLite, proc.dumpUdpLite, 'skmeminfo'],
  } as const;

  test.each(['tcp', 'udp', 'udplite'] as const)(
    '%s: both tell the same of every socket',
    async (protocol) => {
      const [fromNetlink, fromProc, word] = INET[protocol];
      const options = { netns: world.pid, show: [word] } as never;
      const ask = fromNetlink as (of: never) => Dump<netlink.InetDiagMsg>;
      const before = byKey(await ask(options).toArray(), tupleOf);
      const read = await (fromProc as (of: never) => Dump<ProcInetMsg>)(options).toArray();
      const after = byKey(await ask(options).toArray(), tupleOf);
      const ours = byKey(read, tupleOf);
      expect(ours.size).toBeGreaterThan(4);
      expect(sorted(ours.keys())).toEqual(sorted(before.keys()));
      for (const [key, record] of ours) {
        const others = [before, after].map((each) => each.get(key) as netlink.InetDiagMsg);
        // A timer may have fired between the first and the last.
        const other = others.find(
          ({ timer, retrans }) => timer === record.timer && retrans === record.retrans,
        );
        expect(other, `${key}: ${record.timer} ${record.retrans}`).toBeDefined();
        expectSame(record, other as netlink.InetDiagMsg, key);
      }
    },
  );

  /** What moves by itself is compared with what may have passed; all else must be equal. */
  function expectSame(record: ProcInetMsg, other: netlink.InetDiagMsg, what: string): void {
    const { source, expires, uid, info, skmeminfo, ...fields } = record as ProcInetMsg &
      Partial<Pick<proc.ProcTcpMsg, 'info'> & Pick<proc.ProcUdpMsg, 'skmeminfo'>>;
    expect(source, what).toBe('proc');
    expect(other, what).toMatchObject(fields);
    expect(Math.abs(expires - other.expires), what).toBeLessThan(PATIENCE);
    expect(expires % TICK, what).toBe(0);
    if (fields.timer === 'off') expect(expires, what).toBe(0);
    // Netlink has 0 for a request socket, the text its listener's.
    if (fields.state !== 'SYN_RECV') expect(uid, what).toBe(other.uid);
    expect('wqueue' in record, what).toBe(fields.state !== 'LISTEN');
    if (info !== undefined) expectSameInfo(info, (other as netlink.TcpDiagMsg).info as netlink.TcpInfo, what);
    if (skmeminfo !== undefined) expect(skmeminfo, what).toEqual({ drops: other.skmeminfo?.drops });
  }

  const MICROSECONDS = 1000 * TICK;
  const ticks = (microseconds: number): number => Math.floor(microseconds / MICROSECONDS) * MICROSECONDS;

  function expectSameInfo(
    { rto, ato, ...info }: proc.ProcTcpInfo,
    other: netlink.TcpInfo,
    what: string,
  ): void {
    expect(other, what).toMatchObject(info);
    expect(rto, what).toBe(ticks(other.rto));
    expect(ato, what).toBe(ticks(other.ato));
  }

  test('tcp_info comes for those that the text has it of', async () => {
    const all = await proc.dumpTcp({ netns: world.pid, show: ['info'] }).toArray();
    for (const { info, state } of all) {
      // What is left of a closed connection in FIN_WAIT2 may be as small as in TIME_WAIT.
      if (state === 'FIN_WAIT2') continue;
      expect(info !== undefined, state).toBe(!['LISTEN', 'SYN_RECV', 'TIME_WAIT'].includes(state));
    }
    expect(all.filter(({ info }) => info !== undefined).length).toBeGreaterThan(4);
  });

  test('without show there is no more than the base record', async () => {
    for (const record of await proc.dumpTcp({ netns: world.pid }).toArray())
      expect(record).not.toHaveProperty('info');
    for (const record of await proc.dumpUdp({ netns: world.pid }).toArray()) {
      expect(record).not.toHaveProperty('skmeminfo');
      expect(record).not.toHaveProperty('cookie');
      expect(record).not.toHaveProperty('ifindex');
    }
  });

  test('unix: both tell the same of every socket that has an inode', async () => {
    const told = await netlink.dumpUnix({ netns: world.pid }).toArray();
    const read = await proc.dumpUnix({ netns: world.pid }).toArray();
    const theirs = byKey(told, ({ inode }) => String(inode));
    const ours = byKey(
      read.filter(({ inode }) => inode !== 0),
      ({ inode }) => String(inode),
    );
    expect(sorted(ours.keys())).toEqual(sorted(theirs.keys()));
    for (const [inode, { source, nameBytes, ...fields }] of ours) {
      const other = theirs.get(inode) as netlink.UnixDiagMsg;
      expect(source).toBe('proc');
      expect(other).toMatchObject(fields);
      expect('name' in fields).toBe('name' in other);
      // It cannot be known where the text has the sign for an abstract name.
      if (nameBytes !== undefined) expect(nameBytes).toEqual(other.nameBytes);
      else expect(other.name?.startsWith('@') ?? true).toBe(true);
    }
    const names = read.map(({ name }) => name ?? '');
    for (const sign of ['\n', ' ', '@', '\ufffd'])
      expect(names.some((name) => name.includes(sign))).toBe(true);
  });

  test('unix: what waits to be accepted is only in the text', async () => {
    const read = await proc.dumpUnix({ netns: world.pid }).toArray();
    const waiting = read.filter(({ inode }) => inode === 0);
    const listeners = await netlink.dumpUnix({ netns: world.pid, states: ['LISTEN'] }).toArray();
    const queued = listeners.reduce((sum, { rqueue = 0 }) => sum + rqueue, 0);
    expect(queued).toBeGreaterThan(0);
    expect(waiting.length).toBe(queued);
    for (const { state, type } of waiting) expect([state, type]).toEqual(['ESTABLISHED', expect.any(String)]);
  });

  test.each<{ states: readonly Exclude<netlink.SocketState, 'BOUND_INACTIVE'>[] }>([
    { states: ['ESTABLISHED', 'LISTEN'] },
    { states: ['TIME_WAIT'] },
    { states: ['SYN_RECV'] },
    { states: ['NEW_SYN_RECV'] },
    { states: ['CLOSE_WAIT', 'CLOSING', 'LAST_ACK'] },
  ])('states $states and families choose as in netlink', async ({ states }) => {
    for (const family of ['inet', 'inet6'] as const) {
      const options = { netns: world.pid, states, family };
      const ours = await proc.dumpTcp(options).toArray();
      const theirs = await netlink.dumpTcp(options).toArray();
      expect(sorted(ours.map(tupleOf))).toEqual(sorted(theirs.map(tupleOf)));
    }
  });

  test.each([
    'sport = :0 or dport != :0',
    'src 127.0.0.0/8',
    'dst [::1]',
    'not state bound-inactive and dport != :22 and not state close',
  ])("the filter '%s' chooses as in netlink", async (filter) => {
    for (const [ours, theirs] of [
      [proc.dumpTcp, netlink.dumpTcp],
      [proc.dumpUdp, netlink.dumpUdp],
    ] as const) {
      const options = { netns: world.pid, filter };
      const read = await (ours as (of: object) => Dump<ProcInetMsg>)(options).toArray();
      const told = await (theirs as (of: object) => Dump<netlink.InetDiagMsg>)(options).toArray();
      expect(sorted(read.map(tupleOf))).toEqual(sorted(told.map(tupleOf)));
    }
  });

  test('the four ways of reading agree, however the namespace is named', async () => {
    const expected = sorted((await proc.dumpUdp({ netns: world.pid }).toArray()).map(tupleOf));
    expect(expected.length).toBeGreaterThan(4);
    for (const netns of [world.pid, `/proc/${world.pid}/ns/net`]) {
      const dump = proc.dumpUdp({ netns });
      const each: ProcInetMsg[] = [];
      for await (const record of dump) each.push(record);
      const batches: ProcInetMsg[] = [];
      for await (const batch of dump.batches()) batches.push(...batch);
      for (const records of [each, batches, [...dump], await dump.toArray()]) {
        expect(sorted(records.map(tupleOf))).toEqual(expected);
      }
    }
    const inRoot = proc.dumpUdp({ root: `/proc/${world.pid}` });
    expect(sorted((await inRoot.toArray()).map(tupleOf))).toEqual(expected);
    // And this process is still where it was.
    expect((await proc.dumpUdp().toArray()).map(tupleOf)).not.toEqual(expected);
  });

  test('several namespaces stamp their records as those of netlink', async () => {
    const netns = [process.pid, world.pid];
    const read = await proc.dumpUdp({ netns }).toArray();
    const told = await netlink.dumpUdp({ netns }).toArray();
    const keyOf = (record: ProcInetMsg | netlink.InetDiagMsg) => `${record.netns} ${tupleOf(record)}`;
    expect(sorted(read.map(keyOf))).toEqual(sorted(told.map(keyOf)));
    expect(read.every((record) => Number(record.netns) > 0)).toBe(true);
  });

  test('owners are found by the inode', async () => {
    const read = await proc.dumpUdp({ netns: world.pid, owners: true }).toArray();
    const told = await netlink.dumpUdp({ netns: world.pid, owners: true }).toArray();
    const theirs = byKey(told, tupleOf);
    for (const record of read) expect(record.owners).toEqual(theirs.get(tupleOf(record))?.owners);
    expect(read.some(({ owners = [] }) => owners.length > 0)).toBe(true);
  });

  test('a record of the text is looked up by its addresses, and never destroyed', async () => {
    // The text does not tell the interface that a socket is bound to, without which it cannot be found; and of several
    // that share a port, any may be.
    const options = { netns: world.pid, states: ['LISTEN'] } as const;
    const all = await netlink.dumpTcp(options).toArray();
    const unbound = all.find(
      ({ family, ifindex, sport }) =>
        family === 'inet' && ifindex === 0 && all.filter((other) => other.sport === sport).length === 1,
    );
    expect(unbound).toBeDefined();
    const listener = (await proc.dumpTcp(options).toArray()).find(({ inode }) => inode === unbound?.inode);
    const found = await netlink.lookupTcp(listener as proc.ProcTcpMsg, { netns: world.pid });
    expect(found).toMatchObject({ inode: unbound?.inode, cookie: unbound?.cookie });
    await expect(netlink.destroy(listener as never, { netns: world.pid })).rejects.toThrow(/cookie/);
  });

  test('watch says that it needs cookies', async () => {
    const watching = netlink.watch(proc.dumpTcp({ netns: world.pid }) as never, { interval: 10 });
    await expect(watching.next()).rejects.toThrow(/^watch: .*cookie/);
  });
});

describe.skipIf(lackOfWorld())('in worlds of sockets that see links', () => {
  test('packet: both tell the same of every socket', async () => {
    const links: LinkWorld<unknown> = await startLinkWorld('packet');
    try {
      const told = byKey(await netlink.dumpPacket({ netns: links.pid }).toArray(), ({ inode }) =>
        String(inode),
      );
      const read = byKey(await proc.dumpPacket({ netns: links.pid }).toArray(), ({ inode }) => String(inode));
      expect(read.size).toBeGreaterThan(4);
      expect(sorted(read.keys())).toEqual(sorted(told.keys()));
      for (const [inode, { source, ...fields }] of read) {
        expect(source).toBe('proc');
        expect(told.get(inode)).toMatchObject(fields);
        expect(fields).toHaveProperty('info.flags.running');
        expect(fields).toHaveProperty('meminfo.rmemAlloc');
        expect(fields).toHaveProperty('uid');
      }
      const bare = await proc.dumpPacket({ netns: links.pid, show: [] }).toArray();
      for (const record of bare) {
        expect(Object.keys(record).sort()).toEqual(['family', 'inode', 'num', 'source', 'type']);
      }
    } finally {
      await links.stop();
    }
  });

  test.each(['netlink', 'crowd'] as const)('%s: both tell the same of every socket', async (kind) => {
    const links: LinkWorld<unknown> = await startLinkWorld(kind);
    try {
      const all = await netlink
        .dumpNetlink({ netns: links.pid, show: ['groups', 'meminfo', 'flags'] })
        .toArray();
      const made = new Set((links.expect as { inode: number }[]).map(({ inode }) => inode));
      const told = byKey(
        all.filter(({ inode }) => made.has(inode)),
        ({ inode }) => String(inode),
      );
      const read = byKey(
        (await proc.dumpNetlink({ netns: links.pid }).toArray()).filter(({ inode = 0 }) => made.has(inode)),
        ({ inode }) => String(inode),
      );
      // Those that have joined a group and have no address are in the kernel's dump alone, which may lose others.
      for (const [inode, { portid }] of told) expect(read.has(inode), inode).toBe(portid !== 0);
      const addressed = (links.expect as { portid: number }[]).filter(({ portid }) => portid !== 0);
      expect(read.size).toBe(addressed.length);
      for (const [inode, { source, groups, flags, ...fields }] of read) {
        const other = told.get(inode);
        expect(source).toBe('proc');
        if (other === undefined) continue;
        expect(other).toMatchObject(fields);
        expect(flags).toEqual({ cbRunning: other.flags?.cbRunning });
        const known = other.groups?.filter((group) => group <= 32) ?? [];
        expect(groups ?? []).toEqual(known);
      }
    } finally {
      await links.stop();
    }
  });
});
