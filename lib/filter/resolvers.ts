/** What the names in a filter stand for on this machine: the indexes of interfaces, the ids of cgroups. */
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { SockDiagError } from '../netlink/errors.js';
import { unescapeMount } from '../proc/mounts.js';

const INTERFACES = '/sys/class/net';

/** The index of a network interface in the namespace of this process; undefined if it has none of that name. */
export function deviceIndex(name: string): number | undefined {
  if (!isFileName(name)) return undefined;
  const text = contentOf(join(INTERFACES, name, 'ifindex'));
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

/** The interfaces that there are, for the words of an error. */
export function deviceNames(): readonly string[] {
  try {
    return readdirSync(INTERFACES).filter((name) => deviceIndex(name) !== undefined);
  } catch {
    // untested: without /sys there are no tests
    return [];
  }
}

/** The id of a cgroup, by the path of its directory from the root of the hierarchy on; undefined if there is none. */
export function cgroupId(path: string): bigint | undefined {
  const mount = cgroupMount();
  if (mount === undefined || path.includes('\0')) return undefined;
  const stat = statSync(join(mount, join('/', path)), { bigint: true, throwIfNoEntry: false });
  return stat?.isDirectory() === true ? stat.ino : undefined;
}

/** Where the cgroup v2 hierarchy is mounted: alone, or beside those of version 1. */
export function cgroupMount(): string | undefined {
  for (const line of contentOf('/proc/self/mounts')?.split('\n') ?? []) {
    const [, directory, type] = line.split(' ');
    if (type === 'cgroup2' && directory !== undefined) return unescapeMount(directory);
  }
  return undefined; // untested: where cgroup2 is not mounted
}

/** All directories of the hierarchy, by inode number: the kernel has no way from that to the path. */
export function cgroupPaths(mount: string | undefined = cgroupMount()): Map<number, string> {
  const found = new Map<number, string>();
  const waiting = mount === undefined ? [] : ['/'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const directory = join(mount as string, path);
    try {
      found.set(lstatSync(directory).ino, path);
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        if (entry.isDirectory()) waiting.push(join(path, entry.name));
      }
    } catch {
      // It is gone.
    }
  }
  return found;
}

function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}

/** Undefined where there is no such file, or none for us. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The error for an interface that is not there; `here` if it was looked for in the namespace of this process. */
export function noDevice(name: string, here: boolean): SockDiagError {
  const names = here ? deviceNames() : [];
  const some = names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ', …' : '');
  const where = here ? ` in this network namespace${some === '' ? '' : `, which has ${some}`}` : '';
  return new SockDiagError(`there is no network interface '${name}'${where}`, { code: 'ENODEV' });
}

const MOST_NAMED = 8;

/** The error for a cgroup that is not there; `here` if it was looked for where this system has them. */
export function noCgroup(path: string, here: boolean): SockDiagError {
  const mount = here ? cgroupMount() : undefined;
  const where = mount === undefined ? ': no hierarchy of cgroup v2 is mounted here' : ` below ${mount}`;
  return new SockDiagError(`there is no cgroup '${path}'${here ? where : ''}`, { code: 'ENOENT' });
}
