/**
 * Makes the inputs that the targets in C++ begin with: `node seeds.mjs FOLDER` writes FOLDER/TARGET/NUMBER. They are the
 * recorded messages, each with what was expected of it, and the recorded tables.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { attribute, done, errorReply, int32, message } from '../messages.js';
import {
  goldenMessages,
  isRequest,
  messagesOf,
  recordings,
  type Shape,
  shapeOf,
  typeOf,
} from './recordings.js';

const SOCK_DIAG_BY_FAMILY = 20;
const AF_SMC = 43;

/** As message_walker_fuzz.cc has them. */
const FLAGS = { foreign: 1, truncated: 2, acknowledged: 4, cramped: 8, further: 16 } as const;

interface Expected {
  shape: Shape;
  flags?: number;
  room?: number;
}

/** What message_walker_fuzz.cc reads: what is expected, and the datagram. */
function walkerInput(datagram: Buffer, { shape, flags = 0, room = 0 }: Expected): Buffer {
  const { nests } = shape;
  const head = Buffer.alloc(16 + 2 * nests.length);
  head.set([flags, shape.family, shape.headerLength, nests.length / 2]);
  head.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  head.writeUInt16LE(room, 6);
  datagram.copy(head, 8, 8, 16);
  for (const [i, number] of nests.entries()) head.writeUInt16LE(number, 16 + 2 * i);
  return Buffer.concat([head, datagram]);
}

/** Of each kind of record one: with the same attributes, of the same lengths. */
function likeness({ headerLength }: Shape, record: Buffer): string {
  const words: number[] = [headerLength, record[16] ?? 0];
  for (let at = 16 + headerLength; at + 4 <= record.length; ) {
    words.push(record.readUInt16LE(at), record.readUInt16LE(at + 2));
    at += Math.max(4, (record.readUInt16LE(at) + 3) & ~3);
  }
  return words.join();
}

/** The answers in a recording, each alone, and the first ones of each request together with its end. */
function recordedInputs(bytes: Buffer, seen: Set<string>): Buffer[] {
  const asked = new Map<number, number>();
  return messagesOf(bytes).flatMap((answer) => {
    const sequence = answer.readUInt32LE(8);
    if (isRequest(answer)) asked.set(sequence, answer[16] ?? 0);
    if (isRequest(answer) || typeOf(answer) < 16) return [];
    const family = asked.get(sequence) === AF_SMC ? AF_SMC : (answer[16] ?? 0);
    // Of a record of TIPC the first byte is none of a family.
    const shape = shapeOf(asked.get(sequence) === 30 ? 30 : family);
    if (shape === undefined || seen.has(likeness(shape, answer))) return [];
    seen.add(likeness(shape, answer));
    return [walkerInput(answer, { shape }), walkerInput(ended(answer), { shape, flags: FLAGS.further })];
  });
}

/** The message, and the end of its dump. */
function ended(answer: Buffer): Buffer {
  const end = done();
  answer.copy(end, 8, 8, 16);
  return Buffer.concat([answer, end]);
}

/** What no kernel has been heard to say. */
function madeInputs(): Buffer[] {
  const shape = shapeOf(2) as Shape;
  const text = attribute(1, Buffer.from('no such thing\0'));
  const quoted = Buffer.concat([int32(72), Buffer.alloc(12)]);
  const refused = message(Buffer.concat([int32(-22), quoted, text]), { type: 2, flags: 0x300 });
  const late = message(Buffer.concat([int32(-22), text]), { type: 3, flags: 0x202 });
  const noop = message(Buffer.alloc(0), { type: 1 });
  let deep: Buffer = attribute(1, Buffer.alloc(4));
  for (let depth = 0; depth < 12; depth++) deep = attribute(0x8001, deep);
  const record = Buffer.concat([Buffer.from([2, 10]), Buffer.alloc(70)]);
  const nested = message(Buffer.concat([record, deep]));
  const socket = message(Buffer.concat([record, attribute(8, Buffer.from([1]))]));
  return [
    ...[refused, late, Buffer.concat([noop, done()]), nested, errorReply(-2)].map((bytes) =>
      walkerInput(bytes, { shape }),
    ),
    walkerInput(errorReply(0), { shape, flags: FLAGS.acknowledged }),
    walkerInput(socket, { shape, flags: FLAGS.foreign }),
    walkerInput(socket, { shape, flags: FLAGS.truncated }),
    walkerInput(Buffer.concat([socket, socket]), { shape, flags: FLAGS.cramped, room: 4 }),
  ];
}

function walkerInputs(): Buffer[] {
  const golden = goldenMessages()
    .filter(({ bytes }) => !isRequest(bytes))
    .map(({ bytes }) => {
      const family = typeOf(bytes) < 16 ? 2 : (bytes[16] as number);
      return walkerInput(bytes, { shape: shapeOf(family) as Shape, flags: FLAGS.acknowledged });
    });
  const seen = new Set<string>();
  return [...golden, ...recordings().flatMap(({ bytes }) => recordedInputs(bytes, seen)), ...madeInputs()];
}

const FIXTURES = join(process.cwd(), 'test/fixtures/proc');
const MOST_LINES = 4;

/** The first lines of each table, as line_walker_fuzz.cc reads them. */
function textInputs(): Buffer[] {
  return readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: kernel }) => {
      const folder = join(FIXTURES, kernel, 'net');
      return readdirSync(folder).flatMap((name) => {
        const lines = readFileSync(join(folder, name), 'latin1').split('\n');
        const start = name === 'unix' ? 1 : 0;
        const text = lines.slice(0, MOST_LINES).join('\n');
        return [0, 2].map((pieces) =>
          Buffer.from(`${String.fromCharCode(start, 3, pieces, 9, 40, 1)}${text}`, 'latin1'),
        );
      });
    });
}

/** Orders of steps, as event_queue_fuzz.cc reads them: it fills, it overflows, the kernel loses some. */
function queueInputs(): Buffer[] {
  const orders = [
    '04 04 04 02 02',
    '00 08 08 08 02 04 02',
    '03 04 05 1d 04 02 02 02',
    '0f 02 04 3c 3c 02 02 02 02',
  ];
  return orders.map((order) => Buffer.from(order.replaceAll(' ', ''), 'hex'));
}

const INPUTS = { message_walker: walkerInputs, line_walker: textInputs, event_queue: queueInputs };

for (const [target, inputs] of Object.entries(INPUTS)) {
  const folder = join(process.argv[2] as string, target);
  mkdirSync(folder, { recursive: true });
  for (const [i, input] of inputs().entries()) writeFileSync(join(folder, String(i)), input);
}
