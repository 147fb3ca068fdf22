/** The same question to `ss`: in words that it reads as they are meant, or the reason why there are none. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { parseAddress } from '../../lib/filter/addresses.js';
import { print } from '../../lib/filter/index.js';
import { cgroupMount } from '../../lib/filter/resolvers.js';
import { wordsOf } from '../../lib/filter/states.js';
import type { Cgroup, Expression, Host, InetPattern, Prefix, Term } from '../../lib/filter/tree.js';
import type { InetDiagMsg } from '../../lib/index.js';
import type { LiveFilter } from './live-expressions.js';

/** Why a filter is not put to `ss` (of iproute2 6.1). */
export const NOT_ASKED = {
  innerStates: 'ss takes states in front of everything only',
  noStates: 'ss refuses to ask for no state at all, and has no word for bound-inactive',
} as const;

export type NotAsked = keyof typeof NOT_ASKED;

/** What the numbers in a filter are called, which `ss` wants the names of. */
export interface Names {
  devices: Readonly<Record<string, number>>;
  cgroups: Readonly<Record<number, string>>;
}

/** Arguments of `ss`, or why there are none. */
export function ssQuestion({ states, rest }: LiveFilter, names: Names): readonly string[] | NotAsked {
  if (leavesOf(rest).some(({ term }) => term.kind === 'state')) return 'innerStates';
  const known = states?.filter((state) => state !== 'BOUND_INACTIVE');
  if (known?.length === 0) return 'noStates';
  const mask = wordsOf(known ?? []).flatMap((word) => ['state', word]);
  return [...mask, ...wordsFor(rest, names)];
}

/**
 * Whether `ss` may be wrong about a socket. It lets the kernel decide, but decides by itself, too, and what one of them
 * refuses is lost; only with `dev` in a filter is the kernel not asked at all. By itself, it
 *
 * - compares the first bits of addresses of different families, as if `0.0.0.0` were the beginning of `::`. That is
 *   mended by the kernel, but not where the opposite is asked for, nor with `dev`;
 * - takes every port in the range that the kernel gives ports from for `autobound`, and asks the kernel besides.
 */
export function mistakes(filter: Expression, isDoubtful: (socket: InetDiagMsg) => boolean): Mistakes {
  const leaves = leavesOf(filter);
  const isPushed = leaves.every(({ term }) => term.kind !== 'dev');
  const hosts = leaves.flatMap(({ term, negated }) =>
    term.kind === 'host' && (negated || !isPushed) ? [term] : [],
  );
  const hasAutobound = leaves.some(({ term }) => term.kind === 'autobound');
  return (socket) => (hasAutobound && isDoubtful(socket)) || hosts.some((host) => isMistaken(host, socket));
}

export type Mistakes = (socket: InetDiagMsg) => boolean;

function isMistaken({ end, host }: Host, socket: InetDiagMsg): boolean {
  const { bytes } = parseAddress(socket[end]) as Prefix;
  const prefixes = prefixesOf(host as InetPattern) ?? [];
  return prefixes.some(({ family, bytes: wanted, length }) => {
    const bit = (of: readonly number[], i: number) => ((of[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;
    return (
      family !== socket.family && Array.from({ length }).every((_, i) => bit(bytes, i) === bit(wanted, i))
    );
  });
}

/** A term, and whether its opposite is asked for. */
interface Leaf {
  term: Term;
  negated: boolean;
}

export function leavesOf(expression: Expression, negated = false): Leaf[] {
  if (expression.kind === 'not') return leavesOf(expression.term, !negated);
  if (expression.kind === 'and' || expression.kind === 'or') {
    return expression.terms.flatMap((term) => leavesOf(term, negated));
  }
  const isOpposite = 'equality' in expression && expression.equality === '!=';
  return [{ term: expression, negated: negated !== isOpposite }];
}

/** With a blank between any two, and parentheses around everything: its `and` binds no tighter than its `or`. */
function wordsFor(expression: Expression, names: Names): string[] {
  switch (expression.kind) {
    case 'not':
      return ['not', '(', ...wordsFor(expression.term, names), ')'];
    case 'and':
    case 'or':
      return joined(
        expression.terms.map((term) => ['(', ...wordsFor(term, names), ')']),
        expression.kind,
      );
    case 'host':
      return wordsOfHost(expression);
    case 'dev': {
      const name = Object.entries(names.devices).find(([, index]) => index === expression.device)?.[0];
      return wordsOfTerm({ ...expression, device: name ?? expression.device });
    }
    case 'cgroup':
      return ['cgroup', expression.equality, pathOf(expression, names)];
    default:
      return wordsOfTerm(expression);
  }
}

const wordsOfTerm = (term: Term): string[] => print(term).split(' ');

const joined = (parts: readonly string[][], word: string): string[] =>
  parts.flatMap((part, i) => (i === 0 ? part : [word, ...part]));

/** Below where it is mounted: `ss` opens it. */
function pathOf({ cgroup }: Cgroup, { cgroups }: Names): string {
  return `${cgroupMount()}${typeof cgroup === 'number' ? cgroups[cgroup] : cgroup}`;
}

const ANY: Readonly<Record<'inet' | 'inet6', Prefix>> = {
  inet: { family: 'inet', bytes: [0, 0, 0, 0], length: 0 },
  inet6: { family: 'inet6', bytes: new Array(16).fill(0), length: 0 },
};

function prefixesOf({ family, addresses }: InetPattern): readonly Prefix[] | undefined {
  return addresses ?? (family === undefined ? undefined : [ANY[family]]);
}

/**
 * One host an address, and `not` for `!=`, which it does not have here. Families are left out, since they would make
 * it ask for sockets of theirs only, whatever the rest says: `inet:*` is 0.0.0.0/0.
 */
function wordsOfHost({ end, equality, host }: Host): string[] {
  const { port } = host as InetPattern;
  const hosts = (prefixesOf(host as InetPattern) ?? [undefined]).map((prefix) =>
    wordsOfTerm({
      kind: 'host',
      end,
      equality: '=',
      host: { port, ...(prefix && { addresses: [prefix] }) },
    }),
  );
  return [...(equality === '=' ? [] : ['not']), '(', ...joined(hosts, 'or'), ')'];
}

/** So many shells ask at a time. */
const AT_ONCE = 2;

export interface SsAnswer {
  code: number;
  /** With what it complains about; names may hold any bytes, so it is taken as latin1. */
  text: string;
}

/** Asks `ss` in the network namespace of a process, in as few shells as can be. */
export async function askSs(pid: number, questions: readonly (readonly string[])[]): Promise<SsAnswer[]> {
  const share = Math.ceil(questions.length / AT_ONCE);
  const shares = Array.from({ length: AT_ONCE }, (_, i) => questions.slice(i * share, (i + 1) * share));
  return (await Promise.all(shares.map((some) => askInOneShell(pid, some)))).flat();
}

async function askInOneShell(pid: number, questions: readonly (readonly string[])[]): Promise<SsAnswer[]> {
  const shell = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, 'sh'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(shell, 'close');
  shell.stdin.end(questions.map((words) => `ss ${words.map(quote).join(' ')} 2>&1\n${ECHO}`).join(''));
  shell.stdout.setEncoding('latin1');
  const [...parts] = (await text(shell.stdout)).split(/<<answered (\d+)>>\n/);
  await ended;
  return questions.map((_, i) => ({ text: parts[2 * i] ?? '', code: Number(parts[2 * i + 1]) }));
}

const ECHO = 'echo "<<answered $?>>"\n';

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
