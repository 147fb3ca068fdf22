/** A collector in another network namespace, in a process of its own: the ends of sockets are told within one. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import type { Collection } from '../../lib/metrics/index.js';
import { Asked } from '../children.js';

const PROGRAM = join(import.meta.dirname, 'programs/closed.mjs');

export class Inside {
  readonly #program: Asked;

  private constructor(program: Asked) {
    this.#program = program;
  }

  /** Listens already when it is there. */
  static async enter(pid: number): Promise<Inside> {
    const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, PROGRAM]);
    return new Inside(await Asked.ready(child));
  }

  async collect(): Promise<Collection> {
    return (await this.#program.ask('collect')) as Collection;
  }

  /** In both formats. */
  async texts(): Promise<[prometheus: string, openmetrics: string]> {
    return (await this.#program.ask('text')) as [string, string];
  }

  /** Answers its exit code. */
  end(): Promise<number | null> {
    return this.#program.end();
  }
}
