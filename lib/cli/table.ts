/** Sockets as the rows of a table. */
import type { InetDiagMsg } from '../inet/record.js';
import type { UnixDiagMsg } from '../unix/record.js';

type AnySocket = InetDiagMsg | UnixDiagMsg;

const HEADINGS = ['Netid', 'State', 'Recv-Q', 'Send-Q', 'Local Address:Port', 'Peer Address:Port'];

/** Columns of numbers stand to the right. */
const TO_THE_RIGHT: ReadonlySet<number> = new Set([2, 3]);

/** Unix sockets by their type; `ss` has the same words. */
const UNIX_WORDS: Readonly<Record<string, string>> = { stream: 'u_str', dgram: 'u_dgr', seqpacket: 'u_seq' };

/** All lines of the table, heading first. */
export function* table(sockets: readonly AnySocket[]): Generator<string> {
  const rows = [HEADINGS, ...sockets.map(cells)];
  const widths = HEADINGS.map((_, column) =>
    rows.reduce((most, row) => Math.max(most, width(row, column)), 0),
  );
  for (const row of rows) {
    const padded = row.map((cell, column) => {
      const size = widths[column] as number;
      return TO_THE_RIGHT.has(column) ? cell.padStart(size) : cell.padEnd(size);
    });
    yield padded.join('  ').trimEnd();
  }
}

function width(row: readonly string[], column: number): number {
  return (row[column] as string).length;
}

function cells(socket: AnySocket): string[] {
  const queues = [String(socket.rqueue ?? 0), String(socket.wqueue ?? 0)];
  if (socket.family === 'unix') {
    const local = `${printable(socket.name ?? '*')} ${socket.inode}`;
    return [
      UNIX_WORDS[socket.type] ?? socket.type,
      stateWord(socket.state),
      ...queues,
      local,
      `* ${socket.peer ?? 0}`,
    ];
  }
  return [
    socket.protocol,
    stateWord(socket.state),
    ...queues,
    endpoint(socket, socket.src, socket.sport),
    endpoint(socket, socket.dst, socket.dport),
  ];
}

/** The words of `ss`. */
const STATE_WORDS: Readonly<Record<string, string>> = {
  ESTABLISHED: 'ESTAB',
  SYN_SENT: 'SYN-SENT',
  SYN_RECV: 'SYN-RECV',
  FIN_WAIT1: 'FIN-WAIT-1',
  FIN_WAIT2: 'FIN-WAIT-2',
  TIME_WAIT: 'TIME-WAIT',
  CLOSE: 'UNCONN',
  CLOSE_WAIT: 'CLOSE-WAIT',
  LAST_ACK: 'LAST-ACK',
};

function stateWord(state: string): string {
  return STATE_WORDS[state] ?? state;
}

function endpoint(socket: InetDiagMsg, address: string, port: number): string {
  const host = socket.family === 'inet6' ? `[${address}]` : address;
  return `${host}:${port === 0 ? '*' : port}`;
}

/** A socket's name may hold anything: nothing in it may act on the reader's terminal. */
function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) as number;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
