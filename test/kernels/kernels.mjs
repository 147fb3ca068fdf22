/** The kernels that the tests run under. */

/**
 * @typedef {object} Kernel
 * @property {string} name
 * @property {string} suite of Debian
 * @property {string} package which depends on the newest kernel of the suite
 * @property {boolean} [mayBeAbsent] old suites leave the archive one day: not a failure then
 */

/** @type {Kernel[]} */
export const KERNELS = [{ name: '6.12', suite: 'trixie', package: 'linux-image-cloud-amd64' }];
