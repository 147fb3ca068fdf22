/** What rows are made with: which details are wanted, and what numbers stand for on this machine. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { DiagMsg } from '../decode.js';
import { cgroupMount } from '../filter/resolvers.js';
import type { SocketRecord } from '../record/record.js';
import { usersText } from './details.js';
import { checkContexts, type Holders, readHolders } from './holders.js';
import { HostNames, hostsOf } from './hosts.js';
import type { Values } from './options.js';
import { readDevices } from './words.js';

export class Context {
  readonly values: Values;
  #bare: Context | undefined;
  #devices: ReadonlyMap<number, string> | undefined;
  #cgroups: Map<number, string> | undefined;
  readonly #hosts: HostNames | undefined;
  #holders: Holders | undefined;

  /** @throws SockDiagError where contexts are asked for and there are none. */
  constructor(values: Values) {
    checkContexts(values);
    this.values = values;
    this.#hosts = values.resolve ? new HostNames() : undefined;
  }

  /** Asks for what rows of these will need to know, where that takes its time. */
  async prepare(records: readonly DiagMsg[]): Promise<void> {
    await this.#hosts?.learn(records.flatMap(hostsOf));
  }

  /** An address, or the name of its host. */
  host(address: string): string {
    return this.#hosts?.of(address) ?? address;
  }

  /** Those who hold a socket. */
  users({ inode, owners }: SocketRecord & { inode: number }): string {
    const { threads, context } = this.values;
    if (!threads && !context) return usersText(owners);
    this.#holders ??= readHolders(this.values);
    return usersText(this.#holders.get(inode));
  }

  /** Without the details that only netlink tells. */
  bare(): Context {
    this.#bare ??= new Context({ ...this.values, extended: false, memory: false, info: false });
    return this.#bare;
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
