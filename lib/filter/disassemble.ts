/** Programs of the kernel's, as text for people. */
import { formatAddress4, formatAddress6 } from '../inet/address.js';
import { LITTLE_ENDIAN } from '../netlink/protocol.js';
import {
  ANY_PORT,
  type BytecodeOp,
  CODES,
  HOST_CONDITION_LENGTH,
  type HostCondition,
  OP_LENGTH,
  sizeOf,
  type Test,
} from './program.js';

const OPS: ReadonlyMap<number, BytecodeOp> = new Map(
  Object.entries(CODES).map(([op, code]): [number, BytecodeOp] => [code, op as BytecodeOp]),
);

/**
 * A line for each instruction: where it stands, what it tests, and where it leads, `accept` or `reject` or the place of
 * another.
 *
 * @throws TypeError for what is no program, or one that the kernel would not take.
 */
export function disassemble(program: Uint8Array): string {
  if (!(program instanceof Uint8Array)) throw new TypeError('disassemble: the program must be a Uint8Array');
  const lines: Line[] = [];
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  for (let at = 0; at < program.length; at = (lines.at(-1) as Line).yes) lines.push(readLine(view, at));
  if (lines.length === 0) throw trouble(0, 'there is no instruction');
  checkTargets(lines, program.length);
  return lines.map((line) => format(line, program.length)).join('\n');
}

interface Line {
  at: number;
  test: Test;
  /** Bytes from the start of the program. */
  yes: number;
  no: number;
}

function trouble(at: number, what: string): TypeError {
  return new TypeError(`disassemble: this is no program that the kernel takes: at byte ${at}, ${what}`);
}

function readLine(view: DataView, at: number): Line {
  const left = view.byteLength - at;
  if (left < OP_LENGTH) throw trouble(at, 'an instruction is cut off');
  const code = view.getUint8(at);
  const op = OPS.get(code);
  if (op === undefined) throw trouble(at, `there is no operation ${code}`);
  const test = readTest(view, at, op, left);
  const steps = { yes: view.getUint8(at + 1), no: view.getUint16(at + 2, LITTLE_ENDIAN) };
  for (const [name, step] of Object.entries(steps)) {
    // NOP never fails, and nobody looks where it would lead.
    if (name === 'no' && op === 'NOP') continue;
    if (step < sizeOf(test)) throw trouble(at, `'${name}' leads into the instruction itself (${step})`);
    if (step % OP_LENGTH !== 0) throw trouble(at, `'${name}' is no multiple of ${OP_LENGTH} (${step})`);
    if (step > left + OP_LENGTH) throw trouble(at, `'${name}' leads beyond the end (${step})`);
  }
  return { at, test, yes: at + steps.yes, no: at + steps.no };
}

function readTest(view: DataView, at: number, op: BytecodeOp, left: number): Test {
  const start = at + OP_LENGTH;
  const need = (operand: number): void => {
    if (left < OP_LENGTH + operand) throw trouble(at, `the operand of ${op} is cut off`);
  };
  switch (op) {
    case 'NOP':
    case 'JMP':
      return { op };
    case 'AUTO':
      return { op };
    case 'S_COND':
    case 'D_COND':
      need(HOST_CONDITION_LENGTH);
      return { op, host: readHost(view, at, need) };
    case 'DEV_COND':
      need(4);
      return { op, ifindex: view.getUint32(start, LITTLE_ENDIAN) };
    case 'MARK_COND':
      need(8);
      return {
        op,
        mark: view.getUint32(start, LITTLE_ENDIAN),
        mask: view.getUint32(start + 4, LITTLE_ENDIAN),
      };
    case 'CGROUP_COND':
      need(8);
      return { op, id: view.getBigUint64(start, LITTLE_ENDIAN) };
    default:
      need(4);
      return { op, port: view.getUint16(start + 2, LITTLE_ENDIAN) };
  }
}

const ADDRESS_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [2, 4],
  [10, 16],
]);

function readHost(view: DataView, at: number, need: (operand: number) => void): HostCondition {
  const start = at + OP_LENGTH;
  const family = view.getUint8(start);
  const length = view.getUint8(start + 1);
  const size = ADDRESS_LENGTHS.get(family);
  if (size === undefined) throw trouble(at, `a condition has the address family ${family}`);
  if (length > 8 * size) throw trouble(at, `a prefix is longer than its address (${length} bits)`);
  need(HOST_CONDITION_LENGTH + size);
  const port = view.getInt32(start + 4, LITTLE_ENDIAN);
  const address = new Uint8Array(view.buffer, view.byteOffset + start + HOST_CONDITION_LENGTH, size);
  return { family: family as 0 | 2 | 10, length, port: port === ANY_PORT ? undefined : port, address };
}

/** What is jumped to must be an instruction that the chain of `yes` comes by. */
function checkTargets(lines: readonly Line[], end: number): void {
  const places = new Set(lines.map(({ at }) => at));
  const last = lines.at(-1) as Line;
  if (last.yes !== end) throw trouble(last.at, "'yes' leads beyond the end");
  for (const { at, test, no } of lines) {
    if (test.op === 'NOP' || no >= end || places.has(no)) continue;
    throw trouble(at, `'no' leads to byte ${no}, where no instruction begins`);
  }
}

function format({ at, test, yes, no }: Line, end: number): string {
  const place = (target: number): string =>
    target === end ? 'accept' : target > end ? 'reject' : String(target);
  const exits = [
    ...(test.op === 'JMP' ? [] : [`yes -> ${place(yes)}`]),
    ...(test.op === 'NOP' ? [] : [`${test.op === 'JMP' ? '' : 'no '}-> ${place(no)}`]),
  ];
  const operand = formatOperand(test);
  const what = operand === '' ? test.op : `${test.op} ${operand}`;
  return `${String(at).padStart(5)}  ${what.padEnd(32)}  ${exits.join(', ')}`;
}

function formatOperand(test: Test): string {
  switch (test.op) {
    case 'NOP':
    case 'JMP':
    case 'AUTO':
      return '';
    case 'S_COND':
    case 'D_COND':
      return formatHost(test.host);
    case 'DEV_COND':
      return String(test.ifindex);
    case 'MARK_COND':
      return `0x${test.mark.toString(16)}/0x${test.mask.toString(16)}`;
    case 'CGROUP_COND':
      return String(test.id);
    default:
      return String(test.port);
  }
}

function formatHost({ family, length, port, address }: HostCondition): string {
  const text = family === 0 ? '*' : family === 2 ? formatAddress4(address, 0) : formatAddress6(address, 0);
  const prefix = family === 0 ? text : `${text}/${length}`;
  if (port === undefined) return prefix;
  return `${family === 10 ? `[${prefix}]` : prefix}:${port}`;
}
