/** A network namespace of its own, in which sockets are opened and closed as a test asks (`namespace.py`). */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A socket that was opened there, and closed. */
export interface Made {
  protocol: 'tcp' | 'udp';
  family: 'inet' | 'inet6';
  src: string;
  sport: number;
  dst: string;
  dport: number;
  cookie: string;
}

interface Deeds {
  /** A connection; the client's end, and the server's. */
  connection: {
    asks: {
      family?: Made['family'] | 'dual';
      up?: number;
      down?: number;
      how?: 'client' | 'server' | 'abort' | 'unread';
    };
    answers: [client: Made, server: Made];
  };
  /** A UDP socket. */
  datagram: { asks: { family?: Made['family']; connected?: boolean }; answers: [Made] };
  /** Many connections: the cookies of both ends. */
  burst: { asks: { count: number; family?: Made['family']; how?: 'close' | 'abort' }; answers: string[] };
  /** Many UDP sockets, on a port of their own or all on the same: their cookies. */
  datagrams: { asks: { count: number; port?: number }; answers: string[] };
  /** Sockets that never had a port: their cookies. */
  unbound: { asks: { count?: number; protocol?: Made['protocol'] }; answers: string[] };
  /** Closes the listeners. */
  deaf: { asks: Record<string, never>; answers: Made[] };
  /** Closes UDP sockets on and on, until `stop`. */
  flow: { asks: Record<string, never>; answers: null };
  stop: { asks: Record<string, never>; answers: null };
  /** Sends a message, in hexadecimal, to a multicast group. */
  forge: { asks: { group: number; message: string }; answers: null };
  /** Sets a value under /proc/sys. */
  sysctl: { asks: { name: string; value: number | string }; answers: null };
}

export class Namespace {
  readonly pid: number;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams, answers: AsyncIterator<string>) {
    this.pid = child.pid as number;
    this.#child = child;
    this.#answers = answers;
  }

  static async make(): Promise<Namespace> {
    const child = spawn('unshare', ['--net', 'python3', join(import.meta.dirname, 'namespace.py')]);
    child.stderr.pipe(process.stderr);
    const namespace = new Namespace(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    await namespace.#answer();
    return namespace;
  }

  async ask<D extends keyof Deeds>(deed: D, words: Deeds[D]['asks']): Promise<Deeds[D]['answers']> {
    this.#child.stdin.write(`${JSON.stringify([deed, words])}\n`);
    return (await this.#answer()) as Deeds[D]['answers'];
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }

  async #answer(): Promise<unknown> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the maker of sockets has ended: what it said stands above');
    return JSON.parse(value);
  }
}
