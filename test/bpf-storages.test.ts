/** What BPF programs keep with a socket: of all maps, of some, and more of it than a usual receive holds. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { dumpMptcp, dumpTcp } from '../lib/index.js';
import { lackOf, skip } from './tools.js';

const WORLD = join(import.meta.dirname, 'world/bpf_storages.py');

/** Runs in a process that holds the maps: the options that it is to use come as the text of a function of them. */
const READER = `
  import { dumpTcp } from './dist/index.js';
  const [first, second, third, port] = process.argv.slice(-4).map(Number);
  const answers = [];
  for (const options of OPTIONS) {
    const sockets = await dumpTcp({ states: ['LISTEN'], ...options }).toArray();
    const [socket] = sockets.filter(({ sport }) => sport === port);
    answers.push((socket.skBpfStorages ?? []).map(({ mapId, mapValue, unknown }) =>
      [typeof mapId, mapValue.length, Buffer.from(mapValue.subarray(0, 8)).toString(), unknown ?? 'whole']));
  }
  console.log(JSON.stringify(answers));`;

const lack = (): boolean => lackOf('python3') || (process.getuid?.() !== 0 && skip('BPF maps need root'));

type Answer = [string, number, string, string][];

function ask(options: string): Answer[] {
  const node = [process.execPath, '--input-type=module', '-e', READER.replace('OPTIONS', options)];
  const { stdout, stderr } = spawnSync('python3', [WORLD, ...node, '--'], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Answer[];
}

const SMALL = ['number', 8, 'storage!', 'whole'];
const A = ['number', 20_000, 'aaaaaaaa', 'whole'];
const B = ['number', 20_000, 'bbbbbbbb', 'whole'];

describe.skipIf(lack())('with maps of the type sk_storage', () => {
  test('all maps, some of them, or none', () => {
    const [all, one, two, none] = ask(
      "[{ show: ['skBpfStorages'] }, { bpfMaps: [first] }, { bpfMaps: [first, third], show: ['info'] }, {}]",
    );
    expect(all).toHaveLength(3);
    expect(all).toEqual(expect.arrayContaining([SMALL, A, B]));
    expect(one).toEqual([SMALL]);
    expect(two).toHaveLength(2);
    expect(two).toEqual(expect.arrayContaining([SMALL, B]));
    expect(none).toEqual([]);
  });
});

test('a descriptor that is no such map is the error of the kernel, in words', async () => {
  const fd = openSync('/dev/null', 'r');
  for (const dump of [dumpTcp, dumpMptcp]) {
    const error = await dump({ bpfMaps: [fd] })
      .toArray()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'SockDiagError', syscall: 'recvmsg' });
    expect((error as Error).message).toMatch(
      /^the kernel refused to dump IPv4 (TCP|MPTCP) sockets.*\((EINVAL|EPERM)\)$/,
    );
  }
  closeSync(fd);
});
