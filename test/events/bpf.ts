/** A machine for classic BPF, by the rules of the kernel's documentation (networking/filter.rst), and its audit. */

const LD_W = 0x20;
const LD_H = 0x28;
const LD_B = 0x30;
const AND = 0x54;
const JA = 0x05;
const JEQ = 0x15;
const JGT = 0x25;
const JGE = 0x35;
const RET = 0x06;

interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

function instructions(program: Uint8Array): Instruction[] {
  if (program.length === 0 || program.length % 8 !== 0) throw new Error(`${program.length} bytes`);
  const bytes = Buffer.from(program);
  return Array.from({ length: program.length / 8 }, (_, i) => ({
    code: bytes.readUInt16LE(8 * i),
    jt: bytes.readUInt8(8 * i + 2),
    jf: bytes.readUInt8(8 * i + 3),
    k: bytes.readUInt32LE(8 * i + 4),
  }));
}

/** What the kernel would refuse in a program, or undefined. */
export function audit(program: Uint8Array): string | undefined {
  const all = instructions(program);
  if (all.length > 4096) return `${all.length} instructions`;
  for (const [i, { code, jt, jf, k }] of all.entries()) {
    const left = all.length - i - 1;
    const isJump = code === JEQ || code === JGT || code === JGE;
    if (isJump && (jt >= left || jf >= left)) return `${i} leads out of the program`;
    if (code === JA && k >= left) return `${i} leads out of the program`;
    if (![LD_W, LD_H, LD_B, AND, JA, RET].includes(code) && !isJump) return `${i} is ${code}`;
  }
  return all.at(-1)?.code === RET ? undefined : 'it does not end';
}

/** What tells how many bytes of a message a program keeps. */
export function machine(program: Uint8Array): (message: Buffer) => number {
  const all = instructions(program);
  return (message) => run(all, message);
}

function run(all: readonly Instruction[], message: Buffer): number {
  let accumulator = 0;
  for (let i = 0; ; i++) {
    const { code, jt, jf, k } = all[i] as Instruction;
    switch (code) {
      case LD_W:
        accumulator = message.readUInt32BE(k);
        break;
      case LD_H:
        accumulator = message.readUInt16BE(k);
        break;
      case LD_B:
        accumulator = message.readUInt8(k);
        break;
      case AND:
        accumulator = (accumulator & k) >>> 0;
        break;
      case JA:
        i += k;
        break;
      case JEQ:
        i += accumulator === k ? jt : jf;
        break;
      case JGT:
        i += accumulator > k ? jt : jf;
        break;
      case JGE:
        i += accumulator >= k ? jt : jf;
        break;
      case RET:
        return k;
      default:
        throw new Error(`the machine has no instruction ${code}`);
    }
  }
}
