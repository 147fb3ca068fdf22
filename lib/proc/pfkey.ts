/** The tables of PF_KEY sockets, through which key daemons speak with IPsec: /proc/net/pfkey, and KLIPS's pf_key. */
import { type SocketType, typeName } from '../record/type.js';
import { stateNameOf } from '../record/words.js';
import { type Line, Malformed } from './line.js';
import type { ProcRecord } from './record.js';
import type { Table } from './table.js';

/** `socket_state`: what a socket of KLIPS is to the layer above. */
export type PfKeyState = 'FREE' | 'UNCONNECTED' | 'CONNECTING' | 'CONNECTED' | 'DISCONNECTING';

const STATES: readonly PfKeyState[] = ['FREE', 'UNCONNECTED', 'CONNECTING', 'CONNECTED', 'DISCONNECTING'];

/**
 * A PF_KEY socket, from either of two tables: Linux's own, and that of KLIPS, an IPsec of old that was not a part of Linux.
 * Each tells what the other does not. Addresses in the kernel are as it prints them, in hexadecimal: most readers see
 * other ones than there are, or zeros.
 */
export interface PfKeyMsg extends ProcRecord {
  /** PF_KEY. */
  family: 'key';
  /** Which table it is from: `'pfkey'` is Linux's, `'pf_key'` is of KLIPS. */
  table: 'pfkey' | 'pf_key';
  /** Address of the kernel's `struct sock` (`sk`, `sock`). */
  sk: string;
  /** References to it, a count (`RefCnt`; pfkey). */
  refcnt?: number;
  /** Bytes of memory held by what is unread, overhead included (`Rmem`; of pf_key `r`, in the longest form). */
  rmem?: number;
  /** Bytes of memory held by what is unsent, overhead included (`Wmem`; of pf_key `w`, in the longest form). */
  wmem?: number;
  /** Bytes of memory held by options (`o`; pf_key, in the longest form). */
  omem?: number;
  /** The owner's user id as seen from the reader's user namespace (`User`; pfkey). */
  uid?: number;
  /** The inode number of the socket's descriptors (`Inode`; pfkey). */
  inode?: number;
  /** Process id of whoever made the socket (`pid`; pf_key, but for the short form of Linux 2.6). */
  pid?: number;
  /** It is dead: closed, and not yet gone (`d`; pf_key, but for the short forms). */
  dead?: boolean;
  /** Its address may be used again, SO_REUSEADDR (`r`; pf_key, but for the short forms). */
  reused?: boolean;
  /** It was zapped: taken out of reach (`z`; pf_key, but for the short forms). */
  zapped?: boolean;
  /** Address of its wait queue (`sleep`; pf_key, but for the short forms). */
  sleep?: string;
  /** Address of the kernel's `struct socket` that owns it (`socket`; pf_key). */
  socket?: string;
  /** Address of the next socket in the chain; `'0'` for none (`next`; pf_key before Linux 2.6). */
  next?: string;
  /** Address of the one before (`prev`; pf_key before Linux 2.6). */
  prev?: string;
  /** Address of the routine that is called at its end (`destruct`; pf_key, in the longest form). */
  destruct?: string;
  /** The last error, an errno; 0 for none (`e`; pf_key). */
  err?: number;
  /** The local port, which means nothing for this family (`n`; pf_key before Linux 2.6). */
  num?: number;
  /** Version of the protocol: 2, PF_KEY_V2 (`p`; pf_key). */
  protocol?: number;
  /** Limit of what may be queued for sending, bytes (`sndbf`; pf_key). */
  sndbuf?: number;
  /** When something arrived last, seconds (`stamp`; pf_key, but for the short forms). */
  stamp?: number;
  /** The flags of `struct socket`, as a number (`Flags`; pf_key). */
  flags?: number;
  /** (`Type`; pf_key.) */
  type?: SocketType;
  /** (`St`; pf_key.) */
  state?: PfKeyState;
}

/** Linux's own. */
function readPfKey(line: Line): PfKeyMsg {
  const sk = line.word();
  line.next();
  const refcnt = line.decimal();
  line.next();
  const rmem = line.decimal();
  line.next();
  const wmem = line.decimal();
  line.next();
  const uid = line.decimal() >>> 0;
  line.next();
  const inode = line.decimal();
  if (!line.isAtBlank()) line.refuse();
  return { family: 'key', table: 'pfkey', sk, refcnt, rmem, wmem, uid, inode, source: 'proc' };
}

/** Puts a column into a record. */
type Column = (record: PfKeyMsg, line: Line) => void;

/** The properties of a type. */
type Of<T> = keyof { [K in keyof PfKeyMsg as Required<PfKeyMsg>[K] extends T ? K : never]: never };

const address =
  (name: Extract<Of<string>, 'sk' | 'sleep' | 'socket' | 'next' | 'prev' | 'destruct'>): Column =>
  (record, line) => {
    record[name] = line.word();
  };

const number =
  (name: Of<number>): Column =>
  (record, line) => {
    record[name] = line.decimal();
  };

const flag =
  (name: Of<boolean>): Column =>
  (record, line) => {
    record[name] = line.decimal() !== 0;
  };

/** By the names in the header, of which one comes twice: `reuse` is the first `r`. `fa` is 15, the family, for all. */
const COLUMNS = {
  sock: address('sk'),
  pid: number('pid'),
  d: flag('dead'),
  sleep: address('sleep'),
  socket: address('socket'),
  next: address('next'),
  prev: address('prev'),
  e: number('err'),
  destruct: address('destruct'),
  reuse: flag('reused'),
  z: flag('zapped'),
  fa: (_, line) => {
    line.decimal();
  },
  n: number('num'),
  p: number('protocol'),
  r: number('rmem'),
  w: number('wmem'),
  o: number('omem'),
  sndbf: number('sndbuf'),
  stamp: (record, line) => {
    record.stamp = readSeconds(line);
  },
  flags: (record, line) => {
    record.flags = line.hex();
  },
  type: (record, line) => {
    record.type = typeName(line.hex());
  },
  st: (record, line) => {
    record.state = stateNameOf(STATES, line.hex());
  },
} satisfies Record<string, Column>;

const MICROSECONDS = 1e6;
const STAMP_DIGITS = 6;
const DOT = 0x2e;

/** Seconds, and behind the point six digits of microseconds. */
function readSeconds(line: Line): number {
  const seconds = line.decimal();
  line.expect(DOT);
  const start = line.at;
  const microseconds = line.decimal();
  if (line.at - start !== STAMP_DIGITS) line.refuse();
  return (seconds * MICROSECONDS + microseconds) / MICROSECONDS;
}

type ColumnName = keyof typeof COLUMNS;

const names = (text: string): readonly ColumnName[] => text.split(' ') as ColumnName[];

/** By how many columns a line has. The header does not tell: under Linux 2.6 it has more than the lines. */
const FORMS: ReadonlyMap<number, readonly ColumnName[]> = new Map(
  [
    'sock pid d sleep socket next prev e destruct reuse z fa n p r w o sndbf stamp flags type st',
    'sock pid d sleep socket next prev e reuse z n p sndbf stamp flags type st',
    'sock pid socket next prev e n p sndbf flags type st',
    'sock pid d sleep socket e reuse z p sndbf stamp flags type st',
    'sock pid socket e p sndbf flags type st',
  ].map((text) => [names(text).length, names(text)]),
);

function readKlips(line: Line): PfKeyMsg {
  const record: PfKeyMsg = { family: 'key', table: 'pf_key', sk: '', source: 'proc' };
  for (const name of formOf(line)) {
    line.hasNext();
    COLUMNS[name](record, line);
    if (!line.isAtBlank()) line.refuse();
  }
  return record;
}

function formOf(line: Line): readonly ColumnName[] {
  const { at } = line;
  let count = 0;
  for (; line.hasNext(); line.skip()) count++;
  const form = FORMS.get(count);
  if (form === undefined) throw new Malformed(`a line of ${count} columns`, at);
  line.at = at;
  return form;
}

export const PFKEY_TABLE: Table<PfKeyMsg> = {
  sockets: 'PF_KEY sockets',
  absent: 'this kernel has no PF_KEY sockets (CONFIG_NET_KEY; its module af_key is absent, or not loaded)',
  files: () => [
    {
      name: 'pfkey',
      optional: true,
      header: /^ *sk +RefCnt +Rmem +Wmem +User +Inode\b/,
      read: readPfKey,
    },
    { name: 'pf_key', optional: true, header: /^ *sock +pid +/, read: readKlips },
  ],
};
