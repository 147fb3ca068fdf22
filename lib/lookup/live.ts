/** Sockets that this program has open, as Node's objects: what the kernel calls them. */
import type dgram from 'node:dgram';
import { fstatSync, statSync } from 'node:fs';
import type net from 'node:net';

import { DESCRIPTION_LENGTH, loadBinding } from '../binding.js';
import { deviceIndex } from '../filter/resolvers.js';
import { INET_FAMILY_NAMES, type InetFamily } from '../inet/family.js';
import { MPTCP } from '../inet/mptcp.js';
import { makeSockid, NOWHERE, type Sockid, sockidOf } from '../inet/sockid.js';
import { TCP } from '../inet/tcp.js';
import { BatchMemory } from '../netlink/batch.js';
import { AF_UNIX } from '../unix/dump.js';

/** A socket of Node's. */
export type LiveSocket = net.Socket | net.Server | dgram.Socket;

/** What a live socket is to the kernel. */
export type Identity =
  | { kind: 'inet'; protocol: number | undefined; sockid: Sockid; state: 'LISTEN' | 'SYN_SENT' }
  | { kind: 'unix'; inode: number; cookie: readonly [low: number, high: number] }
  /** It has no socket of the kernel's: not yet, or no more, or in another process. */
  | { kind: 'none' };

const NONE: Identity = { kind: 'none' };

type Role = 'server' | 'datagram' | 'connection';

/** What a live socket is for. Read, not looked for: an HTTP/2 session's socket is a Proxy that answers no more than that. */
function roleOf(live: LiveSocket): Role {
  if (typeof (live as Partial<net.Server>).listen === 'function') return 'server';
  return typeof (live as Partial<dgram.Socket>).bind === 'function' ? 'datagram' : 'connection';
}

/** All of Node's sockets and servers can tell their address, and no record can. */
export function isLive(value: unknown): value is LiveSocket {
  return typeof value === 'object' && value !== null && typeof (value as LiveSocket).address === 'function';
}

/**
 * By the descriptor, where there is one to be found, the kernel itself tells who the socket is, with the cookie that no
 * other has. Else its addresses must do.
 */
export function identityOf(live: LiveSocket): Identity {
  const role = roleOf(live);
  const handle = handleOf(live, role);
  if (handle === null) return NONE;
  const descriptor = handle?.fd;
  if (handle === undefined || typeof descriptor !== 'number') return byAddress(live, role);
  const known = connections.get(handle);
  if (known !== undefined && known.descriptor === descriptor) return known.identity;
  const { identity, isConnected } = byDescriptor(descriptor, role);
  if (isConnected) connections.set(handle, { descriptor, identity });
  return identity;
}

interface Handle {
  fd?: unknown;
}

/** A TCP connection is the same as long as its handle is, and to ask who it is takes as long as to look it up. */
const connections = new WeakMap<Handle, { descriptor: number; identity: Identity }>();

/** Of net.Socket and net.Server a property; of dgram.Socket that would warn, and it stands elsewhere. */
function handleOf(live: LiveSocket, role: Role): Handle | null | undefined {
  if (role !== 'datagram') return (live as { _handle?: Handle | null })._handle;
  const state = Object.getOwnPropertySymbols(live).find(({ description }) => description === 'state symbol');
  return state && (live as unknown as Record<symbol, { handle?: Handle | null }>)[state]?.handle;
}

const memory = new BatchMemory(new ArrayBuffer(DESCRIPTION_LENGTH));
const bytes = new Uint8Array(memory.buffer);

/** Offsets in what `describe` writes. */
const PROTOCOL = 0;
const IFINDEX = 4;
const COOKIE = 8;
const REMOTE_LENGTH = 20;
const LOCAL = 24;
const REMOTE = 152;

/** Where the address is in a sockaddr, and its length; the port is in front of it. */
const ADDRESS: Readonly<Record<InetFamily, readonly [offset: number, length: number]>> = {
  inet: [4, 4],
  inet6: [8, 16],
};

function byDescriptor(descriptor: number, role: Role): { identity: Identity; isConnected: boolean } {
  if (loadBinding().describe(descriptor, bytes) !== 0) return { identity: NONE, isConnected: false };
  const domain = memory.u16(LOCAL);
  const cookie = [memory.u32(COOKIE), memory.u32(COOKIE + 4)] as const;
  if (domain === AF_UNIX) {
    return { identity: { kind: 'unix', inode: inodeOf(descriptor), cookie }, isConnected: false };
  }
  const family = INET_FAMILY_NAMES[domain];
  if (family === undefined) return { identity: NONE, isConnected: false };
  const protocol = memory.u32(PROTOCOL);
  const isConnected = memory.u32(REMOTE_LENGTH) > 0;
  const sockid = makeSockid(
    family,
    endAt(LOCAL, family),
    isConnected ? endAt(REMOTE, family) : NOWHERE[family],
    memory.u32(IFINDEX),
    // Of Multipath TCP, the cookie is not that of the TCP socket below.
    protocol === MPTCP.number ? undefined : cookie,
  );
  return {
    identity: { kind: 'inet', protocol, sockid, state: stateOf(role) },
    isConnected: isConnected && protocol === TCP.number,
  };
}

/** Its lower 32 bits, which is what a record has. */
function inodeOf(descriptor: number): number {
  try {
    return fstatSync(descriptor).ino >>> 0;
  } catch {
    // Deno's knows no descriptors but those of files that were opened through it.
    return statSync(`/proc/self/fd/${descriptor}`).ino >>> 0;
  }
}

function endAt(sockaddr: number, family: InetFamily): readonly [Uint8Array, number] {
  const [offset, length] = ADDRESS[family];
  const start = sockaddr + offset;
  return [bytes.subarray(start, start + length), memory.port(sockaddr + 2)];
}

/** As Node's own properties have them, with zones. */
interface Addresses {
  localAddress?: string | undefined;
  localPort?: number | undefined;
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
}

/** Where there is no descriptor: in other runtimes than Node, and in the workers of a cluster. */
function byAddress(live: LiveSocket, role: Role): Identity {
  const { localAddress, localPort, remoteAddress, remotePort } =
    role === 'connection' ? (live as Addresses) : addressesOf(live);
  if (localAddress === undefined || localPort === undefined) return NONE;
  // What has no peer any more is no connection, and must not be taken for the listener.
  if (role === 'connection' && remoteAddress === undefined) return NONE;
  const [src, zone] = localAddress.split('%');
  const [dst] = remoteAddress?.split('%') ?? [];
  const ifindex = zone === undefined ? undefined : interfaceOf(zone);
  const tuple = { src: src as string, sport: localPort, dst, dport: remotePort, ifindex };
  const sockid = sockidOf(tuple, 'the socket');
  return { kind: 'inet', protocol: undefined, sockid, state: stateOf(role) };
}

/** In which a socket without a peer may be, of those that a lookup need not find. */
function stateOf(role: Role): 'LISTEN' | 'SYN_SENT' {
  return role === 'server' ? 'LISTEN' : 'SYN_SENT';
}

/** The kernel binds a socket with a link-local address to the interface of its zone. */
function interfaceOf(zone: string): number | undefined {
  return /^\d+$/.test(zone) ? Number(zone) : deviceIndex(zone); // untested: between two machines
}

function addressesOf(live: LiveSocket): Addresses {
  const local = attempt(() => live.address() as net.AddressInfo | string | null);
  // The path of a unix socket does not tell which socket it is.
  if (typeof local === 'string') throw new TypeError('the descriptor of a unix socket cannot be found here');
  if (local === undefined || local === null) return {};
  const remote = attempt(() => (live as dgram.Socket).remoteAddress?.());
  return {
    localAddress: local.address,
    localPort: local.port,
    remoteAddress: remote?.address,
    remotePort: remote?.port,
  };
}

/** A socket that is not bound, or not connected, says so by an error. */
function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    // untested: of sockets that are closed at that moment
    return undefined;
  }
}
