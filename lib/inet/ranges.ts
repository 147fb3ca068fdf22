/** Ranges of ports that have about as many sockets each. */
import { conjunction, disjunction, negation } from '../filter/combine.js';
import type { Comparison, End, Expression } from '../filter/tree.js';

/** What a socket does not change while it is connected: its own port, and behind that its peer's. */
export interface Ports {
  readonly sport: number;
  readonly dport: number;
}

/** A port with more of the sample than this part of a range is divided by the peers' ports as well. */
const CROWDED = 1 / 4;

/**
 * Expressions of which exactly one is true of each socket, whatever its ports are; none, if the sample cannot be divided. So
 * many as wanted, or fewer. A server's sockets may all have the one port, and a client's all the one peer's.
 */
export function rangesOf(sample: readonly Ports[], wanted: number): Expression[] {
  const sorted = sample.toSorted(compare);
  const cuts: Ports[] = [];
  for (let i = 1; i < wanted; i++) {
    const cut = cutAt(sorted, Math.floor((i * sorted.length) / wanted), wanted);
    const last = cuts.at(-1) ?? sorted[0];
    if (cut !== undefined && last !== undefined && compare(last, cut) < 0) cuts.push(cut);
  }
  if (cuts.length === 0) return [];
  const from = cuts.map(isFrom);
  return [undefined, ...from].map((start, i) => {
    const end = from[i];
    return conjunction([...(start ? [start] : []), ...(end ? [negation(end)] : [])]);
  });
}

function compare(one: Ports, other: Ports): number {
  return one.sport - other.sport || one.dport - other.dport;
}

/** The place itself, or where its port begins, if that has few sockets. */
function cutAt(sorted: readonly Ports[], place: number, wanted: number): Ports | undefined {
  const ports = sorted[place];
  if (ports === undefined) return undefined;
  const alike = sorted.filter(({ sport }) => sport === ports.sport).length;
  return alike * wanted > sorted.length * CROWDED ? ports : { sport: ports.sport, dport: 0 };
}

/** Whether a socket is at the cut or behind it. */
function isFrom({ sport, dport }: Ports): Expression {
  if (dport === 0) return port('src', '>=', sport);
  const within = conjunction([port('src', '=', sport), port('dst', '>=', dport)]);
  return disjunction([port('src', '>', sport), within]);
}

function port(end: End, comparison: Comparison, number: number): Expression {
  return { kind: 'port', end, comparison, port: number };
}
