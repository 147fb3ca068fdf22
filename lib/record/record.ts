/** What every record has, of whatever family. */
import type { UnknownAttributes } from '../netlink/attributes.js';

/** A process that holds a socket open, by one of its descriptors. */
export interface SocketOwner {
  /** Process id, as the /proc of this process counts. */
  pid: number;
  /** The command's name (`/proc/PID/comm`): at most 15 bytes, and anything may be in it. */
  comm: string;
  /** The descriptor. A process that holds a socket by several is named once for each. */
  fd: number;
  /**
   * When the process started, in clock ticks since the machine did, 100 a second (field 22 of `/proc/PID/stat`): a pid is
   * used again, a pid and its start time never.
   */
  startTime: number;
}

/** What this library adds to a record, from wherever that comes. */
export interface SocketRecord {
  /**
   * The network namespace that the socket is in: its inode number, as in `net:[4026531840]`. Where the option `netns` is
   * an array, absent else.
   */
  netns?: number;
  /**
   * The processes that hold the socket, where `owners` asks for them. Empty if none does, as in TIME_WAIT; absent if it
   * cannot be known, because none of the processes that may be read holds it and others may not be read, or are not even
   * listed.
   */
  owners?: SocketOwner[];
}

/** What every record may carry beside what the kernel says of the socket. */
export interface DiagRecord extends SocketRecord, UnknownAttributes {
  /** Absent: records that were not asked of the kernel over netlink have `'proc'` here. */
  source?: undefined;
}
