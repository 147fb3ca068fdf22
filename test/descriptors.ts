/** What a process holds open. */
import { readdirSync, readlinkSync } from 'node:fs';

/** Sockets among this process's descriptors, by what /proc calls them. */
export function openSockets(): string[] {
  return targets().filter((target) => target.startsWith('socket:'));
}

/** Files that this process has open, but for devices and what the event loop is made of. */
export function openFiles(): string[] {
  return targets().filter((target) => target.startsWith('/') && !target.startsWith('/dev/'));
}

/** Of all its descriptors. */
function targets(): string[] {
  const found: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      found.push(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return found.sort();
}
