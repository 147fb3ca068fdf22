/** -s: how many sockets there are, by the kernel's own counters, without looking at each. */
import { readFileSync } from 'node:fs';

import { SockDiagError } from '../netlink/errors.js';

type Counters = ReadonlyMap<string, number>;

/** @throws Error of the system, if /proc cannot be read. */
export function readSummary(): Summary {
  return summaryOf(
    readCounters('/proc/net/sockstat'),
    readCounters('/proc/net/sockstat6', true),
    readEstablished(),
  );
}

export function summaryText({ total, tcp, transports }: Summary): string {
  return [
    `Total: ${total}`,
    `TCP:   ${tcp.total} (estab ${tcp.estab}, closed ${tcp.closed}, orphaned ${tcp.orphaned}, timewait ${tcp.timewait})`,
    '',
    'Transport Total     IP        IPv6',
    ...transports.map(
      ({ name, ip, ipv6 }) => `${name}\t  ${[ip + ipv6, ip, ipv6].map((n) => String(n).padEnd(9)).join(' ')}`,
    ),
    '',
    '',
  ].join('\n');
}

export interface Summary {
  /** Sockets of the namespace, of every family. */
  total: number;
  tcp: { total: number; estab: number; closed: number; orphaned: number; timewait: number };
  transports: readonly { name: string; ip: number; ipv6: number }[];
}

/** TCP's `alloc` counts the sockets of all namespaces, so that `closed` is only right where there is no other. */
export function summaryOf(ipv4: Counters, ipv6: Counters, estab: number): Summary {
  const four = (name: string): number => known(ipv4.get(name), `'${name}'`);
  const six = (name: string): number => ipv6.get(name) ?? 0;
  const pair = (name: string): { name: string; ip: number; ipv6: number } => ({
    name,
    ip: four(`${name} inuse`),
    ipv6: six(`${name}6 inuse`),
  });
  const [raw, udp, tcp] = [pair('RAW'), pair('UDP'), pair('TCP')];
  const inet = { name: 'INET', ip: raw.ip + udp.ip + tcp.ip, ipv6: raw.ipv6 + udp.ipv6 + tcp.ipv6 };
  const timewait = four('TCP tw');
  const alloc = four('TCP alloc');
  return {
    total: four('sockets used'),
    tcp: {
      total: alloc + timewait,
      estab: known(estab, 'CurrEstab'),
      closed: alloc - (tcp.ip + tcp.ipv6 - timewait),
      orphaned: four('TCP orphan'),
      timewait,
    },
    transports: [raw, udp, tcp, inet, pair('FRAG')],
  };
}

/** What is not told is not 0. */
function known(value: number | undefined, what: string): number {
  if (value !== undefined && Number.isSafeInteger(value)) return value;
  throw new SockDiagError(`/proc/net does not tell ${what}`, { code: 'EBADMSG' });
}

/** `TCP: inuse 1 orphan 0` as `TCP inuse` and `TCP orphan`. Without IPv6 the second file is not there. */
export function readCounters(path: string, isOptional = false): Counters {
  const counters = new Map<string, number>();
  for (const line of contentOf(path, isOptional).split('\n')) {
    const [name = '', ...words] = line.split(/[:\s]+/);
    for (let i = 0; i + 1 < words.length; i += 2) counters.set(`${name} ${words[i]}`, Number(words[i + 1]));
  }
  return counters;
}

function contentOf(path: string, isOptional: boolean): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (isOptional && (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** CurrEstab: established connections, and those that the peer has closed. */
function readEstablished(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'));
  return Number(values.split(' ')[names.split(' ').indexOf('CurrEstab')]);
}
