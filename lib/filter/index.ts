/**
 * The filter language of ss(8): as text, as a tree, as a program for the kernel, and as a test of records.
 *
 * @module sockdiag/filter
 */
export * from './builder.js';
export { disassemble } from './disassemble.js';
export { FilterSyntaxError, type TextSyntaxError } from './error.js';
export { type Explanation, explain } from './explain.js';
export { type MatchOptions, match, matcher } from './match.js';
export type { Filter } from './option.js';
export { parse } from './parser.js';
export { type Features, type Plan, type PlanOptions, plan } from './plan.js';
export { print } from './print.js';
export { type ResolveOptions, resolve } from './resolve.js';
export type * from './tree.js';
