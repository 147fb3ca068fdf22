/** Whatever happens to a dump, it leaves nothing behind. Each in a process of its own, which must end cleanly. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { isSanitized } from './tools.js';

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-lifetime-'));
afterAll(() => rmSync(directory, { recursive: true }));

interface Ended {
  status: number | null;
  signal: string | null;
  lines: Record<string, number | string>[];
}

/** Runs a program of test/lifetime, which prints lines of JSON. */
async function run(program: string, ...options: string[]): Promise<Ended> {
  const words = [...options, join('test/lifetime', program), join(directory, `${program}.sock`)];
  // To count what is run takes time and memory of its own.
  const env = { ...process.env, NODE_V8_COVERAGE: '' };
  const child: ChildProcess = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...how) => resolve(how)),
  );
  const lines = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  return { status, signal, lines };
}

const MEGABYTE = 1 << 20;

/** Else, what V8 keeps for new objects comes and goes by some fifty megabytes. */
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=2';

/** A sanitizer keeps a part of what is given back, to see whether somebody still uses it. */
const measured = test.skipIf(isSanitized('memory is measured')).concurrent;

measured(
  'ten thousand dumps left early, aborted or dropped leave no descriptor and no memory',
  async () => {
    const { status, signal, lines } = await run('abandoned.mjs', '--expose-gc', SMALL_YOUNG_GENERATION);
    expect({ status, signal }).toEqual({ status: 0, signal: null });
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      expect(line['descriptors'], `${line['name']}`).toBe(0);
      // A hundred bytes a dump would be a megabyte.
      expect(line['heapUsed'], `${line['name']}`).toBeLessThan(MEGABYTE);
      expect(line['external'], `${line['name']}`).toBeLessThan(MEGABYTE);
      // What the C library keeps for itself comes and goes; one batch a dump would be a gigabyte.
      expect(line['rss'], `${line['name']}`).toBeLessThan(64 * MEGABYTE);
    }
  },
  600_000,
);

test.concurrent('sixteen workers that dump are terminated at random, a hundred times, and the process ends cleanly', async () => {
  const { status, signal, lines } = await run('terminated.mjs');
  expect({ status, signal }).toEqual({ status: 0, signal: null });
  expect(lines).toEqual([{ terminated: 1600, sockets: 0 }]);
}, 600_000);

const end = (script: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 });

test('a process that has begun a dump and does not care for it ends by itself', () => {
  const { status, stdout, stderr } = end(`
    import { dumpTcp } from './dist/index.js';
    dumpTcp()[Symbol.asyncIterator]().next();
    dumpTcp()[Symbol.asyncIterator]();
    console.log('last line');`);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'last line\n', stderr: '' });
});

test('process.exit in the middle of a dump is clean', () => {
  const { status, signal, stderr } = end(`
    import { dumpTcp } from './dist/index.js';
    for (let i = 0; i < 8; i++) dumpTcp().toArray();
    setImmediate(() => process.exit(7));`);
  expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' });
});

test('looking for owners holds a process no longer than a dump does, and leaves it as cleanly', () => {
  const lasting = end(`
    import { dumpTcp, owners } from './dist/index.js';
    owners();
    dumpTcp({ owners: true })[Symbol.asyncIterator]().next();
    console.log('last line');`);
  expect(lasting).toMatchObject({ status: 0, stdout: 'last line\n', stderr: '' });
  const left = end(`
    import { dumpTcp, owners } from './dist/index.js';
    for (let i = 0; i < 8; i++) owners({ bpf: i % 2 === 0 });
    dumpTcp({ owners: true }).toArray();
    setImmediate(() => process.exit(7));`);
  expect(left).toMatchObject({ status: 7, signal: null, stderr: '' });
});

test('several copies of the addon live in one process', () => {
  const { status, stdout, stderr } = end(`
    import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import { dumpUnix } from './dist/index.js';
    const require = createRequire(import.meta.url);
    const directory = mkdtempSync('${directory}/copies-');
    const payload = new Uint8Array(24).fill(1, 0, 1).fill(255, 4, 8);
    const request = { type: 20, family: 1, headerLength: 16, payload };
    const copies = [1, 2, 3].map((i) => {
      const file = directory + '/' + i + '.node';
      copyFileSync('build/Release/sockdiag.node', file);
      return require(file);
    });
    const dumps = copies.map(({ Reader }) => new Reader([request], '').next());
    const counts = [(await dumpUnix().toArray()).length, ...(await Promise.all(dumps)).map((batch) => batch.records)];
    console.log(counts.every((count) => count > 0));
    rmSync(directory, { recursive: true });`);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'true\n', stderr: '' });
});
