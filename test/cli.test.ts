/** The command: what it prints, and how it ends. */
import { spawnSync } from 'node:child_process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { dumpUnix } from '../lib/index.js';
import { lackOf, lackOfWorld } from './tools.js';
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
    /^Netid +State +Recv-Q +Send-Q +Local Address:Port +Peer Address:Port$/,
  );
});

test('--help and --version', () => {
  expect(sockdiag('--help').stdout).toMatch(/^Usage: sockdiag \[options\]\n/);
  expect(sockdiag('-V').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([['--colour'], ['-q'], ['tcp'], ['--json=yes'], ['-tz']])(
  '%s is not understood, in one line',
  (word) => {
    const { status, stdout, stderr } = sockdiag(word);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^sockdiag: .*\(sockdiag --help tells what there is\)\n$/);
  },
);

test('whoever reads only the first line gets it, and no complaint', () => {
  const shell = `set -o pipefail; ${process.execPath} ${COMMAND} -a --json | head -n 1`;
  const { stdout, stderr } = spawnSync('bash', ['-c', shell], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toHaveProperty('family');
  expect(stderr).toBe('');
});

test.skipIf(lackOf('strace'))('a failure is told in one line, and is not an empty table', () => {
  const inject = ['-f', '-o', '/dev/null', '-e', 'trace=socket', '-e', 'inject=socket:error=EPROTONOSUPPORT'];
  for (const words of [['-t'], ['-t', '--json'], ['-x']]) {
    const { status, stdout, stderr } = spawnSync('strace', [...inject, process.execPath, COMMAND, ...words], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^sockdiag: cannot dump .* sockets: this system has no NETLINK_SOCK_DIAG, .*\n$/);
  }
});

describe.skipIf(lackOfWorld())('in the varied world', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  const ours = async (...words: string[]): Promise<string[]> =>
    (await run(world.pid, process.execPath, [COMMAND, ...words])).trimEnd().split('\n');

  /** State, queues and both ends, as ss prints them, each line in one form. */
  const rowsOfSs = async (...words: string[]): Promise<string[]> =>
    (await run(world.pid, 'ss', ['-H', '-n', ...words]))
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).join(' '))
      .map((line) => line.replaceAll(/%\w+/g, '').replaceAll(/ \*:/g, ' [::]:'))
      .sort();

  /** ss leaves the first column out where all sockets are of one kind. */
  const rowsOfOurs = async (...words: string[]): Promise<string[]> =>
    (await ours(...words))
      .slice(1)
      .map((line) => line.trim().split(/\s+/).join(' '))
      .map((line) => (words.some((word) => word.includes('u')) ? line : line.replace(/^tcp /, '')))
      .sort();

  test.each([
    ['-t', '-u'],
    ['-t', '-u', '-a'],
    ['-t', '-u', '-l'],
    ['-t', '-u', '-a', '-4'],
    ['-t', '-u', '-a', '-6'],
    ['-tua4'],
    ['-4', '-a', '-t'],
  ])('%s %s %s %s prints the rows that ss prints', async (...words) => {
    const given = words.filter((word) => word !== undefined);
    const rows = await rowsOfOurs(...given);
    expect(rows.length).toBeGreaterThan(3);
    expect(rows).toEqual(await rowsOfSs(...given));
  });

  test('-x -a prints every unix socket on a line of its own, whatever it is called', async () => {
    const sockets = await dumpUnix({ netns: world.pid }).toArray();
    const lines = await ours('-x', '-a');
    expect(lines).toHaveLength(sockets.length + 1);
    for (const { inode } of sockets)
      expect(lines.filter((line) => line.includes(` ${inode} `))).not.toEqual([]);
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
