/** The runtime that this is, and what it has of the process. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** The others tell a version of Node's too. */
export const NAME = 'deno' in process.versions ? 'Deno' : 'bun' in process.versions ? 'Bun' : 'Node';

export const VERSION =
  /** @type {Record<string, string>} */ (process.versions)[NAME.toLowerCase()] ?? process.version;

/**
 * A program, as this runtime is to be called for it.
 *
 * @param {string} program
 * @param {readonly string[]} [words]
 * @returns {[file: string, words: string[]]}
 */
export function command(program, words = []) {
  return [process.execPath, [...(NAME === 'Deno' ? ['run', '--allow-all'] : []), program, ...words]];
}

/** @returns {string | undefined} the addon that is loaded, below the package's prebuilds/ */
export function loadedAddon() {
  const maps = readFileSync('/proc/self/maps', 'latin1');
  return /\/prebuilds\/(\S+\.node)$/m.exec(maps)?.[1];
}

/** How many sockets this process has open. */
export function openSockets() {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      // The descriptor of the listing itself.
      return false;
    }
  }).length;
}

/**
 * What the runtime itself closes, and what is in the midst of a system call, takes its time.
 *
 * @param {number} before
 */
export async function assertNoMore(before) {
  for (let left = 100; openSockets() > before && left > 0; left--) await sleep(20);
  const more = openSockets() - before;
  assert.ok(more <= 0, `${more} sockets more than before`);
}

/**
 * Of a socket of node:net, where the runtime has it.
 *
 * @param {unknown} live
 * @returns {number | undefined}
 */
export function descriptorOf(live) {
  const descriptor = /** @type {{ _handle?: { fd?: unknown } }} */ (live)._handle?.fd;
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined;
}
