/** What the targets have come to, in words. */

/**
 * @typedef {object} Limits
 * @property {number} [seconds]
 * @property {number} [runs] instead of seconds
 * @property {number} seed
 */

/**
 * @typedef {object} Found
 * @property {string} message
 * @property {number} [seed] of the input, which makes the same again
 * @property {string} [kept] the path of the smallest input found
 */

/**
 * @typedef {object} Report
 * @property {number} executions
 * @property {number} seconds
 * @property {string} figures of what was reached
 * @property {Found} [finding]
 */

/**
 * @param {string} name of the target
 * @param {Report} report
 */
export function printReport(name, { executions, seconds, figures, finding }) {
  const findings = finding === undefined ? 'no findings' : 'A FINDING';
  const count = executions.toLocaleString('en');
  console.log(`${name}: ${count} executions in ${Math.round(seconds)} s, ${findings}`);
  console.log(`    ${figures}`);
  if (finding === undefined) return;
  console.log(`\n${finding.message}\n`);
  if (finding.kept !== undefined) {
    console.log(`    kept in ${finding.kept}\n    npm run fuzz -- --input ${finding.kept} ${name}`);
  }
  if (finding.seed !== undefined) console.log(`    npm run fuzz -- --seed ${finding.seed} --runs 1 ${name}`);
}
