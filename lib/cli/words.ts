/** The words of `ss` for what records tell. */
import { readFileSync } from 'node:fs';

const STATES: Readonly<Record<string, string>> = {
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

export function stateWord(state: string): string {
  return STATES[state] ?? state;
}

/** A queue is never narrower than its heading, even where there is none. */
export const QUEUE_WIDTH = 6;

export function queueText(value: number): string {
  // Most queues are empty.
  return value === 0 ? '0     ' : String(value).padEnd(QUEUE_WIDTH);
}

/** What a socket's name, or a command's, may hold: nothing in it may act on the reader's terminal. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) as number;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** Of interfaces, by index: the namespace of this process is the one that its /proc tells of. */
export function readDevices(): ReadonlyMap<number, string> {
  const devices = new Map<number, string>();
  for (const line of contentOf('/proc/net/igmp').split('\n')) {
    const [, index, name] = /^(\d+)\s+(\S+)\s*:/.exec(line) ?? [];
    if (name !== undefined) devices.set(Number(index), printable(name));
  }
  for (const line of contentOf('/proc/net/if_inet6').split('\n')) {
    const [, index = '', , , , name] = line.split(/\s+/);
    if (name !== undefined) devices.set(Number.parseInt(index, 16), printable(name));
  }
  return devices;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // untested: of tables that kernels without IPv6 have not
    return '';
  }
}
