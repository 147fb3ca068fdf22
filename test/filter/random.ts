/** Random filters and random records, the same ones for the same seed. */
export { NAMES, Random } from './random-choice.js';
export { randomExpression, type Shape } from './random-expressions.js';
export { randomInetRecord, randomRecord } from './random-records.js';
