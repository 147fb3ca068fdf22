/** What works here: asked of the kernel, not told by its version. */
import { constants, release } from 'node:os';

import type { DiagMsg } from '../decode.js';
import { askToDestroy, type InetTarget } from '../destroy/destroy.js';
import { watchDestroyed } from '../events/destroyed.js';
import { Assembler, type BytecodeOp, type Test } from '../filter/program.js';
import { askForNothing, inetSubject } from '../inet/dump.js';
import { INET_KINDS } from '../inet/kinds.js';
import type { InetProtocol } from '../inet/record.js';
import { TCP } from '../inet/tcp.js';
import { errorOf, SockDiagError, type Subject } from '../netlink/errors.js';
import { type AnswerShape, Exchange } from '../netlink/exchange.js';
import { checkNetns, type Netns, netnsFile, netnsPath } from '../netlink/netns.js';
import { type Checks, checkOptions } from '../netlink/options.js';
import { NLM_F_ACK, SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { type Capabilities, capabilities } from './capabilities.js';
import { EVENTS, FAMILIES, TARGETS, TESTS } from './tables.js';

/** Whether something works here. */
export interface Support {
  /** The kernel can do it. */
  readonly supported: boolean;
  /** Why not, in words; absent where it is supported. */
  readonly reason?: string;
  /** What this process lacks for it; absent where it lacks nothing. */
  readonly needs?: 'CAP_NET_ADMIN';
}

export type ProbedFamily = DiagMsg['family'];

/** What this kernel and this process can do. */
export interface Probe {
  /** The kernel's release, as `uname -r` tells it. It decides nothing here. */
  readonly release: string;
  /** For which families the kernel has a handler; of one that is a module, asking loads it. */
  readonly families: Readonly<Record<ProbedFamily, Support>>;
  /** For which IP protocols. */
  readonly protocols: Readonly<Record<InetProtocol, Support>>;
  /**
   * Which instructions of filter programs the kernel takes (`INET_DIAG_BC_*`). Without one, filters work all the same: what
   * the kernel cannot test is tested here.
   */
  readonly bytecode: Readonly<Record<BytecodeOp, Support>>;
  /** Whether sockets can be destroyed. */
  readonly destroy: Readonly<Record<'tcp' | 'udp' | 'raw', Support>>;
  /** Whether the end of sockets is told, to `watchDestroyed`. */
  readonly events: Readonly<Record<'tcp' | 'udp', Support>>;
  /** What this process may do. */
  readonly capabilities: Capabilities;
}

export interface ProbeOptions {
  /** The network namespace to ask in, instead of the process's own. Needs CAP_SYS_ADMIN. */
  netns?: Netns | undefined;
}

const { EINVAL, ENOENT, EOPNOTSUPP } = constants.errno;

/** Nothing is ever received in this form: the answer is an error, or an acknowledgement. */
const ANY_ANSWER: AnswerShape = { type: SOCK_DIAG_BY_FAMILY, headerLength: 0 };

const CHECKS: Checks<ProbeOptions> = { netns: checkNetns };

/**
 * What works here, found out by asking the kernel for it: nothing is looked at, destroyed or left open. What it needs is
 * told apart from what this kernel lacks. It asks some thirty questions, each of which takes microseconds, but where a
 * module is loaded.
 *
 * @throws TypeError for a wrong argument. SockDiagError if the namespace cannot be entered, or nothing can be found out for
 * want of memory, descriptors or /proc.
 */
export async function probe(options?: ProbeOptions): Promise<Probe> {
  const { netns } = checkOptions('probe', options, CHECKS);
  const exchange = new Exchange(netnsFile(netns));
  try {
    const own = capabilities();
    const destroy = each(TARGETS, (target) => askDestroy(exchange, target, netns));
    return {
      release: release(),
      families: each(FAMILIES, ({ number, subject }) => askFamily(exchange, number, subject, netns)),
      protocols: each(INET_KINDS, (kind) => askForNothing('inet', kind, { netns, act: 'probe' })),
      bytecode: each(TESTS, (test) => askProgram(test, netns)),
      destroy: own.netAdmin ? destroy : needing('CAP_NET_ADMIN', destroy),
      events: each(EVENTS, (protocol) => watchDestroyed({ protocols: [protocol], netns }).close()),
      capabilities: own,
    };
  } finally {
    exchange.close();
  }
}

/** What works is what does not throw. */
function each<K extends string, T>(all: Readonly<Record<K, T>>, ask: (one: T) => void): Record<K, Support> {
  const entries = Object.entries(all) as [K, T][];
  return Object.fromEntries(entries.map(([name, one]) => [name, supportOf(() => ask(one))])) as Record<
    K,
    Support
  >;
}

function supportOf(ask: () => void): Support {
  try {
    ask();
    return { supported: true };
  } catch (error) {
    if (!(error instanceof SockDiagError) || isAboutNamespace(error) || !isRefusal(error)) throw error;
    // That it may not be asked for, the kernel says of what it can.
    if (error.syscall === 'recvmsg' && error.code === 'EPERM')
      return { supported: true, needs: 'CAP_NET_ADMIN' };
    return { supported: false, reason: error.message };
  }
}

/** What has nothing to do with this machine's troubles of the moment: memory, descriptors. */
function isRefusal({ unsupported, syscall, code }: SockDiagError): boolean {
  if (unsupported !== undefined || (syscall === 'socket' && (code === 'EPERM' || code === 'EACCES')))
    return true;
  return syscall === 'recvmsg' && REFUSALS.has(code);
}

const REFUSALS: ReadonlySet<string> = new Set(['EINVAL', 'EOPNOTSUPP', 'EPERM']);

function needing<K extends string>(needs: 'CAP_NET_ADMIN', all: Record<K, Support>): Record<K, Support> {
  const entries = Object.entries<Support>(all);
  return Object.fromEntries(
    entries.map(([name, support]) => [name, support.supported ? { ...support, needs } : support]),
  ) as Record<K, Support>;
}

/** Who cannot get there finds out nothing. */
function isAboutNamespace({ syscall }: SockDiagError): boolean {
  return syscall === 'open' || syscall === 'setns';
}

/** A question of two bytes is too short for any: a family that has a handler says that it is invalid. */
function askFamily(exchange: Exchange, number: number, subject: Subject, netns: Netns | undefined): void {
  exchange.question.set([number, 0]);
  const failure = exchange.ask(ANY_ANSWER, NLM_F_ACK, 2);
  const isHandled = failure === undefined || (failure.kind === 'kernel' && failure.errno === EINVAL);
  if (!isHandled) throw errorOf(failure, subject, netnsPath(netns));
}

/** It lets everything through, or nothing: nobody is there to be asked. */
function programOf(test: Test): Uint8Array {
  const assembler = new Assembler();
  assembler.test(test, assembler.reject);
  return assembler.assemble();
}

function askDestroy(exchange: Exchange, target: InetTarget, netns: Netns | undefined): void {
  const kind = INET_KINDS[target.protocol];
  const failure = askToDestroy(exchange, target);
  const isGone = failure === undefined || (failure.kind === 'kernel' && failure.errno === ENOENT);
  if (isGone) {
    // Of a protocol without a handler, it says the same.
    askForNothing('inet', kind, { netns, act: 'probe' });
    return;
  }
  const hints = { [EOPNOTSUPP]: 'it was built without CONFIG_INET_DIAG_DESTROY' };
  throw errorOf(failure, { ...inetSubject('inet', kind), act: 'destroy', hints }, netnsPath(netns));
}

function askProgram(test: Test, netns: Netns | undefined): void {
  askForNothing('inet', TCP, { netns, program: programOf(test), act: 'probe' });
}
