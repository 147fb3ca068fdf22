/** Measuring on a machine that others use as well: what they disturbed is measured again. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * @typedef {object} Quiet
 * @property {number[]} kept the passes that count
 * @property {number} passes how many there were
 * @property {number} share of the processors that others had during the kept ones, 0 to 1, in the median
 */

/** Clock ticks have a hundredth of a second, and passes are short: less than this cannot be told from nothing. */
const QUIET_SHARE = 0.08;

const MOST_PASSES = 4;

/**
 * Does something until so many passes were quiet, or the patience is at its end, and keeps the quietest. They are
 * chosen by what others did, not by what was measured.
 *
 * @param {number} times
 * @param {() => readonly number[]} pids of the processes that are measured
 * @param {(pass: number) => Promise<void>} act
 * @returns {Promise<Quiet>}
 */
export async function undisturbed(times, pids, act) {
  const shares = [];
  while (shares.length < times * MOST_PASSES && shares.filter(isQuiet).length < times) {
    const before = ticks(pids());
    await act(shares.length);
    shares.push(foreignShare(before, ticks(pids())));
  }
  const byShare = shares.map((share, pass) => ({ share, pass })).toSorted((a, b) => a.share - b.share);
  const kept = byShare.slice(0, times);
  return {
    kept: kept.map(({ pass }) => pass).toSorted((a, b) => a - b),
    passes: shares.length,
    share: kept[kept.length >> 1]?.share ?? 0,
  };
}

/** @param {number} share */
function isQuiet(share) {
  return share <= QUIET_SHARE;
}

/** @typedef {{ total: number, busy: number, own: number }} Ticks of all processors, since ever */

/**
 * @param {Ticks} before
 * @param {Ticks} after
 */
function foreignShare(before, after) {
  const foreign = after.busy - before.busy - (after.own - before.own);
  return Math.max(0, foreign / Math.max(1, after.total - before.total));
}

/**
 * @param {readonly number[]} pids
 * @returns {Ticks}
 */
function ticks(pids) {
  const all = [process.pid, ...pids.flatMap((pid) => [pid, ...childrenOf(pid)])];
  const own = all.reduce((sum, pid) => sum + processTicks(pid), 0);
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] ?? '';
  // cpu user nice system idle iowait irq softirq steal; guests are in user and nice.
  const columns = line.trim().split(/ +/).slice(1, 9).map(Number);
  const total = columns.reduce((sum, column) => sum + column, 0);
  const idle = (columns[3] ?? 0) + (columns[4] ?? 0);
  return { total, busy: total - idle, own };
}

/**
 * @param {number} pid
 * @returns {number[]} those that live
 */
function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/**
 * With those of its children that have ended.
 *
 * @param {number} pid
 */
function processTicks(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Behind the name, which may hold anything: the state is the first column, utime the twelfth.
    const columns = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return columns.slice(11, 15).reduce((sum, column) => sum + Number(column), 0);
  } catch {
    return 0;
  }
}
