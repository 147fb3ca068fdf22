/** The programs that the machine needs, and the packages of Debian that they come in. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Of each processor: the program, and the package that it comes in. */
export const QEMU = /** @type {const} */ ({
  x64: { program: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  arm64: { program: 'qemu-system-aarch64', package: 'qemu-system-arm' },
});
export const BUSYBOX = '/bin/busybox';

/** How the machine's root gets into it: Debian's cloud kernels have virtiofs and no 9p. */
const SHARERS = [
  {
    program: '/usr/libexec/virtiofsd',
    // The root's file system does not follow the mount points that are announced.
    words: ['--shared-dir=/', '--sandbox=chroot', '--no-announce-submounts', '--log-level=error'],
  },
  // Debian 12's, in a package that QEMU's depends on.
  { program: '/usr/lib/qemu/virtiofsd', words: ['-f', '-o', 'source=/,sandbox=chroot,log_level=err'] },
];

/** The program that shares the root, and its options; undefined if none is installed. */
export function findSharer() {
  return SHARERS.find(({ program }) => existsSync(program));
}

/**
 * @param {ReadonlySet<keyof typeof QEMU>} processors
 * @returns {string[]} the packages that are to be installed
 */
export function missingPackages(processors) {
  const emulators = Array.from(processors, (arch) => QEMU[arch]);
  /** @type {string[]} */
  const packages = emulators.filter(({ program }) => !isThere(program)).map((emulator) => emulator.package);
  if (!isStatic(BUSYBOX)) packages.push('busybox-static');
  if (findSharer() === undefined && !hasSharerInQemu()) packages.push('virtiofsd');
  return packages;
}

/** @param {string} program */
function isThere(program) {
  return spawnSync(program, ['--version']).error === undefined;
}

/**
 * A program that needs no dynamic linker; the package `busybox` has one that does.
 *
 * @param {string} program
 */
function isStatic(program) {
  return existsSync(program) && !readFileSync(program).subarray(0, 4096).includes('/ld-linux');
}

function hasSharerInQemu() {
  return existsSync('/etc/os-release') && /^VERSION_ID="12"$/m.test(readFileSync('/etc/os-release', 'utf8'));
}
