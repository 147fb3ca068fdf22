/** Ways to a namespace, where the one that was known leads there no more. */
import { constants } from 'node:os';

import type { NativeFailure } from '../binding.js';
import type { NetnsFile } from '../netlink/netns.js';
import { namespaces, namespacesNow } from './list.js';
import type { Namespace } from './namespace.js';

const { ENOENT, ESRCH, ESTALE, EACCES } = constants.errno;

/** The process is gone, or the mount; another namespace is there. */
const GONE: ReadonlySet<number> = new Set([ENOENT, ESRCH, ESTALE]);

/** Whether nothing leads from there to the namespace. */
export function isGone(failure: NativeFailure | undefined): boolean {
  return isOfOpening(failure) && GONE.has(failure.errno);
}

/** Likewise, or what leads there may not be followed: it may be a process of another user that has the pid now. */
export function isLost(failure: NativeFailure | undefined): boolean {
  return isGone(failure) || (isOfOpening(failure) && failure.errno === EACCES);
}

function isOfOpening(failure: NativeFailure | undefined): failure is NativeFailure {
  return failure?.kind === 'system' && failure.syscall === 'open';
}

/** How many other ways are tried: the processes of a namespace may all be short-lived. */
export const MOST_WAYS = 5;

/**
 * Tries what leads to a namespace, and if it leads there no more, other ways, on this thread. The answer is the failure of the
 * last attempt, if that failed.
 */
export function follow(
  netns: NetnsFile,
  attempt: (way: NetnsFile) => NativeFailure | undefined,
): NativeFailure | undefined {
  const { ino } = netns;
  let failure = attempt(netns);
  if (ino === undefined || !isLost(failure)) return failure;
  const known = remembered.get(ino);
  if (known !== undefined) failure = attempt({ ino, path: known });
  const ways = new Ways();
  let way: NetnsFile | undefined = known === undefined ? netns : { ino, path: known };
  for (let left = MOST_WAYS; left > 0 && isLost(failure); left--) {
    way = ways.toNow(way);
    if (way === undefined) return failure;
    failure = attempt(way);
  }
  remember(ino, way.path);
  return failure;
}

/** The ways that were found last, by the inode number, which is compared when they are taken: a search takes milliseconds. */
const remembered = new Map<number, string>();

const MOST_REMEMBERED = 1024;

function remember(ino: number, path: string): void {
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(ino, path);
}

/** Searches when it must, for all that have lost their way: many of an old list may have. */
export class Ways {
  #found: readonly Namespace[] | undefined;

  /** Another way to the same namespace; undefined if there is none. */
  async to(lost: NetnsFile): Promise<NetnsFile | undefined> {
    if (this.#mustSearch(lost)) this.#found = (await namespaces()).found;
    return this.#other(lost);
  }

  /** The same at once, on this thread. */
  toNow(lost: NetnsFile): NetnsFile | undefined {
    if (this.#mustSearch(lost)) this.#found = namespacesNow().found;
    return this.#other(lost);
  }

  /** The last search does not count if the lost way comes from it. What it did not find is gone for good. */
  #mustSearch(lost: NetnsFile): boolean {
    return this.#found === undefined || this.#known(lost)?.path === lost.path;
  }

  #other(lost: NetnsFile): NetnsFile | undefined {
    const way = this.#known(lost);
    return way?.path === lost.path ? undefined : way;
  }

  #known({ ino }: NetnsFile): Namespace | undefined {
    return this.#found?.find((one) => one.ino === ino);
  }
}
