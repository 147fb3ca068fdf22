/** The tables of ping sockets, /proc/net/icmp and icmp6, which have some sockets in both. */
import type { InetFamily } from '../inet/family.js';
import { DATAGRAMS, type InetTableKind, inetTable, type ProcDatagramMsg, type ProcInetWish } from './inet.js';
import type { Line } from './line.js';
import type { Table, TableFile } from './table.js';

/** A ping socket, from /proc/net/icmp or icmp6: `sport` is its echo identifier. Netlink tells of none. */
export interface ProcIcmpMsg extends ProcDatagramMsg {
  /** The protocol that was asked for. */
  protocol: 'icmp';
}

const ICMP: InetTableKind<ProcIcmpMsg> = {
  ...DATAGRAMS,
  protocol: 'icmp',
  sockets: 'ping sockets',
  absent: 'this kernel has no ping sockets, which came with Linux 3.0',
};

/** By inode number, how doubtful it is that a socket is of the family whose table it is in; the least is sure. */
type Doubts = Map<number, number>;

const SURE = 0;
const LIKELY = 1;
const UNLIKELY = 2;

/**
 * Where sockets of both families share a bucket of the kernel's, it prints those of the other family too, as if they were of
 * this one; so do 5.10 to 7.2, at least. Hence both tables are read twice: first to see which sockets are in both.
 */
export function icmpTable(wish: ProcInetWish): Table<ProcIcmpMsg> {
  const table = inetTable(ICMP, wish);
  const both = inetTable(ICMP, {});
  return {
    ...table,
    files: () => {
      const doubts: Readonly<Record<InetFamily, Doubts>> = { inet: new Map(), inet6: new Map() };
      const looked = both.files().map((file) => looking(file, doubts[familyOf(file)]));
      const given = table.files().map((file) => sorting(file, doubts));
      return [...looked, ...given];
    },
  };
}

function familyOf({ name }: TableFile<ProcIcmpMsg>): InetFamily {
  return name.endsWith('6') ? 'inet6' : 'inet';
}

/** Gives nothing out. */
function looking(file: TableFile<ProcIcmpMsg>, doubts: Doubts): TableFile<ProcIcmpMsg> {
  let last: number | undefined;
  const read = (line: Line): undefined => {
    const bucket = bucketOf(line);
    const record = file.read(line);
    // The first of a bucket is one that was looked for, and the next ones come unseen.
    if (record !== undefined) doubts.set(record.inode, bucket === last ? doubtOf(record) : SURE);
    last = bucket;
  };
  return { ...file, optional: true, read };
}

/** The number that a line starts with. */
function bucketOf(line: Line): number {
  const { at } = line;
  line.hasNext();
  const bucket = line.decimal();
  line.at = at;
  return bucket;
}

/** A socket of the other family has no addresses in this one. */
function doubtOf({ src, dst }: ProcIcmpMsg): number {
  return /[1-9a-f]/.test(src + dst) ? LIKELY : UNLIKELY;
}

/** Gives out the sockets that are of the table's own family. */
function sorting(
  file: TableFile<ProcIcmpMsg>,
  { inet, inet6 }: Readonly<Record<InetFamily, Doubts>>,
): TableFile<ProcIcmpMsg> {
  const isInet = familyOf(file) === 'inet';
  const read = (line: Line): ProcIcmpMsg | undefined => {
    const record = file.read(line);
    if (record === undefined) return undefined;
    const doubt = inet.get(record.inode);
    const other = inet6.get(record.inode);
    const isSix = other !== undefined && (doubt === undefined || other < doubt);
    if (doubt === undefined && other === undefined) return record;
    return isSix === isInet ? undefined : record;
  };
  return { ...file, read };
}
