/** What rows are made with: which details are wanted, and what numbers stand for on this machine. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { cgroupMount } from '../filter/resolvers.js';
import type { SocketRecord } from '../record/record.js';
import { usersText } from './details.js';
import type { Values } from './options.js';
import { readDevices } from './words.js';

export class Context {
  readonly values: Values;
  #devices: ReadonlyMap<number, string> | undefined;
  #cgroups: Map<number, string> | undefined;

  constructor(values: Values) {
    this.values = values;
  }

  /** Those who hold a socket. */
  users({ owners }: SocketRecord): string {
    return usersText(owners);
  }

  /** An interface by its index; one that is not there by a word for that. */
  device(index: number): string {
    this.#devices ??= readDevices();
    return this.#devices.get(index) ?? `if${index}`;
  }

  /** The path of a cgroup by its id. */
  cgroup(id: number): string {
    this.#cgroups ??= readCgroups();
    return this.#cgroups.get(id) ?? `unreachable:${id.toString(16)}`;
  }
}

/** All directories of the hierarchy, by inode number: the kernel has no way from that to the path. */
function readCgroups(): Map<number, string> {
  const found = new Map<number, string>();
  const mount = cgroupMount();
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
