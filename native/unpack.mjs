/** Packages of npm's registry, unpacked and kept. Nothing is installed, and nothing that they bring is run. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} source as npm takes it, `name@version`
 * @param {string} cache a folder
 * @param {object} options
 * @param {(manifest: { version: string }) => string} options.nameOf what of the cache it becomes, when it is whole
 * @param {string} [options.integrity] what its checksum must be
 * @returns {string} that name
 */
export function unpackPackage(source, cache, { nameOf, integrity }) {
  console.log(`fetching ${source}`);
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  try {
    // Of the package's files alone: what it is made for, npm would ask about before it installed it.
    const words = ['pack', '--silent', source];
    const archive = join(
      unfinished,
      execFileSync('npm', words, { cwd: unfinished, encoding: 'utf8' }).trim(),
    );
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (integrity !== undefined && found !== integrity)
      throw new Error(`${source} has the checksum ${found}`);
    execFileSync('tar', ['-xzf', archive, '-C', unfinished, '--strip-components=1']);
    rmSync(archive);
    const name = nameOf(JSON.parse(readFileSync(join(unfinished, 'package.json'), 'utf8')));
    rmSync(join(cache, name), { recursive: true, force: true });
    renameSync(unfinished, join(cache, name));
    return name;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
