/** The tables of raw IP sockets, /proc/net/raw and raw6. */
import { DATAGRAMS, type InetTableKind, inetTable, type ProcDatagramMsg, type ProcInetWish } from './inet.js';
import type { Line } from './line.js';
import type { ReadLine, Table } from './table.js';

/** A raw IP socket, from /proc/net/raw or raw6. */
export interface ProcRawMsg extends Omit<ProcDatagramMsg, 'dport'> {
  /** The protocol that was asked for. */
  protocol: 'raw';
  /** 0 where there is no remote end. Absent where there is one: the text has 0 there too, whatever port it was given. */
  dport?: number;
}

type RawLine = ProcDatagramMsg & { protocol: 'raw' };

const RAW: InetTableKind<RawLine> = {
  ...DATAGRAMS,
  protocol: 'raw',
  sockets: 'raw sockets',
  absent: 'this kernel has no raw sockets (CONFIG_INET)',
};

export function rawTable(wish: ProcInetWish): Table<ProcRawMsg> {
  const table = inetTable(RAW, wish);
  return { ...table, files: () => table.files().map((file) => ({ ...file, read: withoutPort(file.read) })) };
}

/** What the kernel prints of no socket is given out of none. */
function withoutPort(read: ReadLine<RawLine>): ReadLine<ProcRawMsg> {
  return (line: Line) => {
    const record: ProcRawMsg | undefined = read(line);
    if (record?.state === 'ESTABLISHED') delete record.dport;
    return record;
  };
}
