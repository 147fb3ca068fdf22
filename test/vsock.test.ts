/** vsock: what is asked, what is told, and what is said where the kernel has no handler for it. */
import { describe, expect, test } from 'vitest';

import { dumpVsock, SockDiagError, type VsockDiagMsg } from '../lib/index.js';
import { readVsockDiagMsg, VSOCK_DIAG_MSG_LENGTH } from '../lib/vsock/record.js';
import { decodeDatagram } from './decoding.js';
import { compilers, layoutsOfHeaders } from './layout/headers.js';
import type { Layout } from './layout/layout.js';
import { problemsOf } from './layout/prove.js';
import { attribute, message, words } from './messages.js';
import { skip } from './tools.js';

const AF_VSOCK = 40;

const decode = (datagram: Buffer, family: number = AF_VSOCK): VsockDiagMsg[] =>
  decodeDatagram(datagram, { headerLength: VSOCK_DIAG_MSG_LENGTH, family }, readVsockDiagMsg);

const structure = (type: number, state: number, shutdown: number, ...rest: number[]): Buffer =>
  Buffer.concat([Buffer.from([AF_VSOCK, type, state, shutdown]), words(...rest)]);

test('a connection, with every member another value', () => {
  const connected = structure(1, 1, 2, 3, 0x8000_0001, 2, 1024, 0x1c739a, 0x89ab_cdef, 0x123_4567);
  expect(decode(message(connected))).toStrictEqual([
    {
      family: 'vsock',
      type: 'stream',
      state: 'ESTABLISHED',
      shutdown: 'send',
      srcCid: 3,
      srcPort: 0x8000_0001,
      dstCid: 2,
      dstPort: 1024,
      inode: 0x1c739a,
      cookie: '123456789abcdef',
    },
  ]);
});

test('any is 0xffffffff', () => {
  const any = 0xffff_ffff;
  const [record] = decode(message(structure(5, 7, 0, any, any, any, any, 0, 1, 0)));
  expect(record).toMatchObject({ srcCid: any, srcPort: any, dstCid: any, dstPort: any, inode: 0 });
});

test.each([
  [1, 'ESTABLISHED'],
  [2, 'SYN_SENT'],
  [7, 'CLOSE'],
  [10, 'LISTEN'],
  [11, 'CLOSING'],
  [77, 'UNKNOWN_77'],
])('state %i is %s', (number, state) => {
  expect(decode(message(structure(1, number, 0, 0, 0, 0, 0, 0, 0, 0)))).toMatchObject([{ state }]);
});

test.each([
  [1, 'stream'],
  [2, 'dgram'],
  [5, 'seqpacket'],
  [200, 'unknown_200'],
])('type %i is %s', (number, type) => {
  expect(decode(message(structure(number, 7, 0, 0, 0, 0, 0, 0, 0, 0)))).toMatchObject([{ type }]);
});

test.each([
  [0, 'none'],
  [1, 'rcv'],
  [2, 'send'],
  [3, 'both'],
])('shutdown %i is %s', (number, shutdown) => {
  expect(decode(message(structure(1, 7, number, 0, 0, 0, 0, 0, 0, 0)))).toMatchObject([{ shutdown }]);
});

test('attributes, of which no kernel has any yet, are kept', () => {
  const base = structure(1, 7, 0, 1, 2, 3, 4, 5, 6, 7);
  const [record] = decode(
    message(Buffer.concat([base, attribute(0, Buffer.from([9])), attribute(7, words())])),
  );
  expect(record?.unknown).toEqual({ 0: new Uint8Array([9]), 7: new Uint8Array() });
});

test('a message that is shorter than the structure, or of another family, is refused', () => {
  const base = structure(1, 7, 0, 1, 2, 3, 4, 5, 6, 7);
  expect(() => decode(message(base.subarray(0, 28)))).toThrow(/shorter than its structure/);
  base[0] = 44;
  expect(() => decode(message(base))).toThrow(/another family/);
});

const noCompiler = compilers().length === 0 && skip('there is no compiler here');

test.skipIf(noCompiler)('each member is where the header of the kernel has it', () => {
  const layouts = layoutsOfHeaders([{ name: 'vsock_diag_msg', header: 'linux/vm_sockets_diag.h' }]);
  const layout = layouts.get('vsock_diag_msg') as Layout;
  expect(layout.size).toBe(VSOCK_DIAG_MSG_LENGTH);
  const problems = problemsOf(layout, (bytes) => decode(message(bytes), 0)[0] as VsockDiagMsg, {
    prefixes: ['vdiag_'],
    members: [
      { member: 'vdiag_family', ignored: 'the walker refuses any other' },
      { member: 'vdiag_type', as: 'distinct' },
      { member: 'vdiag_state', as: 'distinct' },
      { member: 'vdiag_shutdown', as: (bits) => ['none', 'rcv', 'send', 'both'][bits & 3] },
      { member: 'vdiag_ino', property: 'inode' },
      { member: 'vdiag_cookie', as: 'distinct' },
    ],
    elsewhere: { family: 'it is always the same' },
  });
  expect(problems).toEqual([]);
});

async function requestOf(options?: Parameters<typeof dumpVsock>[0]): Promise<Uint8Array> {
  const raw = dumpVsock(options).raw();
  const { value } = await raw.next();
  await raw.return();
  return value as Uint8Array;
}

const REQUEST = 0x301;

test('the request is vsock_diag_req, with the states as a mask', async () => {
  const request = (mask: number): Uint8Array => {
    const payload = words(AF_VSOCK, mask, 0, 0, 0, 0);
    return new Uint8Array(message(payload, { flags: REQUEST, portId: 0 }));
  };
  const all = (1 << 1) | (1 << 2) | (1 << 7) | (1 << 10) | (1 << 11);
  expect(new Uint8Array(await requestOf())).toEqual(request(all));
  expect(new Uint8Array(await requestOf({ states: ['LISTEN', 'CLOSING'] }))).toEqual(request(0xc00));
});

test.each([
  [
    { show: ['info'] },
    "dumpVsock: there is no option 'show', only 'signal', 'netns', 'filter', 'owners', 'consistent' and 'states'",
  ],
  [{ states: [] }, 'dumpVsock: options.states is empty, but must name at least one of'],
  [{ states: 'LISTEN' }, "dumpVsock: options.states is 'LISTEN', but must be an array of 'ESTABLISHED',"],
  [
    { states: ['LISTEN', 'TIME_WAIT'] },
    "dumpVsock: options.states[1] is 'TIME_WAIT', but must be 'ESTABLISHED',",
  ],
  ['LISTEN', "dumpVsock: options must be an object, not 'LISTEN'"],
])('dumpVsock(%j) is a TypeError', (options, words) => {
  const call = (): unknown => dumpVsock(options as never);
  expect(call).toThrow(TypeError);
  expect(call).toThrow(/^dumpVsock: /);
  expect(call).toThrow(words);
});

describe('live', () => {
  test('a kernel without a handler is told by an error that says what it lacks', async () => {
    const error = await dumpVsock()
      .toArray()
      .catch((reason) => reason);
    if (Array.isArray(error)) return void skip('this kernel has a handler for vsock sockets');
    expect(error).toBeInstanceOf(SockDiagError);
    expect(error).toMatchObject({ code: 'ENOENT', errno: 2, unsupported: 'family' });
    expect(error.message).toBe(
      'this kernel has no handler for vsock sockets: its module vsock_diag (CONFIG_VSOCKETS_DIAG) is absent, or ' +
        'could not be loaded (ENOENT)',
    );
    expect(() => [...dumpVsock({ states: ['LISTEN'] })]).toThrow(error.message);
  });
});
