/** Starts the world of sockets that is made inside a machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** @typedef {import('./agreement.d.mts').Made} Made */
/** @typedef {{ inode: number, cookie: string, name: string | null, peer: string | null }} Ends */
/** @typedef {{ sockets: Made[], hidden: Made[], absent: string[], ends: Ends[] }} Ledger */
/** @typedef {{ ledger: Ledger, end: () => Promise<void> }} World */

/** @type {Promise<World> | undefined} */
let shared;

/**
 * The one world of this process, which takes longest of all. To be ended once, by `endWorld()`.
 *
 * @returns {Promise<World>}
 */
export function theWorld() {
  shared ??= startWorld();
  return shared;
}

export async function endWorld() {
  await (await shared)?.end();
}

/** @returns {Promise<World>} */
async function startWorld() {
  const program = join(import.meta.dirname, 'world/world.py');
  const world = spawn('python3', [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: world.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(world, 'close').then(() => [])]);
  if (line === undefined) throw new Error('the world was not made');
  return {
    ledger: JSON.parse(line),
    end: async () => {
      const ended = once(world, 'close');
      world.stdin.end();
      await ended;
    },
  };
}
