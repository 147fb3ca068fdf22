/** What is in the package, and what is not. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { basename } from 'node:path';

import { fileOf, sumLine, TARGETS } from '../../native/targets.mjs';

/** What it may have at most: bytes, packed and unpacked. It grows only by somebody's decision. */
const LIMITS = { packed: 1_200_000, unpacked: 3_800_000 };

/** What it may have. A source of ours, a test, or a way to build it is none of these. */
const ALLOWED = [
  /^(README\.md|SECURITY\.md|CHANGELOG\.md|LICENSE|package\.json)$/,
  /^dist\/(?!cli\/|library\/).*\.(js|d\.ts)$/,
  /^dist\/library\/.*\.cjs(\.map)?$/,
  /^dist\/cli\/[^/]*\.(js|js\.map)$/,
  /^dist\/LICENSES\.txt$/,
  /^docs\/(records\.schema\.json|sockdiag\.1)$/,
  /^prebuilds\/(SHA256SUMS|linux-[a-z0-9]+\/sockdiag\.(glibc|musl)\.node)$/,
];

/** What nobody needs who installs it, and of what npm warns. */
const ABSENT = ['scripts', 'devDependencies', 'dependencies', 'gypfile'];

/**
 * @param {string} tarball
 * @param {{ isPartial?: boolean }} [options] whether it needs not have an addon for each platform
 * @returns {string} what it is, in a line
 * @throws {Error} of all that is wrong with it
 */
export function checkContents(tarball, { isPartial = false } = {}) {
  const sizes = sizesOf(tarball);
  const unpacked = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const found = { packed: statSync(tarball).size, unpacked };
  const wrong = [
    ...wrongFiles(sizes, isPartial),
    ...wrongManifest(tarball),
    ...wrongSums(tarball),
    ...wrongSizes(found),
  ];
  if (wrong.length > 0) throw new Error([basename(tarball), ...wrong].join('\n  '));
  return `${basename(tarball)}: ${sizes.size} files, ${found.packed} bytes packed, ${found.unpacked} unpacked`;
}

/**
 * @param {string} tarball
 * @returns {Map<string, number>} of its files, without the folder that all of them are in
 */
function sizesOf(tarball) {
  const lines = tar('-tvz', tarball, '--numeric-owner').toString().trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [, , size, , , ...name] = line.split(/\s+/);
      return [name.join(' ').replace('package/', ''), Number(size)];
    }),
  );
}

/**
 * @param {Map<string, number>} sizes
 * @param {boolean} isPartial
 * @returns {Generator<string>}
 */
function* wrongFiles(sizes, isPartial) {
  for (const name of sizes.keys())
    if (!ALLOWED.some((form) => form.test(name))) yield `${name} should not be there`;
  const needed = [
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'prebuilds/SHA256SUMS',
    'dist/index.js',
    'dist/cli/main.js',
  ];
  const addons = isPartial ? [] : TARGETS.map((target) => `prebuilds/${fileOf(target)}`);
  for (const name of [...needed, ...addons]) if (!sizes.has(name)) yield `${name} is missing`;
  for (const [name, size] of sizes) {
    // Nobody wants to find the way back to other people's packages, or from files that only name another one.
    const isMapped =
      /^dist\/(cli|library)\//.test(name) && /\.c?js$/.test(name) && !/\/vendor\.js$/.test(name);
    if (isMapped && size > 300 && !sizes.has(`${name}.map`)) yield `${name} has no source map`;
  }
}

/**
 * @param {string} tarball
 * @returns {Generator<string>}
 */
function* wrongManifest(tarball) {
  const manifest = JSON.parse(content(tarball, 'package.json').toString());
  for (const name of ABSENT) if (manifest[name] !== undefined) yield `has ${name} in its manifest`;
}

/**
 * @param {string} tarball
 * @returns {Generator<string>}
 */
function* wrongSums(tarball) {
  const sums = content(tarball, 'prebuilds/SHA256SUMS').toString().trimEnd().split('\n');
  for (const line of sums) {
    const [, file = ''] = line.split('  ');
    if (sumLine(file, content(tarball, `prebuilds/${file}`)) !== line)
      yield `prebuilds/${file} is not what SHA256SUMS says`;
  }
}

/**
 * @param {{ packed: number, unpacked: number }} found
 * @returns {Generator<string>}
 */
function* wrongSizes({ packed, unpacked }) {
  if (packed > LIMITS.packed) yield `has ${packed} bytes, packed: more than ${LIMITS.packed}`;
  if (unpacked > LIMITS.unpacked) yield `has ${unpacked} bytes, unpacked: more than ${LIMITS.unpacked}`;
}

/**
 * @param {string} tarball
 * @param {string} name
 */
function content(tarball, name) {
  return tar('-xzO', tarball, `package/${name}`);
}

/**
 * @param {string} what
 * @param {string} tarball
 * @param {string} more
 */
function tar(what, tarball, more) {
  return execFileSync('tar', [what, '-f', tarball, more], { maxBuffer: 1 << 26 });
}
