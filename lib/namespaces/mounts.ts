/** Where network namespaces are mounted, so that they stay without a process. */
import { unescapeMount } from '../proc/mounts.js';
import { inodeIn } from './namespace.js';

/** A mount of a network namespace. */
export interface NamespaceMount {
  ino: number;
  path: string;
}

/** Those in a text as /proc/self/mountinfo has it. A mount may be hidden by one that was made later. */
export function namespaceMounts(mountinfo: string): NamespaceMount[] {
  const mounts: NamespaceMount[] = [];
  for (const line of mountinfo.split('\n')) {
    // Of most lines, this is all that is looked at.
    if (!line.includes(' net:[')) continue;
    // mount id, parent's id, device, root, mount point, options, optional fields, '-', type, source, options
    const [, , , root = '', point = '', ...rest] = line.split(' ');
    const ino = inodeIn(root);
    const type = rest[rest.indexOf('-') + 1];
    if (ino !== undefined && type === 'nsfs') mounts.push({ ino, path: unescapeMount(point) });
  }
  return mounts;
}

const NAMED = '/run/netns/';

/** The name that `ip netns` knows a namespace by which is mounted there; undefined elsewhere. */
export function nameOf(path: string): string | undefined {
  if (!path.startsWith(NAMED)) return undefined;
  const name = path.slice(NAMED.length);
  return name.includes('/') ? undefined : name;
}
