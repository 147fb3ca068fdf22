/** A program that is spoken to in lines: one line in, one line of JSON out. */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { endGroup, startGroup } from './lifetime.mjs';

const STDERR_KEPT = 2000;

export class LineProcess {
  #child;
  #lines;
  #stderr = '';
  #exited;
  #isOver = false;

  /**
   * @param {readonly string[]} command
   * @param {Record<string, string>} [environment]
   */
  constructor(command, environment) {
    this.#child = startGroup(command, environment);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.once('error', (error) => {
        this.#stderr += error.message;
        resolve(undefined);
      });
    }).then(() => {
      this.#isOver = true;
    });
    // A program that has died is noticed by its exit; writing to it fails as well, and says less.
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid() {
    return /** @type {number} */ (this.#child.pid);
  }

  get isOver() {
    return this.#isOver;
  }

  /**
   * @param {number} limit milliseconds
   * @returns {Promise<string>} the next line that the program prints
   */
  async nextLine(limit) {
    const timer = new AbortController();
    try {
      const late = delay(limit, 'late', { signal: timer.signal });
      const line = await Promise.race([this.#lines.next(), late]);
      if (line === 'late') throw new TimeLimitError(limit);
      if (typeof line === 'object' && !line.done) return line.value;
    } finally {
      timer.abort();
    }
    await this.#exited;
    throw new Error(this.#stderr.trim() || `ended with ${this.#child.signalCode ?? this.#child.exitCode}`);
  }

  /**
   * @param {string} question
   * @param {number} limit milliseconds
   * @returns {Promise<any>}
   */
  async ask(question, limit) {
    this.#child.stdin.write(`${question}\n`);
    const answer = JSON.parse(await this.nextLine(limit));
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  /** Closes the program's input, on which it ends; if it does not, it is ended. */
  async end(patience = 2000) {
    this.#child.stdin.end();
    const timer = new AbortController();
    const late = delay(patience, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.#exited, late]);
    timer.abort();
    endGroup(this.pid);
    await this.#exited;
  }
}

export class TimeLimitError extends Error {
  /** @param {number} limit milliseconds */
  constructor(limit) {
    super(`took longer than ${limit / 1000} s`);
  }
}
