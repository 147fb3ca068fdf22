/** Programs of classic BPF, as socket filters are: what they are made of, and how they are put together. */
import { LITTLE_ENDIAN } from '../netlink/protocol.js';

/** Of `sock_filter.code`. Loads are of the network's byte order, at an offset in the message. */
export const CODES = {
  /** 32, 16 and 8 bits into the accumulator. */
  LD_W: 0x20,
  LD_H: 0x28,
  LD_B: 0x30,
  /** Keeps only these bits of the accumulator. */
  AND: 0x54,
  /** Goes on, so many instructions further. */
  JA: 0x05,
  /** Whether the accumulator is equal, greater, or greater or equal. */
  JEQ: 0x15,
  JGT: 0x25,
  JGE: 0x35,
  /** Ends; the message is kept to so many bytes. */
  RET: 0x06,
} as const;

export type Load = 'LD_W' | 'LD_H' | 'LD_B';
export type Jump = 'JEQ' | 'JGT' | 'JGE';

/** BPF_MAXINSNS: the kernel takes no program of more instructions. */
export const MOST_INSTRUCTIONS = 4096;

/** Bytes of `struct sock_filter`. */
export const INSTRUCTION_LENGTH = 8;

/** An instruction of a program in the making, counted from its end. */
export type Place = number;

interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

/** How many instructions a test can pass over. */
const REACH = 0xff;

/**
 * A program in the making, from its end to its start: what a test leads to is there already, since jumps only lead
 * forward, so that its distance is known, and whether it is too far for the eight bits of a test.
 */
export class Assembler {
  /** The last one first. */
  readonly #instructions: Instruction[] = [];
  /** For a place, the jump to it that was written last. */
  readonly #jumps = new Map<Place, Place>();
  /** The message is thrown away. */
  readonly reject: Place = this.#add('RET', 0);
  /** All of it is kept. */
  readonly accept: Place = this.#add('RET', 0xffff_ffff);

  /** How many instructions there are so far. */
  get length(): number {
    return this.#instructions.length;
  }

  /** Goes on at one of two places. */
  test(jump: Jump, k: number, yes: Place, no: Place): Place {
    // A jump for one of them may move the other one out of reach.
    const [near, far] = yes > no ? [yes, no] : [no, yes];
    const viaFar = this.#within(far, 1);
    const viaNear = this.#within(near, 0);
    const [viaYes, viaNo] = yes > no ? [viaNear, viaFar] : [viaFar, viaNear];
    return this.#add(jump, k, this.#distance(viaYes), this.#distance(viaNo));
  }

  /** Loads, and goes on with what was written last. */
  load(load: Load, offset: number): Place {
    return this.#add(load, offset);
  }

  /** Keeps these bits, and goes on with what was written last. */
  and(mask: number): Place {
    return this.#add('AND', mask);
  }

  /** As an array of `struct sock_filter`, that starts at a place. */
  assemble(start: Place): Uint8Array {
    if (start !== this.length - 1) this.#jump(start);
    const bytes = new Uint8Array(this.length * INSTRUCTION_LENGTH);
    const view = new DataView(bytes.buffer);
    for (const [i, { code, jt, jf, k }] of this.#instructions.toReversed().entries()) {
      const at = i * INSTRUCTION_LENGTH;
      view.setUint16(at, code, LITTLE_ENDIAN);
      view.setUint8(at + 2, jt);
      view.setUint8(at + 3, jf);
      view.setUint32(at + 4, k, LITTLE_ENDIAN);
    }
    return bytes;
  }

  /** A place from where it goes on at this one, and which a test can reach that comes behind so many more jumps. */
  #within(place: Place, more: number): Place {
    const via = this.#jumps.get(place) ?? place;
    return this.#distance(via) + more <= REACH ? via : this.#jump(place);
  }

  #jump(to: Place): Place {
    const via = this.#add('JA', this.#distance(to));
    this.#jumps.set(to, via);
    return via;
  }

  /** How many instructions lie between the next one to be written and a place. */
  #distance(place: Place): number {
    return this.length - place - 1;
  }

  #add(name: keyof typeof CODES, k: number, jt = 0, jf = 0): Place {
    return this.#instructions.push({ code: CODES[name], jt, jf, k: k >>> 0 }) - 1;
  }
}
