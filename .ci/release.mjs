/**
 * Prepares a release: `npm run release -- VERSION`. It changes the version and the changelog, has everything checked that
 * must be true of a release, and makes the commit and its tag. Nothing leaves this machine: what publishes is the hosted
 * workflow, when the tag is pushed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

const ROOT = dirname(import.meta.dirname);
const CHANGELOG = join(ROOT, 'CHANGELOG.md');
const MANIFESTS = ['package.json', 'package-lock.json'];

function main() {
  const [version = ''] = process.argv.slice(2);
  checkState(version);
  const before = new Map(
    [...MANIFESTS, 'CHANGELOG.md'].map((name) => [name, readFileSync(join(ROOT, name))]),
  );
  try {
    run('npm', ['version', version, '--no-git-tag-version', '--ignore-scripts']);
    writeFileSync(CHANGELOG, released(readFileSync(CHANGELOG, 'utf8'), version, new Date()));
    run('.ci/run', []);
    run('.ci/package', [mkdtempSync(join(tmpdir(), 'sockdiag-release-'))]);
    // With the addon for arm64 that was just made.
    run('npm', ['run', 'test:kernels']);
    run('git', ['commit', '--all', '--message', `Release ${version}`]);
  } catch (error) {
    for (const [name, bytes] of before) writeFileSync(join(ROOT, name), bytes);
    throw error;
  }
  run('git', ['tag', '--annotate', `v${version}`, '--message', `sockdiag ${version}`]);
  console.log(`sockdiag ${version} is ready: git push --follow-tags has it published`);
}

/** @param {string} version */
function checkState(version) {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  if (!/^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/.test(version))
    throw new Error(`'${version}' is no version: 1.2.3, 1.2.3-rc.1`);
  // The registry compares it with where the workflow ran, and refuses the package otherwise.
  if (manifest.repository === undefined)
    throw new Error("package.json has no 'repository', which provenance needs");
  if (out('git', ['status', '--porcelain']) !== '') throw new Error('something is not committed');
  if (out('git', ['branch', '--show-current']) !== 'main') throw new Error('this is not the branch main');
  if (out('git', ['tag', '--list', `v${version}`]) !== '')
    throw new Error(`there is a tag v${version} already`);
  released(readFileSync(CHANGELOG, 'utf8'), version, new Date());
}

/**
 * @param {string} changelog
 * @param {string} version
 * @param {Date} date
 * @returns {string} with what was not released yet below that version
 */
function released(changelog, version, date) {
  const heading = '## Unreleased\n';
  const [before, after] = changelog.split(heading);
  if (after === undefined) throw new Error(`CHANGELOG.md has no '${heading.trim()}'`);
  if (changelog.includes(`## ${version} `)) throw new Error(`CHANGELOG.md has a ${version} already`);
  const [news = ''] = after.split(/^## /m);
  if (news.trim() === '') throw new Error('CHANGELOG.md has nothing that is not released yet');
  return `${before}${heading}\n## ${version} (${date.toISOString().slice(0, 10)})\n${after}`;
}

/**
 * @param {string} command
 * @param {readonly string[]} words
 */
function run(command, words) {
  console.log(`$ ${command} ${words.join(' ')}`);
  execFileSync(command, words, { cwd: ROOT, stdio: 'inherit' });
}

/**
 * @param {string} command
 * @param {readonly string[]} words
 */
function out(command, words) {
  return execFileSync(command, words, { cwd: ROOT, encoding: 'utf8' }).trim();
}

try {
  main();
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
