/** What becomes of a filter: what the kernel is asked, and what is left to do. */
import type { SocketState } from '../record/state.js';
import { disassemble } from './disassemble.js';
import { checkFilter, expressionOf, type Filter } from './option.js';
import { type PlanOptions, plan } from './plan.js';
import { print } from './print.js';
import type { Expression } from './tree.js';

export interface Explanation {
  /** What is asked for; undefined for any. */
  readonly states: readonly SocketState[] | undefined;
  /** Ports in the header of the request, beside the program; 0 for none. */
  readonly header: { readonly sport: number; readonly dport: number };
  /** What the kernel runs over each socket. */
  readonly program: Uint8Array | undefined;
  /** The same for people, a line for each instruction. */
  readonly disassembly: string | undefined;
  /** What is asked of each record that comes back; undefined if nothing is left. */
  readonly remainder: Expression | undefined;
  /** Nothing can match, and nothing is asked. */
  readonly never: boolean;
  /** Why there is a remainder. */
  readonly notes: readonly string[];
  /** All of it, for people. */
  toString(): string;
}

/**
 * Says how a filter over the sockets of an IP protocol is divided.
 *
 * @throws SockDiagError ENODEV or ENOENT for a network interface or a cgroup that there is not.
 */
export function explain(filter: Filter, options: PlanOptions = {}): Explanation {
  checkFilter(filter, 'explain: the filter');
  const expression = expressionOf(filter);
  const { states, sport, dport, program, remainder, never, notes } = plan(expression, options);
  const explanation = {
    states,
    header: { sport, dport },
    program,
    disassembly: program && disassemble(program),
    remainder,
    never,
    notes,
  };
  return { ...explanation, toString: () => format(explanation) };
}

function format(explanation: Omit<Explanation, 'toString'>): string {
  const { states, header, program, disassembly, remainder, never, notes } = explanation;
  if (never) return 'nothing can match, and the kernel is not asked';
  const ports = Object.entries(header).filter(([, port]) => port !== 0);
  const lines = [
    `states     ${states === undefined ? 'any' : states.join(' ')}`,
    `header     ${ports.length === 0 ? 'no port' : ports.map(([end, port]) => `${end} ${port}`).join(', ')}`,
    `program    ${program === undefined ? 'none' : `${program.length} bytes`}`,
    ...(disassembly?.split('\n').map((line) => `  ${line}`) ?? []),
    `remainder  ${remainder === undefined ? 'none: the kernel decides' : print(remainder)}`,
    ...notes.map((note) => `note       ${note}`),
  ];
  return lines.join('\n');
}
