// The licences of what is bundled, as these ask for: a notice for each package that a part of is in dist/.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {readonly string[]} files modules
 * @returns {string} nothing where all of them are our own
 */
export function noticesOf(files) {
  /** @type {Map<string, string[]>} */
  const packages = new Map();
  for (const file of files) {
    const [directory] = file.match(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/) ?? [];
    if (directory !== undefined) packages.set(directory, [...(packages.get(directory) ?? []), file]);
  }
  return [...packages]
    .sort()
    .map(([directory, modules]) => noticeOf(directory, modules))
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/**
 * @param {string} directory
 * @param {readonly string[]} modules
 */
function noticeOf(directory, modules) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? copyrightIn(modules) : readFileSync(join(directory, file), 'utf8');
  if (text === undefined) throw new Error(`${name} has no licence to pass on`);
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

/**
 * Some packages have it at the head of their files only.
 *
 * @param {readonly string[]} modules
 */
function copyrightIn(modules) {
  const comments = modules.flatMap((file) => readFileSync(file, 'utf8').match(/\/\*.*?\*\//s) ?? []);
  return comments.find((comment) => /copyright/i.test(comment));
}
