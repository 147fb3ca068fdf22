/** A network namespace of its own, in which a test makes what sockets it likes, by pieces of Python: see `stage.py`. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

import type { InetTuple } from '../../lib/index.js';

const SCRIPT = join(import.meta.dirname, 'stage.py');

/** What `told` of the script says of a socket. */
export interface Told {
  src: string;
  sport: number;
  dst: string | null;
  dport: number;
  cookie: string;
  inode: number;
}

/** What it is looked for by. */
export function tupleOf({ src, sport, dst, dport }: Told): InetTuple {
  return { src, sport, ...(dst === null ? {} : { dst, dport }) };
}

export class Stage {
  /** The process whose namespace it is. */
  readonly pid: number;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams, lines: AsyncIterator<string>, pid: number) {
    this.#child = child;
    this.#lines = lines;
    this.pid = pid;
  }

  static async open(): Promise<Stage> {
    const child = spawn('unshare', ['--net', 'python3', '-B', SCRIPT]);
    child.stderr.pipe(process.stderr);
    const lines: Interface = createInterface({ input: child.stdout });
    const iterator = lines[Symbol.asyncIterator]();
    return new Stage(child, iterator, (await answer(iterator)) as number);
  }

  /** Runs a piece of Python there, and gives what it leaves in `result`. One at a time. */
  async run<T = unknown>(code: string): Promise<T> {
    const indent = /^\n?( *)/.exec(code)?.[1]?.length ?? 0;
    const lines = code.split('\n').map((line) => line.slice(Math.min(indent, line.search(/\S|$/))));
    this.#child.stdin.write(`${JSON.stringify(lines.join('\n'))}\n`);
    return (await answer(this.#lines)) as T;
  }

  /** Ends it, and all that is in it. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}

async function answer(lines: AsyncIterator<string>): Promise<unknown> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error('the stage has ended');
  const { result, complaint } = JSON.parse(value) as { result?: unknown; complaint?: string };
  if (complaint !== undefined) throw new Error(complaint);
  return result;
}

/** Python: a TCP listener on port 4001 of 127.0.0.1, and three connections to it, with both of their ends. */
export const THREE_CONNECTIONS: string = `
import socket
listener = socket.create_server(('127.0.0.1', 4001))
nears = [socket.create_connection(('127.0.0.1', 4001)) for n in range(3)]
pairs = [(near, listener.accept()[0]) for near in nears]
`;
