/** The world of `owners_world.py`: a network namespace whose sockets are held by processes in every way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A socket, and who holds it, as each process has told of itself. */
export interface Held {
  label: string;
  inode: number;
  /** `comm` in hexadecimal, where the process has chosen it. */
  owners: { pid: number; fd: number; comm?: string }[];
}

export interface OwnersWorld {
  /** The process whose network namespace this is. */
  pid: number;
  held: Held[];
  stop(): Promise<void>;
}

const SCRIPT = join(import.meta.dirname, 'owners_world.py');

/** Milliseconds. */
const START_LIMIT = 30_000;

export async function startOwnersWorld(): Promise<OwnersWorld> {
  const child = spawn('unshare', ['--net', 'python3', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const line = once(createInterface({ input: child.stdout }), 'line', {
    signal: AbortSignal.timeout(START_LIMIT),
  });
  const early = ended.then(([code]) => {
    throw new Error(`the world ended before it began (exit code ${code})`);
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  try {
    const [text] = await Promise.race([line, early]);
    return { ...JSON.parse(text), stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    early.catch(() => undefined);
  }
}

/** Field 22 of /proc/PID/stat: the twentieth behind the name, which ends with the last parenthesis. */
export function startTimeOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}
