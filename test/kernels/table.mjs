/** What ran under the kernels, as a table: on the terminal, and in docs/kernels.md. */

import { writeMarked } from '../marked.mjs';
import { DUMPS } from './dumps.mjs';

/** @typedef {import('./kernels.mjs').Ability} Ability */

/**
 * @typedef {object} Report what was seen under a kernel; what failed is not in it
 * @property {string} release as `uname -r` tells it
 * @property {string} arch
 * @property {Record<string, number>} sockets how many of a kind were dumped, and found to be those that were made
 * @property {Record<string, 'family' | 'protocol'>} lacks the kinds of which a dump was refused as it should be
 * @property {Partial<Record<Ability, boolean>>} can
 * @property {string[]} untold the fields that its records were seen not to have, and those of other kernels have
 */

/** @typedef {{ kernel: import('./kernels.mjs').Kernel, report: Report }} Column */

/** @type {Readonly<Record<Ability, string>>} */
const ABILITIES = {
  BOUND_INACTIVE: 'sockets that are bound and nothing more, of TCP and DCCP',
  'destroy TIME_WAIT': 'destroying what is left of a TCP connection',
  'owners by BPF': 'owners told by a program in the kernel',
};

/** @param {readonly Column[]} columns */
export function tableOf(columns) {
  const lines = [
    ['Linux', ...columns.map(({ report }) => report.release)],
    ['---', ...columns.map(() => '---:')],
    ['processor', ...columns.map(({ report }) => report.arch)],
    ...Object.keys(DUMPS).map((kind) => [kind, ...columns.map(({ report }) => countOf(kind, report))]),
    ...abilities().map(([ability, words]) => [
      words,
      ...columns.map(({ report }) => told(report.can[ability])),
    ]),
  ];
  return [...lines.map((cells) => `| ${cells.join(' | ')} |`), '', ...columns.flatMap(notes)].join('\n');
}

function abilities() {
  return /** @type {[Ability, string][]} */ (Object.entries(ABILITIES));
}

/**
 * @param {string} kind
 * @param {Report} report
 */
function countOf(kind, { sockets, lacks }) {
  const count = sockets[kind];
  if (count !== undefined) return String(count);
  return lacks[kind] === undefined ? 'FAILED' : `no handler for the ${lacks[kind]}`;
}

/** @param {boolean | undefined} can */
function told(can) {
  if (can === undefined) return 'FAILED';
  return can ? 'yes' : 'no';
}

/**
 * What the tests have seen that the table has no room for.
 *
 * @param {Column} column
 */
function notes({ kernel: { absent }, report: { release, untold } }) {
  const words = [
    ...(absent.length > 0 ? [`there are no sockets of these kinds: ${absent.join(', ')}`] : []),
    ...(untold.length > 0 ? [`records have no ${byParent(untold)}`] : []),
  ];
  return words.length > 0 ? [`- Under ${release} ${words.join('; ')}`] : [];
}

/**
 * Fields by the object that they are in: `a.b` (c, d).
 *
 * @param {readonly string[]} fields
 */
function byParent(fields) {
  /** @type {Map<string, string[]>} */
  const parents = new Map();
  for (const field of fields) {
    const at = field.lastIndexOf('.');
    const [parent, name] = [field.slice(0, at), field.slice(at + 1)];
    parents.set(parent, [...(parents.get(parent) ?? []), name]);
  }
  return Array.from(parents, ([parent, names]) => `\`${parent}\` (${names.join(', ')})`).join(', ');
}

/** @param {readonly Column[]} columns */
export function writeTable(columns) {
  const date = new Date().toISOString().slice(0, 10);
  writeMarked('docs/kernels.md', 'kernels', `Run on ${date}:\n\n${tableOf(columns)}`);
}
