/** Reads the sockets once an interval, and adds up what is told of all of them. */
import { namespaces } from '../../namespaces/list.js';
import type { Namespace } from '../../namespaces/namespace.js';
import { SockDiagError } from '../../netlink/errors.js';
import { keyOf } from '../../watch/key.js';
import type { Values } from '../options.js';
import type { Plan } from '../plan.js';
import { visitRecords } from '../read.js';
import { Sockets } from './sockets.js';

/** Which sockets to look at. */
export interface Question {
  plan: Plan;
  values: Values;
  /** In all network namespaces that can be entered. */
  everywhere: boolean;
}

/** A network namespace that was read, or one that could not be. */
export interface Place {
  /** What `-N` takes; undefined for the one that the command line is about. */
  path: string | undefined;
  name: string;
  /** Stands before the keys of its sockets. */
  prefix: string;
}

export interface Sample {
  /** When it was complete, as of Date. */
  time: number;
  places: readonly Place[];
  /** What could not be read, in words; the rest is there all the same. */
  complaints: readonly string[];
}

/** Which may always be read, whatever else leads there. */
const OWN = '/proc/self/ns/net';

const HERE: readonly Place[] = [{ path: undefined, name: '', prefix: '' }];

export class Sampler {
  readonly sockets: Sockets = new Sockets();

  /**
   * Reads all once. Undefined if the signal came first: then what was read is of no use.
   *
   * @throws Error of the system, SockDiagError where nothing could be read. What was known stays.
   */
  async sample(question: Question, signal: AbortSignal): Promise<Sample | undefined> {
    const complaints: string[] = [];
    const places = question.everywhere ? await placesOf(complaints) : HERE;
    this.sockets.begin();
    let isComplete = false;
    try {
      isComplete = await this.#readAll(question, places, signal, complaints);
    } finally {
      if (isComplete) this.sockets.end();
      else this.sockets.cancel();
    }
    return isComplete ? { time: Date.now(), places, complaints: summed(complaints) } : undefined;
  }

  /** False if the signal came. One place that cannot be read does not keep the others from it. */
  async #readAll(
    question: Question,
    places: readonly Place[],
    signal: AbortSignal,
    complaints: string[],
  ): Promise<boolean> {
    let failures = 0;
    for (const [i, { path, name, prefix }] of places.entries()) {
      const values = path === undefined ? question.values : { ...question.values, net: path };
      const complain = (error: unknown): number =>
        complaints.push(`${name === '' ? '' : `${name}: `}${messageOf(error)}`);
      try {
        await visitRecords(question.plan, values, complain, (record) => {
          if (signal.aborted) return;
          this.sockets.put(prefix + keyOf(record), record, performance.now(), i);
        });
        if (signal.aborted) return false;
      } catch (error) {
        if (isGone(error) && question.everywhere) continue;
        if (++failures === places.length) throw error;
        complain(error); // untested: of one among several that may not be entered
      }
    }
    return !signal.aborted;
  }
}

const messageOf = (error: unknown): string => (error as Error).message.split('\n')[0] as string;

/** Nothing leads to the namespace any more. */
function isGone(error: unknown): boolean {
  return error instanceof SockDiagError && ['ENOENT', 'ESRCH', 'ESTALE'].includes(error.code);
}

async function placesOf(complaints: string[]): Promise<Place[]> {
  const { found, denied } = await namespaces();
  if (denied > 0)
    complaints.push(
      `the namespaces of ${denied} ${denied === 1 ? 'process' : 'processes'} are not known (CAP_SYS_PTRACE)`,
    );
  return found.map((one) => ({
    path: one.own ? OWN : one.path,
    name: nameOf(one),
    prefix: `${one.ino} `,
  }));
}

function nameOf({ name, ino, own, pid }: Namespace): string {
  const from = own ? 'this one' : pid === undefined ? '' : `of ${pid}`;
  return `${name ?? `net:[${ino}]`}${from === '' ? '' : ` (${from})`}`;
}

/** The first, and how many there are. */
function summed(complaints: readonly string[]): string[] {
  const [first, ...others] = complaints;
  if (first === undefined) return [];
  return [others.length === 0 ? first : `${first} (and ${others.length} more)`];
}

/** What is known of all sockets together. */
export interface Totals {
  /** Sockets by state, in the order of how many they are. */
  states: readonly (readonly [state: string, count: number])[];
  count: number;
  tx: number;
  rx: number;
  resent: number;
}

export function totalsOf(sockets: Sockets, rows: Uint32Array): Totals {
  const { tx, rx, resent } = sockets.measures;
  const counts = new Map<string, number>();
  const sum = { tx: Number.NaN, rx: Number.NaN, resent: Number.NaN };
  const add = (name: keyof typeof sum, value: number): void => {
    if (!Number.isNaN(value)) sum[name] = Number.isNaN(sum[name]) ? value : sum[name] + value;
  };
  for (const row of rows) {
    const state = sockets.stateOf(row);
    counts.set(state, (counts.get(state) ?? 0) + 1);
    add('tx', tx[row] as number);
    add('rx', rx[row] as number);
    add('resent', resent[row] as number);
  }
  const states = [...counts].sort(([, a], [, b]) => b - a);
  return { states, count: rows.length, ...sum };
}
