/** The option `netns`: what it may be, and the file that stands for it. */
import type { Namespace } from '../namespaces/namespace.js';
import { type Check, isInt32, show } from './options.js';

/**
 * A network namespace: a name under /run/netns, a path, the pid of a process in it, an open descriptor, or one of those
 * that `namespaces` found. That one is asked for by its inode number: where its path leads elsewhere by now, another way
 * to it is looked for.
 */
export type Netns = string | number | { readonly fd: number } | Readonly<Pick<Namespace, 'ino' | 'path'>>;

export const checkNetns: Check = (value, name) => {
  if (isNetns(value)) return;
  throw new TypeError(
    `${name} is ${show(value)}, but must be a name under /run/netns, a path, a process id above 0, ` +
      '{ fd } with an open descriptor, or one that namespaces() found',
  );
};

function isNetns(value: unknown): value is Netns {
  if (typeof value === 'number') return isInt32(value) && value > 0;
  if (typeof value === 'string') return isPath(value) && value !== '.' && value !== '..';
  if (typeof value !== 'object' || value === null) return false;
  const { fd, path, ino } = value as { fd?: unknown; path?: unknown; ino?: unknown };
  if (fd !== undefined) return isInt32(fd);
  return isPath(path) && Number.isSafeInteger(ino) && (ino as number) > 0;
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

/** A file that stands for a namespace, and the inode number that it must have, if that matters. */
export interface NetnsFile {
  /** Empty for the process's own namespace. */
  path: string;
  ino?: number | undefined;
}

const OWN: NetnsFile = { path: '' };

export function netnsFile(netns: Netns | undefined): NetnsFile {
  if (netns === undefined) return OWN;
  if (typeof netns === 'number') return { path: `/proc/${netns}/ns/net` };
  if (typeof netns === 'string') return { path: netns.includes('/') ? netns : `/run/netns/${netns}` };
  const { fd, path, ino } = netns as { fd?: number; path: string; ino: number };
  return fd === undefined ? { path, ino } : { path: `/proc/self/fd/${fd}` };
}

/** The file alone, for words. */
export function netnsPath(netns: Netns | undefined): string {
  return netnsFile(netns).path;
}
