// What a program has open beyond what it had before.
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of other files, Node itself leaves some when a worker is terminated: those of modules that were being loaded. */
const COUNTED = /^socket:|^\/proc\/|^anon_inode:\[eventfd\]$/;

function descriptors() {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return COUNTED.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
}

export const opened = () => ({ descriptors: descriptors(), threads: readdirSync('/proc/self/task').length });

/** What is more than before, when it has become no less for a second. */
export async function leftBeyond(before, idle = () => {}) {
  for (let left = 200; ; left--) {
    idle();
    const now = opened();
    const beyond = (what) => Math.max(0, now[what] - before[what]);
    const more = { descriptors: beyond('descriptors'), threads: beyond('threads') };
    if ((more.descriptors === 0 && more.threads === 0) || left === 0) return more;
    await sleep(5);
  }
}
