/** Whether something is the tree of a filter: whoever makes one by hand may make mistakes, and JavaScript lets them. */
import { SOCKET_STATES } from '../record/state.js';
import { DEEPEST } from './parser.js';
import type { Expression } from './tree.js';

/** Answers what is wrong with a part of a tree, not with those inside; or nothing. */
type Fault = (node: Record<string, unknown>) => string | undefined;

const COMPARISONS: readonly unknown[] = ['=', '!=', '>=', '<=', '>', '<'];
const EQUALITIES: readonly unknown[] = ['=', '!='];
const ENDS: readonly unknown[] = ['src', 'dst'];
const MOST_32 = 0xffff_ffff;
const MOST_PORT = 0xffff;

const isNumber = (value: unknown, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
const isOptional = (value: unknown, most: number): boolean => value === undefined || isNumber(value, most);
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const FAULTS: Readonly<Record<Expression['kind'], Fault>> = {
  and: ({ terms }) => (Array.isArray(terms) ? undefined : 'terms must be an array'),
  or: ({ terms }) => (Array.isArray(terms) ? undefined : 'terms must be an array'),
  not: ({ term }) => (isObject(term) ? undefined : 'term must be an expression'),
  state: ({ states }) =>
    Array.isArray(states) && states.every((state) => SOCKET_STATES.includes(state))
      ? undefined
      : 'states must be an array of states',
  host: ({ end, equality, host }) => endFault(end) ?? equalityFault(equality) ?? hostFault(host),
  port: ({ end, comparison, port }) =>
    endFault(end) ??
    (COMPARISONS.includes(comparison) ? undefined : `there is no comparison ${String(comparison)}`) ??
    (isOptional(port, MOST_PORT) ? undefined : 'port must be a number from 0 to 65535'),
  dev: ({ equality, device }) => equalityFault(equality) ?? deviceFault(device),
  fwmark: ({ equality, mark, mask }) =>
    equalityFault(equality) ??
    (isNumber(mark, MOST_32) && isNumber(mask, MOST_32) ? undefined : 'mark and mask must be of 32 bits'),
  cgroup: ({ equality, cgroup }) =>
    equalityFault(equality) ??
    (isText(cgroup) || isNumber(cgroup, Number.MAX_SAFE_INTEGER)
      ? undefined
      : 'cgroup must be a path or a number'),
  autobound: () => undefined,
};

const endFault = (end: unknown): string | undefined =>
  ENDS.includes(end) ? undefined : `there is no end ${String(end)}`;

const equalityFault = (equality: unknown): string | undefined =>
  EQUALITIES.includes(equality) ? undefined : `there is no equality ${String(equality)}`;

const deviceFault = (device: unknown): string | undefined =>
  isText(device) || isNumber(device, MOST_32) ? undefined : 'device must be a name or an index';

function hostFault(host: unknown): string | undefined {
  if (!isObject(host)) return 'host must be a pattern';
  switch (host['family']) {
    case undefined:
    case 'inet':
    case 'inet6':
      return inetFault(host);
    case 'unix':
      return host['glob'] === undefined || typeof host['glob'] === 'string' ? undefined : 'glob must be text';
    case 'link':
      if (!isOptional(host['protocol'], MOST_PORT)) return 'protocol must be a number of 16 bits';
      return host['device'] === undefined ? undefined : deviceFault(host['device']);
    case 'netlink':
      return numbersFault(host, ['protocol', 'portid']);
    case 'vsock':
      return numbersFault(host, ['cid', 'port']);
    default:
      return `there is no family ${String(host['family'])}`;
  }
}

function numbersFault(host: Record<string, unknown>, names: readonly string[]): string | undefined {
  const wrong = names.find((name) => !isOptional(host[name], MOST_32));
  return wrong === undefined ? undefined : `${wrong} must be a number of 32 bits`;
}

function inetFault({ addresses, port }: Record<string, unknown>): string | undefined {
  if (!isOptional(port, MOST_PORT)) return 'port must be a number from 0 to 65535';
  if (addresses === undefined) return undefined;
  if (!Array.isArray(addresses) || addresses.length === 0) return 'addresses must be an array of prefixes';
  return addresses.every(isPrefix) ? undefined : 'an address must be a prefix: family, bytes and length';
}

function isPrefix(prefix: unknown): boolean {
  if (!isObject(prefix) || !Array.isArray(prefix['bytes'])) return false;
  const size = prefix['family'] === 'inet' ? 4 : prefix['family'] === 'inet6' ? 16 : -1;
  const bytes: readonly unknown[] = prefix['bytes'];
  return (
    bytes.length === size &&
    bytes.every((byte) => isNumber(byte, 0xff)) &&
    isNumber(prefix['length'], 8 * size)
  );
}

/** Parts that are shared count each time. */
const MOST_PARTS = 1_000_000;

/** @throws TypeError that says what is wrong with the tree that is called `name`. */
export function checkTree(tree: unknown, name: string): void {
  // Not by recursion, and with limits: a tree that holds itself has no end.
  let parts = 0;
  const left: { node: unknown; path: string; depth: number }[] = [{ node: tree, path: name, depth: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { node, path, depth } = next;
    const fault = ++parts > MOST_PARTS ? `it has more than ${MOST_PARTS} parts` : faultOf(node, depth);
    if (fault !== undefined) throw new TypeError(`${path} is no part of a filter: ${fault}`);
    const { terms = [], term } = node as { terms?: readonly unknown[]; term?: unknown };
    // Long chains of one kind are no deeper for it: whoever reads them takes them as one.
    terms.forEach((inner, i) => {
      const isChain = (inner as { kind?: unknown } | null)?.kind === (node as { kind: unknown }).kind;
      left.push({ node: inner, path: inside(path, `.terms[${i}]`), depth: isChain ? depth : depth + 1 });
    });
    if (term !== undefined) left.push({ node: term, path: inside(path, '.term'), depth: depth + 1 });
  }
}

const LONGEST_PATH = 100;

/** Short enough for a message. */
function inside(path: string, step: string): string {
  if (path.endsWith('…')) return path;
  return path.length > LONGEST_PATH ? `${path}…` : path + step;
}

function faultOf(node: unknown, depth: number): string | undefined {
  if (!isObject(node)) return 'it must be an object';
  const { kind } = node;
  if (typeof kind !== 'string' || !Object.hasOwn(FAULTS, kind)) return `there is no kind ${String(kind)}`;
  if (depth > DEEPEST) return `it lies more than ${DEEPEST} deep`;
  return FAULTS[kind as Expression['kind']](node);
}
