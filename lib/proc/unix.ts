/** The table of unix-domain sockets, /proc/net/unix. */
import { type SocketType, typeName } from '../record/type.js';
import type { UnixDiagMsg, UnixState } from '../unix/record.js';
import { COLON, type Line } from './line.js';
import type { ProcRecord } from './record.js';
import type { ReadLine, Table } from './table.js';

/** A unix-domain socket, as /proc/net/unix tells it. */
export interface ProcUnixMsg extends ProcRecord, Pick<UnixDiagMsg, 'family' | 'type' | 'name'> {
  /** As of a record of netlink. Linux before 5.15 tells datagram sockets that are connected to as CLOSE. */
  state: UnixState;
  /**
   * The inode number of the socket's descriptors; 0 for the server's end of a connection that waits to be accepted, which
   * netlink does not tell of.
   */
  inode: number;
  /**
   * The name's exact bytes. Absent where they cannot be known: a name that starts with `@` is an abstract one, or a path
   * that does so, and `@` may stand for NUL.
   */
  nameBytes?: Uint8Array;
}

export interface ProcUnixWish {
  states?: readonly UnixState[] | undefined;
  show?: readonly string[] | undefined;
}

/** __SO_ACCEPTCON: it listens. */
const ACCEPTCON = 0x10000;

/** Of `socket_state`, those that are connected: with a descriptor, and without one. */
const SS_CONNECTING = 2;
const SS_CONNECTED = 3;

function stateOf(flags: number, state: number): UnixState {
  if ((flags & ACCEPTCON) !== 0) return 'LISTEN';
  return state === SS_CONNECTED || state === SS_CONNECTING ? 'ESTABLISHED' : 'CLOSE';
}

const AT = 0x40;
const NUL = 0;
const BLANK = 0x20;

function readName(record: ProcUnixMsg, { bytes, at, end }: Line): void {
  if (at === end) return;
  // One blank stands in front of a name, which may start with others.
  const start = at + 1;
  const text = bytes.toString('utf8', start, end);
  // Old kernels (4.4) print the NULs themselves.
  record.name = text.replaceAll('\0', '@');
  const isAmbiguous = bytes[start] === AT || bytes[start] === NUL;
  if (!isAmbiguous) record.nameBytes = new Uint8Array(bytes.subarray(start, end));
}

function unixReader({ states, show }: ProcUnixWish): ReadLine<ProcUnixMsg> {
  const isNamed = show === undefined || show.includes('name');
  return (line) => {
    line.skip(COLON);
    line.expect(COLON);
    // The count of references, and the protocol.
    line.next();
    line.hex8();
    line.next();
    line.hex8();
    line.next();
    const flags = line.hex8();
    line.next();
    const type = typeName(line.hex4() as number) as Extract<SocketType, ProcUnixMsg['type']>;
    line.next();
    const state = stateOf(flags, line.hex2());
    if (states !== undefined && !states.includes(state)) return undefined;
    line.next();
    const inode = line.decimal();
    if (line.at < line.end && line.bytes[line.at] !== BLANK) line.refuse();
    const record: ProcUnixMsg = { family: 'unix', type, state, inode, source: 'proc' };
    if (isNamed) readName(record, line);
    return record;
  };
}

export function unixTable(wish: ProcUnixWish): Table<ProcUnixMsg> {
  return {
    sockets: 'unix sockets',
    absent: 'this kernel has no unix sockets (CONFIG_UNIX)',
    start: '*: xxxxxxxx xxxxxxxx xxxxxxxx xxxx xx d',
    files: () => [
      {
        name: 'unix',
        optional: false,
        header: /^ *Num +RefCount +Protocol +Flags +Type +St +Inode +Path\b/,
        read: unixReader(wish),
      },
    ],
  };
}
