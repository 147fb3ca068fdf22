/** What rows are made with: which details are wanted, and what numbers stand for on this machine. */
import type { DiagMsg } from '../decode.js';
import { cgroupPaths } from '../filter/resolvers.js';
import { usersText } from './details.js';
import { checkContexts, type Holders, readHolders } from './holders.js';
import { HostNames, hostsOf } from './hosts.js';
import type { Values } from './options.js';
import { readUsers, type Users } from './users.js';
import { printable, readDevices } from './words.js';

export class Context {
  readonly values: Values;
  #bare: Context | undefined;
  #devices: ReadonlyMap<number, string> | undefined;
  #cgroups: Map<number, string> | undefined;
  readonly #hosts: HostNames | undefined;
  #holders: Holders | undefined;
  /** Of all sockets, where they are shown without their threads and contexts. */
  owners: Users | undefined;

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

  /**
   * Looks for those who hold sockets, where they are shown, and before any socket is asked for: one that is opened in between
   * seems to have no owner. @throws SockDiagError where /proc cannot be read.
   */
  async readHolders(): Promise<void> {
    const { processes, threads, context } = this.values;
    if (threads || context) this.#holders = readHolders(this.values);
    else if (processes) this.owners = await readUsers(this.values);
  }

  /** Those who hold a socket. */
  users({ inode }: { inode: number }): string {
    return this.owners?.textOf(inode) ?? usersText(this.#holders?.get(inode));
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
    this.#cgroups ??= cgroupPaths();
    const path = this.#cgroups.get(id);
    return path === undefined ? `unreachable:${id.toString(16)}` : printable(path);
  }
}
