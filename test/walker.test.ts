/** Every reply that the kernel would not make is refused in words, and nothing of it is given out. */
import { expect, test } from 'vitest';

import { loadBinding, type NativeExpectation } from '../lib/binding.js';
import { errorOf, type Subject } from '../lib/netlink/errors.js';
import { align, attribute, done, errorReply, int32, message, PORT_ID } from './messages.js';

const SUBJECT: Subject = {
  sockets: 'IPv4 TCP sockets',
  family: { module: 'inet_diag', option: 'CONFIG_INET_DIAG' },
  protocol: { module: 'tcp_diag', option: 'CONFIG_INET_TCP_DIAG' },
};

const EXPECTATION: NativeExpectation = {
  sequence: 1,
  portId: PORT_ID,
  type: 20,
  headerLength: 72,
  family: 2,
};

function structure(family = 2, length = 72): Buffer {
  const bytes = Buffer.alloc(length);
  bytes[0] = family;
  return bytes;
}

const record = (...attributes: Buffer[]): Buffer => message(Buffer.concat([structure(), ...attributes]));

const good: Buffer = record(attribute(8, Buffer.from([1])));

/** Attributes, each of which holds the next. */
function nested(depth: number): Buffer {
  return depth === 0 ? Buffer.alloc(0) : attribute(0x8000 | depth, nested(depth - 1));
}

function changed(at: number, value: number): Buffer {
  const bytes = Buffer.from(good);
  bytes[at] = value;
  return bytes;
}

const refused: [promise: string, datagram: Buffer, words: RegExp, how?: Partial<NativeExpectation>][] = [
  ['a short header', good.subarray(0, 12), /a message shorter than a message header \(at byte 0\)/],
  ['a length that is too small', changed(0, 8), /a message with a wrong length/],
  ['a length beyond the datagram', changed(1, 4), /a message with a wrong length/],
  ['padding that is not zero', changed(good.length - 1, 1), /padding that is not zero/],
  ['padding that is missing', message(Buffer.alloc(5), { type: 3 }).subarray(0, 21), /no padding/],
  ['a wrong sequence', message(structure(), { sequence: 2 }), /a sequence number that was not asked for/],
  ['a wrong port id', message(structure(), { portId: 1 }), /a port id that is not ours/],
  ['a sender that is not the kernel', good, /a sender that is not the kernel/, { sender: 4711 }],
  ['MSG_TRUNC', good, /more bytes than were received/, { truncated: true }],
  ['data after DONE', Buffer.concat([done(), good]), /data behind its end \(at byte 20\)/],
  ['an acknowledgement without ACK', errorReply(0), /an acknowledgement that was not asked for/],
  ['a wrong family', message(structure(10)), /a record of another family/],
  ['a record shorter than its header', message(structure(2, 68)), /a record shorter than its structure/],
  [
    'an attribute longer than the message',
    record(Buffer.from([12, 0, 8, 0])),
    /longer than what holds it \(at byte 88\)/,
  ],
  [
    'a nested attribute longer than its parent',
    record(attribute(0x8014, Buffer.from([9, 0, 1, 0]))),
    /longer than what holds/,
  ],
  [
    'a zero-length attribute',
    record(Buffer.from([0, 0, 8, 0])),
    /an attribute shorter than an attribute header/,
  ],
  ['a type that nobody asked for', message(structure(), { type: 16 }), /of a type that was not asked for/],
  ['an empty datagram', Buffer.alloc(0), /no message/],
  ['a status that is no error', done(1), /a status that is not an error number/],
  [
    'more nesting than there is reason for',
    record(nested(10)),
    /attributes nested too deeply \(at byte 124\)/,
  ],
];

test.each(refused)('%s is refused', (_promise, datagram, words, how = {}) => {
  const walk = loadBinding().walk(datagram, { ...EXPECTATION, ...how });
  expect(walk).toMatchObject({ records: 0, index: new Uint32Array(0), finished: false });
  if (walk.failure === undefined) throw new Error('not refused');
  const error = errorOf(walk.failure, SUBJECT, '');
  expect(error).toMatchObject({ name: 'SockDiagError', code: 'EBADMSG', errno: 74, syscall: 'recvmsg' });
  expect(error.message).toMatch(/^the reply to a dump of IPv4 TCP sockets has .*: it was thrown away$/);
  expect(error.message).toMatch(words);
});

test.each([
  ['a record', message(structure(), { flags: 0x12 })],
  ['DONE', done(0, 0x12)],
])('NLM_F_DUMP_INTR on %s is an error that says to ask again', (_name, datagram) => {
  const { failure } = loadBinding().walk(datagram, EXPECTATION);
  if (failure === undefined) throw new Error('not refused');
  const error = errorOf(failure, SUBJECT, '');
  expect(error).toMatchObject({ code: 'EINTR', errno: 4 });
  expect(error.message).toMatch(/interrupted and may be inconsistent: ask again/);
});

test('the same records without a fault are accepted', () => {
  const walk = loadBinding().walk(Buffer.concat([good, good, done()]), EXPECTATION);
  expect(walk).toMatchObject({ records: 2, finished: true, failure: undefined });
  expect([...walk.index]).toEqual([16, 1, 88, 112, 1, 184]);
});

test('messages that say nothing are passed over', () => {
  const nothing = message(Buffer.alloc(0), { type: 1 });
  const walk = loadBinding().walk(Buffer.concat([nothing, good, nothing, done()]), EXPECTATION);
  expect(walk).toMatchObject({ records: 1, finished: true, failure: undefined });
});

test('DONE with an errno is the kernel refusing the protocol, ERROR the family', () => {
  const inDone = loadBinding().walk(done(-2), EXPECTATION).failure;
  const inError = loadBinding().walk(errorReply(-2), EXPECTATION).failure;
  if (inDone === undefined || inError === undefined) throw new Error('not refused');
  expect(errorOf(inDone, SUBJECT, '')).toMatchObject({ code: 'ENOENT', unsupported: 'protocol' });
  expect(errorOf(inDone, SUBJECT, '').message).toMatch(/tcp_diag \(CONFIG_INET_TCP_DIAG\)/);
  expect(errorOf(inError, SUBJECT, '')).toMatchObject({ code: 'ENOENT', unsupported: 'family' });
  expect(errorOf(inError, SUBJECT, '').message).toMatch(/inet_diag \(CONFIG_INET_DIAG\)/);
});

test("the kernel's extended message stands in the error", () => {
  const text = attribute(1, Buffer.from('no such thing\0'));
  const reply = message(Buffer.concat([int32(-22), align(Buffer.alloc(16)), text]), {
    type: 2,
    flags: 0x300,
  });
  const { failure } = loadBinding().walk(reply, EXPECTATION);
  if (failure === undefined) throw new Error('not refused');
  const error = errorOf(failure, SUBJECT, '');
  expect(error).toMatchObject({ code: 'EINVAL', errno: 22 });
  expect(error.unsupported).toBeUndefined();
  expect(error.message).toMatch(/no such thing/);
});
