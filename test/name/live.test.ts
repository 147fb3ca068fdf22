/** Names of real sockets: what their owners' getsockname(2) and getpeername(2) say, dumps by name, and lookups by address. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type DiagMsg,
  type Dump,
  dump,
  dumpMptcp,
  dumpNetlink,
  dumpPacket,
  dumpTcp,
  dumpUdp,
  dumpUnix,
  dumpVsock,
  lookupTcp,
  lookupTcpSync,
  lookupUdp,
  lookupUnix,
  type UnixDiagMsg,
} from '../../lib/index.js';
import {
  type Address,
  formatAddress,
  NameSyntaxError,
  parseAddress,
  peerName,
  socketName,
} from '../../lib/name/index.js';
import * as proc from '../../lib/proc/index.js';
import { lackOf } from '../tools.js';
import { Stage } from '../world/stage.js';

/** The bytes of a `sockaddr`, as the kernel has put them into a buffer. */
interface Raw {
  inode: number;
  name: string | null;
  peer: string | null;
}

/** Python turns addresses into tuples; the C library gives their bytes. */
const SCRIPT = `
  import ctypes, tempfile
  libc = ctypes.CDLL(None, use_errno=True)
  kept = []
  folder = tempfile.mkdtemp(prefix='sockdiag-names-')
  def raw(call, sock):
      buffer = ctypes.create_string_buffer(128)
      size = ctypes.c_uint(128)
      if call(sock.fileno(), buffer, ctypes.byref(size)) != 0: return None
      return buffer.raw[:size.value].hex()
  def told_raw(sock):
      kept.append(sock)
      return {'inode': inode(sock), 'name': raw(libc.getsockname, sock), 'peer': raw(libc.getpeername, sock)}
`;

describe.skipIf(lackOf('unshare', 'python3', 'ip'))('in a namespace of their own', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(`${SCRIPT}
  subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
  subprocess.run(['ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1'], check=True)
  subprocess.run(['ip', 'link', 'set', 'v0', 'up'], check=True)
  subprocess.run(['ip', 'address', 'add', 'fe80::1/64', 'dev', 'v0', 'nodad'], check=True)`);
  });
  afterAll(async () => {
    await stage?.run('import shutil; shutil.rmtree(folder, ignore_errors=True)');
    await stage?.close();
  });

  /** As the kernel writes it into the buffer of getsockname(2). */
  function sockaddr(address: Address | undefined): string | null {
    if (address === undefined) return null;
    if (address.family === 'local') {
      const isPath = address.bytes.length > 0 && address.bytes[0] !== 0;
      return `0100${Buffer.from(address.bytes).toString('hex')}${isPath ? '00' : ''}`;
    }
    if (typeof address.family === 'number') {
      const family = Buffer.alloc(2);
      family.writeUInt16LE(address.family);
      return family.toString('hex') + Buffer.from(address.data).toString('hex');
    }
    return inetSockaddr(address as Extract<Address, { address: string }>);
  }

  function inetSockaddr({
    family,
    address,
    port,
    scopeId = 0,
  }: Extract<Address, { address: string }>): string {
    const isSix = family === 'inet6';
    const bytes = Buffer.alloc(isSix ? 28 : 16);
    bytes.writeUInt16LE(isSix ? 10 : 2, 0);
    bytes.writeUInt16BE(port, 2);
    if (!isSix) bytes.set(address.split('.').map(Number), 4);
    else {
      bytes.set(groupsOf(address), 8);
      bytes.writeUInt32LE(scopeId, 24);
    }
    return bytes.toString('hex');
  }

  function groupsOf(address: string): Uint8Array {
    const four = /^::ffff:(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
    if (four !== null)
      return Uint8Array.from([...new Array<number>(10).fill(0), 255, 255, ...four.slice(1).map(Number)]);
    const [head = '', tail] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
    const groups =
      tail === undefined
        ? head
        : [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
    return Uint8Array.from(
      [...groups].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
    );
  }

  async function expectNames(made: readonly Raw[], dumps: readonly Dump<DiagMsg>[]): Promise<void> {
    const records: DiagMsg[] = [];
    for (const each of dumps) records.push(...(await each.toArray()));
    const unix = records.filter((record): record is UnixDiagMsg => record.family === 'unix');
    for (const { inode, name, peer } of made) {
      const record = records.find((each) => each.inode === inode) as DiagMsg;
      const own = socketName(record);
      const other = peerName(record, unix);
      expect(sockaddr(own), JSON.stringify(record)).toBe(name);
      expect(sockaddr(other), JSON.stringify(record)).toBe(peer);
      for (const each of [own, other])
        if (each !== undefined) expect(parseAddress(formatAddress(each))).toEqual(each);
    }
  }

  test('IP: as their owners know them', async () => {
    const made = await stage.run<Raw[]>(`
      server4, server6 = listener('127.0.0.1'), listener('::')
      pair4, pair6, mapped = connection(server4, '127.0.0.1'), connection(server6, '::1'), connection(server6, '127.0.0.1')
      udp = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6) for _ in range(2)]
      udp[0].bind(('127.0.0.1', 0)); udp[1].bind(('127.0.0.1', 0)); udp[1].connect(udp[0].getsockname())
      udp[2].bind(('::1', 0)); udp[3].bind(('::1', 0)); udp[3].connect(udp[2].getsockname()[:2])
      link = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
      link.bind(('fe80::1', 4711, 0, socket.if_nametoindex('v0')))
      result = [told_raw(s) for s in (server4, server6, *pair4, *pair6, *mapped, *udp, link)]`);
    expect(made).toHaveLength(13);
    await expectNames(made, [dumpTcp({ netns: stage.pid }), dumpUdp({ netns: stage.pid })]);
  });

  test('raw IP, from /proc/net: the protocol stands for the port', async () => {
    const made = await stage.run<Raw[]>(`
      bound, free = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89), socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
      bound.bind(('127.0.0.1', 0))
      result = [told_raw(bound), told_raw(free)]`);
    const records = await proc.dumpRaw({ netns: stage.pid }).toArray();
    for (const { inode, name, peer } of made) {
      const record = records.find((each) => each.inode === inode) as proc.ProcRawMsg;
      expect(sockaddr(socketName(record))).toBe(name);
      expect(sockaddr(peerName(record))).toBe(peer);
    }
  });

  test('unix: names of all kinds, and the peers among others', async () => {
    const made = await stage.run<Raw[]>(`
      def unix(kind, name=None):
          sock = socket.socket(socket.AF_UNIX, kind)
          if name is not None: sock.bind(name)
          kept.append(sock)
          return sock
      path = folder.encode() + b'/a "b"\\\\\\n\\xff'
      server = unix(socket.SOCK_STREAM, path); server.listen(4)
      client = unix(socket.SOCK_STREAM); client.connect(path)
      far, _ = server.accept()
      named = unix(socket.SOCK_STREAM, b'\\0client\\0x'); named.connect(path)
      behind, _ = server.accept()
      near = unix(socket.SOCK_DGRAM, b'\\0near'); other = unix(socket.SOCK_DGRAM, b'\\0far')
      near.connect(b'\\0far')
      pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
      result = [told_raw(s) for s in (server, client, far, named, behind, near, other, *pair, unix(socket.SOCK_DGRAM))]`);
    await expectNames(made, [dumpUnix({ netns: stage.pid })]);
    // Without the others, a peer's name is not known.
    const [client] = (await dumpUnix({ netns: stage.pid }).toArray()).filter(
      ({ inode }) => inode === made[1]?.inode,
    );
    expect(peerName(client as UnixDiagMsg)).toBeUndefined();
    // The text tells all but the names that start with the sign for NUL.
    const read = await proc.dumpUnix({ netns: stage.pid }).toArray();
    for (const record of read.filter(({ inode }) => made.some((each) => each.inode === inode))) {
      const { name } = made.find(({ inode }) => inode === record.inode) as Raw;
      const isAbstract = name?.startsWith('010000') === true;
      expect(sockaddr(socketName(record))).toBe(isAbstract ? null : name);
      expect(peerName(record)).toBeUndefined();
    }
  });

  test('netlink and packet', async () => {
    const made = await stage.run<Raw[]>(`
      route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); route.bind((4711, 0x80000011))
      generic = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 16); generic.bind((0, 0)); generic.connect((0, 0))
      users = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 2); users.bind((4712, 0)); users.connect((0, 4))
      packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88cc))
      result = [told_raw(s) for s in (route, generic, users, packet)]`);
    await expectNames(made, [dumpNetlink({ netns: stage.pid }), dumpPacket({ netns: stage.pid })]);
  });

  test('packet sockets on an interface, XDP and PF_KEY: the record does not tell', async () => {
    await stage.run(`
      bound = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0); bound.bind(('v0', 3))
      kept.append(bound)`);
    const records = await dumpPacket({ netns: stage.pid }).toArray();
    const bound = records.filter(({ info }) => info?.index !== 0);
    expect(bound).toHaveLength(1);
    expect(socketName(bound[0] as DiagMsg)).toBeUndefined();
    expect(socketName({ family: 'xdp', type: 'raw', inode: 1, cookie: '1' })).toBeUndefined();
    expect(socketName({ family: 'key', table: 'pfkey', sk: '0', source: 'proc' })).toBeUndefined();
  });

  describe('dumps by name', () => {
    const cookies = async (from: Dump<DiagMsg>): Promise<string[]> =>
      (await from.toArray()).map((record) => record.cookie).sort();

    test.each<[string, (netns: number) => Dump<DiagMsg>]>([
      ['inet/stream/tcp', (netns) => dumpTcp({ netns, family: 'inet' })],
      ['2/1/0', (netns) => dumpTcp({ netns, family: 'inet' })],
      ['inet6/stream/tcp', (netns) => dumpTcp({ netns, family: 'inet6' })],
      ['inet/dgram/udp', (netns) => dumpUdp({ netns, family: 'inet' })],
      ['10/2/17', (netns) => dumpUdp({ netns, family: 'inet6' })],
      ['inet6/stream/mptcp', (netns) => dumpMptcp({ netns, family: 'inet6' })],
      ['netlink/raw/route', (netns) => dumpNetlink({ netns, protocol: 'route' })],
    ])('%s is the dump of its family', async (name, expected) => {
      const theirs = await expected(stage.pid).toArray();
      const [, type] = name.split('/');
      const wanted = theirs.filter((record) => record.family !== 'netlink' || record.type === type);
      const ours = await cookies(dump(name, { netns: stage.pid }));
      expect(ours).toEqual(wanted.map((record) => record.cookie).sort());
      if (!name.includes('mptcp')) expect(ours.length).toBeGreaterThan(0);
    });

    test.each(['stream', 'dgram', 'seqpacket'] as const)('local/%s/0 has that type only', async (type) => {
      const all = await dumpUnix({ netns: stage.pid }).toArray();
      const wanted = all.filter((record) => record.type === type).map(({ cookie }) => cookie);
      expect(wanted.length).toBeGreaterThan(0);
      const by = dump(`local/${type}/0`, { netns: stage.pid });
      expect(await cookies(by)).toEqual(wanted.sort());
      const each: string[] = [];
      for await (const { cookie } of by) each.push(cookie);
      expect(each.sort()).toEqual(wanted);
      expect([...by].map(({ cookie }) => cookie).sort()).toEqual(wanted);
    });

    test('options are those of the dump', async () => {
      const listeners = await dump('inet/stream/tcp', {
        netns: stage.pid,
        states: ['LISTEN'],
        show: ['info'],
      }).toArray();
      expect(listeners.length).toBeGreaterThan(0);
      for (const { state, info } of listeners) expect([state, info !== undefined]).toEqual(['LISTEN', true]);
    });

    test.each<[string, object | undefined, RegExp]>([
      [
        'inet/dgram/icmp',
        undefined,
        /^dump: sock_diag does not tell .* inet\/dgram\/icmp: ping sockets are in \/proc/,
      ],
      ['inet/rdm/0', undefined, /^dump: sock_diag does not tell of the sockets of inet\/rdm\/0$/],
      ['can/raw/1', undefined, /^dump: sock_diag does not tell of the sockets of can\/raw\/1$/],
      ['local/stream/7', undefined, /local\/stream\/7$/],
      ['netlink/stream/route', undefined, /netlink\/stream\/route$/],
      ['inet/stream/tcp', { family: 'inet6' }, /^dump: there is no option 'family' where the name has it/],
      ['netlink/raw/route', { protocol: 'route' }, /^dump: there is no option 'protocol' where/],
      ['inet/stream/tcp', { shows: [] }, /^dumpTcp: there is no option 'shows'/],
      ['inet/stream/tcp', 'all' as never, /^dump: options must be an object/],
    ])('%s %j is a TypeError', (name, options, words) => {
      expect(() => dump(name, options as never)).toThrow(TypeError);
      expect(() => dump(name, options as never)).toThrow(words);
    });

    test('what is no name is told with its place', () => {
      expect(() => dump('inet/stream')).toThrow(NameSyntaxError);
      expect(() => dump(undefined as never)).toThrow(TypeError);
    });

    test('families that this kernel may lack are asked for all the same', async () => {
      const answer = async (from: Dump<DiagMsg>) =>
        from.toArray().then(
          () => 'some',
          ({ code }) => code,
        );
      expect(await answer(dump('vsock/stream/0'))).toBe(await answer(dumpVsock()));
      for (const name of [
        'xdp/raw/0',
        'smc/stream/0',
        'tipc/rdm/0',
        'inet/raw/icmp',
        'inet/seqpacket/sctp',
      ] as const) {
        expect(['some', 'ENOENT']).toContain(await answer(dump(name)));
      }
    });
  });

  describe('lookups by address', () => {
    test('a listener, and a connection by both of its ends', async () => {
      const { server, near, far } = await stage.run<{ server: string; near: string; far: string }>(`
        one = listener('127.0.0.1')
        pair = connection(one, '127.0.0.1')
        kept += [one, *pair]
        text = lambda address: 'inet/%s:%d' % address
        result = {'server': text(one.getsockname()), 'near': text(pair[0].getsockname()), 'far': text(pair[0].getpeername())}`);
      const netns = stage.pid;
      expect(await lookupTcp(server, { netns })).toMatchObject({ state: 'LISTEN' });
      expect(lookupTcpSync(server, { netns })).toMatchObject({ state: 'LISTEN' });
      const connection = await lookupTcp([near, far], { netns });
      expect(connection).toMatchObject({ state: 'ESTABLISHED' });
      expect(formatAddress(socketName(connection as DiagMsg) as Address)).toBe(near);
      expect(formatAddress(peerName(connection as DiagMsg) as Address)).toBe(far);
      expect(await lookupTcp([near, server], { netns })).toMatchObject({ cookie: connection?.cookie });
      expect(await lookupTcp([near, 'inet/127.0.0.1:1'], { netns })).toBeUndefined();
    });

    test('UDP with an address of a link', async () => {
      const link = await stage.run<string>(
        "result = 'inet6/[fe80::1%%%d]:4711' % socket.if_nametoindex('v0')",
      );
      expect(await lookupUdp(link, { netns: stage.pid })).toMatchObject({ src: 'fe80::1', sport: 4711 });
    });

    test('unix: what listens at a name, and not what it has accepted', async () => {
      const name = await stage.run<string>(`
        path = folder + '/listener'
        old = [socket.socket(socket.AF_UNIX) for _ in range(8)]
        for stale in old: stale.bind(path); os.unlink(path)
        one = socket.socket(socket.AF_UNIX); one.bind(path); one.listen(4)
        near = socket.socket(socket.AF_UNIX); near.connect(path)
        kept += [*old, one, near, one.accept()[0]]
        result = path`);
      const netns = stage.pid;
      const found = await lookupUnix(`local/"${name}"`, { netns });
      expect(found).toMatchObject({ state: 'LISTEN', name });
      expect(
        await lookupUnix(formatAddress(socketName(found as UnixDiagMsg) as Address), { netns, show: [] }),
      ).toEqual(expect.objectContaining({ inode: found?.inode, cookie: found?.cookie }));
      expect(await lookupUnix('local/"\\x00near"', { netns })).toMatchObject({
        type: 'dgram',
        name: '@near',
      });
      expect(await lookupUnix('local/"/no/such/name"', { netns })).toBeUndefined();
    });

    test.each<[unknown, RegExp]>([
      [
        'local/"/tmp/a"',
        /^lookupTcp: what is looked for is 'local\/.*, but must be an address of inet or inet6$/,
      ],
      ['127.0.0.1:80', /^found '127\.0\.0\.1:80', but expected inet\//],
      [
        ['inet/127.0.0.1:80', 'inet6/[::1]:80'],
        /addresses 127\.0\.0\.1 and ::1, but they must be of one family/,
      ],
      [['inet/127.0.0.1:80', 7], /^lookupTcp: what is looked for is 7, but must be an address$/],
      [['inet/1.2.3.4:1', 'inet/1.2.3.4:2', 'inet/1.2.3.4:3'], /has more than two ends/],
      [[], /^lookupTcp: what is looked for is undefined, but must be an address$/],
    ])('lookupTcp(%j) is an error', async (which, words) => {
      await expect(lookupTcp(which as never)).rejects.toThrow(words);
      expect(() => lookupTcpSync(which as never)).toThrow(
        words.source.startsWith('^lookupTcp') ? /^lookupTcpSync/ : words,
      );
    });

    test('lookupUnix wants a name of unix', async () => {
      await expect(lookupUnix('inet/127.0.0.1:80')).rejects.toThrow(/must be local\/ with a name$/);
      await expect(lookupUnix('local/""')).rejects.toThrow(/must be local\/ with a name$/);
      await expect(lookupUnix('local/"')).rejects.toThrow(NameSyntaxError);
    });
  });
});
