/** Other packages of the npm registry that read sockets: installed when needed, into a cache of their own. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** @type {Readonly<Record<string, string>>} */
export const PEERS = { systeminformation: '5.33.23', '@stroncium/procfs': '1.2.1' };

const INSTALL_LIMIT = 60_000;

/** It stays: the next run needs no registry. */
const CACHE = path.join(os.tmpdir(), `sockdiag-bench-peers-${process.getuid?.() ?? 'any'}`);

/**
 * Makes the packages available to requirePeer.
 *
 * @returns {string | undefined} why they are not, or nothing
 */
export function installPeers() {
  try {
    makeCache();
    if (Object.entries(PEERS).every(([name, version]) => installedVersion(name) === version))
      return undefined;
    const wanted = Object.entries(PEERS).map(([name, version]) => `${name}@${version}`);
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', '--loglevel=error'];
    execFileSync('npm', ['install', ...options, ...wanted], {
      cwd: CACHE,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: INSTALL_LIMIT,
    });
    return undefined;
  } catch (error) {
    return firstLine(error);
  }
}

/**
 * What lies in the directory is run, so nobody else may have put it there.
 */
function makeCache() {
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(CACHE);
  if (uid !== process.getuid?.() || (mode & 0o170777) !== 0o040700) {
    throw new Error(`${CACHE} is not a directory of this user alone`);
  }
  // Without it npm would install into the first project found further up.
  const manifest = path.join(CACHE, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
}

/** @param {string} name */
function installedVersion(name) {
  try {
    return JSON.parse(readFileSync(path.join(CACHE, 'node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

/** @param {unknown} error */
function firstLine(error) {
  const { stderr, message } = /** @type {Error & { stderr?: Buffer }} */ (error);
  const text = stderr?.toString().trim() || message;
  return text.split('\n', 1)[0];
}

/** @param {string} name */
export function requirePeer(name) {
  return createRequire(path.join(CACHE, 'package.json'))(name);
}
