/** What a process holds open. */
import { readdirSync, readlinkSync } from 'node:fs';

/** Sockets among this process's descriptors, by what /proc calls them. */
export function openSockets(): string[] {
  const sockets: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith('socket:')) sockets.push(target);
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return sockets.sort();
}
