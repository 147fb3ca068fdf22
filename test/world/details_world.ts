/** The world of `details_world.py`: sockets that have something to say in every attribute, and their maker's word. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type DetailsProtocol = 'tcp' | 'udp' | 'udplite' | 'mptcp';

/** A socket that was made, and what its maker knows of its record. */
export interface MadeSocket {
  label: string;
  protocol: DetailsProtocol;
  inode: number;
  cong?: string;
  /** Set where the first write has not come yet. */
  deferConnect?: boolean;
  cgroupId?: number;
  /** Without it, the class is the priority. */
  classId?: number;
  /** Keys in hexadecimal. */
  md5sig?: object[];
  skBpfStorages?: MadeStorage[];
}

export interface MadeStorage {
  mapId: number;
  size: number;
  /** Of the value, in hexadecimal. */
  sha256: string;
}

/** Members by the kernel's names; those of 64 bits as text. */
export type Members = Readonly<Record<string, number | string>>;

/** What getsockopt() says of a socket. */
export interface Answers {
  skmeminfo: Readonly<Record<string, number>>;
  mark: number;
  priority: number;
  tos?: number;
  tclass?: number;
  cong?: string;
  /** Of the options that a record has, those that can be asked for. */
  sockopt?: Readonly<Record<string, boolean>>;
  tcpInfo?: Members;
  bbrInfo?: Members;
  /** Absent for a client that fell back, and for a listener. */
  mptcpInfo?: Members;
  /** tcp_info of each. */
  subflows?: Members[];
}

/** What not every machine has. `'loss'` is that of packets under way, `'class'` that of net_cls. */
export type Luxury = 'mptcp' | 'bpf' | 'loss' | 'bbr' | 'cubic' | 'reno' | 'cgroup' | 'class' | 'md5sig';

export interface DetailsWorld {
  /** The process whose network namespace this is. */
  pid: number;
  sockets: MadeSocket[];
  /** What cannot be had here, with the reason. */
  lacks: Partial<Record<Luxury, string>>;
  /** BPF maps of the type sk_storage. */
  maps: { descriptor: number; id: number; size: number }[];
  /** What getsockopt() says now, in the order of `sockets`. */
  answers(): Promise<Answers[]>;
  /** Runs a command in the namespace that has the descriptors of the maps, and gives what it writes to stdout. */
  run(command: readonly string[]): Promise<string>;
  /** Ends the world and waits until nothing is left of it. */
  stop(): Promise<void>;
}

const SCRIPT = join(import.meta.dirname, 'details_world.py');

/** Milliseconds. */
const START_LIMIT = 30_000;

/** Takes some three seconds, since what was lost has to be sent again. */
export async function startDetailsWorld(): Promise<DetailsWorld> {
  // Detached, so that Ctrl-C reaches it as the end of its input only: killed, it would leave orphans.
  const child = spawn('unshare', ['--net', '--mount', 'python3', SCRIPT], { detached: true });
  const lines = linesOf(child);
  const ask = async (question: unknown): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(await lines());
  };
  try {
    return {
      ...JSON.parse(await lines()),
      answers: () => ask('answers'),
      run: async (command: readonly string[]) => outputOf((await ask(command)) as Outcome),
      stop: () => end(child),
    };
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** Gives each line that the child writes; rejects with what it wrote to stderr if it ends. */
function linesOf(child: ChildProcessWithoutNullStreams): () => Promise<string> {
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const late = AbortSignal.timeout(START_LIMIT);
    const { value, done } = await Promise.race([lines.next(), once(late, 'abort').then(() => LATE)]);
    if (done) throw new Error(`the world ended or took too long:\n${complaint}`);
    return value;
  };
}

const LATE: IteratorReturnResult<undefined> = { done: true, value: undefined };

interface Outcome {
  stdout: string;
  stderr: string;
}

function outputOf({ stdout, stderr }: Outcome): string {
  if (stderr !== '') throw new Error(stderr);
  return stdout;
}

async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.stdin.end();
  await ended;
}
