/** Messages as what they are made of: a structure and attributes, which can be put together in other ways. */
import type { Random } from '../filter/random.js';
import { attribute } from '../messages.js';
import { changed } from './bytes.js';

export interface Attribute {
  type: number;
  payload: Buffer;
}

export interface Parts {
  header: Buffer;
  structure: Buffer;
  attributes: Attribute[];
}

const HEADER = 16;
const MOST_PAYLOAD = 0xffff - 4;
const NESTED = 0x8000;

/** Of a message whose framing is right. */
export function partsOf(message: Buffer, headerLength: number): Parts {
  const end = message.readUInt32LE(0);
  const attributes: Attribute[] = [];
  for (let at = HEADER + headerLength; at + 4 <= end; ) {
    const length = message.readUInt16LE(at);
    attributes.push({ type: message.readUInt16LE(at + 2), payload: message.subarray(at + 4, at + length) });
    at += Math.max(4, (length + 3) & ~3);
  }
  const structure = message.subarray(HEADER, Math.min(HEADER + headerLength, end));
  return { header: message.subarray(0, HEADER), structure, attributes };
}

export function messageOf({ header, structure, attributes }: Parts): Buffer {
  const message = Buffer.concat([
    header,
    structure,
    ...attributes.map(({ type, payload }) => attribute(type, payload)),
  ]);
  message.writeUInt32LE(message.length, 0);
  return message;
}

/** One change of the parts, after which the framing is right again. `others` are attributes to take one of. */
export function rearranged(random: Random, parts: Parts, others: readonly Attribute[]): Parts {
  const attributes = [...parts.attributes];
  const at = random.below(attributes.length + 1);
  const own = attributes[at];
  if (own === undefined || random.chance(0.1)) {
    if (random.chance(0.3)) attributes.splice(at, 0, random.pick(others));
    // The first byte says whose record it is.
    const rest = changedInPlace(random, parts.structure.subarray(1));
    return { ...parts, structure: Buffer.concat([parts.structure.subarray(0, 1), rest]), attributes };
  }
  attributes.splice(at, 1, ...insteadOf(random, own, others));
  return { ...parts, attributes };
}

function insteadOf(random: Random, own: Attribute, others: readonly Attribute[]): Attribute[] {
  const { type, payload } = own;
  switch (random.below(9)) {
    case 0:
      return [];
    case 1:
      return [own, random.pick(others)];
    case 2:
      return [{ type, payload: random.pick(others).payload }];
    case 3:
      return [{ type: random.below(64), payload }];
    case 4:
      return [{ type, payload: payload.subarray(0, random.below(payload.length + 1)) }];
    case 5: {
      const more = Buffer.alloc(random.pick([1, 2, 3, 4, 8, 61]), random.below(256));
      return [{ type, payload: Buffer.concat([payload, more]).subarray(0, MOST_PAYLOAD) }];
    }
    case 6:
      return nested(random, own, others);
    default:
      return [{ type, payload: changed(random, payload, random.pick(others).payload) }];
  }
}

/** An attribute in another one, with or without the mark of those that hold some. */
function nested(random: Random, own: Attribute, others: readonly Attribute[]): Attribute[] {
  const outer = random.chance(0.5) ? own.type : random.pick(others).type;
  const type = random.chance(0.5) ? outer | NESTED : outer & ~NESTED;
  const payload = Buffer.concat([attribute(own.type, own.payload), attribute(random.below(24), own.payload)]);
  return payload.length > MOST_PAYLOAD ? [own] : [{ type, payload }];
}

/** Of the same length. */
function changedInPlace(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let times = 1 + random.below(3); times > 0 && copy.length > 0; times--) {
    copy[random.below(copy.length)] = random.pick([0, 1, 0x7f, 0xff, random.below(256)]);
  }
  return copy;
}
