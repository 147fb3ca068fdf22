/** The engine's own C++ tests, under AddressSanitizer and UndefinedBehaviorSanitizer. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, describe, expect, test } from 'vitest';

import { isSanitized } from './tools.js';

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-native-'));
afterAll(() => rmSync(directory, { recursive: true }));

const runProgram = promisify(execFile);

/** Builds a program of test/native and the sources that it is about, and runs it. */
async function run(
  name: string,
  sources: readonly string[],
  sanitizers: string,
): Promise<{ stdout: string; stderr: string }> {
  const program = join(directory, `${name}-${sanitizers}`);
  const flags = ['-std=c++17', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-pthread'];
  const checks = [`-fsanitize=${sanitizers}`, '-fno-sanitize-recover=all'];
  const files = [...sources.map((source) => `native/${source}.cc`), `test/native/${name}.cc`];
  const built = await runProgram('g++', [...flags, ...checks, '-Inative', ...files, '-o', program]);
  expect(built.stderr).toBe('');
  return runProgram(program);
}

// As many processors as there are have something to do then.
describe.skipIf(isSanitized('programs of C++ have sanitizers of their own')).concurrent('C++', () => {
  test.each([
    ['the message walker, on 300,000 random datagrams', ['message_walker'], 'address,undefined'],
    ['the line walker, on 40,000 random texts in pieces', ['line_walker'], 'address,undefined'],
    ['the event queue, in 20,000 random orders', ['event_queue'], 'address,undefined'],
    ['the event queue, between two threads', ['event_queue'], 'thread'],
    ["the kernel's types, changed 50,000 times", ['kernel_types', 'proc_file'], 'address,undefined'],
  ])('%s, keeps its promises', async (_, sources, sanitizers) => {
    const { stdout, stderr } = await run(`${sources[0]}_test`, sources, sanitizers);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^\d+ passed, 0 failed\n$/);
  });
});
