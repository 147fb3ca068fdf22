/** What is told of network namespaces, and how /proc writes them. */

/** A network namespace, and what leads there. */
export interface Namespace {
  /** Its inode number, as in `net:[4026531840]`, and in `lsns -t net`. The kernel gives it to another once it is gone. */
  ino: number;
  /** Its name under /run/netns, where it is mounted there (`ip netns`). One of them, if it has several. */
  name?: string;
  /**
   * A file that leads there now: /run/netns/NAME, another mount of it (docker keeps its own in /run/docker/netns), or
   * else /proc/PID/ns/net.
   */
  path: string;
  /** The lowest id of a process that is in it; absent without any. */
  pid?: number;
  /** How many processes are in it, of those that may be read. */
  processes: number;
  /** It is the one that this process is in. */
  own: boolean;
}

/** What `namespaces` found. */
export interface Namespaces {
  /** Each once, in the order of their inode numbers. */
  found: Namespace[];
  /**
   * How many processes, and mounts of namespaces, may not be looked at: namespaces that nothing else leads to are
   * missing. To look at the processes of others needs CAP_SYS_PTRACE.
   */
  denied: number;
}

/** The inode number in `net:[4026531840]`; undefined for other text. */
export function inodeIn(text: string): number | undefined {
  const [, digits] = /^net:\[(\d+)\]$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
