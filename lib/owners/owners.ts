/** owners: which processes hold which sockets. */
import type { NativeOwners } from '../binding.js';
import { onAbort } from '../netlink/abort.js';
import {
  type Check,
  type Checks,
  checkBoolean,
  checkOptions,
  checkSignal,
  someNumbers,
} from '../netlink/options.js';
import type { SocketOwner } from '../record/record.js';
import { Holdings } from './holdings.js';
import { checked, type Scope, Walk } from './walk.js';

/** What `owners` accepts. */
export interface OwnersOptions {
  /** Only these processes, by their ids. A thread's id is none of a process. Without it, all. */
  pids?: readonly number[] | undefined;
  /** Only these sockets, by their inode numbers, as records have them; of larger ones the low 32 bits. Without it, all. */
  inodes?: readonly number[] | undefined;
  /**
   * Has the kernel tell, by a small program (BPF) that it runs for each descriptor and that only reads: with many sockets
   * that takes a quarter of the time that /proc does. The program is loaded for this one answer. It takes CAP_BPF and
   * CAP_PERFMON, Linux 5.8 with a description of its types (`/sys/kernel/btf/vmlinux`), and the first namespaces of pids and
   * of time; elsewhere, and with `pids`, /proc is read as without it.
   */
  bpf?: boolean | undefined;
  /** Ends the walk when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Which processes hold which sockets. That a socket is not among them means that nobody holds it only where nothing was
 * `denied` or `hidden`. (Nobody means no process that was there all the time: sockets are also held by the kernel
 * itself, and by messages on their way that carry descriptors.)
 */
export interface Owners {
  /** By the inode number, of which records of SMC have 64 bits and the others 32: its low 32 bits. */
  sockets: Map<number, SocketOwner[]>;
  /** How many processes were read. */
  processes: number;
  /** How many may not be read: to read those of others, or those that have more privileges, needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. */
  denied: number;
  /** How many ended while they were read; with `pids`, also those that are not there. */
  vanished: number;
  /**
   * There may be processes that are not even listed, because /proc is mounted with hidepid, or because this process is in
   * a pid namespace, as in a container, outside of which there are others.
   */
  hidden: boolean;
  /** A program in the kernel has told of them, and not /proc. */
  bpf: boolean;
}

const PID: Check = someNumbers('a process id above 0', 1, 0x7fff_ffff);
const INODE: Check = someNumbers('an inode number', 0, Number.MAX_SAFE_INTEGER);

const SYNC_CHECKS: Checks<Omit<OwnersOptions, 'signal'>> = {
  pids: PID,
  inodes: INODE,
  bpf: checkBoolean,
};
const CHECKS: Checks<OwnersOptions> = { ...SYNC_CHECKS, signal: checkSignal };

/** Of so many descriptors the objects are made at once: others get their turn in between. */
const SLICE = 2048;

/**
 * Which processes hold which sockets, of all network namespaces: one walk over the descriptors of all processes
 * (`/proc/PID/fd`), or by `bpf`, on another thread. It is no snapshot: a socket that is opened, closed or handed over meanwhile may be
 * found with either owner, with both, or with none.
 *
 * @throws TypeError for a wrong option, at the call. The promise is rejected with a `SockDiagError` where /proc cannot be
 * read, and with the signal's reason when that is aborted.
 */
export function owners(options?: OwnersOptions): Promise<Owners> {
  const { signal, ...scope } = checkOptions<OwnersOptions>('owners', options, CHECKS);
  return gather(scope, signal);
}

/** The same on this thread, for scripts. */
export function ownersSync(options?: Omit<OwnersOptions, 'signal'>): Owners {
  const scope = checkOptions<Omit<OwnersOptions, 'signal'>>('ownersSync', options, SYNC_CHECKS);
  const found = checked(new Walk(scope).runSync());
  const sockets = new Map<number, SocketOwner[]>();
  new Holdings(found).collect(sockets, 0, Number.POSITIVE_INFINITY);
  return ownersOf(found, sockets);
}

async function gather(scope: Scope, signal: AbortSignal | undefined): Promise<Owners> {
  signal?.throwIfAborted();
  const walk = new Walk(scope);
  const unhook = signal && onAbort(signal, walk);
  const answer = await walk.run();
  unhook?.();
  signal?.throwIfAborted();
  const found = checked(answer);
  const holdings = new Holdings(found);
  const sockets = new Map<number, SocketOwner[]>();
  for (let at = 0; at < holdings.length; ) {
    at = holdings.collect(sockets, at, SLICE);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  return ownersOf(found, sockets);
}

function ownersOf(
  { processes, denied, vanished, hidden, bpf }: NativeOwners,
  sockets: Map<number, SocketOwner[]>,
): Owners {
  return { sockets, processes, denied, vanished, hidden, bpf };
}
