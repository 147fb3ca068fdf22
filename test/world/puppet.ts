/** A network namespace whose sockets do what they are told, one thing after the other. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Puppet {
  /** The process whose network namespace this is. */
  pid: number;
  /** Runs lines of Python; gives what they leave in `answer`. */
  do(python: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startPuppet(): Promise<Puppet> {
  const script = join(import.meta.dirname, 'puppet.py');
  const child: ChildProcessWithoutNullStreams = spawn('unshare', ['--net', 'python3', script]);
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the puppet has ended');
    const said = JSON.parse(value) as { answer?: unknown; error?: string };
    if (said.error !== undefined) throw new Error(said.error);
    return said.answer;
  };
  return {
    pid: (await answer()) as number,
    do: (python) => {
      child.stdin.write(`${JSON.stringify(python)}\n`);
      return answer();
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
