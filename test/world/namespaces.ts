/** The network namespaces of `namespaces.py`, for tests to find and to look into. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { end, firstLine } from './world.js';

export interface NamespaceExpectation {
  /** What it is, in words. */
  label: string;
  ino: number;
  name?: string;
  path: string;
  pid?: number;
  processes: number;
  /** Of its only TCP socket, a listener. */
  port: number;
}

export interface NamespaceWorlds {
  /** The process that holds the sockets. It is in none of the namespaces. */
  pid: number;
  namespaces: NamespaceExpectation[];
  stop(): Promise<void>;
}

const SCRIPT = join(import.meta.dirname, 'namespaces.py');
let count = 0;

export async function startNamespaces(): Promise<NamespaceWorlds> {
  const directory = await mkdtemp(join(tmpdir(), 'sockdiag-namespaces-'));
  const prefix = `sockdiag-${process.pid}-${count++}`;
  // Detached, so that Ctrl-C reaches it as the end of its input only: killed, it would leave mounts.
  const child = spawn('python3', [SCRIPT, directory, prefix], { detached: true });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const namespaces = JSON.parse(await firstLine(child)) as NamespaceExpectation[];
    return { pid: child.pid as number, namespaces, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
