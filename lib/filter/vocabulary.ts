/** The words and signs of the language, all of their spellings. */
import type { Comparison } from './tree.js';

export const OR: ReadonlySet<string> = new Set(['or', '|', '||']);
export const AND: ReadonlySet<string> = new Set(['and', '&', '&&']);
export const NOT: ReadonlySet<string> = new Set(['not', '!']);

/** What stands in front of the name of a state. */
export const STATE_KEYWORDS: ReadonlySet<string> = new Set(['state', 'exclude', 'excl']);

/** What a term begins with. */
export const TERM_KEYWORDS: ReadonlySet<string> = new Set([
  'state',
  'src',
  'dst',
  'sport',
  'dport',
  'dev',
  'fwmark',
  'cgroup',
  'autobound',
]);

export const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  ['=', '='],
  ['==', '='],
  ['eq', '='],
  ['!=', '!='],
  ['ne', '!='],
  ['neq', '!='],
  ['>=', '>='],
  ['ge', '>='],
  ['geq', '>='],
  ['<=', '<='],
  ['le', '<='],
  ['leq', '<='],
  ['>', '>'],
  ['gt', '>'],
  ['<', '<'],
  ['lt', '<'],
]);

/** Never a name, unless it is quoted: a word that was forgotten in front of them would change what they mean. */
export const RESERVED: ReadonlySet<string> = new Set([
  ...OR,
  ...AND,
  ...NOT,
  ...STATE_KEYWORDS,
  ...TERM_KEYWORDS,
  ...COMPARISONS.keys(),
]);
