/** The engine's own C++ tests, under AddressSanitizer and UndefinedBehaviorSanitizer. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-native-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('the message walker keeps its promises, one by one and on 300,000 random datagrams', () => {
  const program = join(directory, 'message_walker_test');
  const flags = ['-std=c++17', '-O1', '-g', '-Wall', '-Wextra', '-Werror'];
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  const sources = ['native/message_walker.cc', 'test/native/message_walker_test.cc'];
  const built = spawnSync('g++', [...flags, ...sanitizers, '-Inative', ...sources, '-o', program], {
    encoding: 'utf8',
  });
  expect(built.stderr).toBe('');
  const run = spawnSync(program, { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.stdout).toMatch(/^\d+ passed, 0 failed\n$/);
  expect(run.status).toBe(0);
});
