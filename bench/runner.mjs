/** One contender at work: its process, and what has been measured of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LineProcess } from './line-process.mjs';

/** @typedef {import('./contenders.mjs').Contender} Contender */

/**
 * @typedef {object} Measurement
 * @property {string} name
 * @property {boolean} isSlow
 * @property {string | undefined} reason why there are no figures, or no more of them
 * @property {number | undefined} rows the fewest that it found in any run
 * @property {(number | undefined)[]} ms by round; nothing where it took no part, or was disturbed
 * @property {number[]} memory bytes above the start, at the peak
 * @property {number[]} pauses milliseconds
 */

const RUN_LIMIT = 60_000;

/** What takes this long in its first run is run less often. */
const SLOW_MS = 1500;

/** Lets what a run leaves behind on other threads (garbage collection, mostly) come to its end. */
const SETTLE_MS = 20;

const BYTES_PER_KB = 1024;

export class Runner {
  /** @type {LineProcess | undefined} */
  #process;
  #command;
  contender;
  /** @type {Measurement} */
  measurement;

  /**
   * @param {Contender} contender
   * @param {readonly string[]} command
   */
  constructor(contender, command) {
    this.contender = contender;
    this.#command = command;
    const { name } = contender;
    this.measurement = {
      name,
      isSlow: false,
      reason: undefined,
      rows: undefined,
      ms: [],
      memory: [],
      pauses: [],
    };
  }

  get isSlow() {
    return this.measurement.isSlow;
  }

  get pid() {
    return this.#process?.pid;
  }

  get isOut() {
    return this.measurement.reason !== undefined;
  }

  /** @param {string | undefined} reason */
  leaveOut(reason) {
    this.measurement.reason ??= reason;
  }

  /** The first run of all, uncounted. */
  async warmUp() {
    const ms = await this.#run();
    if (ms !== undefined && ms > SLOW_MS) this.measurement.isSlow = true;
  }

  /** @param {number} round */
  async time(round) {
    this.measurement.ms[round] = await this.#run();
  }

  async #run() {
    return this.#attempt(async (process) => {
      const { ms, rows } = await process.ask('run', RUN_LIMIT);
      if (rows !== undefined) this.measurement.rows = Math.min(rows, this.measurement.rows ?? rows);
      return ms;
    });
  }

  /** @param {readonly number[]} rounds */
  keepRounds(rounds) {
    this.measurement.ms = this.measurement.ms.map((ms, round) => (rounds.includes(round) ? ms : undefined));
  }

  /** @param {readonly number[]} passes */
  keepPauses(passes) {
    this.measurement.pauses = this.measurement.pauses.filter((_, pass) => passes.includes(pass));
  }

  async pause() {
    const ms = await this.#attempt(async (process) => (await process.ask('pause', RUN_LIMIT)).ms);
    if (ms !== undefined) this.measurement.pauses.push(ms);
  }

  /** In a process of its own, since memory that was once taken is seldom given back. */
  async memory() {
    await this.end();
    const bytes = await this.#attempt(async (process) => {
      if (this.contender.who !== 'floor') await process.ask('tiny', RUN_LIMIT);
      return peakDuring(process.pid, () => process.ask('run', RUN_LIMIT));
    });
    if (bytes !== undefined) this.measurement.memory.push(bytes);
    await this.end();
  }

  /** @param {string} question */
  async ask(question) {
    return this.#attempt((process) => process.ask(question, RUN_LIMIT));
  }

  async end() {
    const process = this.#process;
    this.#process = undefined;
    await process?.end();
  }

  /**
   * @template T
   * @param {(process: LineProcess) => Promise<T>} act
   * @returns {Promise<T | undefined>}
   */
  async #attempt(act) {
    if (this.isOut) return undefined;
    this.#process ??= new LineProcess(this.#command);
    try {
      const result = await act(this.#process);
      await delay(SETTLE_MS);
      return result;
    } catch (error) {
      this.leaveOut(/** @type {Error} */ (error).message);
      // It may be busy still.
      const process = this.#process;
      this.#process = undefined;
      await process?.end(0);
      return undefined;
    }
  }
}

/**
 * @param {number} pid
 * @param {() => Promise<unknown>} run
 */
async function peakDuring(pid, run) {
  // Makes the peak so far what there is now.
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = statusKb(pid, 'VmRSS');
  await run();
  return (statusKb(pid, 'VmHWM') - before) * BYTES_PER_KB;
}

/**
 * @param {number} pid
 * @param {string} field
 */
function statusKb(pid, field) {
  const match = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(
    readFileSync(`/proc/${pid}/status`, 'latin1'),
  );
  if (match === null) throw new Error(`/proc/${pid}/status has no ${field}`);
  return Number(match[1]);
}
