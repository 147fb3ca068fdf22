/** What the terms of a filter say of IP sockets, and of SMC sockets, which are told as IP sockets are. */
import { readFileSync } from 'node:fs';

import type { DiagMsg } from '../decode.js';
import type { SocketAddress } from '../inet/socket-address.js';
import { SockDiagError } from '../netlink/errors.js';
import { addressTest } from './match-address.js';
import type { Verdict } from './match-term.js';
import type { Comparison, End, Fwmark, InetPattern, Port } from './tree.js';

type InetRecord = Extract<DiagMsg, { src: string }>;

function isInet(record: DiagMsg): record is InetRecord {
  const { family } = record;
  return family === 'inet' || family === 'inet6' || family === 'smc';
}

/** SMC tells neither marks nor cgroups. */
type ProtocolRecord = Extract<InetRecord, { protocol: string }>;

function hasProtocol(record: DiagMsg): record is ProtocolRecord {
  return isInet(record) && 'protocol' in record;
}

const PORTS: Readonly<Record<End, (record: InetRecord) => number>> = {
  src: (record) => record.sport,
  dst: (record) => record.dport,
};

const COMPARE: Readonly<Record<Comparison, (port: number) => (other: number) => boolean>> = {
  '=': (port) => (other) => other === port,
  '!=': (port) => (other) => other !== port,
  '>=': (port) => (other) => other >= port,
  '<=': (port) => (other) => other <= port,
  '>': (port) => (other) => other > port,
  '<': (port) => (other) => other < port,
};

/** A port is compared as equal to `*`: so it is neither greater nor less. */
const WITH_ANY: Readonly<Record<Comparison, boolean>> = {
  '=': true,
  '!=': false,
  '>=': true,
  '<=': true,
  '>': false,
  '<': false,
};

/** The port of an end. */
export function portVerdict({ end, comparison, port }: Port): Verdict {
  const portOf = PORTS[end];
  const holds = port === undefined ? () => WITH_ANY[comparison] : COMPARE[comparison](port);
  return (record) => (isInet(record) ? holds(portOf(record)) : undefined);
}

/** The address and the port of an end. */
export function inetVerdict(end: End, pattern: InetPattern): Verdict {
  const { port } = pattern;
  const portOf = PORTS[end];
  const fits = addressTest(pattern);
  return (record) => {
    if (!isInet(record)) return undefined;
    if (port !== undefined && portOf(record) !== port) return false;
    return fits === undefined || addressFits(record, end, fits);
  };
}

/** Of the addresses that SCTP has at an end, one is enough; what the others have is only the first of them. */
function addressFits(record: InetRecord, end: End, fits: (text: string) => boolean): boolean {
  const all = end === 'src' ? localsOf(record) : peersOf(record);
  if (all !== undefined && all.length > 0) return all.some(({ addr }) => fits(addr));
  return fits(end === 'src' ? record.src : record.dst);
}

function localsOf(record: InetRecord): readonly SocketAddress[] | undefined {
  return 'protocol' in record && record.protocol === 'sctp' ? record.locals : undefined;
}

function peersOf(record: InetRecord): readonly SocketAddress[] | undefined {
  return 'protocol' in record && record.protocol === 'sctp' ? record.peers : undefined;
}

/** The interface of a socket; undefined for another family. */
export function inetDevice(record: DiagMsg): number | undefined {
  return isInet(record) ? record.ifindex : undefined;
}

/**
 * SO_MARK.
 *
 * The kernel tells it to readers with CAP_NET_ADMIN in the network namespace only, and refuses to filter by it for all
 * others: without it, a record can only be refused. What a kernel before 5.15 does not tell of TIME_WAIT, it takes for
 * 0 itself.
 */
export function markVerdict({ mark, mask }: Fwmark): Verdict {
  const isPossible = (mark & ~mask) === 0;
  return (record) => {
    if (!hasProtocol(record)) return undefined;
    // Nothing is to be looked at.
    if (!isPossible || mask === 0) return isPossible;
    const own = record.mark ?? (record.timer === 'timewait' ? 0 : withoutMark());
    return (own & mask) === (mark | 0);
  };
}

function withoutMark(): never {
  throw new SockDiagError(
    'cannot match fwmark: the record has no mark, which the kernel tells only to readers with CAP_NET_ADMIN in the ' +
      'network namespace',
    { code: 'EPERM' },
  );
}

/**
 * The cgroup v2 itself, not one that it is below of: so does the kernel.
 *
 * Sockets in SYN_RECV and TIME_WAIT have none, and no `shutdown` either. Where the kernel tells the cgroup of none,
 * nothing can be said.
 */
export function cgroupVerdict(id: number): Verdict {
  return (record) => {
    if (!hasProtocol(record)) return undefined;
    if (record.cgroupId !== undefined) return record.cgroupId === id;
    return record.shutdown === undefined ? false : withoutCgroup();
  };
}

function withoutCgroup(): never {
  throw new SockDiagError(
    'cannot match cgroup: the record has no cgroupId, which the kernel tells since Linux 5.8, with ' +
      'CONFIG_SOCK_CGROUP_DATA',
    { code: 'EOPNOTSUPP' },
  );
}

/**
 * The port lies in the range that the kernel gives ports from. It approximates what the kernel knows, and no record
 * tells: whether the port was bound explicitly.
 */
export function inetAutobound(portRange: readonly [least: number, most: number] | undefined): Verdict {
  let range = portRange;
  return (record) => {
    if (!isInet(record)) return undefined;
    range ??= readPortRange();
    return record.sport >= range[0] && record.sport <= range[1];
  };
}

const PORT_RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

/** The ports that the kernel gives to sockets, both ends included. @throws Error of the system */
export function readPortRange(): readonly [number, number] {
  const [least, most] = readFileSync(PORT_RANGE, 'utf8').trim().split(/\s+/).map(Number);
  return [least as number, most as number];
}
