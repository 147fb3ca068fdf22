/** Every error that is not the caller's own mistake is made here. */
import { constants } from 'node:os';

import type { NativeFailure, NativeOwnersFailure } from '../binding.js';

/** Which layer of sock_diag this system lacks. */
export type UnsupportedLayer = 'sock_diag' | 'family' | 'protocol';

/** What a `SockDiagError` tells beside its message. */
export interface SockDiagErrorDetails {
  /** The name of the error number, or a code of this library's own. */
  code: string;
  /** The system's error number, positive. */
  errno?: number | undefined;
  /** The system call that failed, or that brought the kernel's answer. */
  syscall?: string | undefined;
  /** What this system lacks, where that is the reason. */
  unsupported?: UnsupportedLayer | undefined;
  /** What the system said, where that is an error of its own. */
  cause?: unknown;
}

/**
 * The kernel, or the system in between, could not do what was asked. Wrong arguments are a `TypeError` or a
 * `RangeError` instead, and an aborted call throws its signal's reason.
 */
export class SockDiagError extends Error {
  /** The name of the error number (`'EPERM'`), or a code of this library's own (`'ERR_SOCKDIAG_…'`). */
  readonly code: string;
  /** The system's error number, positive, where there is one. */
  declare readonly errno?: number;
  /** The system call that failed, or that brought the kernel's answer. */
  declare readonly syscall?: string;
  /**
   * What this system lacks, where that is the reason: `'sock_diag'` altogether (gVisor, WSL 1, user-mode
   * emulation), a handler for the socket `'family'`, or one for the `'protocol'`.
   */
  declare readonly unsupported?: UnsupportedLayer;

  static {
    SockDiagError.prototype.name = 'SockDiagError';
  }

  constructor(message: string, details: SockDiagErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    if (details.errno !== undefined) this.errno = details.errno;
    if (details.syscall !== undefined) this.syscall = details.syscall;
    if (details.unsupported !== undefined) this.unsupported = details.unsupported;
  }
}

/** Whether an error says that this system does not support what was asked. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof SockDiagError && error.unsupported !== undefined;
}

/** What is done with sockets: in a sentence, as a thing, and whether with one of them alone. */
const ACTS = {
  dump: { verb: 'dump', noun: 'a dump of', isSingle: false },
  watch: { verb: 'watch', noun: 'a question for', isSingle: false },
  probe: { verb: 'probe', noun: 'a question for', isSingle: false },
  lookup: { verb: 'look up', noun: 'a lookup of', isSingle: true },
  destroy: { verb: 'destroy', noun: 'a request to destroy', isSingle: true },
} as const;

/** What is asked for, for the words of its errors. */
export interface Subject {
  /** What is done with the sockets; without it, they are dumped. */
  act?: keyof typeof ACTS | undefined;
  /** In the plural: `'IPv4 TCP sockets'`. */
  sockets: string;
  /** The kernel's module for the family, and its build option. */
  family: { module: string; option: string };
  /** Likewise for the protocol, where handlers are chosen by it. */
  protocol?: { module: string; option: string };
  /** What an error of the kernel means for this request, by its number, where that is not the usual. */
  hints?: Readonly<Record<number, string>> | undefined;
}

const EPERM = constants.errno.EPERM;
const ENOENT = constants.errno.ENOENT;
const EACCES = constants.errno.EACCES;
const EBADMSG = constants.errno.EBADMSG;
const ESTALE = constants.errno.ESTALE;
const EINTR = constants.errno.EINTR;

/** Of this process, or of the system. */
const TOO_MANY: ReadonlySet<number> = new Set([constants.errno.EMFILE, constants.errno.ENFILE]);

/** Numbers that Node's own list lacks, or has under two names. */
const NAMES = new Map<number, string>([
  ...Object.entries(constants.errno).map(([name, number]): [number, string] => [number, name]),
  [constants.errno.EAGAIN, 'EAGAIN'],
  [constants.errno.EOPNOTSUPP, 'EOPNOTSUPP'],
  [94, 'ESOCKTNOSUPPORT'],
]);

export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

function actOf({ act = 'dump' }: Subject): (typeof ACTS)[keyof typeof ACTS] {
  return ACTS[act];
}

/** The error for what could not be asked for, or not be brought to its end. */
export function errorOf(failure: NativeFailure, subject: Subject, netns: string): SockDiagError {
  switch (failure.kind) {
    case 'system':
    case 'file':
      return systemError(failure, subject, netns);
    case 'kernel':
      return kernelError(failure, subject);
    case 'interrupted':
      return new SockDiagError(
        `the kernel says that its dump of ${subject.sockets} was interrupted and may be inconsistent: ask again`,
        { code: 'EINTR', errno: EINTR, syscall: 'recvmsg' },
      );
    case 'reply':
      return new SockDiagError(
        `the reply to ${actOf(subject).noun} ${subject.sockets} has ${failure.text} (at byte ${failure.offset}): ` +
          'it was thrown away',
        { code: 'EBADMSG', errno: EBADMSG, syscall: 'recvmsg' },
      );
  }
}

/** What the kernel has no handler for, if that is what its error says. */
function lackingLayer({ errno, inDone }: NativeFailure): UnsupportedLayer | undefined {
  if (errno !== ENOENT) return undefined;
  return inDone === true ? 'protocol' : 'family';
}

/** The error for a recording that cannot be read to its end. Its system calls were another's. */
export function recordingError(failure: NativeFailure): SockDiagError {
  if (failure.kind === 'kernel') {
    const code = errnoName(failure.errno);
    const unsupported = lackingLayer(failure);
    return new SockDiagError(`the recording holds an error of the kernel, at its dump's end (${code})`, {
      code,
      errno: failure.errno,
      unsupported,
    });
  }
  return new SockDiagError(`the recording has ${failure.text} (at byte ${failure.offset})`, {
    code: 'EBADMSG',
    errno: EBADMSG,
  });
}

function systemError(failure: NativeFailure, subject: Subject, netns: string): SockDiagError {
  const code = errnoName(failure.errno);
  const syscall = failure.syscall;
  const what = `cannot ${actOf(subject).verb} ${subject.sockets}`;
  const details = { code, errno: failure.errno, syscall };
  switch (true) {
    case syscall === 'open' || syscall === 'setns':
      return new SockDiagError(`${what}: ${namespaceTrouble(failure, netns)} (${code}: ${syscall})`, details);
    case syscall === 'socket' && UNSUPPORTED_CODES.has(code):
      return new SockDiagError(
        `${what}: this system has no NETLINK_SOCK_DIAG, as in gVisor, WSL 1 and user-mode emulation (${code}: socket)`,
        { ...details, unsupported: 'sock_diag' },
      );
    case syscall === 'socket' && (failure.errno === EPERM || failure.errno === EACCES):
      return new SockDiagError(
        `${what}: a security policy (seccomp, SELinux, AppArmor) forbids netlink sockets here (${code}: socket)`,
        details,
      );
    case TOO_MANY.has(failure.errno):
      return new SockDiagError(`${what}: too many open files (${code}: ${syscall})`, details);
    case code === 'EAGAIN' && syscall === 'recvmsg':
      return new SockDiagError(
        `${what}: the kernel stopped before the end of its answer (${code}: recvmsg)`,
        details,
      );
    default:
      return new SockDiagError(`${what} (${code}: ${syscall})`, details);
  }
}

const UNSUPPORTED_CODES: ReadonlySet<string> = new Set([
  'EPROTONOSUPPORT',
  'EAFNOSUPPORT',
  'ESOCKTNOSUPPORT',
]);

function namespaceTrouble(failure: NativeFailure, netns: string): string {
  if (TOO_MANY.has(failure.errno)) return 'too many open files';
  if (failure.errno === ENOENT) return `there is no network namespace at ${netns}`;
  if (failure.errno === EPERM) return `entering the network namespace at ${netns} needs CAP_SYS_ADMIN`;
  if (failure.errno === EACCES) {
    return `opening the network namespace at ${netns} needs CAP_SYS_PTRACE, and entering it CAP_SYS_ADMIN`;
  }
  if (NO_NAMESPACE.has(failure.errno)) return `${netns} is not a network namespace`;
  if (failure.errno === ESTALE) {
    return `${netns} leads to another network namespace by now, and nothing to the one that was asked for`;
  }
  return `the network namespace at ${netns} cannot be entered`;
}

/** What setns says of another file; what open does of a socket, by its path or its descriptor. */
const NO_NAMESPACE: ReadonlySet<number> = new Set([constants.errno.EINVAL, constants.errno.ENXIO]);

/** The error for a walk over /proc that could not be brought to its end. */
export function ownersError({ errno, syscall }: NativeOwnersFailure): SockDiagError {
  const code = errnoName(errno);
  return new SockDiagError(
    `cannot look for the owners of sockets: ${procTrouble(errno)} (${code}: ${syscall})`,
    { code, errno, syscall },
  );
}

function procTrouble(errno: number): string {
  if (errno === ENOENT) return 'no proc file system is mounted at /proc';
  if (errno === EACCES || errno === EPERM) return '/proc may not be read';
  if (TOO_MANY.has(errno)) return 'too many open files';
  return '/proc cannot be read';
}

const HINTS: Readonly<Record<number, string>> = {
  [EPERM]: 'it needs CAP_NET_ADMIN in the network namespace',
};

function kernelError(failure: NativeFailure, subject: Subject): SockDiagError {
  const code = errnoName(failure.errno);
  const details = { code, errno: failure.errno, syscall: 'recvmsg' };
  // Of a single socket, ENOENT says that there is none such.
  const unsupported = actOf(subject).isSingle ? undefined : lackingLayer(failure);
  if (unsupported !== undefined) {
    const part = (unsupported === 'protocol' ? subject.protocol : undefined) ?? subject.family;
    return new SockDiagError(
      `this kernel has no handler for ${subject.sockets}: its module ${part.module} (${part.option}) is absent, ` +
        `or could not be loaded (${code})`,
      { ...details, unsupported },
    );
  }
  const words = failure.text ? `: ${failure.text}` : '';
  const hint = subject.hints?.[failure.errno] ?? HINTS[failure.errno];
  return new SockDiagError(
    `the kernel refused to ${actOf(subject).verb} ${subject.sockets}${words}${hint === undefined ? '' : `: ${hint}`} (${code})`,
    details,
  );
}

/** The error of a file that Node could not read: what that means, and how it failed. */
export function fileError(meaning: string, error: NodeJS.ErrnoException): SockDiagError {
  const { code = 'EIO', errno, syscall } = error;
  return new SockDiagError(`${meaning} (${code}: ${syscall})`, {
    code,
    errno: errno === undefined ? undefined : -errno,
    syscall,
  });
}
