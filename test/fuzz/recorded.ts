/** Recordings of which any bytes may be others: records, and maybe an error of this library behind them, and nothing else. */
import { type DecodeOptions, decode } from '../../lib/decode.js';
import type { Random } from '../filter/random.js';
import { align, done } from '../messages.js';
import { mutated } from './bytes.js';
import { outcomeOf, summary } from './outcomes.js';
import { goldenMessages, messagesOf, recordings } from './recordings.js';
import { cuts, promised, type Target } from './target.js';

const OPTIONS: readonly DecodeOptions[] = [
  {},
  { show: ['md5sig'] },
  { protocol: 'udp' },
  { protocol: 'sctp' },
];

const GOLDEN = goldenMessages().map(({ bytes }) => bytes);
const SOURCES = [...recordings().map(({ bytes }) => messagesOf(bytes)), GOLDEN];

function make(random: Random): Buffer {
  const messages = random.pick(SOURCES);
  const first = random.below(messages.length);
  const some = messages.slice(first, first + 1 + random.below(6));
  // The request says what the others are.
  const request = random.chance(0.7) ? messages.slice(0, 1) : [];
  const end = random.chance(0.7) ? [done().fill((some[0] as Buffer).subarray(8, 16), 8, 16)] : [];
  const all = [...request, ...some, ...end];
  const other = random.pick(random.pick(SOURCES));
  if (random.chance(0.3)) return mutated(random, Buffer.concat(all), other);
  const at = random.below(all.length);
  return Buffer.concat(all.with(at, framed(mutated(random, all[at] as Buffer, other))));
}

/** With its own length, so that what follows is found. */
function framed(bytes: Buffer): Buffer {
  if (bytes.length < 16) return bytes;
  const message = align(bytes);
  message.writeUInt32LE(bytes.length, 0);
  return message;
}

function check(bytes: Buffer): string {
  const outcomes = OPTIONS.map((options) => outcomeOf(() => decode(bytes, options)));
  const [usual, withKeys] = outcomes;
  promised(usual?.records.length === withKeys?.records.length, 'keys are not what makes a record');
  const again = outcomeOf(() => decode(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)));
  promised(again.records.join() === usual?.records.join(), 'a recording may lie anywhere in memory');
  return summary(again);
}

const target: Target<Buffer> = {
  of: ['lib/decode', 'lib/netlink/recording', 'lib/netlink/reading'],
  make,
  check,
  smaller: (bytes) => cuts(bytes, (a, b) => Buffer.concat([a, b])),
  encode: (input) => input,
  decode: (bytes) => Buffer.from(bytes),
};
export default target;
