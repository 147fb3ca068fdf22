/** The programs that the kernel runs over each socket of a dump (INET_DIAG_REQ_BYTECODE): instructions, and bytes. */
import { LITTLE_ENDIAN } from '../netlink/protocol.js';

/** What is compared with the address and the port of an end (`inet_diag_hostcond`). */
export interface HostCondition {
  /** 0 for any, else AF_INET or AF_INET6. A condition of AF_INET also fits a v4-mapped address. */
  readonly family: 0 | 2 | 10;
  /** How many leading bits of the address count. */
  readonly length: number;
  /** Undefined for any. */
  readonly port?: number | undefined;
  /** None, 4 or 16 bytes, by the family. */
  readonly address: Uint8Array;
}

export type PortOp = 'S_GE' | 'S_LE' | 'S_EQ' | 'D_GE' | 'D_LE' | 'D_EQ';
export type HostOp = 'S_COND' | 'D_COND';

/** What an instruction tests. Of the two that test nothing, NOP is always true, and JMP never. */
export type Test =
  | { readonly op: 'NOP' | 'JMP' }
  | { readonly op: 'AUTO' }
  | { readonly op: PortOp; readonly port: number }
  | { readonly op: HostOp; readonly host: HostCondition }
  | { readonly op: 'DEV_COND'; readonly ifindex: number }
  | { readonly op: 'MARK_COND'; readonly mark: number; readonly mask: number }
  | { readonly op: 'CGROUP_COND'; readonly id: bigint };

/** What an instruction of a filter's program is called (`INET_DIAG_BC_*`). */
export type BytecodeOp =
  | 'NOP'
  | 'JMP'
  | 'AUTO'
  | 'S_GE'
  | 'S_LE'
  | 'S_EQ'
  | 'S_COND'
  | 'D_GE'
  | 'D_LE'
  | 'D_EQ'
  | 'D_COND'
  | 'DEV_COND'
  | 'MARK_COND'
  | 'CGROUP_COND';

/** INET_DIAG_BC_*. */
export const CODES: Readonly<Record<BytecodeOp, number>> = {
  NOP: 0,
  JMP: 1,
  S_GE: 2,
  S_LE: 3,
  D_GE: 4,
  D_LE: 5,
  AUTO: 6,
  S_COND: 7,
  D_COND: 8,
  DEV_COND: 9,
  MARK_COND: 10,
  S_EQ: 11,
  D_EQ: 12,
  CGROUP_COND: 13,
};

/** Bytes of an operation without its operand (`inet_diag_bc_op`), and of a host condition without its address. */
export const OP_LENGTH = 4;
export const HOST_CONDITION_LENGTH = 8;

/** The longest program whose attribute has a length of 16 bits, in whole words. */
export const MAX_PROGRAM_LENGTH = 65_528;

/** In a host condition, any port. */
export const ANY_PORT = -1;

/** Bytes of an instruction with its operand. */
export function sizeOf(test: Test): number {
  switch (test.op) {
    case 'NOP':
    case 'JMP':
    case 'AUTO':
      return OP_LENGTH;
    case 'S_COND':
    case 'D_COND':
      return OP_LENGTH + HOST_CONDITION_LENGTH + test.host.address.length;
    case 'MARK_COND':
    case 'CGROUP_COND':
      return OP_LENGTH + 8;
    default:
      return OP_LENGTH + 4;
  }
}

/** A place in a program that a jump can name before it is known. */
export interface Label {
  /** Bytes from the start of the program. */
  at?: number;
}

interface Instruction {
  test: Test;
  at: number;
  /** Where to go on if the test fails. */
  no: Label;
}

/**
 * A program in the making. A test that is true always goes on with the next instruction, so that the chain of `yes`
 * visits every instruction, as the kernel's audit wants of all that a `no` can lead to; one that is false goes to a
 * label further on. So each instruction is written once, whatever the program is like.
 */
export class Assembler {
  /** The socket is taken: the very end of the program. */
  readonly accept: Label = {};
  /** It is not: four bytes further. */
  readonly reject: Label = {};
  readonly #instructions: Instruction[] = [];
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** How many instructions there are so far. */
  get count(): number {
    return this.#instructions.length;
  }

  /** Puts a label here. */
  place(label: Label): void {
    label.at = this.#length;
  }

  /** Goes on behind it if the test holds, else at the label, which must be placed later. */
  test(test: Test, no: Label): void {
    this.#instructions.push({ test, at: this.#length, no });
    this.#length += sizeOf(test);
  }

  /** Goes on at the label. */
  jump(to: Label): void {
    this.test({ op: 'JMP' }, to);
  }

  /** @throws RangeError if it is longer than the kernel can be sent. */
  assemble(): Uint8Array {
    if (this.#length > MAX_PROGRAM_LENGTH) {
      throw new RangeError(`a program of ${this.#length} bytes is longer than ${MAX_PROGRAM_LENGTH}`);
    }
    this.accept.at = this.#length;
    this.reject.at = this.#length + OP_LENGTH;
    const bytes = new Uint8Array(this.#length);
    const view = new DataView(bytes.buffer);
    for (const { test, at, no } of this.#instructions) {
      bytes[at] = CODES[test.op];
      bytes[at + 1] = sizeOf(test);
      view.setUint16(at + 2, (no.at as number) - at, LITTLE_ENDIAN);
      writeOperand(view, at + OP_LENGTH, test);
    }
    return bytes;
  }
}

/** In the machine's byte order, but for addresses. */
function writeOperand(view: DataView, at: number, test: Test): void {
  switch (test.op) {
    case 'NOP':
    case 'JMP':
    case 'AUTO':
      return;
    case 'S_COND':
    case 'D_COND':
      view.setUint8(at, test.host.family);
      view.setUint8(at + 1, test.host.length);
      view.setInt32(at + 4, test.host.port ?? ANY_PORT, LITTLE_ENDIAN);
      new Uint8Array(view.buffer).set(test.host.address, at + HOST_CONDITION_LENGTH);
      return;
    case 'DEV_COND':
      view.setUint32(at, test.ifindex, LITTLE_ENDIAN);
      return;
    case 'MARK_COND':
      view.setUint32(at, test.mark, LITTLE_ENDIAN);
      view.setUint32(at + 4, test.mask, LITTLE_ENDIAN);
      return;
    case 'CGROUP_COND':
      view.setBigUint64(at, test.id, LITTLE_ENDIAN);
      return;
    default:
      // An operation of its own, of which only `no` counts.
      view.setUint16(at + 2, test.port, LITTLE_ENDIAN);
  }
}
