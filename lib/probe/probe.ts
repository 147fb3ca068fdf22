/** What works here: asked of the kernel, not told by its version. */
import { constants, release } from 'node:os';

import type { DiagMsg } from '../decode.js';
import { destroyIn, type Target } from '../destroy/destroy.js';
import { watchDestroyed } from '../events/destroyed.js';
import { Assembler, type Op, type Test } from '../filter/program.js';
import { askForNothing } from '../inet/dump.js';
import type { InetProtocol } from '../inet/record.js';
import { TCP } from '../inet/tcp.js';
import { errorOf, SockDiagError, type Subject } from '../netlink/errors.js';
import { type AnswerShape, Exchange } from '../netlink/exchange.js';
import {
  type Checks,
  checkNetns,
  checkOptions,
  type Netns,
  netnsFile,
  netnsPath,
} from '../netlink/options.js';
import { NLM_F_ACK, SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { type Capabilities, capabilities } from './capabilities.js';
import { EVENTS, FAMILIES, PROTOCOLS, TARGETS, TESTS } from './tables.js';

/** Whether something works here. */
export interface Support {
  /** It works; what it needs of this process may be another matter. */
  readonly supported: boolean;
  /** Why not, in words; absent where it is supported. */
  readonly reason?: string;
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
  readonly bytecode: Readonly<Record<Op, Support>>;
  /** Whether sockets can be destroyed; it needs `capabilities.netAdmin` too. */
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

const { EINVAL } = constants.errno;

/** Nothing is ever received in this form: the answer is an error, or an acknowledgement. */
const ANY_ANSWER: AnswerShape = { type: SOCK_DIAG_BY_FAMILY, headerLength: 0 };

const CHECKS: Checks<ProbeOptions> = { netns: checkNetns };

/**
 * What works here, found out by asking the kernel for it: nothing is looked at, destroyed or left open. What it needs is
 * told apart from what this kernel lacks. It asks some thirty questions, each of which takes microseconds, but where a
 * module is loaded.
 *
 * @throws TypeError for a wrong argument. SockDiagError if the namespace cannot be entered, and for nothing else.
 */
export async function probe(options?: ProbeOptions): Promise<Probe> {
  const { netns } = checkOptions('probe', options, CHECKS);
  const exchange = new Exchange(netnsFile(netns));
  try {
    return {
      release: release(),
      families: each(FAMILIES, ({ number, subject }) => askFamily(exchange, number, subject, netns)),
      protocols: each(PROTOCOLS, (kind) => askForNothing('inet', kind, { netns })),
      bytecode: each(TESTS, (test) => askForNothing('inet', TCP, { netns, program: programOf(test) })),
      destroy: each(TARGETS, (record) => askDestroy(exchange, record, netns)),
      events: each(EVENTS, (protocol) => watchDestroyed({ protocols: [protocol], netns }).close()),
      capabilities: capabilities(),
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
    if (!(error instanceof SockDiagError) || isAboutNamespace(error)) throw error;
    return { supported: false, reason: error.message };
  }
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

function askDestroy(exchange: Exchange, target: Target, netns: Netns | undefined): void {
  try {
    destroyIn(exchange, target, netns);
  } catch (error) {
    const isGone =
      error instanceof SockDiagError && error.code === 'ENOENT' && error.unsupported === undefined;
    if (!isGone) throw error;
  }
}
