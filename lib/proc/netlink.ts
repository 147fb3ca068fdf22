/** The table of netlink sockets, /proc/net/netlink. */
import {
  NETLINK_PROTOCOLS,
  type NetlinkDiagMsg,
  type NetlinkFlags,
  type NetlinkProtocol,
} from '../netlink-family/record.js';
import type { SkMeminfo } from '../record/skmeminfo.js';
import { nameOf } from '../record/words.js';
import type { Line } from './line.js';
import type { ProcRecord } from './record.js';
import type { ReadLine, Table } from './table.js';

/** What of the memory is in the text. */
export interface ProcNetlinkMeminfo extends Pick<SkMeminfo, 'rmemAlloc' | 'wmemAlloc'> {
  /** Packets dropped for want of room, a count. Absent where the kernel has no such column (2.6.11 had none, 2.6.32 has). */
  drops?: number;
}

/**
 * A netlink socket, as /proc/net/netlink tells it. Those without an address are not there, of which netlink tells where they
 * have joined a multicast group; of the others none is missing, as some are from long dumps of netlink.
 */
export interface ProcNetlinkMsg extends ProcRecord, Pick<NetlinkDiagMsg, 'family' | 'protocol' | 'portid'> {
  /**
   * The inode number of the socket's descriptors. The kernel's own sockets have one too. Absent where the kernel has no
   * such column (2.6.32 had none, 3.0 has).
   */
  inode?: number;
  /** The multicast groups that it has joined, of the first 32: the text has no others. Absent without any of these. */
  groups?: number[];
  /** Where `show` does not leave it out. */
  meminfo?: ProcNetlinkMeminfo;
  /** Likewise. Of the other flags the text has none. */
  flags?: Pick<NetlinkFlags, 'cbRunning'>;
}

export interface ProcNetlinkWish {
  protocol?: NetlinkProtocol | undefined;
  show?: readonly string[] | undefined;
}

const RUNNING: Pick<NetlinkFlags, 'cbRunning'> = Object.freeze({ cbRunning: true });
const IDLE: Pick<NetlinkFlags, 'cbRunning'> = Object.freeze({ cbRunning: false });

function groupsOf(bits: number): number[] {
  return Array.from({ length: 32 }, (_, i) => i + 1).filter((group) => ((bits >>> (group - 1)) & 1) === 1);
}

/** Whether a dump runs; old kernels print its address, or one of the forms of none. */
function isRunning(line: Line): boolean {
  return !/^(?:0+|\(null\))$/.test(line.word());
}

function netlinkReader({ protocol: wanted, show }: ProcNetlinkWish): ReadLine<ProcNetlinkMsg> {
  const isShown = (word: string): boolean => show === undefined || show.includes(word);
  const hasGroups = isShown('groups');
  const hasMeminfo = isShown('meminfo');
  const hasFlags = isShown('flags');
  return (line) => {
    line.skip();
    line.next();
    const protocol = nameOf(NETLINK_PROTOCOLS, line.decimal());
    if (wanted !== undefined && protocol !== wanted) return undefined;
    line.next();
    // Old kernels print it with a sign.
    const portid = line.decimal() >>> 0;
    line.next();
    const groups = line.hex8();
    line.next();
    const rmemAlloc = line.decimal();
    line.next();
    const wmemAlloc = line.decimal();
    line.next();
    const flags = isRunning(line) ? RUNNING : IDLE;
    // The count of references.
    line.next();
    line.decimal();
    const record: ProcNetlinkMsg = { family: 'netlink', protocol, portid, source: 'proc' };
    const drops = line.isFollowed() ? line.decimal() : undefined;
    if (line.isFollowed()) record.inode = line.decimal();
    if (!line.isAtBlank()) line.refuse();
    if (hasGroups && groups !== 0) record.groups = groupsOf(groups);
    if (hasMeminfo)
      record.meminfo = drops === undefined ? { rmemAlloc, wmemAlloc } : { rmemAlloc, wmemAlloc, drops };
    if (hasFlags) record.flags = flags;
    return record;
  };
}

export function netlinkTable(wish: ProcNetlinkWish): Table<ProcNetlinkMsg> {
  return {
    sockets: 'netlink sockets',
    absent: 'this kernel has no netlink sockets (CONFIG_NET)',
    files: () => [
      {
        name: 'netlink',
        optional: false,
        header: /^ *sk +Eth +Pid +Groups +Rmem +Wmem +Dump +Locks( +Drops( +Inode)?)?\b/,
        read: netlinkReader(wish),
      },
    ],
  };
}
