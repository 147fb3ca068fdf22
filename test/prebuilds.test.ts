/** What is said of an addon that must not be published. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

import { afterAll, expect, test } from 'vitest';

const FILES = ['x64', 'arm64'].flatMap((arch) =>
  ['glibc', 'musl'].map((libc) => `linux-${arch}/sockdiag.${libc}.node`),
);

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-prebuilds-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Everywhere what was built here, for this machine, by its own compiler. */
function install(): void {
  const sum = createHash('sha256').update(readFileSync('build/Release/sockdiag.node')).digest('hex');
  for (const file of FILES) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    copyFileSync('build/Release/sockdiag.node', join(directory, file));
  }
  writeFileSync(join(directory, 'SHA256SUMS'), FILES.map((file) => `${sum}  ${file}\n`).join(''));
}

/** What is said of each file that something is wrong with. */
function check(): Record<string, string[]> {
  const { stderr } = spawnSync(process.execPath, ['native/check-prebuilds.mjs', directory], {
    encoding: 'utf8',
  });
  const said: Record<string, string[]> = {};
  let lines: string[] = [];
  for (const line of stderr.trimEnd().split('\n')) {
    if (line.startsWith('prebuilds/')) said[line.slice('prebuilds/'.length)] = lines = [];
    else lines.push(line.trim());
  }
  return said;
}

test('another machine, symbols, what is not everywhere', () => {
  install();
  const said = check();
  expect(Object.keys(said)).toEqual(expect.arrayContaining(FILES));
  const isHere = (file: string): boolean => file.startsWith(`linux-${process.arch}/`);
  for (const file of FILES) {
    expect(said[file]).toContain('is not stripped');
    expect(said[file]?.some((line) => line.startsWith('is for '))).toBe(!isHere(file));
  }
  expect(said[`linux-${process.arch}/sockdiag.musl.node`]?.join()).toMatch(
    /needs .*libc\.so\.6.* not everywhere/,
  );
  // What the compiler of a system makes wants that system's C library, or a newer one.
  expect(said[`linux-${process.arch}/sockdiag.glibc.node`]?.join()).toMatch(
    /asks for (GLIBC|GLIBCXX|CXXABI)_/,
  );
});

test('another checksum, and one that is missing', () => {
  install();
  const [first = '', ...others] = FILES;
  writeFileSync(join(directory, 'SHA256SUMS'), `${'0'.repeat(64)}  ${first}\n`);
  for (const file of [first, ...others]) expect(check()[file]).toContain('is not what SHA256SUMS says');
});
