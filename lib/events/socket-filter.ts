/**
 * The part of a filter that the kernel decides over destroy events: a classic BPF program, attached to the socket, over
 * each message. It may let through what the filter does not want, and never holds back what it wants.
 */
import { coarserThan } from '../filter/coarsen.js';
import {
  type Atom,
  type Condition,
  type Connective,
  type HostAtom,
  join,
  portSet,
} from '../filter/condition.js';
import { bitsOf } from '../filter/prefixes.js';
import { LAST_PORT, type Range } from '../filter/ranges.js';
import type { End } from '../filter/tree.js';
import { INET_FAMILY } from '../inet/family.js';
import { LITTLE_ENDIAN, MESSAGE_HEADER_LENGTH } from '../netlink/protocol.js';
import { Assembler, type Load, MOST_INSTRUCTIONS, type Place } from './bpf.js';

/** Of the members of `inet_diag_msg` in a message. */
const FAMILY_OFFSET = MESSAGE_HEADER_LENGTH;
const PORT_OFFSET: Readonly<Record<End, number>> = {
  src: MESSAGE_HEADER_LENGTH + 4,
  dst: MESSAGE_HEADER_LENGTH + 6,
};
const ADDRESS_OFFSET: Readonly<Record<End, number>> = {
  src: MESSAGE_HEADER_LENGTH + 8,
  dst: MESSAGE_HEADER_LENGTH + 24,
};
const INTERFACE_OFFSET = MESSAGE_HEADER_LENGTH + 40;

export interface SocketFilter {
  /** For SO_ATTACH_FILTER. */
  readonly program: Uint8Array;
  /** It decides everything: what it lets through need not be looked at again. */
  readonly exact: boolean;
}

/** Of sockets that were never bound, which are nobody's concern. */
const BOUND: Condition = portSet('src', [[1, LAST_PORT]]);

/** The program of a condition, if it must be with more let through, of at most so many instructions. */
export function socketFilter(
  condition: Condition,
  { unbound, limit = MOST_INSTRUCTIONS }: { unbound: boolean; limit?: number },
): SocketFilter {
  const askable = relax(condition);
  const programOf = (wanted: Condition) => compile(unbound ? wanted : join('and', [BOUND, wanted]));
  const whole = programOf(askable);
  if (whole.length <= limit) return { program: whole.assemble(), exact: isExact(condition) };
  const coarser = coarserThan(askable, (wanted) => programOf(wanted).length <= limit);
  return { program: programOf(coarser).assemble(), exact: false };
}

/** With true for what the program cannot ask: negation stands at the tests alone, so that this only lets more through. */
function relax(condition: Condition): Condition {
  if (typeof condition === 'boolean') return condition;
  if ('parts' in condition) return join(condition.kind, condition.parts.map(relax));
  return isAskable(condition) ? condition : true;
}

function isExact(condition: Condition): boolean {
  if (typeof condition === 'boolean') return true;
  return 'parts' in condition ? condition.parts.every(isExact) : isAskable(condition);
}

function isAskable(atom: Atom): boolean {
  if (atom.kind === 'other') return atom.test.op === 'DEV_COND';
  return atom.kind === 'ports' || atom.kind === 'host';
}

/** A program with the place that it starts at. */
interface Compiled {
  readonly length: number;
  assemble(): Uint8Array;
}

function compile(condition: Condition): Compiled {
  const assembler = new Assembler();
  const { accept, reject } = assembler;
  const start =
    typeof condition === 'boolean'
      ? condition
        ? accept
        : reject
      : new Lowering(assembler).condition(condition, { yes: accept, no: reject });
  // The jump to the start, if there is one, counts.
  return { length: assembler.length + 1, assemble: () => assembler.assemble(start) };
}

interface Exits {
  readonly yes: Place;
  readonly no: Place;
}

/** From the end to the start: each part answers where it begins. */
class Lowering {
  readonly #assembler: Assembler;

  constructor(assembler: Assembler) {
    this.#assembler = assembler;
  }

  condition(condition: Connective | Atom, { yes, no }: Exits): Place {
    switch (condition.kind) {
      case 'and':
        return condition.parts.reduceRight((next, part) => this.condition(part, { yes: next, no }), yes);
      case 'or':
        return condition.parts.reduceRight((next, part) => this.condition(part, { yes, no: next }), no);
      case 'ports':
        this.#ranges(condition.ranges, { yes, no });
        return this.#assembler.load('LD_H', PORT_OFFSET[condition.end]);
      case 'host':
        return condition.negated
          ? this.#host(condition, { yes: no, no: yes })
          : this.#host(condition, { yes, no });
      case 'other':
        if (condition.test.op === 'DEV_COND') {
          const exits = condition.negated ? { yes: no, no: yes } : { yes, no };
          return this.#equals('LD_W', INTERFACE_OFFSET, asLoaded(condition.test.ifindex), exits);
        }
    }
    throw new Error(`a socket filter has no test for ${condition.kind}`); // untested: what it has no test for was refused
  }

  /** Whether the accumulator lies in one of the ranges, of which half are passed over at once. */
  #ranges(ranges: readonly Range[], { yes, no }: Exits): Place {
    const [first, last] = ranges[0] as Range;
    if (ranges.length > 1) {
      const middle = ranges.length >> 1;
      const lower = this.#ranges(ranges.slice(0, middle), { yes, no });
      const upper = this.#ranges(ranges.slice(middle), { yes, no });
      const [port] = ranges[middle] as Range;
      return this.#assembler.test('JGE', port, upper, lower);
    }
    if (first === last) return this.#assembler.test('JEQ', first, yes, no);
    const within = last === LAST_PORT ? yes : this.#assembler.test('JGT', last, no, yes);
    return first === 0 ? within : this.#assembler.test('JGE', first, within, no);
  }

  #host({ end, family, value, length, port }: HostAtom, { yes, no }: Exits): Place {
    const at = ADDRESS_OFFSET[end];
    const address =
      family === 'inet'
        ? this.#address4(at, { value: Number(value), length }, { yes, no })
        : this.#equals('LD_B', FAMILY_OFFSET, INET_FAMILY.inet6.number, {
            yes: this.#address6(at, { value, length }, { yes, no }),
            no,
          });
    if (port === undefined) return address;
    return this.#equals('LD_H', PORT_OFFSET[end], port, { yes: address, no });
  }

  /** Of IPv4 sockets, and of IPv6 sockets in the v4-mapped form. */
  #address4(at: number, { value, length }: { value: number; length: number }, { yes, no }: Exits): Place {
    let mapped = this.#bits(at + 12, value, length, { yes, no });
    mapped = this.#equals('LD_W', at + 8, 0xffff, { yes: mapped, no });
    mapped = this.#equals('LD_W', at + 4, 0, { yes: mapped, no });
    mapped = this.#equals('LD_W', at, 0, { yes: mapped, no });
    const own = this.#bits(at, value, length, { yes, no });
    return this.#equals('LD_B', FAMILY_OFFSET, INET_FAMILY.inet.number, { yes: own, no: mapped });
  }

  #address6(at: number, { value, length }: { value: bigint; length: number }, { yes, no }: Exits): Place {
    const words = Math.ceil(length / 32);
    let place = yes;
    for (let i = words - 1; i >= 0; i--) {
      const word = Number((value >> BigInt(bitsOf('inet6') - 32 * (i + 1))) & 0xffff_ffffn);
      place = this.#bits(at + 4 * i, word, Math.min(32, length - 32 * i), { yes: place, no });
    }
    return place;
  }

  /** Whether the first bits of a word are these. */
  #bits(at: number, value: number, length: number, { yes, no }: Exits): Place {
    if (length === 0) return yes;
    this.#assembler.test('JEQ', value, yes, no);
    if (length < 32) this.#assembler.and(-1 << (32 - length));
    return this.#assembler.load('LD_W', at);
  }

  #equals(load: Load, at: number, value: number, { yes, no }: Exits): Place {
    this.#assembler.test('JEQ', value, yes, no);
    return this.#assembler.load(load, at);
  }
}

/** A number of the machine's byte order, as a load of the network's order reads it. */
function asLoaded(value: number): number {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value, LITTLE_ENDIAN);
  return bytes.getUint32(0);
}
