/** What does not go together, and what is too much to be meant. */
import { askedFields } from './asked.js';
import { paintFor } from './colours.js';
import { MORE } from './inet-row.js';
import type { Values } from './options.js';
import { type Plan, protocolsOf } from './plan.js';
import { limitOf } from './wait.js';

/** What a dump does with its sockets other than to print them; one at a time. */
const ACTS = ['kill', 'events', 'diag'] as const;

/** @throws RangeError */
export function checkWish(values: Values, plan: Plan, waits: boolean): void {
  const acts = ACTS.filter((act) => values[act] !== undefined);
  const dumps = [...acts, ...(values.summary ? ['summary'] : [])];
  if (acts.length > 1) throw apart(acts[0] as string, acts[1] as string);
  if (waits && dumps.length > 0) throw new RangeError(`wait does not go with --${dumps[0]}`);
  if (!waits) {
    const other = (['listen', 'gone', 'timeout'] as const).find((word) => values[word] !== undefined);
    if (other !== undefined) throw new RangeError(`--${other} goes with 'sockdiag wait' only`);
  }
  const live = (['once', 'interval'] as const).find((word) => values[word] !== undefined);
  if (live !== undefined) throw new RangeError(`--${live} goes with 'sockdiag top' only`);
  const told = (['address', 'port', 'labels', 'limit', 'show'] as const).find(
    (word) => values[word] !== undefined,
  );
  if (told !== undefined) throw new RangeError(`--${told} goes with 'sockdiag exporter' only`);
  limitOf(values);
  checkFields(values, dumps, waits);
  paintFor(values.color);
  // Records have the processes that hold a socket, not their threads.
  const holding = (['threads', 'context', 'contexts'] as const).find((word) => values[word]);
  if (holding !== undefined && values.json) throw apart(holding, 'json');
  checkFrom(values, dumps, waits);
  checkFallback(values, dumps);
  checkConsistent(values);
  if (values.json && values.diag !== undefined) throw apart('diag', 'json');
  if (values.summary && values.net !== undefined) throw apart('summary', 'net');
  if (values.events && protocolsOf(plan).length === 0) {
    throw new RangeError('the kernel tells of the ends of TCP and UDP sockets only');
  }
  if (values.kill && plan.filter === undefined) {
    throw new RangeError(
      '--kill without a filter would end every connection: say which (state all: all of them)',
    );
  }
}

function checkFrom(values: Values, dumps: readonly string[], waits: boolean): void {
  if (values.from === undefined) return;
  const live = [
    ...dumps,
    ...(['net', 'processes', 'threads', 'context', 'contexts'] as const).filter(
      (word) => values[word] !== undefined,
    ),
  ];
  if (live.length > 0) throw apart('from', live[0] as string);
  if (waits) throw new RangeError('wait does not go with --from');
}

function checkFallback({ fallback, from }: Values, dumps: readonly string[]): void {
  if (fallback === undefined) return;
  if (fallback !== 'proc') throw new RangeError(`--fallback is '${fallback}', but there is only proc`);
  const [other] = from === undefined ? dumps.filter((dump) => dump !== 'summary') : ['from'];
  if (other !== undefined) throw apart('fallback', other);
}

/** There must be something to ask twice. */
function checkConsistent(values: Values): void {
  if (!values.consistent) return;
  const other = (['events', 'diag', 'from'] as const).find((word) => values[word] !== undefined);
  if (other !== undefined) throw apart('consistent', other);
}

/** These say how a table of sockets looks. */
const FORM = [...MORE, 'resolve', 'no-queues', 'oneline'] as const;

function checkFields(values: Values, dumps: readonly string[], waits: boolean): void {
  if (values.fields === undefined) return;
  const others = [...dumps.filter((dump) => dump === 'summary' || dump === 'diag'), ...FORM];
  const other = others.find((word) => values[word as 'info']);
  if (other !== undefined) throw apart('fields', other);
  if (waits && !values.json) throw new RangeError('wait prints nothing without --json, and no --fields');
  if (values.from !== undefined && askedFields(values)?.includes('owners')) {
    throw new RangeError('a recording does not tell the owners');
  }
}

const apart = (one: string, other: string): RangeError =>
  new RangeError(`--${one} and --${other} do not go together`);
