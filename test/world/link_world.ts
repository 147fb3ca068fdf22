/** The worlds of `link_world.py`: network namespaces with packet sockets or netlink sockets, for tests to look at. */
import { join } from 'node:path';

import { startScript } from './script.js';

/** A socket that the world has, in the words of its record, but addresses in hexadecimal. */
export interface LinkExpectation {
  label: string;
  type: string;
  inode: number;
  cookie: string;
  uid: number;
  meminfo: Readonly<Record<string, number>>;
}

export interface PacketExpectation extends LinkExpectation {
  num: number;
  info: object;
  mclist: (object & { addr: string })[];
  rxRing?: object;
  txRing?: object;
  fanout?: object;
  filter?: object[];
}

export interface NetlinkExpectation extends LinkExpectation {
  protocol: string;
  state: string;
  portid: number;
  dstPortid: number;
  dstGroup: number;
  flags: object;
  groups?: number[];
}

interface Worlds {
  packet: PacketExpectation;
  netlink: NetlinkExpectation;
  /** More netlink sockets than the kernel can tell without losing any: 300 of usersock, 1500 of generic. */
  crowd: NetlinkExpectation;
}

export interface LinkWorld<E> {
  /** The process whose network namespace this is. */
  pid: number;
  /** The interfaces' indexes by name. */
  devices: Record<string, number>;
  /** Every socket that was made; in the namespace are the kernel's own netlink sockets besides. */
  expect: E[];
  /** Ends the world; its sockets take some seconds to go. */
  stop(): Promise<void>;
}

const SCRIPT = join(import.meta.dirname, 'link_world.py');

export function startLinkWorld<K extends keyof Worlds>(kind: K): Promise<LinkWorld<Worlds[K]>> {
  return startScript(SCRIPT, kind);
}
