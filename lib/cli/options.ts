/** The words of the command line: what there is, and what was given. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

import { contentOf } from './input.js';

type Flag =
  | 'help'
  | 'version'
  | 'numeric'
  | 'all'
  | 'listening'
  | 'options'
  | 'extended'
  | 'memory'
  | 'info'
  | 'processes'
  | 'tos'
  | 'cgroup'
  | 'inet-sockopt'
  | 'ipv4'
  | 'ipv6'
  | 'packet'
  | 'tcp'
  | 'mptcp'
  | 'sctp'
  | 'udp'
  | 'dccp'
  | 'raw'
  | 'unix'
  | 'vsock'
  | 'tipc'
  | 'xdp'
  | 'tipcinfo'
  | 'bpf'
  | 'no-bpf'
  | 'threads'
  | 'context'
  | 'contexts'
  | 'resolve'
  | 'bound-inactive'
  | 'no-queues'
  | 'no-header'
  | 'oneline'
  | 'json'
  | 'consistent'
  | 'summary'
  | 'kill'
  | 'events'
  | 'gone'
  | 'once';

/** With what they are short for, as `ss` has them. */
const FLAGS: Readonly<Record<Flag, string | undefined>> = {
  help: 'h',
  version: 'V',
  numeric: 'n',
  all: 'a',
  listening: 'l',
  options: 'o',
  extended: 'e',
  memory: 'm',
  info: 'i',
  processes: 'p',
  tos: undefined,
  cgroup: undefined,
  'inet-sockopt': undefined,
  ipv4: '4',
  ipv6: '6',
  packet: '0',
  tcp: 't',
  mptcp: 'M',
  sctp: 'S',
  udp: 'u',
  dccp: 'd',
  raw: 'w',
  unix: 'x',
  vsock: undefined,
  tipc: undefined,
  xdp: undefined,
  tipcinfo: undefined,
  bpf: 'b',
  'no-bpf': undefined,
  threads: 'T',
  context: 'Z',
  contexts: 'z',
  resolve: 'r',
  'bound-inactive': 'B',
  'no-queues': 'Q',
  'no-header': 'H',
  oneline: 'O',
  json: undefined,
  consistent: undefined,
  summary: 's',
  kill: 'K',
  events: 'E',
  gone: undefined,
  once: undefined,
};

type Text =
  | 'family'
  | 'query'
  | 'socket'
  | 'net'
  | 'filter'
  | 'diag'
  | 'from'
  | 'listen'
  | 'timeout'
  | 'color'
  | 'fields'
  | 'fallback'
  | 'interval'
  | 'address'
  | 'port'
  | 'labels'
  | 'limit'
  | 'show';

/** Likewise; these have a value. */
const TEXTS: Readonly<Record<Text, string | undefined>> = {
  family: 'f',
  query: 'A',
  socket: undefined,
  net: 'N',
  filter: 'F',
  diag: 'D',
  from: undefined,
  listen: undefined,
  timeout: undefined,
  color: undefined,
  fields: undefined,
  fallback: undefined,
  interval: undefined,
  address: undefined,
  port: undefined,
  labels: undefined,
  limit: undefined,
  show: undefined,
};

const optionsOf = (
  names: Readonly<Record<string, string | undefined>>,
  type: 'boolean' | 'string',
): NonNullable<ParseArgsConfig['options']> =>
  Object.fromEntries(
    Object.entries(names).map(([name, short]) => [name, { type, ...(short !== undefined && { short }) }]),
  );

export const OPTIONS: NonNullable<ParseArgsConfig['options']> = {
  ...optionsOf(FLAGS, 'boolean'),
  ...optionsOf(TEXTS, 'string'),
};

export type Values = { readonly [K in Flag]?: boolean } & { readonly [K in Text]?: string };

/** Whether a program may be loaded into the kernel, to find the processes that hold sockets. */
export const mayLoad = (values: Values): boolean => values['no-bpf'] !== true;

/** A value as a number of seconds; NaN for what is none. */
export function secondsOf(value: string): number {
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
}

export interface Words {
  values: Values;
  /** The filter: what is no option. */
  filter: string;
}

/**
 * @throws Error (Node's own, with a code that starts with ERR_PARSE_ARGS) for what it does not understand, and that of the
 * system if the file of the filter cannot be read.
 */
export async function readWords(words: readonly string[]): Promise<Words> {
  const { values, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  const { filter } = values as Values;
  const own = filter === undefined ? [] : [await filterFrom(filter)];
  return { values: values as Values, filter: [...positionals, ...own].join(' ').trim() };
}

/** All lines are one filter; those that begin with # are remarks. */
async function filterFrom(path: string): Promise<string> {
  const lines = (await contentOf(path)).toString('utf8').split('\n');
  return lines.filter((line) => !/^\s*#/.test(line)).join(' ');
}
