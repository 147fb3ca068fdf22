/** Finds the file of the native addon, and loads it. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';

import { SockDiagError } from './netlink/errors.js';

const require = createRequire(import.meta.url);

/** Those that the package brings an addon for. */
const ARCHITECTURES = ['x64', 'arm64'];

/** What to do about it. */
const AGAIN = 'install sockdiag again';
const BUILD = 'build it in a clone of its repository (npm ci), and name the file in SOCKDIAG_ADDON';

/**
 * That which SOCKDIAG_ADDON names: a file, or `build` for what a clone has built for itself. Without it, that of prebuilds/
 * for this platform, and where there is none, again what a clone has built.
 *
 * @throws SockDiagError ERR_SOCKDIAG_UNSUPPORTED where there is no Linux kernel to ask, or no addon for its processor;
 * ERR_SOCKDIAG_ADDON where there should be one that can be loaded, and is not
 */
export function loadAddon(): unknown {
  if (process.platform !== 'linux') {
    throw unsupported(`sockdiag asks the Linux kernel, and this is ${process.platform} (${process.arch})`);
  }
  const chosen = process.env['SOCKDIAG_ADDON'];
  if (chosen !== undefined && chosen !== '' && chosen !== 'build') return open(resolve(chosen));
  const directory = packageDirectory();
  const prebuilds = join(directory, 'prebuilds');
  const prebuilt = `linux-${process.arch}/sockdiag.${libc()}.node`;
  const built = join(directory, 'build/Release/sockdiag.node');
  if (chosen !== 'build' && existsSync(join(prebuilds, prebuilt))) {
    check(prebuilds, prebuilt);
    return open(join(prebuilds, prebuilt));
  }
  if (existsSync(built)) return open(built);
  throw missing(chosen === 'build' ? [built] : [join(prebuilds, prebuilt), built]);
}

/** The package finds itself by its name: this file may be part of another one, anywhere in it. */
function packageDirectory(): string {
  try {
    return dirname(require.resolve('sockdiag/package.json'));
  } catch (cause) {
    // untested: in what is bundled, which test/addon.test.ts runs elsewhere
    const what = `sockdiag's package is not to be found from ${import.meta.url}`;
    throw broken(`${what}: a bundler has to leave it where it is (as "external")`, cause);
  }
}

/** What programs for musl ask for, or the file that this is a link to. None of glibc's has either name. */
const MUSL = /\/(?:ld-musl-[^/\n]*|libc\.so)(?: \(deleted\))?$/m;

/**
 * Of this process, not of this system, which may have both. Its own files tell: distributions differ in all else.
 */
function libc(): 'glibc' | 'musl' {
  try {
    return MUSL.test(readFileSync('/proc/self/maps', 'latin1')) ? 'musl' : 'glibc';
  } catch {
    // Without /proc. This takes long, and asks the network where there is one.
    // untested: without /proc there are no tests
    const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  }
}

/** What a half-finished download or a full disk has left of an addon takes the process with it when it is run. */
function check(prebuilds: string, file: string): void {
  const path = join(prebuilds, file);
  const sums = join(prebuilds, 'SHA256SUMS');
  try {
    // Large, and so not loaded before it is needed.
    const { createHash } = process.getBuiltinModule('node:crypto');
    const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
    if (readFileSync(sums, 'latin1').includes(`${sum}  ${file}\n`)) return;
  } catch (cause) {
    throw broken(`${path} cannot be compared with ${sums}: ${(cause as Error).message}; ${AGAIN}`, cause);
  }
  throw broken(`${path} is damaged, since it is not what ${sums} says: ${AGAIN}`);
}

function open(path: string): unknown {
  try {
    return require(path);
  } catch (cause) {
    const why = (cause as Error).message.split('\n', 1)[0];
    throw broken(`sockdiag's native addon ${path} cannot be loaded: ${why}; ${AGAIN}, or ${BUILD}`, cause);
  }
}

function missing(files: readonly string[]): SockDiagError {
  const system = `linux-${process.arch} with ${libc()}`;
  const where = `there is no ${files.join(' and no ')}`;
  if (ARCHITECTURES.includes(process.arch)) {
    return broken(`sockdiag's native addon for ${system} is missing (${where}): ${AGAIN}, or ${BUILD}`);
  }
  return unsupported(`sockdiag brings no native addon for ${system} (${where}): ${BUILD}`);
}

function unsupported(message: string): SockDiagError {
  return new SockDiagError(message, { code: 'ERR_SOCKDIAG_UNSUPPORTED' });
}

function broken(message: string, cause?: unknown): SockDiagError {
  return new SockDiagError(message, { code: 'ERR_SOCKDIAG_ADDON', cause });
}
