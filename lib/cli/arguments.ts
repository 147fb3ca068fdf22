/** What the command line asks for. */
import { parseArgs } from 'node:util';

import type { InetFamily } from '../inet/family.js';
import type { SocketState } from '../record/state.js';
import type { UnixState } from '../unix/record.js';

export type Kind = 'tcp' | 'udp' | 'unix';

export interface Wish {
  kinds: Kind[];
  /** Undefined for both. */
  family: InetFamily | undefined;
  states: { inet: SocketState[]; unix: UnixState[] };
  json: boolean;
  help: boolean;
  version: boolean;
}

export const HELP = `Usage: sockdiag [options]

Prints the sockets of this machine, as the kernel tells them.

  -t, --tcp        TCP sockets
  -u, --udp        UDP sockets
  -x, --unix       unix-domain sockets
                   (without any of these: all of them)
  -l, --listening  only sockets that wait: listening, or not connected
  -a, --all        both those and the connected ones
                   (without either: only the connected ones)
  -4, --ipv4       only IPv4
  -6, --ipv6       only IPv6
      --json       one record a line, in JSON; bytes are hexadecimal text
  -h, --help       this text
  -V, --version    the version

Examples:
  sockdiag -tl           who waits for TCP connections
  sockdiag -ta4 --json   all IPv4 TCP sockets, for another program
`;

/** Those that `ss` shows without -a and -l; the others wait, or are on their way in or out. */
const CONNECTED: SocketState[] = [
  'ESTABLISHED',
  'SYN_SENT',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'CLOSE_WAIT',
  'LAST_ACK',
  'CLOSING',
];
const WAITING: SocketState[] = ['LISTEN', 'CLOSE'];
const PASSING: SocketState[] = ['SYN_RECV', 'TIME_WAIT'];

/** @throws Error (Node's own, with a code that starts with ERR_PARSE_ARGS) for what it does not understand. */
export function readArguments(words: string[]): Wish {
  const { values } = parseArgs({
    args: words,
    options: {
      tcp: { type: 'boolean', short: 't' },
      udp: { type: 'boolean', short: 'u' },
      unix: { type: 'boolean', short: 'x' },
      listening: { type: 'boolean', short: 'l' },
      all: { type: 'boolean', short: 'a' },
      ipv4: { type: 'boolean', short: '4' },
      ipv6: { type: 'boolean', short: '6' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'V' },
    },
  });
  const ip = values.ipv4 === true || values.ipv6 === true;
  const named = (['tcp', 'udp', 'unix'] as const).filter((kind) => values[kind]);
  return {
    // As with ss: -4 and -6 alone leave out what has no such addresses.
    kinds: named.length > 0 ? named : ip ? ['tcp', 'udp'] : ['tcp', 'udp', 'unix'],
    family: values.ipv4 === values.ipv6 ? undefined : values.ipv4 === true ? 'inet' : 'inet6',
    states: statesOf(values.all === true, values.listening === true),
    json: values.json === true,
    help: values.help === true,
    version: values.version === true,
  };
}

function statesOf(all: boolean, listening: boolean): Wish['states'] {
  if (all) return { inet: [...CONNECTED, ...WAITING, ...PASSING], unix: ['ESTABLISHED', 'LISTEN', 'CLOSE'] };
  if (listening) return { inet: WAITING, unix: ['LISTEN', 'CLOSE'] };
  return { inet: CONNECTED, unix: ['ESTABLISHED'] };
}
