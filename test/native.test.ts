/** The engine's own C++ tests, under AddressSanitizer and UndefinedBehaviorSanitizer. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { isSanitized } from './tools.js';

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-native-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Builds a program of test/native and the sources that it is about, and runs it. */
function run(name: string, sources: readonly string[], sanitizers: string): SpawnSyncReturns<string> {
  const program = join(directory, `${name}-${sanitizers}`);
  const flags = ['-std=c++17', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-pthread'];
  const checks = [`-fsanitize=${sanitizers}`, '-fno-sanitize-recover=all'];
  const files = [...sources, `test/native/${name}.cc`];
  const built = spawnSync('g++', [...flags, ...checks, '-Inative', ...files, '-o', program], {
    encoding: 'utf8',
  });
  expect(built.stderr).toBe('');
  return spawnSync(program, { encoding: 'utf8' });
}

test.skipIf(isSanitized('programs of C++ have sanitizers of their own')).each([
  ['the message walker, on 300,000 random datagrams', 'message_walker_test', 'address,undefined'],
  ['the line walker, on 40,000 random texts in pieces', 'line_walker_test', 'address,undefined'],
  ['the event queue, in 20,000 random orders', 'event_queue_test', 'address,undefined'],
  ['the event queue, between two threads', 'event_queue_test', 'thread'],
])('%s, keeps its promises', (_, name, sanitizers) => {
  const { stdout, stderr, status } = run(name, [`native/${name.replace('_test', '')}.cc`], sanitizers);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\d+ passed, 0 failed\n$/);
  expect(status).toBe(0);
});
