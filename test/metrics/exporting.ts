/** `sockdiag exporter`, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const COMMAND = 'dist/cli/main.js';

export class Exporting {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly #told: { stderr: string };

  private constructor(child: ChildProcess, url: string, told: { stderr: string }) {
    this.child = child;
    this.url = url;
    this.port = Number(new URL(url).port);
    this.#told = told;
  }

  static start(...words: string[]): Promise<Exporting> {
    return Exporting.startBy([], ...words);
  }

  /** By another program. */
  static async startBy(others: readonly string[], ...words: string[]): Promise<Exporting> {
    const [program = '', ...list] = [
      ...others,
      process.execPath,
      COMMAND,
      'exporter',
      '--port',
      '0',
      ...words,
    ];
    // In a group of its own, so that it can be ended with the other one.
    const child = spawn(program, list, { stdio: ['ignore', 'inherit', 'pipe'], detached: others.length > 0 });
    const told = { stderr: '' };
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told.stderr += text;
    });
    while (!told.stderr.includes('\n')) {
      const [event] = await Promise.race([once(child.stderr, 'data'), once(child, 'exit')]);
      if (typeof event !== 'string') throw new Error(`the exporter has ended: ${told.stderr}`);
    }
    const url = /http:\S+(?=\/metrics)/.exec(told.stderr)?.[0];
    if (url === undefined) throw new Error(told.stderr);
    return new Exporting(child, url, told);
  }

  /** What it has said so far. */
  get stderr(): string {
    return this.#told.stderr;
  }

  async metrics(headers: Record<string, string> = {}): Promise<string> {
    const response = await fetch(`${this.url}/metrics`, { headers });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return response.text();
  }

  /** How it ends. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: string | null }> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    }
    return { code: child.exitCode, signal: child.signalCode };
  }
}

/** The samples of a metric in a text: their values by their labels, as these are written. */
export function samplesOf(text: string, name: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(name.length, end), Number(line.slice(end + 1))];
    }),
  );
}

/**
 * Python: a listener of port 4001 whose accept queue is full but for one, and three connections that wait in it; one
 * connection to port 4002 of which one end was closed, and one of which both were.
 */
export const KNOWN_SOCKETS: string = `
import socket
full = socket.create_server(('127.0.0.1', 4001), backlog=3)
waiting = [socket.create_connection(('127.0.0.1', 4001)) for n in range(3)]
listener = socket.create_server(('127.0.0.1', 4002), backlog=7)
def pair():
    near = socket.create_connection(('127.0.0.1', 4002))
    return near, listener.accept()[0]
half_near, half_far = pair()
half_near.close()
whole_near, whole_far = pair()
whole_near.close()
whole_far.recv(1)
whole_far.close()
unix = socket.socket(socket.AF_UNIX)
unix.bind('\\0exporter')
unix.listen(9)
datagrams = socket.socket(type=socket.SOCK_DGRAM)
datagrams.bind(('127.0.0.1', 4003))
result = None
`;

/** The states of its TCP sockets. */
export const KNOWN_STATES: Readonly<Record<string, number>> = {
  LISTEN: 2,
  // Both ends of those that wait.
  ESTABLISHED: 6,
  CLOSE_WAIT: 1,
  FIN_WAIT2: 1,
  TIME_WAIT: 1,
};
