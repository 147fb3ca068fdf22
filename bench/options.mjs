/** The command line. */
import { parseArgs } from 'node:util';

/** @typedef {import('./population.mjs').PopulationSize} PopulationSize */

/**
 * @typedef {object} Options
 * @property {PopulationSize[]} populations
 * @property {number | undefined} rounds for every population; without it, by size
 * @property {string | undefined} json
 * @property {boolean} check
 * @property {boolean} help
 */

const DEFAULT = ['tcp:10', 'tcp:1000', 'tcp:20000', 'tcp:100000', 'tcp-info:100000', 'unix:10000'];
const QUICK = ['tcp:1000', 'tcp:20000'];
const QUICK_ROUNDS = 5;

export const HELP = `Usage: npm run bench -- [options]

Measures what reading sockets costs, beside other ways to do it. Needs root, a C compiler, unshare, nsenter and ss.

  --only KIND:COUNT  this population only; may be given several times (tcp:100000, tcp-info:100000,
                     unix:10000)
  --rounds N         so many rounds for every population
  --quick            ${QUICK.join(' and ')}, ${QUICK_ROUNDS} rounds
  --json FILE        where the figures go (default: bench/results/, by date)
  --check            fail when a promised limit is missed
  --help             print this

Without options: ${DEFAULT.join(', ')}.`;

/**
 * @param {string[]} given
 * @returns {Options}
 */
export function parseOptions(given) {
  const { values } = parseArgs({
    args: given,
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = values.rounds === undefined ? undefined : positive(values.rounds, '--rounds');
  return {
    populations: (values.only ?? (values.quick ? QUICK : DEFAULT)).map(populationSize),
    rounds: rounds ?? (values.quick ? QUICK_ROUNDS : undefined),
    json: values.json,
    check: values.check,
    help: values.help,
  };
}

/**
 * @param {string} text
 * @returns {PopulationSize}
 */
function populationSize(text) {
  const match = /^(tcp|tcp-info|unix):(.*)$/.exec(text);
  if (match === null) throw new Error(`--only takes tcp:COUNT, tcp-info:COUNT or unix:COUNT, not '${text}'`);
  const kind = /** @type {import('./population.mjs').Kind} */ (match[1]);
  return { kind, count: positive(/** @type {string} */ (match[2]), `--only ${kind}`) };
}

/**
 * @param {string} text
 * @param {string} name
 */
function positive(text, name) {
  const number = Number(text.replaceAll(/[_,]/g, ''));
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${name}: '${text}' is not a number above 0`);
}
