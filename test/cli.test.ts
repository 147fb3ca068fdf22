/** The command: what it prints, and how it ends. */
import { spawnSync } from 'node:child_process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { dumpUnix } from '../lib/index.js';
import { hasRawHandler, isSanitized, lackOf, lackOfWorld, skip, WITHOUT_SOCK_DIAG } from './tools.js';
import { run, startWorld, type World } from './world/world.js';

const COMMAND = 'dist/cli/main.js';

function sockdiag(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('without options it prints a table with a heading', () => {
  const { status, stdout, stderr } = sockdiag();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n')[0]).toMatch(
    /^Netid +State +Recv-Q +Send-Q +Local Address:Port +Peer Address:Port *Process *$/,
  );
});

test('--help and --version', () => {
  expect(sockdiag('--help').stdout).toMatch(/^Usage: sockdiag \[options\] \[filter\]\n/);
  expect(sockdiag('-V').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([
  ['--colour'],
  ['-q'],
  ['--json=yes'],
  ['--color=x'],
  ['-tk'],
  ['-ftcp'],
  ['-Atcp,none'],
  ['-Atcp,!tcp'],
])('%s is not understood, in one line', (word) => {
  const { status, stdout, stderr } = sockdiag(word);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^sockdiag: .*\(sockdiag --help tells what there is\)\n$/);
});

test('what is no filter is told in one line, with what would have been right', () => {
  const { status, stdout, stderr } = sockdiag('-ta', 'sport', '~', '1');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^sockdiag: found '~', but expected .*\n$/);
});

test('output that cannot be written is an error, in one line', () => {
  for (const words of ['-ta', '-a --json', '-s', '-taD -', '--help']) {
    const shell = `${process.execPath} ${COMMAND} ${words} > /dev/full`;
    const { status, stderr } = spawnSync('sh', ['-c', shell], { encoding: 'utf8' });
    expect({ words, status, stderr }).toEqual({
      words,
      status: 1,
      stderr: expect.stringMatching(/^sockdiag: ENOSPC: .*\n$/),
    });
  }
});

test('a kind that this system does not have is an error, beside the others', async () => {
  if (await hasRawHandler()) return;
  const alone = sockdiag('-wa');
  expect(alone).toMatchObject({ status: 1, stdout: '' });
  expect(alone.stderr).toMatch(/^sockdiag: this kernel has no handler for IPv4 raw sockets: .*\n$/);
  const beside = sockdiag('-wta');
  expect(beside.status).toBe(1);
  expect(beside.stdout).toMatch(/^Netid /);
  expect(beside.stderr).toBe(alone.stderr);
  // Of those that nobody named, it is passed over.
  expect(sockdiag('-4a')).toMatchObject({ status: 0, stderr: '' });
});

test.each([
  ['--vsock', 'vsock sockets', 'vsock_stream'],
  ['--tipc', 'TIPC sockets', 'tipc'],
  ['--xdp', 'XDP sockets', 'xdp'],
])('%s, where this system has none, is an error', (word, sockets, kind) => {
  const alone = sockdiag(word);
  if (alone.status === 0) {
    skip(`this kernel has a handler for ${sockets}`);
    return;
  }
  expect(alone).toMatchObject({ status: 1, stdout: '' });
  expect(alone.stderr).toMatch(new RegExp(`^sockdiag: this kernel has no handler for ${sockets}: .*\n$`));
  const beside = sockdiag('-taA', kind);
  expect(beside).toMatchObject({ status: 1, stderr: alone.stderr });
  expect(beside.stdout).toMatch(/^Netid /);
});

test('whoever reads only the first line gets it, and no complaint', () => {
  const shell = `set -o pipefail; ${process.execPath} ${COMMAND} -a --json | head -n 1`;
  const { stdout, stderr } = spawnSync('bash', ['-c', shell], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toHaveProperty('family');
  expect(stderr).toBe('');
});

/** A sanitizer that cannot look for leaks, since strace is there already, ends a process as if all were well. */
const endsOtherwise = isSanitized('under strace, processes end otherwise');

test.skipIf(lackOf('strace') || endsOtherwise)(
  'a failure is told in one line, and is not an empty table',
  () => {
    for (const words of [['-t'], ['-t', '--json'], ['-x']]) {
      const { status, stdout, stderr } = spawnSync(
        'strace',
        [...WITHOUT_SOCK_DIAG, process.execPath, COMMAND, ...words],
        {
          encoding: 'utf8',
        },
      );
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(
        /^sockdiag: cannot dump .* sockets: this system has no NETLINK_SOCK_DIAG, .*\n$/,
      );
    }
  },
);

describe.skipIf(lackOfWorld())('in the varied world', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  const ours = async (...words: string[]): Promise<string[]> =>
    (await run(world.pid, process.execPath, [COMMAND, ...words])).trimEnd().split('\n');

  test('-x -a prints every unix socket on a line of its own, whatever it is called', async () => {
    const sockets = await dumpUnix({ netns: world.pid }).toArray();
    const lines = await ours('-x', '-a');
    expect(lines).toHaveLength(sockets.length + 1);
    for (const { inode } of sockets)
      expect(lines.filter((line) => line.includes(` ${inode} `))).not.toEqual([]);
    expect(lines[0]).toMatch(/^Netid /);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(lines.join('')).not.toMatch(/[\x00-\x1f\x7f]/);
  });

  test('--json prints the records, one a line', async () => {
    const records = (await ours('-x', '-a', '--json')).map((line) => JSON.parse(line));
    const sockets = await dumpUnix({ netns: world.pid }).toArray();
    const key = (record: { cookie: string }) => record.cookie;
    expect(records.map(key).sort()).toEqual(sockets.map(key).sort());
    for (const socket of sockets) {
      const record = records.find((one) => one.cookie === socket.cookie);
      const { nameBytes, ...rest } = socket;
      expect(record).toMatchObject(JSON.parse(JSON.stringify(rest)));
      expect(record.nameBytes).toBe(nameBytes && Buffer.from(nameBytes).toString('hex'));
    }
  });
});
