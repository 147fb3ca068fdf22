/** The worlds of `link_world.py`: network namespaces with packet sockets or netlink sockets, for tests to look at. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

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

/** Milliseconds. */
const START_LIMIT = 30_000;

export async function startLinkWorld<K extends keyof Worlds>(kind: K): Promise<LinkWorld<Worlds[K]>> {
  const child = spawn('unshare', ['--net', 'python3', SCRIPT, kind], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const line = once(createInterface({ input: child.stdout }), 'line', {
    signal: AbortSignal.timeout(START_LIMIT),
  });
  const early = ended.then(([code]) => {
    throw new Error(`the world ended before it began (exit code ${code})`);
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  try {
    const [text] = await Promise.race([line, early]);
    return { ...JSON.parse(text), stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    early.catch(() => undefined);
  }
}
