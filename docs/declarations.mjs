/** Exported types in TypeScript that Biome has formatted, with their docstrings. */

/**
 * @typedef {object} Member
 * @property {string} name with `?` where it may be absent
 * @property {string} type
 * @property {string} doc
 */

/**
 * @typedef {object} Declaration
 * @property {string} name
 * @property {string} doc
 * @property {string} bases what an interface extends
 * @property {Member[]} members of an interface
 * @property {string} text what a type is an alias of
 */

const DOC = String.raw`(?: *\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?`;
const INTERFACE = new RegExp(
  `^${DOC}export interface (\\w+)(?:<[^>]*>)?(?:\\s+extends ([^{]*?))? \\{\n([\\s\\S]*?)^\\}`,
  'gm',
);
const EMPTY = new RegExp(`^${DOC}export interface (\\w+)(?: extends ([^{]*?))? \\{\\}`, 'gm');
const TYPE = new RegExp(`^${DOC}export type (\\w+)(?:<[^>]*>)? =([^;]*(?:;(?!\n\n)[^;]*?\\})*);`, 'gm');
const MEMBER = new RegExp(`^${DOC}  (?:readonly )?(\\w+\\??): ([\\s\\S]*?);$`, 'gm');

/**
 * @param {string} source
 * @returns {Declaration[]}
 */
export function readDeclarations(source) {
  const interfaces = [...source.matchAll(INTERFACE), ...source.matchAll(EMPTY)].map(
    ([, doc, name = '', bases = '', body = '']) => ({
      name,
      doc: plain(doc),
      bases: oneLine(bases),
      members: readMembers(body),
      text: '',
    }),
  );
  const types = [...source.matchAll(TYPE)].map(([, doc, name = '', text = '']) => ({
    name,
    doc: plain(doc),
    bases: '',
    members: [],
    text: oneLine(text).replace(/^\| /, ''),
  }));
  return [...interfaces, ...types];
}

/** @param {string} body of an interface */
function readMembers(body) {
  return [...body.matchAll(MEMBER)].map(([, doc, name = '', type = '']) => ({
    name,
    type: oneLine(type).replace(/ \| undefined$/, ''),
    doc: plain(doc),
  }));
}

/** @param {string | undefined} doc what stands between the marks of a docstring */
function plain(doc = '') {
  const lines = doc.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trim());
  return lines
    .join('\n')
    .replaceAll(/\n\n@[\s\S]*$/g, '')
    .trim()
    .replaceAll(/\n\n/g, ' ')
    .replaceAll('\n', ' ');
}

/** @param {string} text */
function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').trim();
}
