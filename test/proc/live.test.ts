/** Sockets that netlink does not tell of here, or nowhere: their records beside what their maker knows. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { dumpIcmp, dumpPfKey, dumpRaw, dumpUdp, type ProcDatagramMsg } from '../../lib/proc/index.js';
import { lackOf } from '../tools.js';
import { Stage } from '../world/stage.js';

interface Made {
  family: 'inet' | 'inet6';
  src: string;
  sport: number;
  dst: string;
  dport: number;
  inode: number;
  uid: number;
  state: string;
}

const SCRIPT = `
  kept = []
  def keep(family, kind, protocol, bound=None, peer=None, uid=0):
      sock = socket.socket(family, kind, protocol)
      os.fchown(sock.fileno(), uid, -1)
      if bound: sock.bind(bound)
      if peer: sock.connect(peer)
      kept.append(sock)
      return sock
  def made(protocol, family, kind, bound=None, peer=None, uid=0):
      sock = keep(family, kind, protocol, bound, peer, uid)
      six = family == socket.AF_INET6
      return {
          'family': 'inet6' if six else 'inet', 'src': sock.getsockname()[0],
          'sport': protocol if kind == socket.SOCK_RAW else bound[1],
          'dst': peer[0] if peer else ('::' if six else '0.0.0.0'), 'dport': 0, 'inode': inode(sock),
          'uid': uid, 'state': 'ESTABLISHED' if peer else 'CLOSE',
      }
`;

describe.skipIf(lackOf('unshare', 'python3', 'ip'))('in a namespace of their own', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(SCRIPT);
    await stage.run("subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True); result = None");
  });
  afterAll(() => stage?.close());

  type Read = Pick<ProcDatagramMsg, 'inode'> & Partial<ProcDatagramMsg>;

  const byInode = (records: readonly Read[]): Read[] => records.toSorted((a, b) => a.inode - b.inode);

  test('raw sockets of several protocols', async () => {
    const made = await stage.run<Made[]>(`
      V4, V6, RAW = socket.AF_INET, socket.AF_INET6, socket.SOCK_RAW
      result = [
          made(89, V4, RAW),
          made(1, V4, RAW, bound=('127.0.0.1', 0)),
          made(255, V4, RAW, peer=('127.0.0.1', 0), uid=1234),
          made(58, V6, RAW, bound=('::1', 0)),
          made(103, V6, RAW, peer=('::1', 0)),
      ]`);
    const read = byInode(await dumpRaw({ netns: stage.pid }).toArray());
    expect(read).toHaveLength(5);
    for (const [i, record] of read.entries()) {
      const { dport, ...rest } = made[i] as Made;
      expect(record).toMatchObject({ ...rest, protocol: 'raw', source: 'proc', timer: 'off' });
      // The text has 0 of every one.
      expect(record.dport).toBe(rest.state === 'CLOSE' ? dport : undefined);
    }
    expect(await dumpRaw({ netns: stage.pid, filter: 'dst 127.0.0.1' }).toArray()).toHaveLength(1);
    expect(
      (await dumpRaw({ netns: stage.pid, family: 'inet6' }).toArray()).map(({ sport }) => sport).sort(),
    ).toEqual([103, 58]);
  });

  test('ping sockets, which netlink does not tell of', async () => {
    const made = await stage.run<Made[]>(`
      open('/proc/sys/net/ipv4/ping_group_range', 'w').write('0 2147483647')
      V4, V6, DGRAM = socket.AF_INET, socket.AF_INET6, socket.SOCK_DGRAM
      result = [
          made(1, V4, DGRAM, bound=('127.0.0.1', 4711)),
          made(1, V4, DGRAM, bound=('0.0.0.0', 4712), peer=('127.0.0.1', 0), uid=1234),
          made(58, V6, DGRAM, bound=('::1', 4713)),
      ]`);
    const read = byInode(await dumpIcmp({ netns: stage.pid }).toArray());
    expect(read).toHaveLength(3);
    expect(read).toMatchObject(made.map((socket) => ({ ...socket, protocol: 'icmp', source: 'proc' })));
  });

  test('ping sockets of both families with one identifier, of which the kernel prints some twice', async () => {
    const made = await stage.run<Made[]>(`
      V4, V6, DGRAM = socket.AF_INET, socket.AF_INET6, socket.SOCK_DGRAM
      result = [
          made(1, V4, DGRAM, bound=('127.0.0.1', 4800)),
          made(58, V6, DGRAM, bound=('::1', 4800)),
          made(58, V6, DGRAM, bound=('::1', 4801)),
          made(1, V4, DGRAM, bound=('127.0.0.1', 4801)),
      ]`);
    const read = async (family?: 'inet' | 'inet6') => {
      const options = {
        netns: stage.pid,
        filter: 'sport >= :4800 and sport <= :4801',
        ...(family && { family }),
      };
      return byInode(await dumpIcmp(options).toArray());
    };
    expect(await read()).toHaveLength(4);
    expect(await read()).toMatchObject(made);
    for (const family of ['inet', 'inet6'] as const) {
      expect(await read(family)).toMatchObject(made.filter((socket) => socket.family === family));
      expect(await read(family)).toHaveLength(2);
    }
    // The same from the text itself, where one is too many.
    const lines = readFileSync(`/proc/${stage.pid}/net/icmp6`, 'latin1').match(/:12C[01] /g) ?? [];
    expect(lines.length).toBeGreaterThan(2);
  });

  test('what is unread and what was dropped', async () => {
    const port = await stage.run<number>(`
      near = keep(socket.AF_INET, socket.SOCK_DGRAM, 0, bound=('127.0.0.1', 0))
      near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
      far = keep(socket.AF_INET, socket.SOCK_DGRAM, 0)
      for _ in range(50): far.sendto(b'x' * 400, near.getsockname())
      result = near.getsockname()[1]`);
    const [socket] = await dumpUdp({
      netns: stage.pid,
      filter: `sport = :${port}`,
      show: ['skmeminfo'],
    }).toArray();
    expect(socket?.rqueue).toBeGreaterThan(400);
    expect(socket?.skmeminfo?.drops).toBeGreaterThan(40);
  });

  test('PF_KEY: its sockets, or a clear word that there are none', async () => {
    const dump = dumpPfKey({ netns: stage.pid });
    const inode = await stage.run<number | null>(`
      try: result = inode(keep(15, socket.SOCK_RAW, 2))
      except OSError: result = None`);
    if (inode === null) {
      await expect(dump.toArray()).rejects.toMatchObject({
        code: 'ENOENT',
        message: expect.stringContaining('this kernel has no PF_KEY sockets'),
      });
      return;
    }
    expect(await dump.toArray()).toMatchObject([
      { family: 'key', table: 'pfkey', inode, uid: 0, source: 'proc' },
    ]);
  });
});
