/** What shells can complete: the options, what follows them, and the words of filters. */

import { STATE_NAMES } from '../../filter/states.js';
import { STATE_KEYWORDS, TERM_KEYWORDS } from '../../filter/vocabulary.js';
import { LABEL_NAMES } from '../../metrics/labels.js';
import { WHENS } from '../colours.js';
import { SHOWN } from '../exporter/wish.js';
import { OPTIONS, type Values } from '../options.js';
import { FAMILIES, KINDS, QUERIES } from '../plan.js';
import { FieldNames } from '../schema.js';

/** What follows an option: one of these words, several with commas between them, a name of a kind, or what nobody knows. */
export type Operand =
  | { words: readonly string[] }
  | { list: readonly string[] }
  | 'file'
  | 'namespace'
  | 'anything';

export interface Option {
  long: string;
  short: string | undefined;
  /** In a few words without quotes, brackets and colons, which mean something to shells. */
  meaning: string;
  /** Undefined if nothing follows it. */
  operand: Operand | undefined;
  /** Behind which commands alone it means something; none for an option that needs no command. */
  commands: readonly OptionedCommand[];
}

/** All of them: what is missing here, the compiler tells. */
const MEANINGS: Readonly<Record<keyof Values, string>> = {
  help: 'what there is',
  version: 'the version',
  numeric: 'numbers instead of the names of services',
  all: 'in all states',
  listening: 'only sockets that wait',
  options: 'timers',
  extended: 'uid, inode, cookie, mark, cgroup',
  memory: 'the memory that a socket holds',
  info: 'how TCP connections do',
  processes: 'the processes that hold it',
  tos: 'type of service, traffic class and class',
  cgroup: 'the cgroup',
  'inet-sockopt': 'options of IP sockets',
  ipv4: 'only IPv4',
  ipv6: 'only IPv6',
  packet: 'packet sockets',
  tcp: 'TCP sockets',
  mptcp: 'Multipath TCP sockets',
  sctp: 'SCTP sockets',
  udp: 'UDP sockets',
  dccp: 'DCCP sockets',
  raw: 'raw IP sockets',
  unix: 'unix sockets',
  vsock: 'sockets between virtual machines and their hosts',
  tipc: 'TIPC sockets',
  xdp: 'XDP sockets',
  'bound-inactive': 'TCP sockets that are merely bound',
  resolve: 'names of hosts instead of addresses',
  bpf: 'the filters of packet sockets',
  'no-bpf': 'load no program into the kernel to find processes',
  threads: 'the threads that hold it',
  context: 'the processes, with their contexts of SELinux',
  contexts: 'the processes and the socket, with their contexts of SELinux',
  tipcinfo: 'how TIPC sockets do',
  'no-queues': 'no columns of queues',
  'no-header': 'no headings',
  oneline: 'one line for each socket',
  json: 'one record a line, in JSON',
  summary: 'how many there are',
  kill: 'end these sockets',
  events: 'sockets as they end',
  gone: 'when there is no such socket any more',
  family: 'of a family',
  query: 'of several kinds',
  socket: 'of several kinds',
  net: 'in another network namespace',
  filter: 'the filter, from a file',
  diag: 'write the messages of the kernel to a file',
  from: 'read sockets from a file',
  listen: 'a port of TCP that is listened on',
  timeout: 'seconds to wait at most',
  interval: 'seconds from one look to the next',
  address: 'where to listen',
  port: 'where to listen',
  labels: 'what metrics are told apart by',
  limit: 'how many values a label may have',
  show: 'what metrics are made of beside',
  once: 'one table, after one interval',
  color: 'when to use colours',
  fields: 'just these fields of the records',
  fallback: 'what to read where netlink is not supported',
  consistent: 'ask twice, so that none is missed',
};

/** Commands that have options of their own. */
export const OPTIONED_COMMANDS = ['wait', 'top', 'exporter'] as const;

export type OptionedCommand = (typeof OPTIONED_COMMANDS)[number];

const COMMANDS_OF: Readonly<Record<string, readonly OptionedCommand[]>> = {
  gone: ['wait'],
  listen: ['wait'],
  timeout: ['wait', 'exporter'],
  interval: ['top', 'exporter'],
  once: ['top'],
  address: ['exporter'],
  port: ['exporter'],
  labels: ['exporter'],
  limit: ['exporter'],
  show: ['exporter'],
};

/** Without those that would need an index. */
const fields = (): readonly string[] => new FieldNames(KINDS, { isOfEvents: false, isOfProc: false }).all();

const KINDS_LIST: Operand = { list: Object.keys(QUERIES) };

const OPERANDS: Readonly<Record<string, () => Operand>> = {
  family: () => ({ words: Object.keys(FAMILIES) }),
  query: () => KINDS_LIST,
  socket: () => KINDS_LIST,
  net: () => 'namespace',
  filter: () => 'file',
  diag: () => 'file',
  from: () => 'file',
  color: () => ({ words: WHENS }),
  fields: () => ({ list: fields() }),
  fallback: () => ({ words: ['proc'] }),
  labels: () => ({ list: LABEL_NAMES }),
  show: () => ({ list: SHOWN }),
};

/** Whether an option means something behind a command, or without one. */
export function isFor(command: OptionedCommand | undefined): (option: Option) => boolean {
  return ({ commands }) => (command === undefined ? commands.length === 0 : commands.includes(command));
}

export function readOptions(): readonly Option[] {
  return Object.entries(OPTIONS).map(([long, { type, short }]) => ({
    long,
    short,
    meaning: MEANINGS[long as keyof Values],
    operand: type === 'boolean' ? undefined : (OPERANDS[long]?.() ?? 'anything'),
    commands: COMMANDS_OF[long] ?? [],
  }));
}

/** What a command line may begin with. */
export const COMMANDS: Readonly<Record<string, string>> = {
  wait: 'until there is such a socket',
  top: 'a live view',
  exporter: 'metrics for Prometheus',
  completion: 'what a shell completes these words by',
};

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const STATES: readonly string[] = STATE_NAMES;

export const STATE_WORDS: readonly string[] = [...STATE_KEYWORDS].filter((word) => word !== 'excl');

/** What a filter, or one of its terms, begins with. */
export const FILTER_WORDS: readonly string[] = [...new Set([...STATE_WORDS, ...TERM_KEYWORDS, 'not'])];
