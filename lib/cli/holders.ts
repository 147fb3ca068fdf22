/** -T and -Z: which threads hold which sockets, and the context of each. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { SockDiagError } from '../netlink/errors.js';
import type { SocketOwner } from '../record/record.js';
import type { Values } from './options.js';

/** An owner of a socket, and what may be told of it beside. */
export interface Holder extends Pick<SocketOwner, 'comm' | 'pid' | 'fd'> {
  tid?: number;
  /** The context of SELinux. */
  context?: string;
}

export type Holders = ReadonlyMap<number, readonly Holder[]>;

/** The file is there as long as SELinux's file system is mounted. */
const SELINUX = '/sys/fs/selinux/enforce';

/** @throws SockDiagError where contexts are asked for, and there are none, or none that can be read. */
export function checkContexts({ context, contexts }: Values, selinux: string = SELINUX): void {
  if (!context && !contexts) return;
  if (!existsSync(selinux)) throw new SockDiagError('SELinux is not enabled', { code: 'EOPNOTSUPP' });
  if (contexts) {
    throw new SockDiagError("the context of a socket cannot be read here; --context tells its process's", {
      code: 'EOPNOTSUPP',
    });
  }
}

/** By inode number. What may not be read, and what has gone, is not among them. @throws Error of the system, without /proc. */
export function readHolders({ threads, context }: Values, proc = '/proc'): Holders {
  const holders = new Map<number, Holder[]>();
  const add = (pid: number, tid: number): void => {
    // A thread is there by its own number too, though nothing lists it.
    const folder = join(proc, String(tid));
    const sockets = socketsOf(join(folder, 'fd'));
    if (sockets.length === 0) return;
    const common = {
      comm: contentOf(join(folder, 'comm')),
      pid,
      ...(threads && { tid }),
      ...(context && { context: contentOf(join(folder, 'attr/current')) || 'unavailable' }),
    };
    for (const [fd, inode] of sockets) {
      const others = holders.get(inode);
      if (others === undefined) holders.set(inode, [{ ...common, fd }]);
      else others.push({ ...common, fd });
    }
  };
  for (const pid of numbersOf(readdirSync(proc))) {
    add(pid, pid);
    if (!threads) continue;
    for (const tid of numbersIn(join(proc, String(pid), 'task'))) if (tid !== pid) add(pid, tid);
  }
  return holders;
}

function socketsOf(folder: string): [fd: number, inode: number][] {
  return numbersIn(folder).flatMap((fd): [number, number][] => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, String(fd)))) ?? [];
      return inode === undefined ? [] : [[fd, Number(inode)]];
    } catch {
      return [];
    }
  });
}

function numbersIn(folder: string): number[] {
  try {
    return numbersOf(readdirSync(folder));
  } catch {
    // untested: of processes that end at that moment
    return [];
  }
}

/** The lowest first. */
function numbersOf(names: readonly string[]): number[] {
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((one, other) => one - other);
}

/** Without the end of the line or of the string. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/[\n\0]+$/, '');
  } catch {
    return '';
  }
}
