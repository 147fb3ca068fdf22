/** The records that a command line asks for. */
import type { DiagMsg } from '../decode.js';
import { type Dump, shown } from '../netlink/dump.js';
import { isUnsupported } from '../netlink/errors.js';
import type { Direct } from './direct.js';
import { dumpsOf, type Part } from './dumps.js';
import type { Values } from './options.js';
import { say } from './output.js';
import type { Plan } from './plan.js';

/** Those who are told of a failure that does not end it all. */
export type Complain = (error: Error) => void;

/** In batches, kind after kind, without those that go the direct way. */
export function readRecords(
  plan: Plan,
  values: Values,
  complain: Complain,
  direct?: Direct,
): AsyncGenerator<DiagMsg[]> {
  return readEach(plan, values, complain, { read: (dump) => dump.batches(), direct });
}

/** Shows each record to somebody, who does not keep it: a hundred thousand are as cheap as one then. */
export async function visitRecords(
  plan: Plan,
  values: Values,
  complain: Complain,
  visit: (record: DiagMsg) => void,
): Promise<void> {
  for await (const _ of readEach(plan, values, complain, {
    read: (dump) => shown(dump, visit, 'records').batches(),
  }));
}

/** Likewise, as the kernel's messages. */
export function readMessages(plan: Plan, values: Values, complain: Complain): AsyncGenerator<Uint8Array> {
  return readEach(plan, values, complain, { read: (dump) => answered(dump.raw()) });
}

/** @throws TypeError for what /proc/net cannot tell, if that is to be read in place of netlink. */
export function checkDumps(plan: Plan, values: Values): void {
  if (values.fallback !== undefined) insteadOf(plan, values);
}

/** Nothing of a dump that the kernel refuses, which is its request and an error: no recording has to hold that. */
async function* answered(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const refused = 2;
  const held: Uint8Array[] = [];
  for await (const bytes of messages) {
    held.push(bytes);
    if (held.length > refused) yield* held.splice(0);
  }
  yield* held;
}

/** How each dump is read. */
interface Way<T> {
  read: (dump: Dump<DiagMsg>) => AsyncIterable<T>;
  /** For those that need no records. */
  direct?: Direct | undefined;
}

/**
 * Of several kinds, one that this system does not have is complained of if it was named, and the others are read all the
 * same.
 */
async function* readEach<T>(
  plan: Plan,
  values: Values,
  complain: Complain,
  { read, direct }: Way<T>,
): AsyncGenerator<T> {
  const instead = insteadOf(plan, values);
  for (const [i, { kinds, dump }] of [...dumpsOf(plan, values, { direct })].entries()) {
    try {
      yield* orElse(read, dump, instead[i]?.dump);
    } catch (error) {
      const isAll = plan.kinds.every((kind) => kinds.includes(kind));
      const isHopeless = isClosed(error) && instead.length === 0;
      if (isAll || !isUnsupported(error) || isHopeless) throw error;
      if (kinds.some((kind) => plan.named.includes(kind))) complain(error as Error);
    }
  }
}

/** Why /proc/net was read. */
const told = new Set<string>();

/** What cannot be read at all is read elsewhere, if it can be there, and that is said. */
async function* orElse<T>(
  read: (dump: Dump<DiagMsg>) => AsyncIterable<T>,
  dump: Dump<DiagMsg>,
  instead: Dump<DiagMsg> | undefined,
): AsyncGenerator<T> {
  let hasBegun = false;
  try {
    for await (const records of read(dump)) {
      hasBegun = true;
      yield records;
    }
  } catch (error) {
    if (instead === undefined || hasBegun || !isUnsupported(error)) throw error;
    for await (const records of read(instead)) {
      sayInstead(error as Error);
      yield records;
    }
    sayInstead(error as Error);
  }
}

/** Where there is no sock_diag, one line is enough for all kinds. */
function sayInstead(error: Error): void {
  const reason = isClosed(error) ? '' : error.message;
  if (!told.has(reason)) say(`${error.message}; /proc/net is read instead`);
  told.add(reason);
}

/** The same dumps, from /proc/net if need be, of what has a table there; none if nobody wants that. */
function insteadOf(plan: Plan, values: Values): readonly Part[] {
  return values.fallback === undefined ? [] : [...dumpsOf(plan, values, { fallback: 'proc' })];
}

/** There is no sock_diag at all. */
function isClosed(error: unknown): boolean {
  return (error as { unsupported?: string }).unsupported === 'sock_diag';
}
