/**
 * The matcher: whether a record is one that an expression asks for. Of IP sockets it gives the kernel's own verdict, of
 * those of other families that of `ss`.
 *
 * A term may be about what a record does not have: a port, where a unix socket has none; an address of another family.
 * Then neither it nor its negation holds. So no condition on ports or addresses lets sockets of other families through,
 * by whatever `not`: `not dport = 22` is about sockets that have a port. (`and` and `or` are those of three-valued
 * logic, as in SQL.) IPv4 and IPv6 are no such families to each other: `not src inet6:*` holds of IPv4 sockets.
 *
 * With the `not`s carried inward to the terms, all of that comes down to one question for each term: whether it says what
 * is wanted.
 */
import type { DiagMsg } from '../decode.js';
import { type Check, checkOptions } from '../netlink/options.js';
import { asSocketState } from '../tipc/state.js';
import { checkTree } from './check.js';
import { gather } from './gather.js';
import { autobound, linkVerdict, netlinkVerdict, unixVerdict, vsockVerdict } from './match-families.js';
import {
  cgroupVerdict,
  inetAutobound,
  inetDevice,
  inetVerdict,
  markVerdict,
  portVerdict,
} from './match-inet.js';
import type { Verdict } from './match-term.js';
import { cgroupId, deviceIndex, noCgroup, noDevice } from './resolvers.js';
import { FILTER_STATES } from './states.js';
import type { Device, Expression, Host, State, Term } from './tree.js';

export interface MatchOptions {
  /**
   * The index of a network interface by its name, undefined for none. Without it, the interfaces of this process's
   * network namespace are asked (/sys/class/net).
   */
  device?: ((name: string) => number | undefined) | undefined;
  /**
   * The id of a cgroup v2 by its path from the root of the hierarchy on, undefined for none. Without it, it is the inode
   * number of its directory.
   */
  cgroup?: ((path: string) => number | bigint | undefined) | undefined;
  /**
   * The ports that the kernel gives to sockets, both ends included, for `autobound`. Without it, `ip_local_port_range`
   * of this process's network namespace, read once.
   */
  portRange?: readonly [least: number, most: number] | undefined;
}

/**
 * Compiles an expression, once for many records.
 *
 * What is returned throws `SockDiagError` for a record of which `fwmark` or `cgroup` can say nothing, because the kernel
 * left out the mark (`EPERM`) or the cgroup (`EOPNOTSUPP`).
 *
 * @throws TypeError for a wrong argument, `SockDiagError` for a network interface (`ENODEV`) or a cgroup (`ENOENT`) that
 * there is not.
 */
export function matcher(expression: Expression, options?: MatchOptions): (record: DiagMsg) => boolean {
  const checked = checkOptions<MatchOptions>('matcher', options, {
    device: checkFunction,
    cgroup: checkFunction,
    portRange: checkPortRange,
  });
  checkTree(expression, 'matcher: the expression');
  return compile(expression, true, checked);
}

/** Whether a record is one that the expression asks for. For more than one record, compile a `matcher`. */
export function match(expression: Expression, record: DiagMsg, options?: MatchOptions): boolean {
  return matcher(expression, options)(record);
}

type Test = (record: DiagMsg) => boolean;

/** True for the records of which the expression says what is wanted, true or false. */
function compile(expression: Expression, wanted: boolean, options: MatchOptions): Test {
  const { kind, terms } = gather(expression, !wanted);
  const tests = terms.map(({ term, negated }) =>
    term.kind === 'and' || term.kind === 'or'
      ? compile(term, !negated, options)
      : termTest(term as Term, !negated, options),
  );
  return kind === 'and' ? every(tests) : some(tests);
}

function termTest(term: Term, wanted: boolean, options: MatchOptions): Test {
  const verdict = verdictOf(term, options);
  const answer = 'equality' in term && term.equality === '!=' ? !wanted : wanted;
  return (record) => verdict(record) === answer;
}

/** Most have two terms: a call for each costs less than a loop over them. */
function every(tests: readonly Test[]): Test {
  const [first, second] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (tests.length === 2) return (record) => first(record) && second(record);
  return (record) => {
    for (const test of tests) if (!test(record)) return false;
    return true;
  };
}

function some(tests: readonly Test[]): Test {
  const [first, second] = tests;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  if (tests.length === 2) return (record) => first(record) || second(record);
  return (record) => {
    for (const test of tests) if (test(record)) return true;
    return false;
  };
}

/** What a term says, as if its operator were `=`: the caller sees to `!=`. */
function verdictOf(term: Term, options: MatchOptions): Verdict {
  switch (term.kind) {
    case 'state':
      return stateVerdict(term);
    case 'host':
      return hostVerdict(term, options);
    case 'port':
      return portVerdict(term);
    case 'dev':
      return deviceVerdict(indexOf(term.device, options));
    case 'fwmark':
      return markVerdict(term);
    case 'cgroup':
      return cgroupVerdict(idOf(term.cgroup, options));
    case 'autobound': {
      const ofInet = inetAutobound(options.portRange);
      return (record) => ofInet(record) ?? autobound(record);
    }
    default:
      throw new TypeError(`matcher: there is no term of the kind '${(term as { kind?: unknown })?.kind}'`); // untested: trees are checked before
  }
}

/**
 * A TCP socket in CLOSE is BOUND_INACTIVE, and not CLOSE: by that, and never by this, the kernel chooses it. A socket
 * without a state, as those of packet and XDP, is in CLOSE, where `ss` puts them too. TIPC has other names for TCP's states.
 * A state that the filter language has no word for, as SCTP and SMC have some, is in no list but that of all.
 */
function stateVerdict({ states }: State): Verdict {
  const names = new Set<string>(states);
  if (FILTER_STATES.every((state) => names.has(state))) return () => true;
  // Request sockets are reported as that.
  if (names.has('NEW_SYN_RECV')) names.add('SYN_RECV');
  return (record) => {
    const state = stateOf(record);
    return names.has(state === 'CLOSE' && isConnection(record) ? 'BOUND_INACTIVE' : state);
  };
}

/** By the names of TCP's states. */
export function stateOf(record: DiagMsg): string {
  if (record.family === 'tipc') return asSocketState(record.state);
  return 'state' in record ? record.state : 'CLOSE';
}

/** Of these, those in CLOSE are merely bound. */
function isConnection(record: DiagMsg): boolean {
  return 'protocol' in record && (record.protocol === 'tcp' || record.protocol === 'dccp');
}

function hostVerdict({ end, host }: Host, options: MatchOptions): Verdict {
  switch (host.family) {
    case 'unix':
      return unixVerdict(end, host);
    case 'link':
      return linkVerdict(
        end,
        host.protocol,
        host.device === undefined ? undefined : indexOf(host.device, options),
      );
    case 'netlink':
      return netlinkVerdict(end, host);
    case 'vsock':
      return vsockVerdict(end, host);
    default:
      return inetVerdict(end, host);
  }
}

/** The interface that a socket is bound to, if it is of a family that can be. */
function deviceVerdict(index: number): Verdict {
  return (record) => {
    const own = inetDevice(record) ?? linkDevice(record);
    return own === undefined ? undefined : own === index;
  };
}

function linkDevice(record: DiagMsg): number | undefined {
  if (record.family === 'packet') return record.info?.index;
  return record.family === 'xdp' ? record.info?.ifindex : undefined;
}

function indexOf(device: Device, { device: resolve }: MatchOptions): number {
  if (typeof device === 'number') return device;
  const index = (resolve ?? deviceIndex)(device);
  if (index === undefined) throw noDevice(device, resolve === undefined);
  return index;
}

function idOf(cgroup: string | number, { cgroup: resolve }: MatchOptions): number {
  if (typeof cgroup === 'number') return cgroup;
  const id = (resolve ?? cgroupId)(cgroup);
  if (id === undefined) throw noCgroup(cgroup, resolve === undefined);
  return Number(id);
}

const checkFunction: Check = (value, name) => {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function`);
};

const checkPortRange: Check = (value, name) => {
  const isRange = Array.isArray(value) && value.length === 2 && value.every(Number.isInteger);
  if (!isRange) throw new TypeError(`${name} must be an array of two ports, the least and the most`);
};
