/** Dumps of the IP protocols. */
import { type Decode, Dump, type DumpOptions } from '../netlink/dump.js';
import { type Checks, checkOptions, commonChecks, netnsPath, oneOf, someOf } from '../netlink/options.js';
import { DEFAULT_STATES, SOCKET_STATES, type SocketState } from '../record/state.js';
import { type InetDiagMsg, type InetFamily, type InetProtocol, readInetDiagMsg } from './record.js';
import { INET_FAMILIES, inetRequest, inetSubject } from './request.js';

export interface InetDumpOptions extends DumpOptions {
  /** Sockets of this family only; without it, of both. */
  family?: InetFamily | undefined;
  /**
   * Exactly these states. Without it, all but BOUND_INACTIVE: to ask for that costs the kernel another walk of
   * the whole table, and its sockets come as CLOSE.
   */
  states?: readonly SocketState[] | undefined;
}

const CHECKS: Checks<InetDumpOptions> = {
  ...commonChecks,
  family: oneOf(INET_FAMILIES),
  states: someOf(SOCKET_STATES),
};

/** Made once: the engine optimizes a call to a function that is always the same. */
const DECODERS: Record<InetProtocol, Decode<InetDiagMsg>> = {
  tcp: (memory, row) => readInetDiagMsg(memory, row, 'tcp'),
  udp: (memory, row) => readInetDiagMsg(memory, row, 'udp'),
  udplite: (memory, row) => readInetDiagMsg(memory, row, 'udplite'),
};

function dumpInet(
  caller: string,
  protocol: InetProtocol,
  given: InetDumpOptions | undefined,
): Dump<InetDiagMsg> {
  const options = checkOptions(caller, given, CHECKS);
  const families = options.family === undefined ? INET_FAMILIES : [options.family];
  const states = options.states ?? DEFAULT_STATES;
  return new Dump({
    requests: families.map((family) => inetRequest(family, protocol, states)),
    subjects: families.map((family) => inetSubject(family, protocol)),
    decode: DECODERS[protocol],
    signal: options.signal,
    netns: netnsPath(options.netns),
  });
}

/**
 * The TCP sockets of a network namespace.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpTcp(options?: InetDumpOptions): Dump<InetDiagMsg> {
  return dumpInet('dumpTcp', 'tcp', options);
}

/**
 * The UDP sockets of a network namespace, but for those that have no port yet.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpUdp(options?: InetDumpOptions): Dump<InetDiagMsg> {
  return dumpInet('dumpUdp', 'udp', options);
}

/**
 * The UDP-Lite sockets of a network namespace. Linux 7.1 has no UDP-Lite any more, and reading the dump throws.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpUdpLite(options?: InetDumpOptions): Dump<InetDiagMsg> {
  return dumpInet('dumpUdpLite', 'udplite', options);
}
