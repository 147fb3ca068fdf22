/** The layers of "not supported", live where this kernel lacks something. */
import { expect, test } from 'vitest';

import { loadBinding, type NativeFailure, type NativeRequest } from '../lib/binding.js';
import { dumpDccp, dumpRaw, dumpSctp, SockDiagError } from '../lib/index.js';
import { errorOf, type Subject } from '../lib/netlink/errors.js';
import { skip } from './tools.js';

const SUBJECT: Subject = {
  sockets: 'sockets of a kind that no kernel has',
  family: { module: 'no_diag', option: 'CONFIG_NO_DIAG' },
  protocol: { module: 'no_proto_diag', option: 'CONFIG_NO_PROTO_DIAG' },
};

function failureOf(family: number, protocol: number, headerLength: number): NativeFailure {
  const payload = new Uint8Array(56);
  payload.set([family, protocol]);
  payload.fill(0xff, 4, 8);
  const request: NativeRequest = { type: 20, family, headerLength, payload };
  const { Reader } = loadBinding();
  const { failure } = new Reader([request], '').nextSync();
  if (failure === undefined) throw new Error('the kernel has it after all');
  return failure;
}

test('a family without a handler answers NLMSG_ERROR', () => {
  // AX.25 has never had one.
  const error = errorOf(failureOf(3, 0, 16), SUBJECT, '');
  expect(error).toBeInstanceOf(SockDiagError);
  expect(error).toMatchObject({ code: 'ENOENT', errno: 2, unsupported: 'family' });
  expect(error.message).toBe(
    'this kernel has no handler for sockets of a kind that no kernel has: its module no_diag (CONFIG_NO_DIAG) is ' +
      'absent, or could not be loaded (ENOENT)',
  );
});

test('a protocol without a handler answers NLMSG_DONE, which is no empty list', () => {
  // IPPROTO_ICMP has never had one.
  const error = errorOf(failureOf(2, 1, 72), SUBJECT, '');
  expect(error).toMatchObject({ code: 'ENOENT', errno: 2, unsupported: 'protocol' });
  expect(error.message).toContain('no_proto_diag (CONFIG_NO_PROTO_DIAG)');
});

test('a request that the kernel does not take is told with its error number', () => {
  const error = errorOf(failureOf(200, 0, 16), SUBJECT, '');
  expect(error).toMatchObject({ code: 'EINVAL', errno: 22 });
  expect(error).not.toHaveProperty('unsupported');
  expect(error.message).toBe('the kernel refused to dump sockets of a kind that no kernel has (EINVAL)');
});

test('a reader takes no first receive that kernels do not make', () => {
  const { Reader } = loadBinding();
  const request = { type: 20, family: 2, headerLength: 72, payload: new Uint8Array(56) };
  for (const size of [0, 4095, 32769])
    expect(() => new Reader([request], '', undefined, size)).toThrow('of 4096 to 32768 bytes');
});

test('an error after some of several requests names the one that failed', () => {
  const listeners = new Uint8Array(56);
  listeners.set([2, 6, 0, 0, 0, 4]);
  const absent = new Uint8Array(56);
  absent.set([2, 1]);
  const shape = { type: 20, family: 2, headerLength: 72 };
  const { Reader } = loadBinding();
  const reader = new Reader(
    [
      { ...shape, payload: listeners },
      { ...shape, payload: absent },
    ],
    '',
  );
  const batch = reader.nextSync();
  expect(batch.failure).toMatchObject({ request: 1, kind: 'kernel', errno: 2, inDone: true });
  expect(reader.nextSync()).toMatchObject({ finished: true, records: 0 });
});

test.each([
  ['raw', dumpRaw, 'raw_diag (CONFIG_INET_RAW_DIAG)'],
  ['SCTP', dumpSctp, 'sctp_diag (CONFIG_INET_SCTP_DIAG)'],
  ['DCCP', dumpDccp, 'dccp_diag (CONFIG_INET_DCCP_DIAG)'],
] as const)('%s: where the kernel has no handler, the error says which', async (words, dump, module) => {
  const error = await dump()
    .toArray()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  if (error === undefined) return void skip(`this kernel has a handler for ${words}`);
  expect(error).toBeInstanceOf(SockDiagError);
  expect(error).toMatchObject({ code: 'ENOENT', unsupported: 'protocol' });
  expect((error as Error).message).toContain(`no handler for IPv4 ${words} sockets: its module ${module}`);
});
