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
  writeFileSync(join(ROOT, page), withPart(page, name, text));
}

/**
 * Whether it is what would be written.
 *
 * @param {string} page
 * @param {string} name
 * @param {string} text
 */
export function isMarked(page, name, text) {
  return readFileSync(join(ROOT, page), 'utf8') === withPart(page, name, text);
}

/**
 * @param {string} page
 * @param {string} name
 * @param {string} text
 */
function withPart(page, name, text) {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->\n`];
  const [head, rest] = readFileSync(join(ROOT, page), 'utf8').split(start);
  const [, tail] = rest?.split(end) ?? [];
  if (head === undefined || tail === undefined)
    throw new Error(`${page} lacks ${start.trim()} and ${end.trim()}`);
  return `${head}${start}${text.trimEnd()}\n${end}${tail}`;
}
