/**
 * What asks is aborted, its worker terminated, or its process ended at each step: while the first, the second, the n-th system
 * call of a kind is being made. `injector.cc` holds it up.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Injector, lackOfInjector, PATIENCE } from './injector.js';

type Step = [call: string, at: number];

const OPENING: readonly Step[] = [
  ['socket', 1],
  ['setsockopt', 2],
  ['bind', 1],
  ['connect', 1],
  ['getsockname', 1],
];
/** The primed socket's question, its answer, the request, what fills two batches, and the end. */
const DUMPING: readonly Step[] = [
  ...OPENING,
  ['sendto', 1],
  ['recvmsg', 1],
  ['sendto', 2],
  ['recvmsg', 2],
  ['recvmsg', 6],
  ['recvmsg', 8],
];
const ENTERING: readonly Step[] = [
  ['openat', 2],
  ['fstat64', 2],
  ['setns', 1],
  ['stat64', 2],
];
const WALKING: readonly Step[] = [
  ['openat', 1],
  ['fstatfs64', 1],
  ['getdents64', 1],
  ['openat', 4],
  ['readlinkat', 2],
  ['readlinkat', 20],
  ['read', 1],
  ['read', 4],
];
const READING: readonly Step[] = [
  ['openat', 1],
  ['read', 1],
  ['read', 9],
  ['read', 20],
];
/** The sockets that ask for handlers come first. */
const LISTENING: readonly Step[] = [
  ['socket', 1],
  ['recvmsg', 1],
  ['socket', 2],
  ['setsockopt', 9],
  ['eventfd', 1],
  ['pthread_create', 1],
  ['poll', 1],
  ['recvmsg', 4],
];
/** Of the second question, the socket is there already. */
const LOOKING_UP: readonly Step[] = [
  ...OPENING,
  ['sendto', 1],
  ['recvmsg', 1],
  ['sendto', 2],
  ['recvmsg', 2],
];

/** Which do their work on another thread, so that there is somebody who aborts. */
const ABORTED: readonly [way: string, steps: readonly Step[]][] = [
  ['dumpUnix(), one by one', DUMPING],
  ['dumpUnix().batches()', DUMPING],
  ['dumpTcp() of several namespaces', [...ENTERING, ...OPENING]],
  ['dumpTcp() with owners', WALKING],
  ['owners()', WALKING],
  ['proc: dumpUnix(), one by one', READING],
];

const TERMINATED: readonly [way: string, steps: readonly Step[]][] = [
  ...ABORTED,
  ['dumpUnix(), synchronously', DUMPING],
  ['dumpTcp() of several, synchronously', [...ENTERING, ...OPENING]],
  ['lookupTcp()', LOOKING_UP],
  ['lookupTcpSync()', LOOKING_UP],
  ['lookupTcp() in a namespace', LOOKING_UP],
  ['ownersSync() of a process', WALKING.slice(0, -1)],
  ['watchDestroyed()', LISTENING],
  ['watch()', LISTENING],
  ['probe()', LISTENING],
  ['proc: dumpUnix(), synchronously', READING],
];

const ENDED: readonly [way: string, ...step: Step][] = [
  ['dumpUnix().batches()', 'socket', 1],
  ['dumpUnix().batches()', 'recvmsg', 1],
  ['dumpUnix().batches()', 'recvmsg', 6],
  ['dumpTcp() of several namespaces', 'setns', 1],
  ['dumpTcp() with owners', 'readlinkat', 20],
  ['owners()', 'readlinkat', 2],
  ['watchDestroyed()', 'poll', 1],
  ['proc: dumpUnix(), one by one', 'read', 2],
];

describe.skipIf(lackOfInjector())('at each step', { timeout: PATIENCE }, () => {
  let injector: Injector;
  beforeAll(() => {
    injector = new Injector();
  });
  afterAll(() => injector?.remove());

  function expectEach(
    act: 'abort' | 'terminate',
    outcome: unknown,
    way: string,
    steps: readonly Step[],
  ): void {
    const { lines, ...ended } = injector.run<{ begins?: true }>('steps.mjs', act, way, JSON.stringify(steps));
    expect(ended).toMatchObject({ status: 0, signal: null, stderr: '' });
    const left = { descriptors: 0, threads: 0 };
    const expected = steps.map(([call, at]) => ({ call, at, reached: true, outcome, left }));
    expect(lines.filter(({ begins }) => begins === undefined)).toEqual(expected);
  }

  test.each(ABORTED)('an abort is answered with its reason: %s', (way, steps) => {
    expectEach('abort', 'the reason', way, steps);
  });

  test.each(TERMINATED)('a worker that is terminated leaves nothing: %s', (way, steps) => {
    expectEach('terminate', 1, way, steps);
  });

  test.each(ENDED)('process.exit is clean: %s, %s %i', (way, call, at) => {
    const { lines, status, signal, stderr } = injector.run('exiting.mjs', way, call, String(at));
    expect({ lines, status, signal, stderr }).toEqual({
      lines: [{ reached: true }],
      status: 7,
      signal: null,
      stderr: '',
    });
  });
});
