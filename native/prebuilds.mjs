/** Builds the addons that the package brings: `npm run prebuilds -- [options] [TARGET ...]`. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { checkAddon } from './check-prebuilds.mjs';
import { headers } from './headers.mjs';
import { fileOf, sumLine, TARGETS } from './targets.mjs';
import { compilerFor } from './toolchain.mjs';

/**
 * @typedef {object} Build
 * @property {string} arch
 * @property {string} libc
 * @property {boolean} isForAll and not for machines like this one only
 * @property {NodeJS.ProcessEnv} environment
 */

const ROOT = dirname(import.meta.dirname);
const PREBUILDS = join(ROOT, 'prebuilds');

const HELP = `Usage: npm run prebuilds -- [options] [TARGET ...]

Builds the addons in prebuilds/ anew, for each TARGET (default: all):
  ${TARGETS.map(({ name }) => name).join(', ')}
or 'host': for this machine, whatever it is, with its own compiler.

  --check        change nothing, but see that the same files come out again
  --help         print this`;

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const builds = (positionals.length > 0 ? positionals : TARGETS.map(({ name }) => name)).map(buildOf);
  for (const build of builds) {
    const file = fileOf(build);
    console.log(`building ${file}`);
    const bytes = built(build);
    if (values.check) compare(file, bytes);
    else install(file, bytes);
  }
  if (values.check) return;
  writeSums();
  for (const build of builds) checkAddon(fileOf(build), build.isForAll);
}

/**
 * @param {string} name
 * @returns {Build}
 */
function buildOf(name) {
  if (name === 'host') return host();
  const target = TARGETS.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target '${name}'; --help names them`);
  return { ...target, isForAll: true, environment: compilerFor(target) };
}

/** @returns {Build} */
function host() {
  const { glibcVersionRuntime } = /** @type {any} */ (process.report.getReport()).header;
  const libc = glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  return { arch: process.arch, libc, isForAll: false, environment: { LDFLAGS: '-s' } };
}

/**
 * In a directory of its own: what lies about here has no part in it, and two builds have nothing in common.
 *
 * @param {Build} build
 * @returns {Buffer}
 */
function built({ arch, libc, environment }) {
  const directory = mkdtempSync(join(tmpdir(), 'sockdiag-prebuild-'));
  try {
    for (const name of ['native', 'binding.gyp', 'package.json']) {
      cpSync(join(ROOT, name), join(directory, name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    const prebuildify = createRequire(import.meta.url).resolve('prebuildify/bin.js');
    const words = ['--napi', `--target=${process.versions.node}`, '--platform=linux', `--arch=${arch}`];
    const { status, stdout } = spawnSync(process.execPath, [prebuildify, ...words, '--tag-libc'], {
      cwd: directory,
      env: {
        JOBS: 'max',
        npm_config_loglevel: 'warn',
        ...headers(),
        ...process.env,
        ...environment,
        PREBUILD_LIBC: libc,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    const file = join(directory, 'prebuilds', fileOf({ arch, libc }));
    if (status !== 0 || !existsSync(file)) throw new Error(`${stdout}\nprebuildify has built nothing`);
    return readFileSync(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * @param {string} file
 * @param {Buffer} bytes
 */
function install(file, bytes) {
  const path = join(PREBUILDS, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes, { mode: 0o755 });
}

/**
 * @param {string} file
 * @param {Buffer} bytes
 */
function compare(file, bytes) {
  if (!existsSync(join(PREBUILDS, file))) throw new Error(`prebuilds/${file} is not there to compare with`);
  if (!bytes.equals(readFileSync(join(PREBUILDS, file)))) {
    throw new Error(`prebuilds/${file} does not come out the same again`);
  }
  console.log(`prebuilds/${file} comes out the same again, byte for byte`);
}

function writeSums() {
  const lines = addons().map((file) => `${sumLine(file, readFileSync(join(PREBUILDS, file)))}\n`);
  writeFileSync(join(PREBUILDS, 'SHA256SUMS'), lines.join(''));
}

/** @returns {string[]} */
function addons() {
  const names = readdirSync(PREBUILDS, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.node')).sort();
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
