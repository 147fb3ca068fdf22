/** What the machine needs for runtimes that are not made for it, and the packages of Debian that it comes in. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

import { CACHE } from './fetch.mjs';

/** @typedef {import('./runtimes.mjs').Runtime} Runtime */

const QEMU = 'qemu-aarch64-static';

/** What Debian's cross compilers have for arm64: a loader, and the libraries that Node asks for. */
const SYSROOT = '/usr/aarch64-linux-gnu';

const MUSL_LOADER = '/lib/ld-musl-x86_64.so.1';

/** @param {string} program */
export function pathOf(program) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/**
 * @param {readonly Runtime[]} runtimes
 * @returns {string[]} the packages that are to be installed for them
 */
export function missingPackages(runtimes) {
  const packages = [];
  if (pathOf('ss') === undefined) packages.push('iproute2');
  if (runtimes.some(({ arch }) => arch === 'arm64')) {
    if (pathOf(QEMU) === undefined) packages.push('qemu-user-static');
    if (!existsSync(join(SYSROOT, 'lib/ld-linux-aarch64.so.1'))) packages.push('libc6-arm64-cross');
    if (!existsSync(join(SYSROOT, 'lib/libstdc++.so.6'))) packages.push('libstdc++6-arm64-cross');
  }
  if (runtimes.some(({ libc }) => libc === 'musl')) {
    if (!existsSync(MUSL_LOADER)) packages.push('musl');
    if (pathOf('gcc') === undefined) packages.push('gcc');
    else if (libraryOf('libstdc++.so.6') === undefined) packages.push('libstdc++6');
  }
  return packages;
}

/**
 * What a runtime says instead of starting where a library is missing.
 *
 * @param {string} complaint
 */
export function explained(complaint) {
  return complaint.includes('libatomic.so.1') ? `${complaint} (Debian has it in libatomic1)` : complaint;
}

/**
 * How the program of a runtime is called, if it is one that needs help.
 *
 * @param {Runtime} runtime
 * @param {string} file
 * @returns {{ before: string[], environment: Record<string, string> }}
 */
export function helpFor({ arch, libc }, file) {
  if (arch === 'arm64') return { before: [pathOf(QEMU) ?? QEMU, '-L', SYSROOT, file], environment: {} };
  return { before: [], environment: libc === 'musl' ? { LD_LIBRARY_PATH: muslLibraries() } : {} };
}

/** @param {string} name */
function libraryOf(name) {
  const path = execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  return path === name ? undefined : path;
}

/**
 * The C++ library that Bun asks for. None is made for musl here: it is the system's own, over a shim for what that in turn
 * asks of glibc. (What is called libc.so.6 and libm.so.6 musl takes for itself.)
 *
 * @returns {string} a folder
 */
function muslLibraries() {
  const folder = join(CACHE, 'musl-libraries');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    symlinkSync(libraryOf(name) ?? name, join(folder, name));
  }
  const shim = 'ld-linux-x86-64.so.2';
  const words = [
    '-shared',
    '-fPIC',
    '-nostdlib',
    '-O2',
    '-fno-builtin',
    `-Wl,-soname,${shim}`,
    '-o',
    join(folder, shim),
  ];
  const { status, stderr } = spawnSync('gcc', [...words, join(import.meta.dirname, 'shim.c')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the shim for musl cannot be compiled: ${stderr}`);
  return folder;
}
