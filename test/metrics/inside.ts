/** A collector in another network namespace, in a process of its own: the ends of sockets are told within one. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Collection } from '../../lib/metrics/index.js';

const PROGRAM = join(import.meta.dirname, 'programs/closed.mjs');

export class Inside {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Listens already when it is there. */
  static async enter(pid: number): Promise<Inside> {
    const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, PROGRAM]);
    child.stderr.pipe(process.stderr);
    const inside = new Inside(child);
    await inside.#lines.next();
    return inside;
  }

  async collect(): Promise<Collection> {
    return (await this.#ask('collect')) as Collection;
  }

  /** In both formats. */
  async texts(): Promise<[prometheus: string, openmetrics: string]> {
    return (await this.#ask('text')) as [string, string];
  }

  /** Answers its exit code: it ends by itself when its input does. */
  async end(): Promise<number | null> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    return (await ended)[0];
  }

  async #ask(line: string): Promise<unknown> {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the collector has ended: what it said stands above');
    return JSON.parse(value);
  }
}
