/** SOCK_DESTROY, in a namespace of its own: who is ended, who is not, and what the kernel's refusals are told as. */
import { spawnSync } from 'node:child_process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type DiagMsg,
  decode,
  destroy,
  destroyMatching,
  dumpMptcp,
  dumpNetlink,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
  type InetTuple,
  lookupTcp,
  lookupTcpSync,
  lookupUdp,
  type TcpDiagMsg,
} from '../lib/index.js';
import { lackOf, lackOfWorld } from './tools.js';
import { Stage, type Told, tupleOf } from './world/stage.js';

describe.skipIf(lackOfWorld())('in a namespace of its own', () => {
  let stage: Stage;
  let netns: number;
  beforeAll(async () => {
    stage = await Stage.open();
    netns = stage.pid;
    await stage.run(`
      import errno
      def pending(sock):
          """The error that the kernel has for who holds the socket."""
          return errno.errorcode.get(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), None)
      def read(sock):
          sock.settimeout(5)
          try: return sock.recv(1).decode()
          except OSError as error: return errno.errorcode[error.errno]`);
  });
  afterAll(() => stage.close());

  test.each(['127.0.0.1', '::1'])(
    'of two connections over %s that differ in one port, the one that is meant ends',
    async (host) => {
      const [one, other] = await stage.run<Told[]>(`
      server = listener('${host}')
      (c1, a1), (c2, a2) = connection(server, '${host}'), connection(server, '${host}')
      result = [told(a1), told(a2)]`);
      const record = await lookupTcp(tupleOf(one as Told), { netns });
      await destroy(record as DiagMsg, { netns });
      expect(await stage.run('result = [pending(a1), read(c1)]')).toEqual(['ECONNABORTED', 'ECONNRESET']);
      expect(await stage.run("a2.send(b'x'); c2.send(b'y'); result = [read(c2), read(a2)]")).toEqual([
        'x',
        'y',
      ]);
      expect(await lookupTcp(tupleOf(one as Told), { netns })).toBeUndefined();
      expect(await lookupTcp(tupleOf(other as Told), { netns })).toMatchObject({ state: 'ESTABLISHED' });
      expect(await lookupTcp({ src: host, sport: (one as Told).sport }, { netns })).toMatchObject({
        state: 'LISTEN',
      });
    },
  );

  test('a connection that is gone is told so, and its listener lives', async () => {
    const told = await stage.run<Told>(`
      import struct
      server = listener('127.0.0.1')
      client, accepted = connection(server, '127.0.0.1')
      result = told(accepted)`);
    const record = (await lookupTcp(tupleOf(told), { netns })) as DiagMsg;
    await stage.run(`
      accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
      accepted.close(); client.close()`);
    await expect(destroy(record, { netns })).rejects.toMatchObject({
      name: 'SockDiagError',
      code: 'ENOENT',
      message: 'cannot destroy IPv4 TCP sockets: there is no such socket any more (ENOENT)',
    });
    await stage.run("client, accepted = connection(server, '127.0.0.1')");
  });

  test('the address is taken again: whoever has it now lives', async () => {
    const udp = await stage.run<Told>("u = datagram('127.0.0.1'); result = told(u)");
    const record = (await lookupUdp(tupleOf(udp), { netns })) as DiagMsg;
    await stage.run(`u.close(); u = datagram('127.0.0.1', ${udp.sport})`);
    await expect(destroy(record, { netns })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await stage.run('result = pending(u)')).toBeNull();
  });

  test('listeners, those that have just connected, and those in TIME_WAIT', async () => {
    const [server, waiting, parted] = await stage.run<Told[]>(`
      server = listener('127.0.0.1')
      (c1, a1) = connection(server, '127.0.0.1')
      waiting = socket.create_connection(server.getsockname())
      result = [told(server), told(waiting), told(c1)]
      c1.close(); a1.close()`);
    const timeWait = (await lookupTcp(tupleOf(parted as Told), { netns })) as DiagMsg;
    expect(timeWait).toMatchObject({ state: 'TIME_WAIT' });
    await destroy(timeWait, { netns });
    expect(await lookupTcp(tupleOf(parted as Told), { netns })).toBeUndefined();
    const listening = await lookupTcp({ src: '127.0.0.1', sport: (server as Told).sport }, { netns });
    await destroy(listening as DiagMsg, { netns });
    expect(await stage.run('result = [pending(server), read(waiting)]')).toEqual([
      'ECONNABORTED',
      'ECONNRESET',
    ]);
    expect(await lookupTcp(tupleOf(waiting as Told), { netns })).toBeUndefined();
  });

  test('UDP: the one that is meant loses its peer, and the others do not', async () => {
    const told = await stage.run<Told[]>(`
      target = datagram('127.0.0.1')
      peer = target.getsockname()
      senders = [datagram('127.0.0.1', 0, peer) for _ in range(3)]
      v6 = datagram('::', 0, None, (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)); v6.connect(('::ffff:127.0.0.1', peer[1]))
      result = [told(s) for s in [*senders, v6]]`);
    for (const index of [1, 3]) {
      const record = (await lookupUdp(tupleOf(told[index] as Told), { netns })) as DiagMsg;
      expect(record.cookie).toBe(told[index]?.cookie);
      await destroy(record, { netns });
    }
    const errors = await stage.run('result = [pending(s) for s in [target, *senders, v6]]');
    expect(errors).toEqual([null, null, 'ECONNABORTED', null, 'ECONNABORTED']);
  });

  test('a member of an SO_REUSEPORT group that the kernel does not reach is told so, and no other is hit', async () => {
    const group = await stage.run<Told[]>(`
      reuse = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
      first = datagram('127.0.0.1', 0, None, reuse)
      group = [first] + [datagram('127.0.0.1', first.getsockname()[1], None, reuse) for _ in range(7)]
      result = [told(s) for s in group]`);
    const records = await dumpUdp({ netns, filter: `sport = ${group[0]?.sport}` }).toArray();
    expect(records).toHaveLength(8);
    const hit = new Set<string>();
    for (const record of records) {
      await destroy(record, { netns }).then(
        () => hit.add(record.cookie),
        (error) =>
          expect(error.message).toBe(
            'cannot destroy IPv4 UDP sockets: the kernel does not reach this one, behind others with the same ' +
              'address (SO_REUSEPORT) or only bound (ENOENT)',
          ),
      );
    }
    expect(hit.size).toBeGreaterThan(0);
    expect(hit.size).toBeLessThan(8);
    const ended = await stage.run<string[]>('result = [cookie(s) for s in group if pending(s)]');
    expect(ended.sort()).toEqual([...hit].sort());
  });

  test('destroyMatching ends what a dump finds, tells of each, and touches nothing else', async () => {
    const [kept, port] = await stage.run<[Told[], number]>(`
      server, spared = listener('127.0.0.1', backlog=64), listener('127.0.0.1')
      ends = [connection(server, '127.0.0.1') for _ in range(40)]
      others = [connection(spared, '127.0.0.1') for _ in range(5)]
      result = [[told(s) for pair in others for s in pair], server.getsockname()[1]]`);
    const results = await destroyMatching(
      dumpTcp({ netns, states: ['ESTABLISHED'], filter: `sport = ${port}` }),
    );
    expect(results).toHaveLength(40);
    for (const { socket, error } of results) {
      expect(error).toBeUndefined();
      expect(socket.sport).toBe(port);
    }
    expect(await stage.run('result = [read(c) for c, a in ends]')).toEqual(new Array(40).fill('ECONNRESET'));
    for (const told of kept) {
      expect(await lookupTcp(tupleOf(told), { netns })).toMatchObject({ cookie: told.cookie });
    }
    // Both ends of a connection match: with the first, the second ends too, and is told to be gone.
    const both = await destroyMatching(
      dumpTcp({
        netns,
        states: ['ESTABLISHED'],
        filter: `sport = ${kept[0]?.sport} or dport = ${kept[0]?.sport}`,
      }),
    );
    expect(both.map(({ error }) => error?.code).sort()).toEqual(['ENOENT', undefined]);
  });

  test('a socket that has changed since it was seen is found, and what is true is said of it', async () => {
    // A UDP socket that was connected since.
    const udp = await stage.run<Told>("u = datagram('127.0.0.1'); result = told(u)");
    const record = (await lookupUdp(tupleOf(udp), { netns })) as DiagMsg;
    await stage.run("v = datagram('127.0.0.1'); u.connect(v.getsockname())");
    await destroy(record, { netns });
    expect(await stage.run('result = [pending(u), pending(v)]')).toEqual(['ECONNABORTED', null]);
    // A listener that is bound only, because it was destroyed before.
    const server = await stage.run<Told>(`
      free = listener('127.0.0.1'); port = free.getsockname()[1]; free.close()
      server = listener('127.0.0.1', port); result = told(server)`);
    const listening = (await lookupTcp({ src: '127.0.0.1', sport: server.sport }, { netns })) as DiagMsg;
    await stage.run('server.shutdown(socket.SHUT_RDWR)');
    expect(await lookupTcp(listening as InetTuple, { netns })).toMatchObject({
      state: 'CLOSE',
      cookie: server.cookie,
    });
    await expect(destroy(listening, { netns })).rejects.toThrow('the kernel does not reach this one');
    // A bound socket that has connected since.
    await stage.run<Told>(`
      gate = listener('127.0.0.1')
      idle = socket.socket(); idle.bind(('127.0.0.1', 0))
      result = cookie(idle)`);
    const sport = await stage.run<number>('result = idle.getsockname()[1]');
    const states = ['BOUND_INACTIVE'] as const;
    const [bound] = await dumpTcp({ netns, states, filter: `sport = ${sport}` }).toArray();
    await stage.run('idle.connect(gate.getsockname())');
    expect(await lookupTcp(bound as InetTuple, { netns })).toMatchObject({
      state: 'ESTABLISHED',
      cookie: bound?.cookie,
    });
    await destroy(bound as DiagMsg, { netns });
    expect(await stage.run('result = pending(idle)')).toBe('ECONNABORTED');
  });

  test('a signal ends the destruction of many', async () => {
    const port = await stage.run<number>(`
      server = listener('127.0.0.1', backlog=512)
      ends = [connection(server, '127.0.0.1') for _ in range(400)]
      result = server.getsockname()[1]`);
    const abort = new AbortController();
    const filter = `sport = ${port}`;
    const dump = dumpTcp({ netns, states: ['ESTABLISHED'], filter, signal: abort.signal });
    const [first] = await dump.toArray();
    const all = destroyMatching(dump);
    // They end in the order of the dump.
    const look = (): void => {
      if (lookupTcpSync(first as TcpDiagMsg, { netns }) === undefined) abort.abort(new Error('enough'));
      else setImmediate(look);
    };
    setImmediate(look);
    await expect(all).rejects.toThrow('enough');
    expect(await dumpTcp({ netns, states: ['ESTABLISHED'], filter }).toArray()).not.toEqual([]);
    await stage.run('ends.clear()');
  });

  test('a record that is stamped with its namespace is destroyed there', async () => {
    const told = await stage.run<Told>("server = listener('127.0.0.1'); result = told(server)");
    const [record] = await dumpTcp({ netns: [netns], filter: `sport = ${told.sport}` }).toArray();
    await destroy(record as DiagMsg);
    expect(await stage.run('result = pending(server)')).toBe('ECONNABORTED');
  });

  test('what the kernel cannot destroy', async () => {
    await stage.run(`
      pair = socket.socketpair()
      lite = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136); lite.bind(('127.0.0.1', 0))
      multi = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); multi.bind(('127.0.0.1', 0)); multi.listen(4)
      route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); route.bind((0, 0))`);
    for (const dump of [
      dumpUnix({ netns }),
      dumpUdpLite({ netns }),
      dumpMptcp({ netns }),
      dumpNetlink({ netns }),
    ]) {
      const [record] = await (dump as ReturnType<typeof dumpUnix>).toArray();
      await expect(destroy(record as DiagMsg, { netns })).rejects.toMatchObject({
        code: 'EOPNOTSUPP',
        errno: 95,
        message: expect.stringMatching(/sockets: no kernel that this version knows can \(EOPNOTSUPP\)$/),
      });
    }
    // Of a listener of Multipath TCP, neither its own socket nor the TCP socket below.
    const port = await stage.run('result = multi.getsockname()[1]');
    const [below] = await dumpTcp({ netns, states: ['LISTEN'], filter: `sport = ${port}` }).toArray();
    await expect(destroy(below as DiagMsg, { netns })).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('Multipath TCP'),
    });
    const idle = await stage.run(
      "idle = socket.socket(); idle.bind(('127.0.0.1', 0)); result = cookie(idle)",
    );
    const [bound] = await dumpTcp({
      netns,
      states: ['BOUND_INACTIVE'],
      filter: `sport != ${port}`,
    }).toArray();
    expect(bound?.cookie).toBe(idle);
    await expect(destroy(bound as DiagMsg, { netns })).rejects.toThrow('the kernel does not reach this one');
  });

  test('without privilege: the capability is named, for sockets that there are', async () => {
    const told = await stage.run<Told>("server = listener('127.0.0.1'); result = told(server)");
    const script = `
      const { destroy, lookupTcp, destroyMatching, dumpTcp } = await import('./dist/index.js');
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const record = await lookupTcp({ src: '127.0.0.1', sport: ${told.sport} });
      const print = (value) => console.log(JSON.stringify(value));
      await destroy(record).then(print, ({ message, ...error }) => print({ message, ...error }));
      await destroy({ ...record, cookie: 'abcdef' }).then(print, ({ code }) => print(code));
      print((await destroyMatching(dumpTcp({ states: ['LISTEN'] }))).map(({ error }) => error?.code));`;
    const words = [`--net=/proc/${netns}/ns/net`, process.execPath, '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync('nsenter', words, { encoding: 'utf8' });
    expect(stderr).toBe('');
    const [refused, absent, each] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(refused).toEqual({
      message:
        'the kernel refused to destroy IPv4 TCP sockets: it needs CAP_NET_ADMIN in the network namespace (EPERM)',
      code: 'EPERM',
      errno: 1,
      syscall: 'recvmsg',
    });
    expect(absent).toBe('ENOENT');
    expect(new Set(each)).toEqual(new Set(['EPERM']));
    expect(await lookupTcp({ src: '127.0.0.1', sport: told.sport }, { netns })).toMatchObject({
      state: 'LISTEN',
    });
  });

  test('wrong arguments', async () => {
    const record = {
      family: 'inet',
      protocol: 'tcp',
      src: '127.0.0.1',
      sport: 1,
      dst: '127.0.0.1',
      dport: 2,
    };
    await expect(destroy(undefined as never)).rejects.toThrow('must be a record');
    // A tuple alone could stand for another socket by now.
    await expect(destroy(record as never)).rejects.toThrow('.cookie is undefined');
    await expect(destroy({ ...record, cookie: 'ffffffffffffffff' } as never)).rejects.toThrow(TypeError);
    await expect(destroy({ ...record, cookie: '1', src: 'x' } as never)).rejects.toThrow(TypeError);
    await expect(destroy({ ...record, cookie: '1' } as never, { force: true } as never)).rejects.toThrow(
      "there is no option 'force'",
    );
    let read = 0;
    const changing = {
      ...record,
      get cookie() {
        return read++ === 0 ? '5' : undefined;
      },
    };
    await expect(destroy(changing as never)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(destroy({ ...record, cookie: '1', netns: Number.NaN } as never)).rejects.toThrow(
      '.netns is NaN',
    );
    await expect(destroyMatching(decode(new Uint8Array()))).rejects.toThrow('not a recording');
    await expect(destroyMatching([] as never)).rejects.toThrow(TypeError);
    await expect(destroyMatching(undefined as never)).rejects.toThrow(TypeError);
  });
});

test.skipIf(lackOf('strace'))('what is sent has the cookie and wants an acknowledgement', () => {
  const script = `
    import { destroy } from './dist/index.js';
    const tuple = { src: '127.0.0.1', sport: 7001, dst: '127.0.0.2', dport: 7002, cookie: 'fffffff00000001' };
    for (const protocol of ['tcp', 'udp']) await destroy({ family: 'inet', protocol, ...tuple }).catch(() => 0);`;
  const strace = ['-f', '-qq', '-v', '-s', '256', '-e', 'trace=sendto', '-e', 'signal=none'];
  const node = [process.execPath, '--input-type=module', '-e', script];
  const { stderr } = spawnSync('strace', [...strace, ...node], { encoding: 'utf8', timeout: 30_000 });
  const sent = stderr.split('\n').filter((line) => line.includes('nlmsg_type=SOCK_DESTROY'));
  expect(sent).toHaveLength(2);
  for (const line of sent) {
    expect(line).toContain('nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK');
    // Both of them have the ends as they are: only lookups of UDP want them swapped.
    expect(line).toContain('id={idiag_sport=htons(7001), idiag_dport=htons(7002)');
    expect(line).toContain('idiag_src=inet_addr("127.0.0.1"), idiag_dst=inet_addr("127.0.0.2")');
    expect(line).toContain('idiag_cookie=[1, 268435455]');
  }
});
