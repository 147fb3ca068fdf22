/** The option `netns` of a dump: where its readings ask. */
import type { DumpOptions } from '../netlink/dump.js';
import { type Netns, netnsFile } from '../netlink/netns.js';
import type { Source } from '../netlink/reading.js';
import type { SocketRecord } from '../record/record.js';
import { FollowingSource, type OpenIn } from './following.js';
import { NamespacesSource } from './several.js';

/** Makes the source of one reading. */
export function inNamespaces<T extends SocketRecord>(
  netns: DumpOptions['netns'],
  openIn: OpenIn<T>,
): () => Source<T> {
  if (isSeveral(netns)) {
    const files = netns.map(netnsFile);
    return () => new NamespacesSource(files, openIn);
  }
  const file = netnsFile(netns);
  return file.ino === undefined ? () => openIn(file) : () => new FollowingSource(file, openIn);
}

export function isSeveral(netns: DumpOptions['netns']): netns is readonly Netns[] {
  return Array.isArray(netns);
}
