/** Programs that tests run beside themselves. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** How a program has ended, and all that it has said. */
export interface Ended {
  status: number | null;
  output: string;
  complaint: string;
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let output = '';
  let complaint = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    complaint += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output, complaint };
}

/** A program that says something when it is ready, and then answers each line with one of JSON. */
export class Asked {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async ready(child: ChildProcessWithoutNullStreams): Promise<Asked> {
    const asked = new Asked(child);
    await asked.#answers.next();
    return asked;
  }

  async ask(line: string): Promise<unknown> {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the program has ended: what it said stands above');
    return JSON.parse(value);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Answers its exit code: it ends by itself when its input does. */
  async end(): Promise<number | null> {
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    return (await exit)[0];
  }
}

/** A port of TCP that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await once(server.close(), 'close');
  return port;
}
