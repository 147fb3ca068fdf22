/** The command line. */
import { parseArgs } from 'node:util';
import { FILTERED_KINDS } from './selections.mjs';

/** @typedef {import('./population.mjs').PopulationSize} PopulationSize */

/**
 * @typedef {object} Options
 * @property {PopulationSize[]} populations
 * @property {number | undefined} rounds for every population; without it, by size
 * @property {string | undefined} json
 * @property {boolean} check
 * @property {boolean} help
 */

/** @type {readonly import('./population.mjs').Kind[]} */
const KINDS = ['tcp', 'tcp-info', 'metrics', ...FILTERED_KINDS, 'owners', 'lookup', 'unix'];

const DEFAULT = [
  ...['tcp:10', 'tcp:1000', 'tcp:20000', 'tcp:100000', 'tcp-info:100000', 'metrics:100000'],
  ...FILTERED_KINDS.map((kind) => `${kind}:100000`),
  'owners:100000',
  'lookup:100000',
  'unix:10000',
];
const QUICK = ['tcp:1000', 'tcp:20000'];
const QUICK_ROUNDS = 5;

export const HELP = `Usage: npm run bench -- [options]

Measures what reading sockets costs, beside other ways to do it. Needs root, a C compiler, unshare, nsenter and ss.

  --only KIND:COUNT  this population only; may be given several times (tcp:100000, unix:10000). The kinds:
                     tcp, unix    all sockets
                     tcp-info     all, and tcp_info of each
                     metrics      all, with tcp_info and the memory of each, in numbers
                     tcp-none, tcp-hundredth, tcp-half
                                  those that a filter wants: none, one in a hundred, half of them
                     owners       all TCP sockets, and the processes that hold each
                     lookup       one connection among them, so many times
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
  const [name, ...count] = text.split(':');
  const kind = KINDS.find((known) => known === name);
  if (kind === undefined || count.length !== 1) {
    throw new Error(`--only takes KIND:COUNT, KIND being one of ${KINDS.join(', ')}, not '${text}'`);
  }
  return { kind, count: positive(/** @type {string} */ (count[0]), `--only ${kind}`) };
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
