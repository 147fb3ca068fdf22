/** Runtimes as npm has them, in a folder of their own each, below .cache/. Nothing is installed. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { unpackPackage } from '../../native/unpack.mjs';

/** @typedef {import('./runtimes.mjs').Runtime} Runtime */

export const CACHE = join(import.meta.dirname, '../../.cache/runtimes');

/**
 * @param {Runtime} runtime
 * @param {boolean} refresh look for a newer one
 * @returns {{ file: string, version: string }} the program
 */
export function getRuntime({ name, source, file }, refresh) {
  const folder = join(CACHE, name);
  const version =
    (refresh ? undefined : newestIn(folder)) ??
    unpackPackage(source, folder, { nameOf: (manifest) => manifest.version });
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
