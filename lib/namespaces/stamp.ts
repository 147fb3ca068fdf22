/** Records that say which network namespace they are of. */

import type { Netns } from '../netlink/netns.js';
import { show } from '../netlink/options.js';

/**
 * Where a socket is to be asked for: where the option says, else where its record, which is called `name`, comes from. That
 * is found by the inode number, whatever leads there; the way to the own namespace is the first to be tried.
 *
 * @throws TypeError for a stamp that is none.
 */
export function placeOf(
  record: { netns?: unknown },
  option: Netns | undefined,
  name: string,
): Netns | undefined {
  const { netns } = record;
  if (option !== undefined || netns === undefined) return option;
  if (Number.isSafeInteger(netns) && (netns as number) > 0) return { ino: netns as number, path: OWN };
  throw new TypeError(
    `${name}.netns is ${show(netns)}, but must be the inode number of a network namespace, as in a record`,
  );
}

const OWN = '/proc/self/ns/net';
