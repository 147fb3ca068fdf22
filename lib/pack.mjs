/**
 * Makes the package: `npm run pack`. It is what `npm pack` makes of dist/, prebuilds/ and the rest, but for the manifest:
 * that of this repository has a script `prepare` for who clones it, which npm 11 and 12 take for one that is to be
 * approved by whoever installs the package.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';

const ROOT = dirname(import.meta.dirname);

/** What nobody needs who has the package. */
const OURS = ['scripts', 'devDependencies', 'gypfile'];

/**
 * @param {string} destination a directory, which is made if it is not there
 * @returns {string} the path of the tarball
 */
export function pack(destination) {
  const folder = mkdtempSync(join(tmpdir(), 'sockdiag-pack-'));
  try {
    const whole = npmPack(ROOT, folder);
    execFileSync('tar', ['-xzf', whole, '-C', folder]);
    const staged = join(folder, 'package');
    rewrite(join(staged, 'package.json'));
    return npmPack(staged, resolve(destination));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} from
 * @param {string} destination
 */
function npmPack(from, destination) {
  // npm would fail, and not say why.
  mkdirSync(destination, { recursive: true });
  // Without scripts, which would build the addon.
  const words = ['pack', '--ignore-scripts', '--silent', `--pack-destination=${destination}`];
  return join(destination, execFileSync('npm', words, { cwd: from, encoding: 'utf8' }).trim());
}

/** @param {string} path of a manifest */
function rewrite(path) {
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  for (const name of OURS) delete manifest[name];
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}

if (process.argv[1] === import.meta.filename) console.log(pack(process.argv[2] ?? ROOT));
