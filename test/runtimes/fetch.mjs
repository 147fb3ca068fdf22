/** Runtimes as npm has them, in a folder of their own each, below .cache/. Nothing is installed. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./runtimes.mjs').Runtime} Runtime */

export const CACHE = join(import.meta.dirname, '../../.cache/runtimes');

/**
 * @param {Runtime} runtime
 * @param {boolean} refresh look for a newer one
 * @returns {{ file: string, version: string }} the program
 */
export function getRuntime({ name, source, file }, refresh) {
  const folder = join(CACHE, name);
  const version = (refresh ? undefined : newestIn(folder)) ?? fetchInto(folder, source);
  return { file: join(folder, version, file), version };
}

/**
 * @param {string} folder
 * @returns {string | undefined}
 */
function newestIn(folder) {
  const versions = existsSync(folder) ? readdirSync(folder).filter((name) => /^[\d.]+$/.test(name)) : [];
  return versions.sort((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1);
}

/**
 * @param {string} folder
 * @param {string} source
 * @returns {string} its version
 */
function fetchInto(folder, source) {
  console.log(`fetching ${source}`);
  mkdirSync(folder, { recursive: true });
  const unfinished = mkdtempSync(join(folder, 'unfinished-'));
  try {
    // Of the package's files alone: what it is made for, npm would ask about before it installed it.
    const packed = execFileSync('npm', ['pack', '--silent', source], { cwd: unfinished, encoding: 'utf8' });
    execFileSync('tar', ['-xzf', packed.trim(), '--strip-components=1'], { cwd: unfinished });
    rmSync(join(unfinished, packed.trim()));
    const { version } = JSON.parse(readFileSync(join(unfinished, 'package.json'), 'utf8'));
    rmSync(join(folder, version), { recursive: true, force: true });
    renameSync(unfinished, join(folder, version));
    return version;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
