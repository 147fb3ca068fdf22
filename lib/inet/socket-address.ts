/** struct sockaddr_storage: an address and a port, as SCTP tells them. */
import type { BatchMemory } from '../netlink/batch.js';
import { readAddress4, readAddress6 } from './address.js';
import { INET_FAMILY_NAMES, type InetFamily } from './family.js';

/** An address and a port (`struct sockaddr_storage`, which holds a sockaddr_in or a sockaddr_in6). */
export interface SocketAddress {
  /** (`sa_family`.) */
  family: InetFamily;
  /** As text in the form of RFC 5952; empty for a family that is not IP. */
  addr: string;
  /** (`sin_port`, `sin6_port`.) */
  port: number;
  /** IPv6: the interface that a link-local address belongs to, by index (`sin6_scope_id`); 0 otherwise. */
  scopeId?: number;
  /** IPv6: traffic class and flow label (`sin6_flowinfo`). */
  flowinfo?: number;
}

export const SOCKADDR_STORAGE_LENGTH = 128;

export function readSocketAddress(memory: BatchMemory, at: number): SocketAddress {
  const number = memory.u16(at);
  const family = INET_FAMILY_NAMES[number] ?? (`unknown_${number}` as InetFamily);
  const port = memory.port(at + 2);
  if (family === 'inet') return { family, addr: readAddress4(memory, at + 4), port };
  if (family !== 'inet6') return { family, addr: '', port };
  const flowinfo = memory.port(at + 4) * 0x1_0000 + memory.port(at + 6);
  return { family, addr: readAddress6(memory, at + 8), port, scopeId: memory.u32(at + 24), flowinfo };
}
