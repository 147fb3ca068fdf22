/** What does not go together, and what is too much to be meant. */
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
  limitOf(values);
  checkFrom(values, dumps, waits);
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
  const live = [...dumps, ...(['net', 'processes'] as const).filter((word) => values[word] !== undefined)];
  if (live.length > 0) throw apart('from', live[0] as string);
  if (waits) throw new RangeError('wait does not go with --from');
}

const apart = (one: string, other: string): RangeError =>
  new RangeError(`--${one} and --${other} do not go together`);
