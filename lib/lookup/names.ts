/** What a lookup is given as text: the address of a socket, or of both of its ends, in the notation of `sockdiag/name`. */
import type { InetTuple } from '../inet/sockid.js';
import { type Address, type InetAddress, parseAddress } from '../name/address.js';
import type { Netns } from '../netlink/netns.js';
import { show } from '../netlink/options.js';
import { dumpUnix } from '../unix/dump.js';
import type { UnixDiagMsg } from '../unix/record.js';

/** The address of a socket that has no peer, or that of both ends of a connection. */
export type InetNames = string | readonly [local: string, peer: string];

export function isNames(which: unknown): which is InetNames {
  return typeof which === 'string' || Array.isArray(which);
}

/** @throws NameSyntaxError for a text that is no address. TypeError for one of another kind. */
export function tupleOfNames(caller: string, which: InetNames): InetTuple {
  const [local, peer, ...more] = typeof which === 'string' ? [which] : (which as readonly unknown[]);
  if (more.length > 0) throw new TypeError(`${caller}: what is looked for has more than two ends`);
  const near = inetAddress(caller, local);
  const far = peer === undefined ? undefined : inetAddress(caller, peer);
  const ifindex = near.scopeId ?? far?.scopeId;
  return { src: near.address, sport: near.port, dst: far?.address, dport: far?.port, ifindex };
}

function inetAddress(caller: string, text: unknown): InetAddress {
  const address = addressOf(caller, text);
  if (address.family === 'inet' || address.family === 'inet6') return address;
  throw new TypeError(
    `${caller}: what is looked for is ${show(text)}, but must be an address of inet or inet6`,
  );
}

function addressOf(caller: string, text: unknown): Address {
  if (typeof text === 'string') return parseAddress(text);
  throw new TypeError(`${caller}: what is looked for is ${show(text)}, but must be an address`);
}

/** @throws NameSyntaxError, TypeError */
export function bytesOfName(caller: string, text: string): Uint8Array {
  const address = addressOf(caller, text);
  if (address.family === 'local' && address.bytes.length > 0) return address.bytes;
  throw new TypeError(`${caller}: what is looked for is ${show(text)}, but must be local/ with a name`);
}

/** The socket that was bound to a name, among all: what a listener accepts has the listener's name too. */
export async function findNamed(
  bytes: Uint8Array,
  netns: Netns | undefined,
): Promise<UnixDiagMsg | undefined> {
  const named: UnixDiagMsg[] = [];
  for await (const sockets of dumpUnix({ show: ['name'], netns }).batches()) {
    for (const socket of sockets) if (hasName(socket, bytes)) named.push(socket);
  }
  return named.find(({ state }) => state === 'LISTEN') ?? named.find(isBound) ?? named[0];
}

function hasName({ nameBytes }: UnixDiagMsg, bytes: Uint8Array): boolean {
  return nameBytes !== undefined && Buffer.compare(nameBytes, bytes) === 0;
}

/** None that can have been accepted. */
function isBound({ type, state }: UnixDiagMsg): boolean {
  return type === 'dgram' || state !== 'ESTABLISHED';
}
