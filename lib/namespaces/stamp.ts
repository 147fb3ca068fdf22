/** Records that say which network namespace they are of. */
import type { Netns } from '../netlink/options.js';
import type { DiagRecord } from '../record/record.js';

/**
 * Where a socket is to be asked for: where the option says, else where its record comes from. That is found by the
 * inode number, whatever leads there; the way to the own namespace is the first to be tried.
 */
export function placeOf(record: Pick<DiagRecord, 'netns'>, option: Netns | undefined): Netns | undefined {
  const { netns } = record;
  return option === undefined && netns !== undefined ? { ino: netns, path: OWN } : option;
}

const OWN = '/proc/self/ns/net';
