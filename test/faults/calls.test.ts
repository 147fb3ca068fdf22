/**
 * Each system call that each way to look at sockets makes fails, the first, the second, the n-th: the answer is whole, or it
 * says itself that it is not, or it is an error that names the call; nothing is left open, nothing hangs, nothing crashes.
 */
import { constants } from 'node:os';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { skip } from '../tools.js';
import { Injector, lackOfInjector, PATIENCE } from './injector.js';

type Code = keyof typeof constants.errno;

interface Call {
  /** How it fails: each time with the first, and the first and the last time with the others. '' is an answer of 0. */
  errors: readonly (Code | '')[];
  /** As errors name it. */
  syscall?: string;
  /** Without it, the answer may be whole all the same. */
  spared?: true;
}

const CALLS: Readonly<Record<string, Call>> = {
  socket: { errors: ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EACCES', 'EPERM', 'EPROTONOSUPPORT'] },
  // Nearly all options only make answers better.
  setsockopt: { errors: ['ENOMEM', 'ENOPROTOOPT'], spared: true },
  bind: { errors: ['ENOMEM'] },
  connect: { errors: ['ENOMEM'] },
  getsockname: { errors: ['ENOBUFS'] },
  sendto: { errors: ['ENOBUFS', 'ENOMEM', 'EINTR', 'EBADF'] },
  recvmsg: { errors: ['ENOMEM', 'ENOBUFS', 'EAGAIN', 'EINTR', 'EBADF', ''] },
  recv: { errors: ['ENOMEM', 'EINTR'] },
  eventfd: { errors: ['EMFILE'] },
  poll: { errors: ['ENOMEM', 'EINTR'] },
  setns: { errors: ['EPERM', 'EINVAL', 'ENOMEM'] },
  read: { errors: ['EIO', 'ENOMEM', 'EINTR'] },
  readlinkat: { errors: ['EIO', 'ENOMEM', 'EACCES'], syscall: 'readlink', spared: true },
  fstat64: { errors: ['EIO'], syscall: 'fstat' },
  // Whether a namespace is the own one. Where that is not known, it is entered.
  stat64: { errors: ['EIO'], spared: true },
  fstatfs64: { errors: ['EIO'], syscall: 'fstatfs' },
  openat: { errors: ['EMFILE', 'ENFILE', 'ENOMEM', 'EIO', 'EACCES'], syscall: 'open' },
  getdents64: { errors: ['EIO', 'ENOMEM'] },
  pthread_create: { errors: ['EAGAIN'] },
  'fs.readlink': { errors: ['EIO', 'EMFILE', 'EACCES'], syscall: 'readlink' },
  'fs.readdir': { errors: ['EIO', 'EMFILE', 'EACCES'], syscall: 'scandir' },
  'fs.open': { errors: ['EIO', 'EMFILE', 'EACCES'], syscall: 'open' },
  // Memory, of which a little is asked for in vain, and not missed.
  new: { errors: ['ENOMEM'], syscall: 'malloc', spared: true },
};

const ASKING = ['socket', 'setsockopt', 'bind', 'connect', 'getsockname', 'sendto', 'recvmsg', 'new'];
const ENTERING = ['setns', 'fstat64', 'stat64', 'openat', 'pthread_create'];
const WALKING = ['read', 'readlinkat', 'fstatfs64', 'openat', 'getdents64', 'new'];
const LISTENING = ['eventfd', 'poll', 'pthread_create'];
const READING = ['read', 'openat', 'new'];

/** Which calls each makes. */
const WAYS: readonly [way: string, calls: readonly string[]][] = [
  ['dumpTcp().toArray()', ASKING],
  ['dumpTcp(), synchronously', ASKING],
  ['dumpTcp() with a filter', ASKING],
  ['dumpTcp() with BPF storages', [...ASKING, 'recv']],
  ['dumpTcp() with owners', [...ASKING, ...WALKING, 'pthread_create']],
  ['dumpUnix(), one by one', ASKING],
  ['dumpUnix().batches()', ASKING],
  ['dumpUnix(), synchronously', ASKING],
  ['dumpUnix().raw()', ASKING],
  ['dumpTcp() of a namespace', [...ASKING, ...ENTERING]],
  ['dumpTcp() of a namespace, synchronously', [...ASKING, ...ENTERING]],
  ['dumpTcp() of several namespaces', [...ASKING, ...ENTERING]],
  ['dumpTcp() of several, synchronously', [...ASKING, ...ENTERING]],
  ['lookupTcp()', ASKING],
  ['lookupTcpSync()', ASKING],
  ['lookupTcp() in a namespace', [...ASKING, ...ENTERING]],
  ['lookupTcp() in one that was found', [...ASKING, ...ENTERING]],
  ['owners()', [...WALKING, 'pthread_create']],
  ['ownersSync() of a process', WALKING],
  ['namespaces()', ['fs.readlink', 'fs.readdir', 'fs.open']],
  ['watchDestroyed()', [...ASKING, ...LISTENING]],
  ['watchDestroyed() of a namespace', [...ASKING, ...LISTENING, ...ENTERING]],
  ['watch()', [...ASKING, ...LISTENING]],
  ['destroy()', ASKING],
  ['destroyMatching()', ASKING],
  ['probe()', [...ASKING, ...LISTENING, 'fs.open']],
  ['proc: dumpTcp().toArray()', READING],
  ['proc: dumpUnix(), one by one', READING],
  ['proc: dumpUnix(), synchronously', READING],
  ['proc: dumpTcp() of a namespace', [...READING, ...ENTERING]],
];

/**
 * Those that do without: who can have no second thread looks alone; a process that may not be read holds none of the sockets;
 * there is another way to a namespace; what is destroyed is told sooner, no more; and who waits for nothing more, or finds
 * nothing more, has it all.
 */
const DOES_WITHOUT: Readonly<Record<string, readonly string[]>> = {
  'owners()': ['pthread_create'],
  'dumpTcp() with owners': ['pthread_create', 'openat'],
  'lookupTcp() in one that was found': ['openat'],
  'watchDestroyed()': ['poll', 'recvmsg'],
  'watchDestroyed() of a namespace': ['poll'],
  'watch()': [...ASKING, ...LISTENING],
  'probe()': ['poll'],
};

interface Line {
  lacks?: string;
  call: string;
  count?: number;
  at: number;
  errno: number;
  lasting?: boolean;
  outcome?: 'whole' | 'told' | 'wrong' | 'error';
  error?: {
    name: string;
    code: string;
    errno: number;
    syscall: string;
    unsupported?: string;
    message: string;
  };
  left: { descriptors: number; threads: number };
}

const errnoOf = (code: Code | ''): number => (code === '' ? 0 : constants.errno[code]);
const { EINTR, EBADMSG, EPROTONOSUPPORT } = constants.errno;

/** What is wrong with the outcome of a fault; undefined if it is one of those that are defined. */
function wrongIn(way: string, { call, errno, outcome, error, left }: Line): string | undefined {
  const { spared, syscall = call } = CALLS[call] as Call;
  if (left.descriptors > 0 || left.threads > 0) return `left open: ${JSON.stringify(left)}`;
  if (outcome === 'wrong') return 'an answer that is not whole, and does not say so';
  if (outcome === 'told') return undefined;
  const mayBeWhole = spared || errno === EINTR || DOES_WITHOUT[way]?.includes(call);
  if (outcome === 'whole') return mayBeWhole ? undefined : 'no error';
  // Of a few bytes that are missing at the call itself.
  if (call === 'new' && error?.message === 'std::bad_alloc') return undefined;
  // As without /proc: the namespaces cannot be told apart.
  if (call === 'stat64' && error?.errno === undefined && error?.code === 'ENOENT') return undefined;
  if (error?.name !== 'SockDiagError') return 'no SockDiagError';
  if (error.errno !== (errno === 0 ? EBADMSG : errno) || error.syscall !== syscall) return 'another error';
  const isUnsupported = call === 'socket' && errno === EPROTONOSUPPORT;
  return (error.unsupported === 'sock_diag') === isUnsupported ? undefined : 'unsupported, or not';
}

describe.skipIf(lackOfInjector())('each call that fails has a defined outcome', { timeout: PATIENCE }, () => {
  let injector: Injector;
  beforeAll(() => {
    injector = new Injector();
  });
  afterAll(() => injector?.remove());

  const numbers = Object.entries(CALLS).map(([call, { errors }]) => [call, errors.map(errnoOf)]);

  test.each(WAYS)('%s', (way, calls) => {
    const { lines, status, signal, stderr } = injector.run<Line>(
      'calls.mjs',
      way,
      JSON.stringify(Object.fromEntries(numbers)),
    );
    const [first] = lines;
    if (first?.lacks !== undefined) return void skip(`this kernel has it not: ${first.lacks}`);
    expect({ status, signal, stderr, last: status === 0 ? undefined : lines.at(-1) }).toEqual({
      status: 0,
      signal: null,
      stderr: '',
    });
    const made = lines.filter(({ count }) => count !== undefined && count > 0).map(({ call }) => call);
    expect(new Set(made)).toEqual(new Set(calls));
    const tried = lines.filter(({ outcome }) => outcome !== undefined);
    expect(tried.length).toBeGreaterThanOrEqual(calls.length);
    const wrong = tried.map((line) => ({ wrong: wrongIn(way, line), ...line }));
    expect(wrong.filter((line) => line.wrong !== undefined)).toEqual([]);
  });
});
