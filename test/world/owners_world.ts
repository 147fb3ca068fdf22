/** The world of `owners_world.py`: a network namespace whose sockets are held by processes in every way. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { startScript } from './script.js';

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

export function startOwnersWorld(): Promise<OwnersWorld> {
  return startScript(SCRIPT);
}

/** Field 22 of /proc/PID/stat: the twentieth behind the name, which ends with the last parenthesis. */
export function startTimeOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}
