/** What addons are built for. Of each there is one file in prebuilds/, and a row in the README. */
import { createHash } from 'node:crypto';

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {'x64' | 'arm64'} arch as Node calls it
 * @property {'glibc' | 'musl'} libc
 * @property {string} machine as readelf(1) calls it
 * @property {string} triple as the compiler calls it. The version behind it is that of glibc: of Node's own floor, RHEL 8
 */

/** @type {readonly Target[]} */
export const TARGETS = [
  target('x64', 'glibc', 'Advanced Micro Devices X86-64', 'x86_64-linux-gnu.2.28'),
  target('x64', 'musl', 'Advanced Micro Devices X86-64', 'x86_64-linux-musl'),
  target('arm64', 'glibc', 'AArch64', 'aarch64-linux-gnu.2.28'),
  target('arm64', 'musl', 'AArch64', 'aarch64-linux-musl'),
];

/**
 * @param {Target['arch']} arch
 * @param {Target['libc']} libc
 * @param {string} machine
 * @param {string} triple
 * @returns {Target}
 */
function target(arch, libc, machine, triple) {
  return { name: `linux-${arch}-${libc}`, arch, libc, machine, triple };
}

/**
 * Below prebuilds/, as lib/addon.ts looks for it.
 *
 * @param {{ arch: string, libc: string }} target
 */
export function fileOf({ arch, libc }) {
  return `linux-${arch}/sockdiag.${libc}.node`;
}

/**
 * A line of SHA256SUMS, as sha256sum(1) writes and checks it; lib/addon.ts does, too, since code that was cut off takes the
 * process with it.
 *
 * @param {string} file below prebuilds/
 * @param {Buffer} bytes
 */
export function sumLine(file, bytes) {
  return `${createHash('sha256').update(bytes).digest('hex')}  ${file}`;
}
