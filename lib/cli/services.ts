/** Names of ports, where they mean something. */
import { readPortRange } from '../filter/match-inet.js';
import { serviceName } from '../filter/services.js';

/** Undefined without a name, and for ports that the kernel gives out itself: these mean nothing, whoever has registered them. */
export function serviceOf(port: number, protocol: string): string | undefined {
  if (isGiven(port)) return undefined;
  const service = serviceName(port, protocol);
  // What runs over Multipath TCP is a service of TCP, and so is most of what has no entry for SCTP or DCCP.
  return service ?? (protocol === 'udp' ? undefined : serviceName(port, 'tcp'));
}

let range: readonly [least: number, most: number] | undefined;

function isGiven(port: number): boolean {
  range ??= rangeOrNone();
  return port >= range[0] && port <= range[1];
}

/** Without /proc, no port is known to be of those. */
function rangeOrNone(): readonly [number, number] {
  try {
    return readPortRange();
  } catch {
    // untested: without /proc there are no tests
    return [0, 0];
  }
}
