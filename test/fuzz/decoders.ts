/**
 * The decoders of all families: one message of a recording is changed so that its framing is right, between two others.
 * What comes of it is a record or an error of this library; of the others, what comes always; and nothing of it depends
 * on what stands before or behind it, or on the order of its attributes.
 */
import { decode } from '../../lib/decode.js';
import type { Random } from '../filter/random.js';
import { done } from '../messages.js';
import { type Attribute, messageOf, type Parts, partsOf, rearranged } from './attributes.js';
import { isSame, type Outcome, outcomeOf, summary } from './outcomes.js';
import { isRequest, messagesOf, recordings, shapeOf, typeOf } from './recordings.js';
import { cuts, promised, type Target } from './target.js';

/** A request, and what was answered. */
interface Answered {
  request: Buffer;
  headerLength: number;
  records: Buffer[];
}

/** A request, the message before, the one that was changed, and the one behind. */
type Input = readonly [Buffer, Buffer, Buffer, Buffer];

const HEADER = 16;
const AF_NETLINK = 16;

const ANSWERED: readonly Answered[] = recordings()
  .flatMap(({ bytes }) => answeredIn(bytes))
  .map((answered) => ({ ...answered, records: withoutRepeats(answered.records) }))
  .filter(({ records }) => records.length >= 3);

/** Of a recording in which several requests may stand in front of all that they brought. */
function answeredIn(bytes: Buffer): Answered[] {
  const all: Answered[] = [];
  for (const message of messagesOf(bytes)) {
    if (isRequest(message)) {
      all.push({ request: message, headerLength: headerLengthOf(message), records: [] });
    } else if (typeOf(message) >= 16) {
      // Each dump begins with the same numbers again: the last request of that number is meant.
      all.findLast(({ request }) => isAnswer(message, request))?.records.push(message);
    }
  }
  return all;
}

/** The kernel tells of some netlink sockets twice, and the decoder does not: their cookies say so. */
function withoutRepeats(records: readonly Buffer[]): Buffer[] {
  const seen = new Map<string, Buffer>();
  for (const record of records) {
    const key = record[HEADER] === AF_NETLINK ? record.toString('hex', HEADER + 20, HEADER + 28) : seen.size;
    seen.set(String(key), record);
  }
  return [...seen.values()];
}

function isAnswer(message: Buffer, request: Buffer): boolean {
  return message.readUInt32LE(8) === request.readUInt32LE(8);
}

const ATTRIBUTES: readonly Attribute[] = ANSWERED.flatMap(({ records, headerLength }) =>
  records.flatMap((message) => partsOf(message, headerLength).attributes),
);

function make(random: Random): Input {
  const { request, headerLength, records } = random.pick(ANSWERED);
  const first = random.below(records.length);
  const [before, message, behind] = [0, 1, 2].map((i) => records[(first + i) % records.length] as Buffer);
  let parts = partsOf(message as Buffer, headerLength);
  for (let times = 1 + random.below(4); times > 0; times--) parts = rearranged(random, parts, ATTRIBUTES);
  return [request, before as Buffer, messageOf(parts), behind as Buffer];
}

/** The end of the dump whose request it is. */
function endOf(request: Buffer, record: Buffer): Buffer {
  const end = done();
  request.copy(end, 8, 8, 12);
  record.copy(end, 12, 12, 16);
  return end;
}

function read(request: Buffer, ...messages: readonly Buffer[]): Outcome {
  const end = endOf(request, messages[0] as Buffer);
  return outcomeOf(() => decode(Buffer.concat([request, ...messages, end]), { show: ['md5sig'] }));
}

function check(input: Input): string {
  const [request, before, message, behind] = input;
  const [first, last] = [read(request, before), read(request, behind)];
  const alone = read(request, message);
  const among = read(request, before, message, behind);
  promised(first.error === undefined && last.error === undefined, 'the neighbours are right', input);
  promised((alone.error === undefined) === (among.error === undefined), 'an error is of the message alone');
  const expected = once([...first.records, ...alone.records, ...last.records]);
  if (among.error === undefined) {
    promised(among.records.length === expected.length, 'each message has its own record', among.records);
  }
  for (const [i, record] of among.records.entries()) {
    promised(isSame(record, expected[i] as string), 'a record is of its own message', record, expected[i]);
  }
  if (alone.error === undefined) checkOrder(request, message, alone);
  return summary(alone);
}

/** Of records of one socket, the first. */
function once(texts: readonly string[]): string[] {
  const known = new Set<string>();
  return texts.filter((text) => {
    const record = JSON.parse(text) as Record<string, unknown>;
    const { protocol, cookie, src, sport, dst, dport, ifindex, peers } = record;
    if (cookie === undefined || cookie === '0') return true;
    const key =
      protocol === 'mptcp'
        ? [cookie, src, sport, dst, dport, ifindex].join(' ')
        : `${cookie} ${JSON.stringify((peers as unknown[] | undefined)?.[0])}`;
    const isNew = !known.has(key);
    known.add(key);
    return isNew;
  });
}

/** Attributes are told by their numbers: none of them can have looked into the next one. */
function checkOrder(request: Buffer, message: Buffer, { records }: Outcome): void {
  const parts = partsOf(message, headerLengthOf(request));
  const numbers = new Set(parts.attributes.map(({ type }) => type & 0x3fff));
  if (numbers.size < 2 || numbers.size < parts.attributes.length) return;
  const turned = read(request, messageOf({ ...parts, attributes: parts.attributes.toReversed() }));
  promised(
    turned.records.length === records.length,
    'attributes may come in any order',
    turned.error?.message,
  );
  for (const [i, record] of turned.records.entries()) {
    promised(
      isSame(record, records[i] as string),
      'no attribute depends on the one behind it',
      record,
      records[i],
    );
  }
}

function headerLengthOf(request: Buffer): number {
  return shapeOf(request[HEADER] ?? 0)?.headerLength ?? 0;
}

function* smaller([request, before, message, behind]: Input): Iterable<Input> {
  const parts = partsOf(message, headerLengthOf(request));
  const others = (changed: Partial<Parts>): Input => [
    request,
    before,
    messageOf({ ...parts, ...changed }),
    behind,
  ];
  for (const attributes of cuts(parts.attributes, (a, b) => [...a, ...b])) yield others({ attributes });
  for (const [i, { type, payload }] of parts.attributes.entries()) {
    for (const shorter of cuts(payload, (a, b) => Buffer.concat([a, b]))) {
      yield others({ attributes: parts.attributes.with(i, { type, payload: shorter }) });
    }
  }
}

const target: Target<Input> = {
  of: ['lib/inet/', 'lib/unix/record', 'lib/packet/', 'lib/netlink-family/', 'lib/vsock/', 'lib/xdp/'].concat(
    ['lib/smc/', 'lib/tipc/', 'lib/record/', 'lib/netlink/attributes'],
  ),
  make,
  check,
  smaller,
  encode: (input) => Buffer.concat([...input]),
  decode: (bytes) => messagesOf(Buffer.from(bytes)) as unknown as Input,
};
export default target;
