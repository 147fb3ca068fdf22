/** Reads what the addons in prebuilds/ are and ask for: `npm run check:prebuilds [-- DIRECTORY]`. Wants readelf(1), of binutils. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

import { fileOf, sumLine, TARGETS } from './targets.mjs';

const PREBUILDS = join(dirname(import.meta.dirname), 'prebuilds');

/** What Node's own builds ask for, at most. */
const FLOOR = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '4.3' };

/** What is there wherever Node is. */
const LIBRARIES = {
  glibc: ['libc.so.6', 'libpthread.so.0', 'libdl.so.2', 'libm.so.6', 'libgcc_s.so.1', 'libstdc++.so.6'],
  musl: ['libc.so'],
};

/** What Node looks for in an addon. */
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

/**
 * @param {string} file below prebuilds/
 * @param {boolean} [isForAll] whether it must do for each machine of its kind
 * @param {string} [directory] another prebuilds/
 * @throws {Error} of all that is wrong with it
 */
export function checkAddon(file, isForAll = true, directory = PREBUILDS) {
  const target = isForAll ? TARGETS.find((one) => fileOf(one) === file) : undefined;
  const path = join(directory, file);
  const wrong = [...wrongSum(file, directory), ...wrongFile(path, target)];
  if (wrong.length > 0) throw new Error([`prebuilds/${file}`, ...wrong].join('\n  '));
  const { needs, versions } = askedFor(path);
  const highest = versions.length > 0 ? versions.join(', ') : 'no versions';
  console.log(`prebuilds/${file}: ${readFileSync(path).length} bytes, ${needs.join(', ')}, ${highest}`);
}

/**
 * @param {string} file
 * @param {string} directory
 * @returns {Generator<string>}
 */
function* wrongSum(file, directory) {
  const sums = readFileSync(join(directory, 'SHA256SUMS'), 'utf8').split('\n');
  if (!sums.includes(sumLine(file, readFileSync(join(directory, file))))) yield 'is not what SHA256SUMS says';
}

/**
 * @param {string} path
 * @param {import('./targets.mjs').Target | undefined} target absent of a file for the builder's own machine
 * @returns {Generator<string>}
 */
function* wrongFile(path, target) {
  const header = readelf(path, '--file-header');
  // A compiler for another machine than what was asked for is no error for anybody before this.
  const machine = /Machine: +(.*)/.exec(header)?.[1];
  if (target !== undefined && machine !== target.machine) yield `is for ${machine}`;
  if (!/NODELETE/.test(readelf(path, '--dynamic')))
    yield 'may be unloaded, while threads have yet to end in its C++ library';
  if (/\.symtab/.test(readelf(path, '--section-headers'))) yield 'is not stripped';
  const exported = [...readelf(path, '--dyn-syms').matchAll(/GLOBAL +DEFAULT +\d+ (\S+)/g)].map(
    (of) => of[1],
  );
  if (exported.sort().join() !== EXPORTS.join()) yield `exports ${exported}`;
  if (target === undefined) return;
  const { needs, versions } = askedFor(path);
  const strange = needs.filter((name) => !LIBRARIES[target.libc].includes(name));
  if (strange.length > 0) yield `needs ${strange}, which is not everywhere`;
  for (const version of versions) if (isAboveFloor(version)) yield `asks for ${version}`;
}

/**
 * @param {string} path
 * @returns {{ needs: string[], versions: string[] }} libraries, and the highest version of each kind
 */
function askedFor(path) {
  const needs = [...readelf(path, '--dynamic').matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((of) => of[1] ?? '');
  const all = [...readelf(path, '--version-info').matchAll(/Name: ([A-Z]+)_([\d.]+)/g)];
  /** @type {Map<string, string>} */
  const highest = new Map();
  for (const [, kind = '', version = ''] of all) {
    if (isAbove(version, highest.get(kind) ?? '0')) highest.set(kind, version);
  }
  return { needs, versions: [...highest].map(([kind, version]) => `${kind}_${version}`) };
}

/** @param {string} version */
function isAboveFloor(version) {
  const [kind = '', number = ''] = version.split('_');
  const floor = /** @type {Record<string, string>} */ (FLOOR)[kind];
  return floor === undefined || isAbove(number, floor);
}

/**
 * @param {string} one
 * @param {string} other
 */
function isAbove(one, other) {
  const [left, right] = [one.split('.').map(Number), other.split('.').map(Number)];
  for (let place = 0; place < Math.max(left.length, right.length); place++) {
    const difference = (left[place] ?? 0) - (right[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/**
 * @param {string} path
 * @param {string} what
 */
function readelf(path, what) {
  return execFileSync('readelf', ['--wide', what, path], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
}

if (process.argv[1] === import.meta.filename) {
  for (const target of TARGETS) {
    try {
      checkAddon(fileOf(target), true, process.argv[2]);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    }
  }
}
