/** Parts of pages that programs write, between two remarks that nobody sees. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/**
 * @param {string} page its path in the repository
 * @param {string} name of the part
 * @param {string} text
 */
export function writeMarked(page, name, text) {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->\n`];
  const file = join(ROOT, page);
  const [head, rest] = readFileSync(file, 'utf8').split(start);
  const [, tail] = rest?.split(end) ?? [];
  if (head === undefined || tail === undefined)
    throw new Error(`${page} lacks ${start.trim()} and ${end.trim()}`);
  writeFileSync(file, `${head}${start}${text.trimEnd()}\n${end}${tail}`);
}
