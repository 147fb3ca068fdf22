/** Tables that are not as the kernel writes them: a clear error or the right records, and never a wrong one. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { loadBinding } from '../../lib/binding.js';
import { type Dump, SockDiagError } from '../../lib/index.js';
import {
  dumpNetlink,
  dumpPacket,
  dumpPfKey,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
  type ProcTcpMsg,
} from '../../lib/proc/index.js';
import { openFiles } from '../descriptors.js';
import { Random } from '../filter/random.js';
import { NETLINK_HEADER, PACKET_HEADER, TCP_HEADER, Tree, tcpLine, UNIX_HEADER } from './tree.js';

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

const tcp = (...lines: (string | Uint8Array)[]): Dump<ProcTcpMsg> => {
  tree.write('tcp', TCP_HEADER, ...lines);
  return dumpTcp({ root: tree.root, show: ['info'] });
};

/** What reading a dump throws, which must be the same whichever way it is read. */
async function errorOf(dump: Dump<unknown>): Promise<SockDiagError> {
  const errors = [
    await dump.toArray().catch((error: unknown) => error),
    attempt(() => [...dump]),
    await (async () => {
      for await (const _ of dump);
    })().catch((error: unknown) => error),
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(SockDiagError);
    expect((error as Error).message).toBe((errors[0] as Error).message);
  }
  return errors[0] as SockDiagError;
}

function attempt(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('files', () => {
  test('a table that is not there is an error', async () => {
    const error = await errorOf(dumpTcp({ root: tree.root }));
    expect(error).toMatchObject({ code: 'ENOENT', errno: 2, syscall: 'open' });
    expect(error.message).toContain(`there is no ${tree.path('tcp')}`);
  });

  test('a root that is not there is an error that says so', async () => {
    const error = await errorOf(dumpTcp({ root: '/no/such/root' }));
    expect(error.message).toBe('cannot dump TCP sockets: there is no /no/such/root/net (ENOENT: open)');
  });

  test('without IPv6 there are the sockets of IPv4, and asking for IPv6 alone is an error', async () => {
    expect(await tcp(tcpLine(80, 1)).toArray()).toHaveLength(1);
    const error = await errorOf(dumpTcp({ root: tree.root, family: 'inet6' }));
    expect(error).toMatchObject({ code: 'ENOENT' });
    expect(error.message).toContain('this kernel has no IPv6');
  });

  test('without either table, the error is of the protocol', async () => {
    const error = await errorOf(dumpUdpLite({ root: tree.root }));
    expect(error.message).toContain('this kernel has no UDP-Lite');
    expect((await errorOf(dumpPfKey({ root: tree.root }))).message).toContain(
      'this kernel has no PF_KEY sockets',
    );
  });

  test.each(['', 'another table\n', UNIX_HEADER, `${TCP_HEADER.slice(0, 40)}\n`, '\n\n\n'])(
    'the header %j is an error, and no empty list',
    async (header) => {
      tree.write('tcp', header);
      const error = await errorOf(dumpTcp({ root: tree.root }));
      expect(error).toMatchObject({ code: 'EBADMSG' });
      expect(error.message).toContain(tree.path('tcp'));
      expect(error.message).toMatch(/header/);
    },
  );

  test('a table of nothing but a header is an empty list', async () => {
    expect(await tcp().toArray()).toEqual([]);
    expect([...tcp()]).toEqual([]);
  });

  test('a directory, a FIFO, an endless file: errors, and nothing is waited for', async () => {
    mkdirSync(tree.path('tcp'));
    expect(await errorOf(dumpTcp({ root: tree.root }))).toMatchObject({ code: 'EISDIR', syscall: 'read' });
    execFileSync('mkfifo', [tree.path('udp')]);
    expect(await errorOf(dumpUdp({ root: tree.root }))).toMatchObject({ code: 'EBADMSG' });
    symlinkSync('/dev/zero', tree.path('unix'));
    const error = await errorOf(dumpUnix({ root: tree.root }));
    expect(error.message).toContain('a line longer than 128 KiB');
  });

  test('a line that never ends is an error behind what came before it', async () => {
    const dump = tcp(tcpLine(80, 1), '0'.repeat(1 << 20));
    const got: ProcTcpMsg[] = [];
    const reading = (async () => {
      for await (const socket of dump) got.push(socket);
    })();
    await expect(reading).rejects.toThrow(/a line longer than 128 KiB/);
    expect(got).toHaveLength(1);
  });
});

describe('lines', () => {
  test('a line says what it says', async () => {
    expect(await tcp(tcpLine(8080, 4711)).toArray()).toEqual([
      {
        source: 'proc',
        family: 'inet',
        protocol: 'tcp',
        state: 'ESTABLISHED',
        timer: 'keepalive',
        retrans: 3,
        src: '127.0.0.1',
        sport: 8080,
        dst: '127.0.0.2',
        dport: 443,
        expires: 100,
        rqueue: 32,
        wqueue: 16,
        uid: 1000,
        inode: 4711,
        info: { retransmits: 0, probes: 3, rto: 210_000, ato: 40_000, sndCwnd: 10, sndSsthresh: Infinity },
      },
    ]);
  });

  test('columns that a later kernel may add are passed over', async () => {
    const line = tcpLine(80, 7);
    const [before] = await tcp(line).toArray();
    const [after] = await tcp(`${line.trimEnd()} 17 zz 1:2\n`).toArray();
    expect(after).toEqual(before);
  });

  test('cut off anywhere, a last line is an error, behind those that are whole', async () => {
    const line = tcpLine(80, 7);
    for (let length = 1; length < line.length; length++) {
      const dump = tcp(tcpLine(22, 6), line.slice(0, length));
      const got: ProcTcpMsg[] = [];
      const reading = (async () => {
        for await (const socket of dump) got.push(socket);
      })();
      await expect(reading, `${length} bytes`).rejects.toThrow(/a last line that is cut off/);
      expect(got).toHaveLength(1);
    }
  });

  test('without its last columns, a line is an error, up to the inode', async () => {
    const columns = tcpLine(80, 7).trim().split(/ +/);
    const whole = columns.indexOf('7') + 1;
    for (let count = 1; count < whole; count++) {
      const error = await errorOf(tcp(`${columns.slice(0, count).join(' ')}\n`));
      expect(error).toMatchObject({ code: 'EBADMSG' });
      expect(error.message).toMatch(/has a line without all of its columns \(at byte \d+\)$/);
    }
    for (const count of [whole, whole + 2]) {
      const [socket] = await tcp(`${columns.slice(0, count).join(' ')}\n`).toArray();
      expect(socket).toMatchObject({ inode: 7 });
      expect(socket).not.toHaveProperty('info');
    }
  });

  test('a byte that should not be there is an error that names its place, wherever it is', async () => {
    const line = tcpLine(80, 7);
    const end = line.indexOf(' 7 ') + 2;
    for (let i = 0; i < end; i++) {
      const wrong = `${line.slice(0, i)}z${line.slice(i + 1)}`;
      const error = attempt(() => [...tcp(tcpLine(22, 6), wrong)]);
      expect(error, wrong).toBeInstanceOf(SockDiagError);
      const { message } = error as Error;
      const at = Number(/at byte (\d+)\)$/.exec(message)?.[1]);
      // A blank that is missing makes the number before it too long, or is missed in front of the next one.
      const start = TCP_HEADER.length + line.length;
      expect(at, message).toBeGreaterThanOrEqual(start);
      expect(at, message).toBeLessThanOrEqual(start + i);
    }
  });

  test.each([
    ['an address that is too short', '0100007F', '0100007'],
    ['an address that is too long', '0100007F', '0100007F0'],
    ['a port that is too short', ':01BB', ':1BB'],
    ['a port that is too long', ':01BB', ':001BB'],
    ['a state that is too long', ' 01 ', ' 001 '],
    ['an IPv6 address in the table of IPv4', '0100007F', '00000000000000000000000001000000'],
    ['no colon', '00000010:00000020', '00000010 00000020'],
  ])('%s is an error', async (_what, right, wrong) => {
    expect(await errorOf(tcp(tcpLine(80, 7).replace(right, wrong)))).toMatchObject({ code: 'EBADMSG' });
  });

  test('after an error, nothing more comes, and nothing stays open', async () => {
    const before = openFiles();
    const reading = tcp(tcpLine(80, 7), 'nonsense\n', tcpLine(81, 8))[Symbol.asyncIterator]();
    expect(await reading.next()).toMatchObject({ done: false });
    await expect(reading.next()).rejects.toThrow(SockDiagError);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect(openFiles()).toEqual(before);
  });
});

describe('names of unix sockets', () => {
  const line = (name: string, inode: number): string =>
    `0000000000000000: 00000002 00000000 00010000 0001 01 ${inode}${name === '' ? '' : ` ${name}`}\n`;
  const named = async (...names: string[]): Promise<(string | undefined)[]> => {
    tree.write('unix', UNIX_HEADER, ...names.map((name, i) => line(name, i + 100)));
    const sockets = await dumpUnix({ root: tree.root }).toArray();
    expect(sockets.map(({ inode }) => inode)).toEqual(names.map((_, i) => i + 100));
    return sockets.map(({ name }) => name);
  };

  test.each([
    ['a', '/tmp/x'],
    ['\n', '\n\n', '/tmp/a\nb', '/tmp/a\n', '\n/tmp/a', ''],
    [' ', '  a  b ', '\t', '/tmp/a b\n c'],
    ['/tmp/0000: 1\n0000000000000000: 00000002', '/tmp/\nNum       RefCount Protocol'],
    ['@', '@@@', '@a\n@b'],
  ])('%j', async (...names) => {
    expect(await named(...names)).toEqual(names.map((name) => (name === '' ? undefined : name)));
  });

  test('a header that goes on is none', async () => {
    tree.write('unix', UNIX_HEADER, 'what is this\n', line('/tmp/a', 1));
    expect(await errorOf(dumpUnix({ root: tree.root }))).toMatchObject({ code: 'EBADMSG' });
  });

  test('line breaks where one part of the file ends and the next one starts', async () => {
    // Some 130 KiB are read at a time: so many names that the end of a part lies in all places of them.
    const names = Array.from(
      { length: 12_000 },
      (_, i) => `/tmp/${'\n'.repeat(i % 40)}${i}${'\n'.repeat(i % 7)}`,
    );
    expect(await named(...names)).toEqual(names);
  });

  test('bytes that are no text', async () => {
    tree.write('unix', UNIX_HEADER, line('', 1).trimEnd(), Uint8Array.of(0x20, 0x2f, 0xff, 0x0a, 0xfe, 0x0a));
    const [socket] = await dumpUnix({ root: tree.root }).toArray();
    expect(socket?.nameBytes).toEqual(Uint8Array.of(0x2f, 0xff, 0x0a, 0xfe));
    expect(socket?.name).toBe('/\ufffd\n\ufffd');
  });

  test('old kernels print the NULs of an abstract name themselves', async () => {
    tree.write('unix', UNIX_HEADER, line('@a\0b', 1));
    const [socket] = await dumpUnix({ root: tree.root }).toArray();
    expect(socket).toMatchObject({ name: '@a@b' });
    expect(socket).not.toHaveProperty('nameBytes');
  });
});

describe('large and moving files', () => {
  const COUNT = 1_400_000;
  const PART = Buffer.from(Array.from({ length: 1000 }, (_, i) => tcpLine(i, i + 1)).join(''));

  function writeLarge(parts: number): void {
    const file = openSync(tree.path('tcp'), 'w');
    writeSync(file, TCP_HEADER);
    for (let i = 0; i < parts; i++) writeSync(file, PART);
    closeSync(file);
  }

  test('200 MB are read in memory that does not grow', async () => {
    writeLarge(COUNT / 1000);
    let records = 0;
    let most = 0;
    const start = process.memoryUsage().rss;
    for await (const batch of dumpTcp({ root: tree.root }).batches()) {
      records += batch.length;
      most = Math.max(most, process.memoryUsage().rss);
    }
    expect(records).toBe(COUNT);
    expect((most - start) / 2 ** 20).toBeLessThan(150);
  }, 60_000);

  test('short lines, of which a piece has more than its index has room for, are all there', () => {
    const lines = 100_000;
    writeFileSync(tree.path('tcp'), 'x\n'.repeat(lines));
    const reader = new (loadBinding().Reader)({ files: [{ path: tree.path('tcp'), optional: false }] }, '');
    let records = 0;
    for (let finished = false; !finished; ) {
      const batch = reader.nextSync();
      expect(batch.failure).toBeUndefined();
      records += batch.records;
      finished = batch.finished;
    }
    expect(records).toBe(lines);
  });

  test('a file that is removed while it is read is read to its end', async () => {
    writeLarge(100);
    const reading = dumpTcp({ root: tree.root }).batches();
    let records = (await reading.next()).value?.length ?? 0;
    unlinkSync(tree.path('tcp'));
    for await (const batch of reading) records += batch.length;
    expect(records).toBe(100_000);
  });

  test('a file that is cut while it is read is an error, or what is left', async () => {
    writeLarge(100);
    const reading = dumpTcp({ root: tree.root }).batches();
    let records = (await reading.next()).value?.length ?? 0;
    const cut = TCP_HEADER.length + 50 * PART.length + 20;
    truncateSync(tree.path('tcp'), cut);
    const rest = (async () => {
      for await (const batch of reading) records += batch.length;
    })();
    await expect(rest).rejects.toThrow(`has a last line that is cut off (at byte ${cut - 20})`);
    expect(records).toBe(50_000);
  });

  test('leaving the loop, and an aborted signal, give everything back', async () => {
    writeLarge(100);
    const before = openFiles();
    for await (const _ of dumpTcp({ root: tree.root })) break;
    for (const _ of dumpTcp({ root: tree.root })) break;
    expect(openFiles()).toEqual(before);
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of dumpTcp({ root: tree.root, signal: controller.signal })) controller.abort();
    })();
    await expect(reading).rejects.toThrow(/abort/i);
    expect(openFiles()).toEqual(before);
  });
});

describe('random text', () => {
  const SEEDS = {
    tcp: TCP_HEADER + tcpLine(80, 7) + tcpLine(81, 8),
    unix: `${UNIX_HEADER}0000000000000000: 00000002 00000000 00010000 0001 01 12 /tmp/a\n`,
    packet: `${PACKET_HEADER}0000000000000000 3      3    0003   2     1 0      0      45\n`,
    netlink: `${NETLINK_HEADER}0000000000000000 0   4711       00000011 0        0        0     2        0        5\n`,
    pfkey: 'sk       RefCnt Rmem   Wmem   User   Inode\n0000000000000000 2      0      0      0      77\n',
    pf_key:
      'sock pid d sleep\nc3b8c140 3553 0 c0599818 c05997fc 0 0 0 0 1 0 15 0 2 0 0 0 65535 0.103232 00000000 00000003 01\n',
  } as const;
  const DUMPS: Record<keyof typeof SEEDS, (root: string) => Dump<unknown>> = {
    tcp: (root) => dumpTcp({ root, family: 'inet', show: ['info'] }),
    unix: (root) => dumpUnix({ root }),
    packet: (root) => dumpPacket({ root }),
    netlink: (root) => dumpNetlink({ root }),
    pfkey: (root) => dumpPfKey({ root }),
    pf_key: (root) => dumpPfKey({ root }),
  };

  test.each(Object.keys(SEEDS) as (keyof typeof SEEDS)[])(
    '%s: records, or an error with a place in the file',
    (name) => {
      const random = new Random(20261125);
      const seed = Buffer.from(SEEDS[name]);
      const dump = DUMPS[name](tree.root);
      let refused = 0;
      for (let round = 0; round < 3000; round++) {
        const text = mutate(seed, random);
        tree.write(name, text);
        const answer = attempt(() => [...dump]);
        if (Array.isArray(answer)) continue;
        refused++;
        expect(answer).toBeInstanceOf(SockDiagError);
        const { code, message } = answer as SockDiagError;
        expect(code, message).toBe('EBADMSG');
        const at = Number(/\(at byte (\d+)\)$/.exec(message)?.[1]);
        expect(at, message).toBeLessThanOrEqual(text.length);
      }
      expect(refused).toBeGreaterThan(300);
      expect(refused).toBeLessThan(3000);
    },
  );

  /** A few bytes are replaced, removed, doubled or put in. */
  function mutate(seed: Buffer, random: Random): Buffer {
    const bytes = [...seed];
    for (let times = 1 + random.below(3); times > 0; times--) {
      const at = random.below(bytes.length);
      const byte =
        random.below(2) === 0
          ? (random.pick([0x0a, 0x20, 0x30, 0x39, 0x3a, 0x46, 0x2d, 0]) as number)
          : random.below(256);
      const kind = random.below(4);
      if (kind === 0) bytes[at] = byte;
      else if (kind === 1) bytes.splice(at, 1 + random.below(8));
      else if (kind === 2) bytes.splice(at, 0, byte);
      else bytes.splice(at, 0, ...bytes.slice(at, at + random.below(64)));
    }
    return Buffer.from(bytes);
  }
});

test('a state that KLIPS has not is told by its number, like that of any other socket', async () => {
  tree.write(
    'pf_key',
    '    sock   pid   socket     next     prev e n p sndbf    Flags     Type St\n',
    'ffff88003e0a1800  3307 ffff88003c11a280 0 2 229376 00000000        3  9\n',
  );
  expect(await dumpPfKey({ root: tree.root }).toArray()).toMatchObject([{ state: 'UNKNOWN_9' }]);
});
