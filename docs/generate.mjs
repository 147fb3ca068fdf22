/**
 * Writes docs/records.md, the reference of all records, from the docstrings of lib.
 *
 *   node docs/generate.mjs          writes it
 *   node docs/generate.mjs --check  fails if it is not what would be written
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { readDeclarations } from './declarations.mjs';
import { OUTLINE } from './outline.mjs';

/** @typedef {import('./declarations.mjs').Declaration} Declaration */

const LIB = path.join(import.meta.dirname, '../lib');
const PAGE = path.join(import.meta.dirname, 'records.md');

const HEAD = `# Records

Every field of every record, and every option. Generated from the docstrings by \`npm run docs\`: what an editor shows is
what stands here.

The names are the kernel's own, without their prefix, in camelCase. A property with \`?\` is absent where the kernel
did not send it, or where nobody asked for it. Numbers of 64 bits are exact up to 2^53 - 1. A name that a newer
kernel may have one day reads \`unknown_N\` (of states \`UNKNOWN_N\`).
`;

/** What has records of its own. */
const MODULES = ['index.ts', 'proc/index.ts', 'metrics/index.ts'];

/** @returns {Map<string, Declaration>} all that the modules export, by name */
function publicDeclarations() {
  const index = MODULES.map((file) => readFileSync(path.join(LIB, file), 'utf8')).join('\n');
  const exported = new Set(
    [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.replace(/^\s*(type )?/, '').trim()),
    ),
  );
  const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const all = files.flatMap((file) => readDeclarations(readFileSync(path.join(LIB, file), 'utf8')));
  return new Map(
    all.filter(({ name }) => exported.has(name)).map((declaration) => [declaration.name, declaration]),
  );
}

/** @param {Map<string, Declaration>} declarations */
function page(declarations) {
  const named = OUTLINE.flatMap(({ types }) => types);
  const forgotten = [...declarations.keys()].filter((name) => !named.includes(name));
  if (forgotten.length > 0) throw new Error(`not in docs/outline.mjs: ${forgotten.join(', ')}`);
  const contents = OUTLINE.map(({ title }) => `- [${title}](#${anchor(title)})`).join('\n');
  const sections = OUTLINE.map(({ title, types }) => {
    const parts = types.map((name) => section(name, declarations));
    return `## ${title}\n\n${parts.join('\n')}`;
  });
  return [HEAD, `${contents}\n`, ...sections].join('\n');
}

/**
 * @param {string} name
 * @param {Map<string, Declaration>} declarations
 */
function section(name, declarations) {
  const declaration = declarations.get(name);
  if (declaration === undefined) throw new Error(`docs/outline.mjs: nothing exported is called ${name}`);
  const { doc, bases, members, text } = declaration;
  const untold = members.filter((member) => member.doc === '').map((member) => member.name);
  if (untold.length > 0) throw new Error(`${name} has members without a docstring: ${untold.join(', ')}`);
  const link = (/** @type {string} */ code) => linked(code, declarations);
  const lines = [`### ${name}`, ''];
  if (doc !== '') lines.push(doc, '');
  if (bases !== '') lines.push(`It has what ${link(bases)} has, and:`, '');
  // Templates of text are not to be read there: the docstring says what they stand for.
  if (text !== '' && !text.includes('`')) lines.push(link(text), '');
  if (members.length > 0) {
    lines.push('| property | type | |', '| --- | --- | --- |');
    for (const member of members) {
      const cells = [`\`${member.name}\``, link(member.type), member.doc];
      lines.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

/**
 * Code, with the names that are told of on this page as links.
 *
 * @param {string} code
 * @param {Map<string, Declaration>} declarations
 */
function linked(code, declarations) {
  const names = [...declarations.keys()].join('|');
  // In quotes it is a value, though it may be called like a type.
  const parts = code.split(new RegExp(`(?<!')\\b(${names})\\b(?!')`));
  return parts
    .map((part, i) => {
      if (i % 2 === 1) return `[\`${part}\`](#${anchor(part)})`;
      return part.trim() === '' ? '' : `\`${part.trim()}\``;
    })
    .filter((part) => part !== '')
    .join(' ');
}

/** @param {string} title */
function anchor(title) {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

const text = page(publicDeclarations());
if (process.argv[2] === '--check') {
  if (text !== readFileSync(PAGE, 'utf8')) {
    console.error('docs/records.md is not up to date: npm run docs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(PAGE, text);
}
