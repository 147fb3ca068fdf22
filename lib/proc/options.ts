/** The options that the dumps of /proc/net have, how they are checked, and what a filter may ask for. */
import type { DiagMsg } from '../decode.js';
import { expressionOf, type Filter, filtering } from '../filter/option.js';
import { termsOf } from '../filter/terms.js';
import type { State, Term } from '../filter/tree.js';
import type { Dump } from '../netlink/dump.js';
import { commonChecks } from '../netlink/dump-options.js';
import { type Check, type Checks, checkOptions, show, someOf } from '../netlink/options.js';
import { DEFAULT_STATES } from '../record/state.js';
import type { ProcRecord } from './record.js';
import { type Around, type ProcOptions, type Table, tableDump } from './table.js';

/** What a dump of `sockdiag/proc` accepts whose sockets a filter can be about. */
export interface ProcFilterOptions extends ProcOptions {
  /** Only sockets that this fits, as for a dump of netlink; but all of it is decided here. */
  filter?: Filter | undefined;
}

const checkRoot: Check = (value, name) => {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return;
  throw new TypeError(`${name} is ${show(value)}, but must be the path of a directory with net/ in it`);
};

const { signal, netns, owners, filter } = commonChecks;

const PROC_CHECKS: Checks<ProcOptions> = { signal, netns, owners, root: checkRoot };

export const FILTER_CHECKS: Checks<ProcFilterOptions> = { ...PROC_CHECKS, filter };

/** The tables have no sockets that are merely bound. */
export const procStatesCheck: Check = someOf(DEFAULT_STATES);

/** @throws TypeError for what is not in the checks, which are all there are if none are given. */
export function procOptions<O extends ProcOptions>(
  caller: string,
  given: unknown,
  checks: Checks<O> = PROC_CHECKS as Checks<O>,
): Partial<O> {
  const checked = checkOptions<O>(caller, given, checks);
  const { root } = checked;
  if (root !== undefined && checked.netns !== undefined) {
    throw new TypeError(
      `${caller}: options.root and options.netns cannot be both: the tables below a root are those of one namespace`,
    );
  }
  if (root !== undefined && checked.owners !== undefined && checked.owners !== false) {
    throw new TypeError(
      `${caller}: options.root and options.owners cannot be both: it is this machine's processes that are looked at`,
    );
  }
  return checked;
}

/** What a term asks for that no text tells, in words. */
function untold(term: Term, negated: boolean): string | undefined {
  switch (term.kind) {
    case 'dev':
      return 'the network interface';
    case 'fwmark':
      return 'the mark';
    case 'cgroup':
      return 'the cgroup';
    case 'autobound':
      return 'whether the kernel chose the port';
    case 'state':
      return isBoundInactive(term) && !negated ? 'sockets that are merely bound' : undefined;
    default:
      return undefined;
  }
}

/** Of raw sockets there is 0 for every remote port. */
function isRemotePort(term: Term): boolean {
  if (term.kind === 'port') return term.end === 'dst' && term.port !== undefined;
  return term.kind === 'host' && term.end === 'dst' && 'port' in term.host && term.host.port !== undefined;
}

/** Alone: in a group of states it is not what is meant. */
function isBoundInactive({ states }: State): boolean {
  return states.length === 1 && states[0] === 'BOUND_INACTIVE';
}

/** @throws TypeError where a filter for IP sockets is about what /proc/net does not tell. */
export function checkTold(caller: string, given: Filter | undefined): void {
  if (given === undefined) return;
  const isRaw = caller === 'dumpRaw';
  for (const { term, negated } of termsOf(expressionOf(given))) {
    const what = isRaw && isRemotePort(term) ? 'the remote port' : untold(term, negated);
    if (what === undefined) continue;
    throw new TypeError(
      `${caller}: options.filter asks for ${what} (${term.kind}), which /proc/net does not tell`,
    );
  }
}

/** What a filter puts around the decoder. Its matcher looks at no more of a record than the text tells. */
export function filteringOf<T extends ProcRecord>({
  filter: given,
  netns: place,
  root,
}: ProcFilterOptions): Around<T> | undefined {
  if (given === undefined) return undefined;
  // Below a root, interfaces may be those of another machine, as in another namespace.
  return filtering<DiagMsg>(expressionOf(given), place ?? root) as unknown as Around<T>;
}

export function filteredDump<T extends ProcRecord>(table: Table<T>, options: ProcFilterOptions): Dump<T> {
  return tableDump(table, options, filteringOf(options));
}
