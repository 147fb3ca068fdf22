/** Worlds that are made by a script in a network namespace of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Milliseconds. */
const START_LIMIT = 30_000;

/**
 * Starts a script, whose first line tells what it has made, as JSON. It ends with its standard input, which `stop` closes.
 */
export async function startScript<T>(
  script: string,
  ...args: string[]
): Promise<T & { stop(): Promise<void> }> {
  const child = spawn('unshare', ['--net', 'python3', script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
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
