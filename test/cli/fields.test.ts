/** --fields: which parts of records are printed, in both forms; and what there is not. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { picked } from '../../lib/cli/fields.js';
import { cellOf, FieldsTable } from '../../lib/cli/fields-table.js';
import type { Kind } from '../../lib/cli/plan.js';
import { FieldNames } from '../../lib/cli/schema.js';
import {
  type DiagMsg,
  type Dump,
  dumpNetlink,
  dumpPacket,
  dumpTcp,
  dumpUdp,
  dumpUnix,
} from '../../lib/index.js';
import { lackOfWorld } from '../tools.js';
import { Stage, THREE_CONNECTIONS } from '../world/stage.js';

const COMMAND = 'dist/cli/main.js';

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

const field = (name: string) => ({ name, path: name.split('.') });

describe('a field', () => {
  const record = {
    sport: 1,
    info: { rtt: 7, deep: { er: 'x' } },
    owners: [
      { pid: 3, comm: 'one' },
      { pid: 4, comm: 'two' },
    ],
    none: [],
    nameBytes: Uint8Array.of(0, 0x41),
  };
  const pick = (...names: string[]): object => picked(record, names.map(field));

  test('is named by its path, and printed in the order in which it is named', () => {
    expect(JSON.stringify(pick('info.deep.er', 'sport', 'info.rtt'))).toBe(
      '{"info.deep.er":"x","sport":1,"info.rtt":7}',
    );
  });

  test('of a list is that of one element, or of all', () => {
    expect(pick('owners.1.pid', 'owners.pid', 'none.pid', 'owners.2.pid')).toEqual({
      'owners.1.pid': 4,
      'owners.pid': [3, 4],
      'none.pid': [],
    });
  });

  test('that is absent is left out', () => {
    expect(pick('cong', 'info.cong', 'sport.deep', 'nameBytes.0', 'info.constructor', 'length')).toEqual({});
  });
});

describe('a cell', () => {
  test.each([
    [undefined, '-'],
    ['', '""'],
    ['-', '"-"'],
    ['two words', 'two words'],
    ['a\u001b[31m\n\u2028', 'a\\x1b[31m\\x0a\\u{2028}'],
    [0, '0'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [false, 'false'],
    [Uint8Array.of(0, 255), '00ff'],
    [[], '[]'],
    [[1, 2], '1,2'],
    [
      [
        { pid: 1, comm: 'a b' },
        { pid: 2, comm: 'c' },
      ],
      '{pid=1,comm="a b"},{pid=2,comm=c}',
    ],
    [{ list: [1, 2], text: 'a\u009b' }, '{list=[1,2],text="a\\x9b"}'],
  ])('%j as %s', (value, text) => {
    expect(cellOf(value)).toBe(text);
  });

  test('is as wide as what came before it', () => {
    const table = new FieldsTable([field('a'), field('bb')], { header: true });
    table.add({ a: 100, bb: 'x' });
    expect([...table.lines()]).toEqual(['a   bb', '100 x']);
    table.add({ bb: 'yyy' });
    expect([...table.lines()]).toEqual(['-   yyy']);
  });
});

describe('names', () => {
  const names = (...kinds: Kind[]): FieldNames =>
    new FieldNames(kinds, { isOfEvents: false, isOfProc: false });

  test('are those of the kinds that are asked for', () => {
    const tcp = names('tcp');
    for (const name of ['sport', 'info.rtt', 'owners', 'owners.pid', 'owners.0.pid', 'unknown.99']) {
      expect({ name, has: tcp.has(name) }).toEqual({ name, has: true });
    }
    for (const name of [
      '',
      'sports',
      'info.',
      'info.rtt.x',
      'owners.x',
      'peer',
      'source',
      'toString',
      'unknown.x',
    ]) {
      expect({ name, has: tcp.has(name) }).toEqual({ name, has: false });
    }
    expect(names('unix_stream').has('peer')).toBe(true);
    expect(names('udp').has('info.rtt')).toBe(false);
    expect(names('udp', 'packet_raw').has('info.version')).toBe(true);
    expect(names('netlink').has('groups')).toBe(true);
  });

  test('that are told are those that are known', () => {
    const all = names('tcp', 'unix_dgram', 'packet_raw', 'netlink');
    expect(all.all().length).toBeGreaterThan(200);
    expect(all.all().filter((name) => !all.has(name))).toEqual([]);
  });

  test('keys of TCP-MD5 are not among them', () => {
    expect(names('tcp').has('md5sig.addr')).toBe(true);
    for (const name of ['md5sig.key', 'md5sig.0.key']) expect(names('tcp').has(name)).toBe(false);
    expect(names('tcp').all()).not.toContain('md5sig.key');
  });
});

test.each([
  ['--fields rtt', 'info.rtt'],
  ['-t --fields sprot', 'sport'],
  ['-t --fields src,SPORT', 'sport'],
  ['-t --fields owners.pids', 'owners.pid'],
  ['-u --fields info.rtt', undefined],
  ['-t --fields src,,dst', undefined],
  ['-E --fields socket.sport', undefined],
  ['-x --fields zzzzzzzz', undefined],
])('%s is no field', (words, near) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...words.split(' ')], {
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^sockdiag: these sockets have no field '[^']*'.*\n$/);
  expect(/did you mean '(.*)'/.exec(stderr)?.[1]).toBe(near);
});

test.each([
  '-ti --fields src',
  '-te --fields src',
  '-tp --fields src',
  '-s --fields src',
  '-D x --fields src',
  'wait -t --fields src',
  '--from x --fields owners',
])('%s do not go together', (words) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...words.split(' ')], {
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^sockdiag: .*\n$/);
});

describe.skipIf(lackOfWorld())('in a namespace', () => {
  let stage: Stage;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sockdiag-fields-'));
    stage = await Stage.open();
    await stage.run(`
      import struct
      ${THREE_CONNECTIONS}
      peer = struct.pack('=H2x4s120x', socket.AF_INET, socket.inet_aton('127.0.0.9'))
      key = b'do not tell'
      listener.setsockopt(socket.IPPROTO_TCP, 14, peer + struct.pack('=BBHi80s', 0, 0, len(key), 0, key))
      pairs[0][0].setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 8)
      datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      datagrams.bind(('127.0.0.1', 4003))
      hostile = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
      hostile.bind('\\0two words\\x1b[31m\\nend')
      hostile.listen()
      client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
      client.connect('\\0two words\\x1b[31m\\nend')
      bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      bound.bind(${JSON.stringify(join(directory, 'socket'))})
      packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
      route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
      route.bind((0, 1))
    `);
  });
  afterAll(async () => {
    await stage?.close();
    rmSync(directory, { recursive: true });
  });

  const enter = (): string[] => [`--net=/proc/${stage.pid}/ns/net`, process.execPath, COMMAND];

  const run = (words: string): Result => {
    const list = words.split(' ').filter((word) => word !== '');
    const { status, stdout, stderr } = spawnSync('nsenter', [...enter(), ...list], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  const lines = (words: string): string[] => {
    const { stdout, ...rest } = run(words);
    expect(rest).toEqual({ status: 0, stderr: '' });
    return stdout.trimEnd().split('\n');
  };

  type Line = Record<string, unknown>;
  const json = (words: string): Line[] => lines(`${words} --json`).map((line) => JSON.parse(line) as Line);

  test('as a table, as ss tells them', () => {
    const ss = spawnSync('nsenter', [`--net=/proc/${stage.pid}/ns/net`, 'ss', '-tanepH'], {
      encoding: 'utf8',
    });
    const expected = ss.stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [, src, sport, dport] = /(\S+):(\d+) +\S+:(\d+|\*) /.exec(line) ?? [];
        const [, pid, inode, cookie] = /pid=(\d+).*ino:(\d+) sk:(\S+)/.exec(line) ?? [];
        return [cookie, inode, src, sport, dport === '*' ? '0' : dport, pid].join(' ');
      });
    expect(expected).toHaveLength(7);
    const [heading, ...rows] = lines('-tan --fields cookie,inode,src,sport,dport,owners.pid').map((line) =>
      line.replaceAll(/ +/g, ' '),
    );
    expect(heading).toBe('cookie inode src sport dport owners.pid');
    expect(rows.sort()).toEqual(expected.sort());
    const bare = lines('-tanH --fields cookie,inode,src,sport,dport,owners.pid');
    expect(bare.map((line) => line.replaceAll(/ +/g, ' ')).sort()).toEqual(rows);
  });

  test('as JSON, with these keys in this order', () => {
    const told = lines('-tn --json --fields sport,info.rtt,cong,state sport = :4001');
    expect(told).toHaveLength(3);
    for (const line of told) {
      expect(line).toMatch(/^\{"sport":4001,"info\.rtt":\d+,"cong":"\w+","state":"ESTABLISHED"\}$/);
    }
    // What a socket does not have is left out, and not 0.
    expect(lines('-tln --json --fields src,tos,skv6only')).toEqual(['{"src":"127.0.0.1","tos":0}']);
  });

  /** All that can be asked for, of a kind. */
  const WHOLE: Readonly<Record<string, { dump: unknown; show: readonly string[] }>> = {
    '-ta': { dump: dumpTcp, show: ['info', 'cong', 'meminfo', 'skmeminfo', 'tos', 'tclass', 'classId'] },
    '-ua': { dump: dumpUdp, show: ['meminfo', 'skmeminfo', 'tos', 'classId'] },
    '-xa': { dump: dumpUnix, show: ['name', 'vfs', 'peer', 'icons', 'rqlen', 'meminfo', 'uid'] },
    '-0a': { dump: dumpPacket, show: ['info', 'mclist', 'ringCfg', 'fanout', 'meminfo', 'filter'] },
    '-af netlink': { dump: dumpNetlink, show: ['meminfo', 'groups', 'flags'] },
  };

  test.each(Object.entries(WHOLE))(
    'what a socket of %s has if asked for, it has',
    async (words, { dump, show }) => {
      const read = async (options: object): Promise<DiagMsg[]> => {
        const all = await (dump as (options: object) => Dump<DiagMsg>)({
          netns: stage.pid,
          ...options,
        }).toArray();
        // Among netlink sockets is the one that asks.
        return all.filter((record) => !('protocol' in record && record.protocol === 'sock_diag'));
      };
      const keysOf = (records: DiagMsg[]) => new Set(records.flatMap((record) => Object.keys(record)));
      const unasked = keysOf(await read({ show: [] }));
      const records = await read({ show, owners: true });
      const keys = [...keysOf(records)].filter((key) => !unasked.has(key));
      expect(keys).toEqual(expect.arrayContaining(['owners', 'meminfo']));
      for (const key of keys) {
        const expected = records.filter((record) => Object.hasOwn(record, key)).map(({ cookie }) => cookie);
        const told = json(`${words} --fields cookie,${key}`).filter((line) => Object.hasOwn(line, key));
        const cookies = told.map(({ cookie }) => cookie);
        expect({ key, cookies }).toEqual({ key, cookies: expect.arrayContaining(expected) });
      }
    },
  );

  test('what nobody named is not asked for', () => {
    /** `idiag_ext` of each question, the third byte. */
    const asked = (fields: string): string[] => {
      const trace = join(directory, 'trace');
      const words = ['-f', '-qq', '-xx', '-o', trace, '-e', 'trace=sendto', 'nsenter', ...enter()];
      spawnSync('strace', [...words, '-tan', '--fields', fields]);
      const text = readFileSync(trace, 'utf8');
      return [...text.matchAll(/"\\x(?:02|0a)\\x06\\x(\w\w)/g)].map(([, byte]) => byte as string);
    };
    expect(asked('src,sport')).toEqual(['00', '00']);
    expect(asked('src,info.rtt')).toEqual(['02', '02']);
  });

  test('keys of TCP-MD5 are told of, and not told', () => {
    const { stdout } = run('-tln --json --fields md5sig');
    expect(stdout).toContain('"addr":"127.0.0.9"');
    expect(stdout).not.toContain('"key"');
    expect(run('-tln --fields md5sig').stdout).not.toContain('key=');
  });

  test('a name acts on no terminal', () => {
    const [, row] = lines('-xl --fields name,type,name state listening');
    expect(row).toBe('@two words\\x1b[31m\\x0aend stream @two words\\x1b[31m\\x0aend');
    expect(json('-A unix_stream -l --fields name')).toEqual([{ name: '@two words\u001b[31m\nend' }]);
  });

  test('a filter finds what is not printed', () => {
    expect(json(`-xa --fields inode src unix:${join(directory, 'socket')}`)).toEqual([
      { inode: expect.any(Number) },
    ]);
    expect(json('-0a --fields inode src link:*')).toHaveLength(1);
  });

  test('of a recording, and of what wait has found', () => {
    const file = join(directory, 'recording');
    expect(run(`-taD ${file}`)).toMatchObject({ status: 0, stderr: '' });
    expect(json(`-tl --fields sport,state --from ${file}`)).toEqual([{ sport: 4001, state: 'LISTEN' }]);
    expect(json('wait --listen 4001 --timeout 0 --fields sport,info.rtt')).toEqual([
      { sport: 4001, 'info.rtt': expect.any(Number) },
    ]);
  });

  test('of sockets as they end', async () => {
    const listeners = (): number =>
      readFileSync(`/proc/${stage.pid}/net/netlink`, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter(([, protocol, , groups]) => protocol === '4' && /[1-9a-f]/.test(groups ?? '')).length;
    const watch = (...words: string[]) => {
      const child = spawn('nsenter', [...enter(), '-E', ...words]);
      const texts: string[] = [];
      child.stdout.setEncoding('utf8').on('data', (text: string) => texts.push(text));
      return { child, text: () => texts.join('') };
    };
    const table = watch('-u', '--fields', 'sport,src,protocol');
    const stream = watch('-tu', '--json', '--fields', 'protocol,info.segsOut,sport');
    await vi.waitUntil(() => listeners() === 2, { timeout: 10_000 });
    await stage.run(`
      datagrams.close()
      near, far = pairs.pop()
      far.close()
      near.close()
    `);
    const isTold = (): boolean => table.text().split('\n').length > 2 && stream.text().split('\n').length > 2;
    await vi.waitUntil(isTold, { timeout: 10_000 });
    for (const { child } of [table, stream]) child.kill();
    await Promise.all([table, stream].map(({ child }) => once(child, 'close')));
    expect(table.text()).toBe('sport src       protocol\n4003  127.0.0.1 udp\n');
    const told = stream.text().trimEnd().split('\n');
    expect(told).toContain('{"protocol":"udp","sport":4003}');
    expect(told.join('\n')).toMatch(/^\{"protocol":"tcp","info\.segsOut":\d+,"sport":\d+\}$/m);
  });

  test('of sockets that are ended', () => {
    const gone = json('-Kt --fields src,sport,dport sport = :4001 and dport gt 0');
    expect(gone.length).toBeGreaterThan(0);
    for (const line of gone) expect(Object.keys(line)).toEqual(['src', 'sport', 'dport']);
  });
});
