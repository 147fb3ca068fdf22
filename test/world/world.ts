/** The varied world of `world.py`: a network namespace with sockets of every kind, for tests to look at. */
import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** An IP socket that the world has. Fields beyond the tuple stand only where they are sure. */
export interface InetExpectation {
  /** What it is, in words; bound TCP sockets that do nothing are labelled `bound-inactive, …`. */
  label: string;
  protocol: 'tcp' | 'udp' | 'udplite';
  family: 'inet' | 'inet6';
  state: string;
  src: string;
  sport: number;
  dst: string;
  dport: number;
  /** 0 for orphans, minisockets and connections not yet accepted. */
  inode: number;
  ifindex: number;
  cookie?: string;
  uid?: number;
  mark?: number;
  timer?: 'off' | 'on' | 'keepalive' | 'timewait' | 'persist';
  rqueue?: number;
  wqueue?: number;
  /** A queue that has something in it, how much depends on the kernel. */
  nonzero?: 'rqueue' | 'wqueue';
  shutdown?: 'none' | 'rcv' | 'send' | 'both';
  skv6only?: boolean;
  tos?: number;
  tclass?: number;
  cong?: string;
  /** Options that are set, by their names in a record; others may be set by default. */
  sockopt?: string[];
}

/** A unix socket that the world has. */
export interface UnixExpectation {
  label: string;
  protocol: 'unix';
  family: 'unix';
  type: 'stream' | 'dgram' | 'seqpacket';
  state: 'ESTABLISHED' | 'CLOSE' | 'LISTEN';
  inode: number;
  cookie: string;
  uid: number;
  /** The exact bytes of the name in hexadecimal, a path without its closing NUL; absent without a name. */
  nameHex?: string;
  /** The file of a path; `dev` as in `fs.Stats`. */
  vfs?: { inode: number; dev: number };
  /** Inode number of the other end: 0 for one that is closed or not yet accepted. */
  peer?: number;
  /** Inode numbers of the waiting clients in ascending order: 0 for closed ones. */
  icons?: number[];
  rqueue?: number;
  wqueue?: number;
  shutdown?: 'none' | 'rcv' | 'send' | 'both';
}

export interface World {
  /** The process whose network namespace this is. */
  pid: number;
  /** The interfaces' indexes by name. */
  devices: Record<string, number>;
  /** Every IP socket in the namespace. */
  inet: InetExpectation[];
  /** Every unix socket in the namespace that has an inode. */
  unix: UnixExpectation[];
  /** Both of these. */
  expect: (InetExpectation | UnixExpectation)[];
  /** Where the unix sockets' paths are. */
  directory: string;
  /** Ends the world and waits until nothing is left of it. */
  stop(): Promise<void>;
}

const SCRIPT = join(import.meta.dirname, 'world.py');

/** The script gives up by itself before this. Milliseconds. */
const START_LIMIT = 30_000;

/** How long the script may take to end its orphans before it is killed. Milliseconds. */
const STOP_LIMIT = 10_000;

/** Why no world can be made here, or undefined if one can. */
export function missing(): string | undefined {
  if (process.platform !== 'linux') return 'sockets are looked at on Linux only';
  if (process.getuid?.() !== 0) return 'a network namespace needs root';
  if (!existsSync('/proc/net/if_inet6')) return 'this kernel has no IPv6';
  const tools = [
    ['python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 9))'],
    ['nsenter', '--version'],
    ['ss', '-V'],
    ['unshare', '--net', 'ip', 'link', 'add', 'type', 'veth'],
  ] as const;
  for (const [command, ...args] of tools) {
    const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) return `\`${[command, ...args].join(' ')}\` fails: ${error?.message ?? stderr.trim()}`;
  }
  return undefined;
}

/**
 * Makes a world, which takes about a second. It is as expected for nine minutes, until the first states time out,
 * and ends with `stop()`, or with this process.
 */
export async function startWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'sockdiag-world-'));
  // Detached, so that Ctrl-C reaches it as the end of its input only: killed, it would leave orphans.
  const child = spawn('unshare', ['--net', 'python3', SCRIPT, directory], { detached: true });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const { pid, devices, expect } = JSON.parse(await firstLine(child)) as Pick<
      World,
      'pid' | 'devices' | 'expect'
    >;
    const inet = expect.filter((socket) => socket.protocol !== 'unix');
    const unix = expect.filter((socket) => socket.protocol === 'unix');
    return { pid, devices, inet, unix, expect, directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first line that the child writes; rejects with what it wrote to stderr if it ends before. */
export async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const limit = AbortSignal.timeout(START_LIMIT);
  const ended = once(child, 'close', { signal: limit }).then(([code]) => {
    throw new Error(`the world ended before it began (exit code ${code}):\n${complaint}`);
  });
  const lines = createInterface({ input: child.stdout });
  const line = once(lines, 'line', { signal: limit }).then(([text]) => text as string);
  try {
    return await Promise.race([line, ended]);
  } catch (error) {
    if (limit.aborted) throw new Error(`the world took too long:\n${complaint}`, { cause: error });
    throw error;
  }
}

/** Closes the child's input and waits until it has ended. */
export async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
  child.stdin.end();
  await ended;
  clearTimeout(killer);
}

const execute = promisify(execFile);

/** Runs a command in the network namespace of a process and gives the bytes that it writes to stdout. */
export async function runBytes(pid: number, command: string, args: readonly string[]): Promise<Buffer> {
  const { stdout } = await execute('nsenter', [`--net=/proc/${pid}/ns/net`, command, ...args], {
    encoding: 'buffer',
    maxBuffer: 1 << 28,
  });
  return stdout;
}

/** Runs a command in the network namespace of a process and gives what it writes to stdout. */
export async function run(pid: number, command: string, args: readonly string[]): Promise<string> {
  return (await runBytes(pid, command, args)).toString();
}
