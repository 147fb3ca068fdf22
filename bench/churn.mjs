/**
 * How many sockets dumps lose that were there all the time, and how many they give twice, while others are opened and closed
 * beside them: `npm run bench:churn`. README.md tells how it is measured.
 */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { dumpTcp, dumpUdp, dumpUnix } from 'sockdiag';
import { cleanUpAtExit, temporaryDirectory } from './lifetime.mjs';
import { LineProcess } from './line-process.mjs';
import { describeMachine, machineText } from './machine.mjs';
import { compile } from './programs.mjs';
import { ratios, spread } from './statistics.mjs';
import { table } from './table.mjs';

const START_LIMIT = 60_000;
/** What is promised of the consistent dump. */
const LEAST_RECALL = 0.9999;

const SS = 'ss';
const PLAIN = 'sockdiag';
const CONSISTENT = 'sockdiag, consistent: true';

/** @typedef {{ netns: number, consistent?: boolean }} Options */
/** @typedef {{ cookie: string }} Told */

/**
 * @typedef {object} Kind
 * @property {string} name which churn.c knows
 * @property {number} stable sockets that stay
 * @property {number} passing others, each of which is closed and opened anew in turn
 * @property {(options: Options) => import('sockdiag').Dump<Told>} dump
 * @property {string} words of ss
 */

/** @type {readonly Kind[]} */
const KINDS = [
  {
    name: 'listeners',
    stable: 1504,
    passing: 200,
    dump: (options) => dumpTcp({ states: ['LISTEN'], ...options }),
    words: '-tlneH',
  },
  { name: 'connections', stable: 8000, passing: 500, dump: dumpTcp, words: '-taneH' },
  { name: 'datagrams', stable: 1504, passing: 200, dump: dumpUdp, words: '-uaneH' },
  { name: 'unix', stable: 8000, passing: 500, dump: dumpUnix, words: '-xaneH' },
];

/** A namespace with both sorts of sockets. */
class Churn {
  #process;
  pid;
  /** @type {readonly (readonly [cookie: string, inode: string])[]} */
  stable;

  /**
   * @param {LineProcess} process
   * @param {number} pid
   * @param {Churn['stable']} stable
   */
  constructor(process, pid, stable) {
    this.#process = process;
    this.pid = pid;
    this.stable = stable;
  }

  /**
   * @param {string} program
   * @param {Kind} kind
   */
  static async start(program, { name, stable, passing }) {
    const lines = new LineProcess(['unshare', '--net', program, name, String(stable), String(passing)]);
    const pid = Number(/^ready (\d+)$/.exec(await lines.nextLine(START_LIMIT))?.[1]);
    const names = (await lines.nextLine(START_LIMIT)).trim().split(' ');
    const pairs = names.map((pair) => /** @type {[string, string]} */ (pair.split(':')));
    if (pairs.length !== stable) throw new Error(`churn made ${pairs.length} sockets, not ${stable}`);
    return new Churn(lines, pid, pairs);
  }

  async end() {
    await this.#process.end();
  }
}

/**
 * What ss tells of each socket: its cookie, or of unix sockets, where it does not, the inode number.
 *
 * @param {Churn} churn
 * @param {Kind} kind
 */
function askSs({ pid }, { words }) {
  const command = [`--net=/proc/${pid}/ns/net`, 'ss', words];
  const text = execFileSync('nsenter', command, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  const pattern = words.startsWith('-x') ? /^(?:\S+ +){4}\S+ (\d+) /gm : / sk:([0-9a-f]+)/g;
  return Array.from(text.matchAll(pattern), ([, name = '']) => name);
}

/** @typedef {{ missed: number, short: number, repeats: number, times: number[] }} Tally */

/** @type {Record<string, (churn: Churn, kind: Kind) => Promise<string[]>>} */
const WAYS = {
  [SS]: async (churn, kind) => askSs(churn, kind),
  [PLAIN]: async ({ pid }, { dump }) => (await dump({ netns: pid }).toArray()).map(({ cookie }) => cookie),
  [CONSISTENT]: async ({ pid }, { dump }) =>
    (await dump({ netns: pid, consistent: true }).toArray()).map(({ cookie }) => cookie),
};

/**
 * @param {Churn} churn
 * @param {Kind} kind
 * @param {number} dumps of each way
 */
async function tally(churn, kind, dumps) {
  /** @type {Map<string, Tally>} */
  const tallies = new Map(
    Object.keys(WAYS).map((way) => [way, { missed: 0, short: 0, repeats: 0, times: [] }]),
  );
  for (let round = 0; round < dumps; round++) {
    for (const [name, way] of Object.entries(WAYS)) {
      const own = /** @type {Tally} */ (tallies.get(name));
      const before = performance.now();
      const names = await way(churn, kind);
      own.times.push(performance.now() - before);
      const column = name === SS && kind.name === 'unix' ? 1 : 0;
      const found = new Set(names);
      const missed = churn.stable.filter((pair) => !found.has(pair[column])).length;
      own.missed += missed;
      own.short += missed > 0 ? 1 : 0;
      own.repeats += names.length - found.size;
    }
  }
  return tallies;
}

/**
 * @param {Kind} kind
 * @param {Map<string, Tally>} tallies
 * @param {number} dumps
 */
function rowsOf(kind, tallies, dumps) {
  const plain = tallies.get(PLAIN)?.times ?? [];
  return [...tallies].map(([name, { missed, short, repeats, times }]) => [
    `${kind.name}: ${name}`,
    `${(100 * (1 - missed / (dumps * kind.stable))).toFixed(4)} %`,
    String(missed),
    String(short),
    String(repeats),
    (spread(ratios(times, plain))?.median ?? 0).toFixed(2),
  ]);
}

async function main() {
  const { values } = parseArgs({
    options: {
      dumps: { type: 'string', default: '200' },
      only: { type: 'string', multiple: true },
      check: { type: 'boolean', default: false },
    },
  });
  if (process.getuid?.() !== 0) throw new Error('needs root: it makes network namespaces');
  const dumps = Number(values.dumps);
  if (!(dumps >= 1)) throw new Error('--dumps is how many, at least 1');
  const kinds = KINDS.filter(({ name }) => values.only?.includes(name) ?? true);
  if (kinds.length === 0) throw new Error(`--only is one of ${KINDS.map(({ name }) => name).join(', ')}`);
  cleanUpAtExit();
  const program = compile('churn', temporaryDirectory());
  console.log(`${machineText(describeMachine())}\n`);
  const rows = [[`${dumps} dumps of each`, 'recall', 'missed', 'dumps that miss', 'repeats', `× ${PLAIN}`]];
  let isKept = true;
  for (const kind of kinds) {
    const churn = await Churn.start(program, kind);
    const tallies = await tally(churn, kind, dumps);
    await churn.end();
    rows.push(...rowsOf(kind, tallies, dumps));
    const { missed = 0, repeats = 0 } = tallies.get(CONSISTENT) ?? {};
    isKept &&= repeats === 0 && missed <= (1 - LEAST_RECALL) * dumps * kind.stable;
  }
  console.log(table(rows).join('\n'));
  console.log(`\nconsistent: recall of at least 99.99 %, and no repeats: ${isKept ? 'kept' : 'MISSED'}`);
  if (values.check && !isKept) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
