/**
 * Counts the TCP sockets of every container, that is of every network namespace, by their state. Needs root.
 *
 *   node examples/containers.mjs
 */
import { readFileSync } from 'node:fs';
import { dumpTcp, namespaces } from 'sockdiag';

const { found, denied } = await namespaces();

/** @type {Map<number, Map<string, number>>} by the namespace's inode number */
const counts = new Map();
for await (const { netns, state } of dumpTcp({ netns: found })) {
  const states = counts.get(netns) ?? new Map();
  counts.set(netns, states.set(state, (states.get(state) ?? 0) + 1));
}

for (const { ino, name, pid } of found) {
  const states = [...(counts.get(ino) ?? [])].map(([state, count]) => `${state} ${count}`);
  console.log(`${ino} ${name ?? commandOf(pid)}: ${states.join(', ') || 'no sockets'}`);
}

if (denied > 0) console.log(`${denied} processes may not be looked at: run it as root`);

/** @param {number | undefined} pid of a process in it */
function commandOf(pid) {
  try {
    return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`;
  } catch {
    return '-';
  }
}
