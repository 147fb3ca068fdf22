/** What `ss --events` says of the sockets that end. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DestroyedTcp } from '../../lib/index.js';
import type { Namespace } from './namespace.js';

interface Told extends Omit<Partial<DestroyedTcp>, 'protocol' | 'state' | 'info'> {
  protocol: string;
  state: string;
  cookie: string;
  info: Record<string, number>;
}

/** What of tcp_info it prints as it is, unless it is 0. */
const INFO: Readonly<Record<string, string>> = {
  bytes_sent: 'bytesSent',
  bytes_acked: 'bytesAcked',
  bytes_received: 'bytesReceived',
  segs_out: 'segsOut',
  segs_in: 'segsIn',
  data_segs_out: 'dataSegsOut',
  data_segs_in: 'dataSegsIn',
};

export class SsEvents {
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  readonly #lines: string[] = [];

  private constructor(child: ChildProcessByStdio<null, Readable, null>) {
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#lines.push(line));
  }

  /** Returns once it sees events. */
  static async watch(namespace: Namespace): Promise<SsEvents> {
    const command = ['stdbuf', '-oL', 'ss', '-H', '-tuaEneiO'];
    const child = spawn('nsenter', [`--net=/proc/${namespace.pid}/ns/net`, ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const events = new SsEvents(child);
    for (let i = 0; i < 500 && events.#lines.length === 0; i++) {
      await namespace.ask('datagram', {});
      await sleep(20);
    }
    await sleep(100);
    events.#lines.length = 0;
    return events;
  }

  /** Waits until there are so many lines, and a moment more. */
  async gather(count: number): Promise<Told[]> {
    for (let i = 0; i < 500 && this.#lines.length < count; i++) await sleep(10);
    await sleep(100);
    return this.#lines.map(read);
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}

function read(line: string): Told {
  const [protocol, state, rqueue, , local = '', remote = '', ...rest] = line.trim().split(/\s+/);
  const words = new Map(rest.map((word) => word.split(/:(.*)/s) as [string, string]));
  const info = Object.entries(INFO).flatMap(([word, name]) => {
    const value = words.get(word);
    return value === undefined ? [] : [[name, Number(value)]];
  });
  return {
    protocol: protocol as string,
    state: state === 'ESTAB' ? 'ESTABLISHED' : 'CLOSE',
    ...end(local, 'src', 'sport'),
    ...end(remote, 'dst', 'dport'),
    ...(protocol === 'tcp' && { rqueue: Number(rqueue) }),
    cookie: words.get('sk') as string,
    info: Object.fromEntries(info),
  };
}

/** `address:port`, with `*` for no port and for any address of IPv6, and brackets around IPv6. */
function end(text: string, address: 'src' | 'dst', port: 'sport' | 'dport'): Partial<Told> {
  const at = text.lastIndexOf(':');
  const number = text.slice(at + 1);
  const name = text
    .slice(0, at)
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^\*$/, '::');
  return { [address]: name, [port]: number === '*' ? 0 : Number(number) };
}
