/** The tree of a filter: what its text means, and what every other form of it is made from. */
import type { SocketState } from '../record/state.js';

/** How two numbers are compared. */
export type Comparison = '=' | '!=' | '>=' | '<=' | '>' | '<';

/** Only whether two things are the same. */
export type Equality = Extract<Comparison, '=' | '!='>;

/** Every term holds. Without terms, always true. */
export interface And {
  readonly kind: 'and';
  readonly terms: readonly Expression[];
}

/** One of the terms holds. Without terms, never true. */
export interface Or {
  readonly kind: 'or';
  readonly terms: readonly Expression[];
}

export interface Not {
  readonly kind: 'not';
  readonly term: Expression;
}

/** The socket is in one of these states. */
export interface State {
  readonly kind: 'state';
  readonly states: readonly SocketState[];
}

/** Which end of a socket a term is about: `src` is the local one. */
export type End = 'src' | 'dst';

/** The address, and the port if there is one, of an end. */
export interface Host {
  readonly kind: 'host';
  readonly end: End;
  readonly equality: Equality;
  readonly host: HostPattern;
}

/** What the address of an end is compared with, by family. */
export type HostPattern = InetPattern | UnixPattern | LinkPattern | NetlinkPattern | VsockPattern;

/**
 * An IP address or a part of it. Without an address, any; with an address of IPv4, also its v4-mapped form in IPv6.
 * `family` alone is `inet:*` or `inet6:*`: any address of that family.
 */
export interface InetPattern {
  readonly family?: 'inet' | 'inet6' | undefined;
  /** One address, or for a name all that it has: one of them must fit. Never empty. */
  readonly addresses?: readonly Prefix[] | undefined;
  readonly port?: number | undefined;
}

/** The first `length` bits of an address. */
export interface Prefix {
  readonly family: 'inet' | 'inet6';
  /** 4 or 16, in the order of the network. */
  readonly bytes: readonly number[];
  /** 0 to 32, or 0 to 128. */
  readonly length: number;
}

/** `unix:` and a shell glob over the name (as `ss` prints it), without regard to case. */
export interface UnixPattern {
  readonly family: 'unix';
  /** Without it, any name, or none. */
  readonly glob?: string | undefined;
}

/** `link:` an ethertype, and an interface for a port. */
export interface LinkPattern {
  readonly family: 'link';
  /** As in a packet socket's `num`; without it, any. */
  readonly protocol?: number | undefined;
  readonly device?: Device | undefined;
}

/** `netlink:` a protocol, and a port id. */
export interface NetlinkPattern {
  readonly family: 'netlink';
  /** The kernel's number, as of NETLINK_*; without it, any. */
  readonly protocol?: number | undefined;
  /** 0 is the kernel. */
  readonly portid?: number | undefined;
}

/** `vsock:` a context id, and a port. */
export interface VsockPattern {
  readonly family: 'vsock';
  readonly cid?: number | undefined;
  readonly port?: number | undefined;
}

/** The port of an end; without one, any. */
export interface Port {
  readonly kind: 'port';
  readonly end: End;
  readonly comparison: Comparison;
  /** 0 to 65535; undefined for `*`, which every port is equal to. */
  readonly port?: number | undefined;
}

/** A network interface, by its name, or by its index; 0 is none. */
export type Device = string | number;

/** The interface that the socket is bound to. */
export interface Dev {
  readonly kind: 'dev';
  readonly equality: Equality;
  readonly device: Device;
}

/** SO_MARK: `(mark & mask) == value`. */
export interface Fwmark {
  readonly kind: 'fwmark';
  readonly equality: Equality;
  /** 32 bits, unsigned. */
  readonly mark: number;
  /** 32 bits, unsigned; 0xffffffff for all of it. */
  readonly mask: number;
}

/** The cgroup v2 that the socket was made in, and no other: not one above it. */
export interface Cgroup {
  readonly kind: 'cgroup';
  readonly equality: Equality;
  /** Of its directory, from the root of the hierarchy on (`/system.slice`), or its id. */
  readonly cgroup: string | number;
}

/** The port was given by the kernel, not chosen by bind(2). */
export interface Autobound {
  readonly kind: 'autobound';
}

export type Term = State | Host | Port | Dev | Fwmark | Cgroup | Autobound;

export type Expression = And | Or | Not | Term;
