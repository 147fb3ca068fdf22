/** What a release makes of the changelog, and when there is none. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { lackOf } from './tools.js';

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-release-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

const CHANGELOG =
  '# Changelog\n\n## Unreleased\n\n### Added\n\n- More.\n\n## 0.9.0 (2026-01-01)\n\n- First.\n';

/** Programs in the place of all that takes long: they say that they were called, and one of them may fail. */
function repository(manifest: object = { repository: 'here' }): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, '.ci'), { recursive: true });
  cpSync('.ci/release.mjs', join(directory, '.ci/release.mjs'));
  const scripts = { 'test:kernels': 'echo kernels >> calls' };
  write('package.json', JSON.stringify({ name: 'tried', version: '0.9.0', scripts, ...manifest }));
  write(
    'package-lock.json',
    JSON.stringify({ name: 'tried', version: '0.9.0', lockfileVersion: 3, packages: {} }),
  );
  write('CHANGELOG.md', CHANGELOG);
  write('.gitignore', 'calls\n');
  for (const name of ['run', 'package']) write(`.ci/${name}`, `#!/bin/sh\necho ${name} >> calls\n`, 0o755);
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Somebody');
  git('config', 'user.email', 'somebody@example.com');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'All');
}

function write(name: string, text: string, mode = 0o644): void {
  writeFileSync(join(directory, name), text, { mode });
}

const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
const git = (...words: string[]): string =>
  execFileSync('git', words, { cwd: directory, encoding: 'utf8' }).trim();

function release(version: string): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, ['.ci/release.mjs', version], {
    cwd: directory,
    encoding: 'utf8',
  });
  return { status, stderr: stderr.replace(/^npm .*\n/gm, '') };
}

describe.skipIf(lackOf('git'))('a release', () => {
  beforeEach(() => repository());

  test('checks everything, and makes the commit and its tag', () => {
    expect(release('1.0.0')).toEqual({ status: 0, stderr: '' });
    expect(read('calls')).toBe('run\npackage\nkernels\n');
    const today = new Date().toISOString().slice(0, 10);
    expect(read('CHANGELOG.md')).toBe(
      CHANGELOG.replace('Unreleased\n', `Unreleased\n\n## 1.0.0 (${today})\n`),
    );
    for (const name of ['package.json', 'package-lock.json'])
      expect(JSON.parse(read(name)).version).toBe('1.0.0');
    expect(git('status', '--porcelain')).toBe('');
    expect(git('log', '-1', '--format=%s %D')).toBe('Release 1.0.0 HEAD -> main, tag: v1.0.0');
    expect(release('1.0.0').stderr).toMatch(/there is a tag v1\.0\.0 already/);
  });

  test('leaves all as it was where something fails', () => {
    write('.ci/package', '#!/bin/sh\nexit 1\n', 0o755);
    git('commit', '--quiet', '--all', '--message', 'Break it');
    const { status, stderr } = release('1.0.0');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^release: Command failed: \.ci\/package/);
    expect(git('status', '--porcelain')).toBe('');
    expect(git('tag')).toBe('');
    expect(JSON.parse(read('package.json')).version).toBe('0.9.0');
  });

  test('leaves all as it was where the commit itself is refused', () => {
    write('.git/hooks/pre-commit', '#!/bin/sh\nexit 1\n', 0o755);
    expect(release('1.0.0').stderr).toMatch(/^release: Command failed: git commit/);
    expect(git('status', '--porcelain')).toBe('');
    expect(git('tag')).toBe('');
    expect(read('CHANGELOG.md')).toBe(CHANGELOG);
  });

  test.each([
    ['1', /'1' is no version/],
    ['v1.0.0', /'v1\.0\.0' is no version/],
    ['', /'' is no version/],
    ['0.9.0', /CHANGELOG\.md has a 0\.9\.0 already/],
  ])("of the version '%s' is none", (version, message) => {
    expect(release(version)).toEqual({ status: 1, stderr: expect.stringMatching(message) });
  });

  test('wants a clean branch main, something new, and a place that the package is from', () => {
    write('CHANGELOG.md', `${CHANGELOG}\n`);
    expect(release('1.0.0').stderr).toMatch(/something is not committed/);
    git('checkout', '--quiet', '.');
    git('switch', '--quiet', '--create', 'other');
    expect(release('1.0.0').stderr).toMatch(/not the branch main/);
    git('switch', '--quiet', 'main');
    write('CHANGELOG.md', CHANGELOG.replace(/### Added[^#]*/, ''));
    git('commit', '--quiet', '--all', '--message', 'Nothing new');
    expect(release('1.0.0').stderr).toMatch(/nothing that is not released yet/);
    repository({});
    expect(release('1.0.0').stderr).toMatch(/has no 'repository'/);
  });
});
