/** One socket at a time: each answer is compared with who made the socket, and wrong answers of the kernel are not given. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  dumpTcp,
  dumpUdp,
  dumpUnix,
  type InetTuple,
  lookupDccp,
  lookupMptcp,
  lookupRaw,
  lookupSctp,
  lookupTcp,
  lookupTcpSync,
  lookupUdp,
  lookupUdpLite,
  lookupUnix,
} from '../lib/index.js';
import { lackOf, lackOfWorld } from './tools.js';
import { Stage, type Told, tupleOf } from './world/stage.js';

describe.skipIf(lackOfWorld())('in a namespace of its own', () => {
  let stage: Stage;
  let netns: number;
  beforeAll(async () => {
    stage = await Stage.open();
    netns = stage.pid;
  });
  afterAll(() => stage.close());

  test.each(['127.0.0.1', '::1'])('TCP over %s: both ends, by tuple and by record', async (host) => {
    const ends = await stage.run<Told[]>(`
      server = listener('${host}')
      client, accepted = connection(server, '${host}')
      result = [told(client), told(accepted)]`);
    for (const end of ends) {
      const found = await lookupTcp(tupleOf(end), { netns });
      expect(found).toMatchObject({ ...end, state: 'ESTABLISHED', protocol: 'tcp' });
      expect(await lookupTcp(found as InetTuple, { netns })).toEqual(found);
      expect(lookupTcpSync(tupleOf(end), { netns })).toEqual(found);
    }
  });

  test('what is asked of a TCP socket comes, and nothing else', async () => {
    const end = await stage.run<Told>('result = told(accepted)');
    const plain = await lookupTcp(tupleOf(end), { netns });
    expect(plain).not.toHaveProperty('info');
    const full = await lookupTcp(tupleOf(end), { netns, show: ['info', 'cong', 'skmeminfo', 'meminfo'] });
    expect(full).toMatchObject({ info: { state: 'ESTABLISHED' }, cong: expect.any(String) });
    const [dumped] = await dumpTcp({ netns, show: ['info'], filter: `src [::1]:${end.sport}` }).toArray();
    expect(Object.keys(full?.info ?? {})).toEqual(Object.keys(dumped?.info ?? { none: true }));
  });

  test('an absent connection is not its listener', async () => {
    const server = await stage.run<Told>("server = listener('127.0.0.1'); result = told(server)");
    const absent = { src: '127.0.0.1', sport: server.sport, dst: '127.0.0.1', dport: 9 };
    expect(await lookupTcp(absent, { netns })).toBeUndefined();
    expect(lookupTcpSync(absent, { netns })).toBeUndefined();
    expect(await lookupTcp({ src: '127.0.0.1', sport: server.sport }, { netns })).toMatchObject({
      state: 'LISTEN',
      cookie: server.cookie,
    });
  });

  test('a connection that is gone is not found by its record, though its listener is there', async () => {
    const [told] = await stage.run<Told[]>(`
      server = listener('127.0.0.1')
      client, accepted = connection(server, '127.0.0.1')
      result = [told(accepted)]`);
    const record = await lookupTcp(tupleOf(told as Told), { netns });
    expect(record?.state).toBe('ESTABLISHED');
    await stage.run(`
      import struct
      accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
      accepted.close(); client.close()`);
    expect(await lookupTcp(record as InetTuple, { netns })).toBeUndefined();
    expect(await lookupTcp(tupleOf(told as Told), { netns })).toBeUndefined();
  });

  test('a listener is found by the address that it is bound to, not by one that it serves', async () => {
    const server = await stage.run<Told>("any = listener('0.0.0.0'); result = told(any)");
    expect(await lookupTcp({ src: '0.0.0.0', sport: server.sport }, { netns })).toMatchObject({
      cookie: server.cookie,
    });
    expect(await lookupTcp({ src: '127.0.0.1', sport: server.sport }, { netns })).toBeUndefined();
  });

  test('an IPv4 client of a dual-stack server is found by its IPv4 and by its v4-mapped addresses', async () => {
    const [server, accepted] = await stage.run<Told[]>(`
      dual = listener('::', 0, (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0))
      client, accepted = connection(dual, '127.0.0.1')
      result = [told(dual), told(accepted)]`);
    const found = await lookupTcp(tupleOf(accepted as Told), { netns });
    expect(found).toMatchObject({
      family: 'inet6',
      src: '::ffff:127.0.0.1',
      dst: '::ffff:127.0.0.1',
      cookie: accepted?.cookie,
    });
    const { sport, dport } = accepted as Told;
    const plain = { src: '127.0.0.1', sport, dst: '127.0.0.1', dport };
    expect(await lookupTcp(plain, { netns })).toEqual(found);
    // The other end is an IPv4 socket, which v4-mapped addresses name too.
    const mapped = { src: '::ffff:127.0.0.1', sport: dport, dst: '::ffff:127.0.0.1', dport: sport };
    expect(await lookupTcp(mapped, { netns })).toMatchObject({ family: 'inet', src: '127.0.0.1' });
    // Who serves IPv4 on any address is asked for by either.
    for (const src of ['::', '0.0.0.0']) {
      expect(await lookupTcp({ src, sport: (server as Told).sport }, { netns })).toMatchObject({
        cookie: server?.cookie,
      });
    }
  });

  test('every member of an SO_REUSEPORT group is found by its record', async () => {
    const group = await stage.run<Told[]>(`
      first = listener('127.0.0.1', 0, (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1))
      port = first.getsockname()[1]
      group = [first] + [listener('127.0.0.1', port, (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)) for _ in range(19)]
      result = [told(s) for s in group]`);
    const [{ sport }] = group as [Told];
    const records = await dumpTcp({ netns, states: ['LISTEN'], filter: `sport = ${sport}` }).toArray();
    expect(records.map(({ cookie }) => cookie).sort()).toEqual(group.map(({ cookie }) => cookie).sort());
    for (const record of records) {
      expect(await lookupTcp(record, { netns })).toEqual(record);
      expect(lookupTcpSync(record, { netns })).toEqual(record);
    }
    // Without a cookie, one of them is the answer.
    const one = await lookupTcp({ src: '127.0.0.1', sport }, { netns });
    expect(group.map(({ cookie }) => cookie)).toContain(one?.cookie);
    await stage.run('group[7].close()');
    const closed = records.filter(({ cookie }) => cookie === group[7]?.cookie);
    expect(closed).toHaveLength(1);
    expect(await lookupTcp(closed[0] as InetTuple, { netns })).toBeUndefined();
  });

  test('UDP: the socket that was asked for, and not the one that its ends swapped would be', async () => {
    const [near, far, alone] = await stage.run<Told[]>(`
      a, b = datagram('127.0.0.1'), datagram('127.0.0.1')
      a.connect(b.getsockname()); b.connect(a.getsockname())
      c = datagram('127.0.0.1')
      result = [told(a), told(b), told(c)]`);
    for (const told of [near, far, alone] as Told[]) {
      const found = await lookupUdp(tupleOf(told), { netns });
      expect(found).toMatchObject({
        cookie: told.cookie,
        src: told.src,
        sport: told.sport,
        dport: told.dport,
      });
      expect(await lookupUdp(found as InetTuple, { netns })).toEqual(found);
    }
    const { sport } = alone as Told;
    // Nobody is connected so: neither the socket itself, nor one that has these ends the other way round.
    expect(
      await lookupUdp({ src: '127.0.0.1', sport, dst: '127.0.0.1', dport: 9 }, { netns }),
    ).toBeUndefined();
    expect(
      await lookupUdp({ src: '127.0.0.1', sport: 9, dst: '127.0.0.1', dport: sport }, { netns }),
    ).toBeUndefined();
  });

  test('UDP: v4-mapped, and groups with SO_REUSEPORT', async () => {
    const [mapped, ...group] = await stage.run<Told[]>(`
      target = datagram('127.0.0.1')
      v6 = datagram('::', 0, None, (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0))
      v6.connect(('::ffff:127.0.0.1', target.getsockname()[1]))
      reuse = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
      first = datagram('127.0.0.1', 0, None, reuse)
      members = [first] + [datagram('127.0.0.1', first.getsockname()[1], None, reuse) for _ in range(9)]
      result = [told(v6)] + [told(s) for s in members]`);
    const { sport, dport, cookie } = mapped as Told;
    const plain = { src: '127.0.0.1', sport, dst: '127.0.0.1', dport };
    const found = await lookupUdp(plain, { netns });
    expect(found).toMatchObject({ family: 'inet6', cookie, src: '::ffff:127.0.0.1' });
    expect(await lookupUdp(found as InetTuple, { netns })).toEqual(found);
    const all = await dumpUdp({ netns, filter: `sport = ${group[0]?.sport}` }).toArray();
    expect(all).toHaveLength(10);
    for (const record of all) expect(await lookupUdp(record, { netns })).toEqual(record);
  });

  test('a stale cookie finds nothing, though address and port are taken again', async () => {
    const old = await stage.run<Told>("s = listener('127.0.0.1', 0); result = told(s)");
    const record = await lookupTcp({ src: '127.0.0.1', sport: old.sport }, { netns });
    const next = await stage.run<Told>(
      `s.close(); s = listener('127.0.0.1', ${old.sport}); result = told(s)`,
    );
    expect(next.sport).toBe(old.sport);
    expect(await lookupTcp(record as InetTuple, { netns })).toBeUndefined();
    const udp = await stage.run<Told>("u = datagram('127.0.0.1'); result = told(u)");
    const stale = await lookupUdp(tupleOf(udp), { netns });
    await stage.run(`u.close(); u = datagram('127.0.0.1', ${udp.sport}); cookie(u)`);
    expect(await lookupUdp(stale as InetTuple, { netns })).toBeUndefined();
  });

  test('TIME_WAIT is found, and has neither inode nor owner', async () => {
    const told = await stage.run<Told>(`
      server = listener('127.0.0.1')
      client, accepted = connection(server, '127.0.0.1')
      result = told(client)
      client.close(); accepted.close()`);
    const found = await lookupTcp(tupleOf(told), { netns });
    expect(found).toMatchObject({ state: 'TIME_WAIT', inode: 0, uid: 0, cookie: told.cookie });
    expect(await lookupTcp(found as InetTuple, { netns })).toMatchObject({ state: 'TIME_WAIT' });
  });

  test('sockets that are bound to a device are found with its index, and not without', async () => {
    const told = await stage.run<Told>(`
      bound = listener('127.0.0.1', 0, (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo'))
      result = told(bound)`);
    const tuple = { src: '127.0.0.1', sport: told.sport };
    expect(await lookupTcp({ ...tuple, ifindex: 1 }, { netns })).toMatchObject({
      cookie: told.cookie,
      ifindex: 1,
    });
    expect(await lookupTcp(tuple, { netns })).toBeUndefined();
    expect(lookupTcpSync(tuple, { netns })).toBeUndefined();
    const [record] = await dumpTcp({ netns, filter: `sport = ${told.sport}` }).toArray();
    expect(await lookupTcp(record as InetTuple, { netns })).toEqual(record);
    // Nor is one that is bound to none found by an index.
    const [free, datagrams] = await stage.run<Told[]>(`
      free = listener('127.0.0.1'); loose = datagram('127.0.0.1'); result = [told(free), told(loose)]`);
    const [tcp, udp] = [free, datagrams].map((one) => ({ src: '127.0.0.1', sport: (one as Told).sport }));
    expect(await lookupTcp({ ...(tcp as InetTuple), ifindex: 1 }, { netns })).toBeUndefined();
    expect(await lookupUdp({ ...(udp as InetTuple), ifindex: 1 }, { netns })).toBeUndefined();
  });

  test('a bound TCP socket, which no lookup of the kernel reaches, is found by its record', async () => {
    const told = await stage.run<Told>(`
      idle = socket.socket(); idle.bind(('127.0.0.1', 0))
      result = {'sport': idle.getsockname()[1], 'cookie': cookie(idle)}`);
    const states = ['BOUND_INACTIVE'] as const;
    const [record] = await dumpTcp({ netns, states, filter: `sport = ${told.sport}` }).toArray();
    expect(record?.cookie).toBe(told.cookie);
    expect(await lookupTcp(record as InetTuple, { netns })).toEqual(record);
  });

  test('unix: by inode number, by record, and not by another cookie', async () => {
    const told = await stage.run<Told[]>(`
      pair = socket.socketpair()
      server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); server.bind('\\0stage'); server.listen(3)
      result = [{'inode': inode(s), 'cookie': cookie(s)} for s in [*pair, server]]`);
    const dumped = await dumpUnix({ netns }).toArray();
    for (const { inode, cookie } of told) {
      const found = await lookupUnix({ inode }, { netns });
      expect(found).toMatchObject({ inode, cookie });
      expect(found).toEqual(dumped.find((socket) => socket.cookie === cookie));
      expect(await lookupUnix({ inode, cookie }, { netns })).toEqual(found);
      expect(await lookupUnix({ inode, cookie: 'abc1234567' }, { netns })).toBeUndefined();
    }
    expect(await lookupUnix({ inode: 1 }, { netns })).toBeUndefined();
    const { inode } = told[0] as Told;
    const bare = await lookupUnix({ inode }, { netns, show: [] });
    expect(Object.keys(bare ?? {})).toEqual(['family', 'type', 'state', 'inode', 'cookie', 'shutdown']);
  });

  test('unix: a listener with more waiting clients than a lookup can tell', async () => {
    const told = await stage
      .run<Told>(`
      subprocess.run(['sysctl', '-qw', 'net.core.somaxconn=4096'], check=True)
      busy = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); busy.bind('\\0busy'); busy.listen(4096)
      waiting = []
      for _ in range(4000):
          client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); client.setblocking(False)
          client.connect('\\0busy'); waiting.append(client)
      result = {'inode': inode(busy)}`)
      .catch((error: Error) => {
        throw error;
      });
    const found = await lookupUnix({ inode: told.inode }, { netns });
    expect(found).toMatchObject({ name: '@busy', rqueue: 4000 });
    expect(found).not.toHaveProperty('icons');
    await expect(lookupUnix({ inode: told.inode }, { netns, show: ['icons'] })).rejects.toMatchObject({
      code: 'EMSGSIZE',
      message: expect.stringContaining("'icons'"),
    });
    await stage.run('waiting.clear()');
  });

  test('Multipath TCP: by token, by record, and from a subflow', async () => {
    await stage.run(`
      IPPROTO_MPTCP = 262
      mserver = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP); mserver.bind(('127.0.0.1', 0)); mserver.listen(4)
      mclient = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP); mclient.connect(mserver.getsockname())
      maccepted, _ = mserver.accept()
      mclient.send(b'x'); maccepted.recv(1)`);
    const subflows = await dumpTcp({ netns, show: ['ulpInfo'] }).toArray();
    const tokens = subflows.flatMap((socket) => socket.ulpInfo?.mptcp?.tokenLoc ?? []);
    expect(tokens.length).toBeGreaterThanOrEqual(2);
    for (const subflow of subflows.filter(({ ulpInfo }) => ulpInfo?.mptcp?.tokenLoc !== undefined)) {
      const token = subflow.ulpInfo?.mptcp?.tokenLoc as number;
      const found = await lookupMptcp({ token }, { netns });
      expect(found).toMatchObject({
        protocol: 'mptcp',
        sport: subflow.sport,
        dport: subflow.dport,
        info: { token },
      });
      expect(await lookupMptcp(subflow, { netns })).toMatchObject({ cookie: found?.cookie, info: { token } });
      if (found !== undefined) expect(await lookupMptcp(found, { netns })).toMatchObject({ info: { token } });
    }
    expect(await lookupMptcp({ token: 0xffff_fffe }, { netns })).toBeUndefined();
  });

  test('UDP-Lite', async () => {
    const told = await stage.run<Told>(`
      lite = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136); lite.bind(('127.0.0.1', 0)); result = told(lite)`);
    const found = await lookupUdpLite({ src: '127.0.0.1', sport: told.sport }, { netns });
    expect(found).toMatchObject({ protocol: 'udplite', cookie: told.cookie });
    expect(await lookupUdpLite(found as InetTuple, { netns })).toEqual(found);
  });

  test('a record that is stamped with its namespace is looked for there', async () => {
    const told = await stage.run<Told>("s = listener('127.0.0.1'); result = told(s)");
    const [record] = await dumpTcp({ netns: [netns], filter: `sport = ${told.sport}` }).toArray();
    expect(record).toMatchObject({ cookie: told.cookie, netns: expect.any(Number) });
    const { netns: stamp, ...rest } = record as NonNullable<typeof record>;
    expect(await lookupTcp(record as InetTuple)).toEqual(rest);
    expect(lookupTcpSync(record as InetTuple)).toEqual(rest);
    expect(await lookupTcp({ ...rest, netns: undefined } as InetTuple)).toBeUndefined();
    const [pair] = await dumpUnix({ netns: [netns] }).toArray();
    expect(await lookupUnix(pair as never)).toMatchObject({ cookie: pair?.cookie });
    expect(stamp).toBeGreaterThan(0);
  });

  test('a socket with the same port at another address is not taken for one that is not there', async () => {
    const [server, datagrams] = await stage.run<Told[]>(`
      server = listener('127.0.0.2')
      elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      elsewhere.bind(('127.0.0.2', 0))
      result = [told(server), told(elsewhere)]`);
    for (const src of ['127.0.0.3', '0.0.0.0', '::1', '::']) {
      const tcp = { src, sport: (server as Told).sport };
      expect(await lookupTcp(tcp, { netns })).toBeUndefined();
      expect(lookupTcpSync(tcp, { netns })).toBeUndefined();
      expect(await lookupUdp({ src, sport: (datagrams as Told).sport }, { netns })).toBeUndefined();
    }
    expect(await lookupTcp(tupleOf(server as Told), { netns })).toMatchObject({ src: '127.0.0.2' });
    expect(await lookupUdp(tupleOf(datagrams as Told), { netns })).toMatchObject({ src: '127.0.0.2' });
  });

  test('lookups one behind the other let others have their turn, and use their memory again', async () => {
    const { external } = process.memoryUsage();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    // Of a connection: one without a remote end may make a dump of listeners, whose memory is another.
    const end = { src: '127.0.0.1', dst: '127.0.0.1', dport: 1 };
    for (let i = 0; i < 2000; i++) await lookupTcp({ ...end, sport: 1 + i }, { netns });
    for (let i = 0; i < 1000; i++) {
      await lookupTcp({ src: '127.0.0.1', sport: 1 }, { netns: '/etc/passwd' }).catch(() => undefined);
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    // 64 KiB each would be nearly 200 MB.
    expect(process.memoryUsage().external - external).toBeLessThan(16 << 20);
  });

  test('a thousand lookups in another namespace leave no descriptor', async () => {
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 1000; i++) await lookupTcp({ src: '127.0.0.1', sport: 1 + i }, { netns });
    // The one of the own namespace may have been closed meanwhile.
    expect(count()).toBeLessThanOrEqual(before);
  });
});

test('the socket that lookups use is closed when it was not used for a second', async () => {
  const netlink = () => readdirSync('/proc/self/fd').length;
  await delay(2500);
  const before = netlink();
  for (let i = 0; i < 100; i++) await lookupTcp({ src: '127.0.0.1', sport: 1 });
  expect(netlink()).toBe(before + 1);
  await delay(2500);
  expect(netlink()).toBe(before);
});

test('a protocol without a handler is told from a socket that is not there', async () => {
  const tuple = { src: '127.0.0.1', sport: 1, dst: '127.0.0.1', dport: 1 };
  const raw = await lookupRaw(tuple).catch((error) => error);
  const sctp = await lookupSctp(tuple).catch((error) => error);
  const dccp = await lookupDccp(tuple).catch((error) => error);
  // Where the kernel has them, there is no such socket.
  for (const answer of [raw, sctp, dccp].filter((each) => each !== undefined)) {
    expect(answer).toMatchObject({ name: 'SockDiagError', unsupported: 'protocol', code: 'ENOENT' });
  }
});

describe('wrong arguments', () => {
  const tuple = { src: '127.0.0.1', sport: 80 };
  test.each([
    [undefined, TypeError, 'is undefined, but must be a tuple'],
    ['127.0.0.1:80', SyntaxError, "found '127.0.0.1:80', but expected inet/ADDRESS:PORT"],
    [{}, TypeError, '.src is undefined'],
    [{ ...tuple, src: 'localhost' }, TypeError, ".src is 'localhost', but must be an IPv4 or IPv6 address"],
    [{ ...tuple, src: 'fe80::1%eth0' }, TypeError, 'without a zone'],
    [{ ...tuple, src: '127.1' }, TypeError, '.src'],
    [{ ...tuple, dst: '::1' }, TypeError, 'must be of one family'],
    [{ ...tuple, sport: 65536 }, RangeError, '.sport is 65536, but must be a number from 0 to 65535'],
    [{ ...tuple, sport: '80' }, RangeError, ".sport is '80'"],
    [{ ...tuple, dport: -1 }, RangeError, '.dport'],
    [{ ...tuple, ifindex: 1.5 }, TypeError, '.ifindex'],
    [{ ...tuple, cookie: 'ffffffffffffffff' }, TypeError, '.cookie'],
    [{ ...tuple, cookie: 5 }, TypeError, '.cookie'],
    [{ ...tuple, cookie: '0x5' }, TypeError, '.cookie'],
    [{ ...tuple, netns: 0 }, TypeError, '.netns is 0, but must be the inode number of a network namespace'],
    [{ ...tuple, netns: 'blue' }, TypeError, ".netns is 'blue'"],
    [{ ...tuple, protocol: 'udp' }, TypeError, "has the protocol 'udp', but must be of 'tcp'"],
  ])('lookupTcp(%j)', async (which, type, words) => {
    const error = await lookupTcp(which as never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(type);
    expect(error.message).toContain(words);
    expect(() => lookupTcpSync(which as never)).toThrow(words);
  });

  test('of the others, and of options', async () => {
    await expect(lookupUnix({ inode: 0 })).rejects.toThrow(RangeError);
    await expect(lookupUnix({ inode: 2 ** 32 })).rejects.toThrow(RangeError);
    await expect(lookupUnix({ inode: 5, cookie: 'g' })).rejects.toThrow(TypeError);
    for (const which of [undefined, null, 5]) {
      await expect(lookupMptcp(which as never)).rejects.toThrow('but must be { token }');
      await expect(lookupUnix(which as never)).rejects.toThrow('but must be { inode }');
    }
    await expect(lookupMptcp({} as never)).rejects.toThrow("records have one with show: ['info']");
    await expect(lookupMptcp({ token: -1 })).rejects.toThrow(RangeError);
    await expect(lookupTcp(tuple, { show: ['skBpfStorages'] as never })).rejects.toThrow(TypeError);
    await expect(lookupTcp(tuple, { signal: 1 } as never)).rejects.toThrow("there is no option 'signal'");
    await expect(lookupTcp(tuple, { netns: '/no/such/file' })).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'open',
      message: expect.stringMatching(/^cannot look up IPv4 TCP sockets: there is no network namespace/),
    });
  });
});

describe.skipIf(lackOf('strace'))('under strace', () => {
  test('one question and one answer, the ends of UDP swapped, and wrong arguments ask nothing', () => {
    const script = `
      import { lookupTcpSync, lookupTcp, lookupUdp, lookupUnix } from './dist/index.js';
      const tuple = { src: '127.0.0.1', sport: 7001, dst: '127.0.0.2', dport: 7002 };
      lookupTcpSync(tuple, { show: ['info'] });
      await lookupTcp({ ...tuple, cookie: 'a0000000b', ifindex: 3 });
      await lookupUdp(tuple);
      await lookupUnix({ inode: 77, cookie: 'c' });
      await lookupTcp('nonsense').catch(() => 0);`;
    const strace = ['-f', '-qq', '-v', '-s', '256', '-e', 'trace=sendto', '-e', 'signal=none'];
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { stderr } = spawnSync('strace', [...strace, ...node], { encoding: 'utf8', timeout: 30_000 });
    const single = stderr.split('\n').filter((line) => /nlmsg_flags=NLM_F_REQUEST, /.test(line));
    expect(single).toHaveLength(4);
    const [sync, withCookie, udp, unix] = single as [string, string, string, string];
    expect(sync).toContain(
      'sdiag_family=AF_INET, sdiag_protocol=IPPROTO_TCP, idiag_ext=1<<(INET_DIAG_INFO-1)',
    );
    expect(sync).toContain('idiag_sport=htons(7001), idiag_dport=htons(7002)');
    expect(sync).toMatch(
      /"127\.0\.0\.1"\).*"127\.0\.0\.2"\).*idiag_if=0, idiag_cookie=\[(4294967295|-1|INET_DIAG_NOCOOKIE)/,
    );
    expect(withCookie).toMatch(/idiag_if=(3|if_nametoindex.*), idiag_cookie=\[11, 10\]/);
    expect(udp).toContain('sdiag_protocol=IPPROTO_UDP');
    expect(udp).toContain('idiag_sport=htons(7002), idiag_dport=htons(7001)');
    expect(udp).toMatch(/"127\.0\.0\.2"\).*"127\.0\.0\.1"\)/);
    expect(unix).toMatch(/udiag_ino=77, .*udiag_cookie=\[12, 0\]/);
  });
});
