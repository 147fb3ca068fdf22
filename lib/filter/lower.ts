/** From a condition to instructions: the program that asks the kernel for it. */
import type { Atom, Connective, HostAtom, PortSet } from './condition.js';
import { bitsOf } from './prefixes.js';
import { Assembler, type Label, type PortOp, type Test } from './program.js';
import { complement, LAST_PORT, type Range } from './ranges.js';
import type { End } from './tree.js';

export interface LowerOptions {
  /** Without S_EQ and D_EQ, as before Linux 4.16, a port is compared twice. */
  readonly eq: boolean;
}

/** Where a part of a program leads, and which of the two places comes directly behind it. */
interface Exits {
  readonly yes: Label;
  readonly no: Label;
  readonly next: Label;
}

/** The program of a condition in which nothing is left that the kernel cannot be asked. */
export function lower(condition: Connective | Atom, { eq }: LowerOptions): Assembler {
  const assembler = new Assembler();
  const { accept, reject } = assembler;
  new Lowering(assembler, eq).condition(condition, { yes: accept, no: reject, next: accept });
  return assembler;
}

/** From so many ranges on, half of them are passed over at once. */
const SEARCHED_RANGES = 32;

class Lowering {
  readonly #assembler: Assembler;
  readonly #eq: boolean;

  constructor(assembler: Assembler, eq: boolean) {
    this.#assembler = assembler;
    this.#eq = eq;
  }

  condition(condition: Connective | Atom, exits: Exits): void {
    switch (condition.kind) {
      case 'and':
      case 'or':
        this.#each(condition.kind, condition.parts, exits, (part, inner) => this.condition(part, inner));
        return;
      case 'ports':
        this.#ports(condition, exits);
        return;
      case 'host':
        this.#test(hostTest(condition), condition.negated, exits);
        return;
      case 'other':
        this.#test(condition.test, condition.negated, exits);
        return;
      default:
        throw new Error(`the kernel has no test for ${condition.kind}`); // untested: what it has no test for is not left to it
    }
  }

  /** The first that decides leads out; each of the others leads to the one behind it. */
  #each<T>(
    kind: 'and' | 'or',
    parts: readonly T[],
    exits: Exits,
    one: (part: T, exits: Exits) => void,
  ): void {
    for (const part of parts.slice(0, -1)) {
      const next: Label = {};
      one(part, kind === 'and' ? { yes: next, no: exits.no, next } : { yes: exits.yes, no: next, next });
      this.#assembler.place(next);
    }
    one(parts.at(-1) as T, exits);
  }

  #test(test: Test, negated: boolean, { yes, no, next }: Exits): void {
    const [held, failed] = negated ? [no, yes] : [yes, no];
    this.#assembler.test(test, failed);
    if (held !== next) this.#assembler.jump(held);
  }

  /** Either in one of the ranges, or in none of those between them, whichever is less. */
  #ports({ end, ranges }: PortSet, exits: Exits): void {
    const gaps = complement(ranges);
    if (this.#costOf(gaps) < this.#costOf(ranges)) {
      this.#inRanges(end, gaps, { yes: exits.no, no: exits.yes, next: exits.next });
    } else {
      this.#inRanges(end, ranges, exits);
    }
  }

  #costOf(ranges: readonly Range[]): number {
    return ranges.reduce((cost, [first, last]) => cost + this.#testsOf('src', first, last).length, 0);
  }

  #inRanges(end: End, ranges: readonly Range[], exits: Exits): void {
    if (ranges.length <= SEARCHED_RANGES) {
      this.#each('or', ranges, exits, ([first, last], inner) => {
        const tests = this.#testsOf(end, first, last);
        this.#each('and', tests, inner, (test, its) => this.#test(test, false, its));
      });
      return;
    }
    const middle = ranges.length >> 1;
    const lower: Label = {};
    const [port] = ranges[middle] as Range;
    this.#assembler.test({ op: portOp(end, 'GE'), port }, lower);
    this.#inRanges(end, ranges.slice(middle), { ...exits, next: lower });
    this.#assembler.place(lower);
    this.#inRanges(end, ranges.slice(0, middle), exits);
  }

  /** All of these hold for a port of the range. */
  #testsOf(end: End, first: number, last: number): readonly Test[] {
    if (first === last && this.#eq) return [{ op: portOp(end, 'EQ'), port: first }];
    const tests: Test[] = [];
    if (first > 0) tests.push({ op: portOp(end, 'GE'), port: first });
    if (last < LAST_PORT) tests.push({ op: portOp(end, 'LE'), port: last });
    return tests;
  }
}

function portOp(end: End, comparison: 'GE' | 'LE' | 'EQ'): PortOp {
  return `${end === 'src' ? 'S' : 'D'}_${comparison}`;
}

function hostTest({ end, family, value, length, port }: HostAtom): Test {
  const digits = value.toString(16).padStart(bitsOf(family) / 4, '0');
  const address = Uint8Array.from(Buffer.from(digits, 'hex'));
  const number = family === 'inet' ? 2 : 10;
  return { op: end === 'src' ? 'S_COND' : 'D_COND', host: { family: number, length, port, address } };
}
