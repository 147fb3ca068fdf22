/** namespaces: which network namespaces there are. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

import { loadBinding } from '../binding.js';
import { fileError } from '../netlink/errors.js';
import { type Checks, checkOptions, checkSignal } from '../netlink/options.js';
import { type NamespaceMount, nameOf, namespaceMounts } from './mounts.js';
import { inodeIn, type Namespace, type Namespaces } from './namespace.js';

/** What `namespaces` accepts. */
export interface NamespacesOptions {
  /** Ends the search when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

const CHECKS: Checks<NamespacesOptions> = { signal: checkSignal };

/**
 * The network namespaces that a process is in, or that are mounted somewhere this process can see, with a file that
 * leads to each: what `netns` of a dump takes, one by one or all together.
 *
 * Not among them are those of which nothing but a descriptor or a socket is left, or that only some threads of a process
 * have entered, while its first one is elsewhere. Where /proc hides the processes of others (hidepid), they are not
 * counted as denied either.
 *
 * @throws TypeError for a wrong option, `SockDiagError` where there is no /proc to be read.
 */
export async function namespaces(options?: NamespacesOptions): Promise<Namespaces> {
  const { signal } = checkOptions('namespaces', options, CHECKS);
  signal?.throwIfAborted();
  const own = ownInode();
  // One behind the other: where the first one fails, nothing is being read any more.
  const processes = await readdir(PROCESSES).catch(refuse);
  const search = look(own, processes, await readFile(MOUNTS, 'utf8').catch(refuse));
  for (;;) {
    signal?.throwIfAborted();
    const step = search.next();
    if (step.done === true) return step.value;
    await setImmediate();
  }
}

/** The same at once, on this thread. */
export function namespacesNow(): Namespaces {
  const own = ownInode();
  const search = attempt(() => look(own, readdirSync(PROCESSES), readFileSync(MOUNTS, 'utf8')));
  for (;;) {
    const step = search.next();
    if (step.done === true) return step.value;
  }
}

const PROCESSES = '/proc';
const MOUNTS = '/proc/self/mountinfo';

/** So many files are looked at without a pause: that takes a tenth of a millisecond, or one where they are new. */
const AT_ONCE = 64;

/** Pauses now and then. To ask the kernel on this thread takes a fifth of what it takes by way of others. */
function* look(own: number, processes: string[], mountinfo: string): Generator<undefined, Namespaces> {
  const register = new Register(own);
  let left = AT_ONCE;
  for (const pid of pidsIn(processes)) {
    register.addProcess(pid);
    if (--left > 0) continue;
    left = AT_ONCE;
    yield;
  }
  for (const mount of namespaceMounts(mountinfo)) {
    register.addMount(mount);
    if (--left > 0) continue;
    // untested: where so many namespaces have names
    left = AT_ONCE;
    yield;
  }
  return register.result();
}

/** Ids of processes, not of threads, in ascending order. */
function pidsIn(names: string[]): number[] {
  return names
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
}

function ownInode(): number {
  // Where there is no Linux, this says so.
  loadBinding();
  const ino = inodeIn(attempt(() => readlinkSync('/proc/self/ns/net')));
  if (ino === undefined) throw new Error('/proc/self/ns/net is no network namespace');
  return ino;
}

/** What is known of each namespace. */
class Register {
  readonly #own: number;
  readonly #found = new Map<number, Namespace>();
  #denied = 0;

  constructor(own: number) {
    this.#own = own;
  }

  /** Lower ids come before higher ones. */
  addProcess(pid: number): void {
    const path = `/proc/${pid}/ns/net`;
    const ino = this.#try(() => inodeIn(readlinkSync(path)));
    if (ino === undefined) return;
    const found = this.#at(ino, path);
    found.pid ??= pid;
    found.processes++;
  }

  /** Processes come before mounts, and mounts with a name go before those without, as they will stay the longest. */
  addMount({ ino, path }: NamespaceMount): void {
    const there = this.#try(() => statSync(path).ino);
    // Else it is hidden by another mount.
    if (there !== ino) return;
    const found = this.#at(ino, path);
    const name = nameOf(path);
    if (found.name !== undefined || (name === undefined && !isOfProcess(found))) return;
    found.path = path;
    if (name !== undefined) found.name = name;
  }

  result(): Namespaces {
    const found = [...this.#found.values()].sort((a, b) => a.ino - b.ino);
    return { found, denied: this.#denied };
  }

  #at(ino: number, path: string): Namespace {
    const known = this.#found.get(ino);
    if (known !== undefined) return known;
    const namespace: Namespace = { ino, path, processes: 0, own: ino === this.#own };
    this.#found.set(ino, namespace);
    return namespace;
  }

  /** Undefined for what is no longer there, and for what may not be looked at, which is counted. */
  #try(look: () => number | undefined): number | undefined {
    try {
      return look();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') this.#denied++;
      else if (!GONE.has(code)) refuse(error);
      return undefined;
    }
  }
}

const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ESRCH', 'ENOTDIR']);

function isOfProcess({ path, pid }: Namespace): boolean {
  return path === `/proc/${pid}/ns/net`;
}

/** What `look` answers, with an error in words. */
function attempt<R>(look: () => R): R {
  try {
    return look();
  } catch (error) {
    return refuse(error);
  }
}

function refuse(error: unknown): never {
  const failure = error as NodeJS.ErrnoException;
  const hint = failure.code === 'ENOENT' ? ': /proc is not mounted, or this kernel has no CONFIG_NET_NS' : '';
  throw fileError(`cannot look for network namespaces: ${failure.path} cannot be read${hint}`, failure);
}
