/** Ranges of ports that have about as many sockets each. */
import { conjunction, disjunction, negation } from '../filter/combine.js';
import type { Comparison, End, Expression } from '../filter/tree.js';
import type { BatchMemory } from '../netlink/batch.js';

/** TCP_LISTEN. The kernel gives these first, and their peers' ports are 0: they tell nothing of the others. */
const LISTEN = 10;

/**
 * The ports of the socket in an inet_diag_msg, which stay the same while it is connected, as one number: its own, and behind
 * that its peer's. Undefined for one that listens.
 */
export function portsOf(memory: BatchMemory, row: number): number | undefined {
  const at = memory.words[row] as number;
  return memory.u8(at + 1) === LISTEN ? undefined : memory.port(at + 4) * PORTS + memory.port(at + 6);
}

const PORTS = 0x1_0000;

/** A port with more of the sample than this part of a range is divided by the peers' ports as well. */
const CROWDED = 1 / 4;

/**
 * Expressions of which exactly one is true of each socket, whatever its ports are; none, if the sample cannot be divided. So
 * many as wanted, or fewer. A server's sockets may all have the one port, and a client's all the one peer's.
 */
export function rangesOf(sample: readonly number[], wanted: number): Expression[] {
  const sorted = sample.toSorted((one, other) => one - other);
  const cuts: number[] = [];
  for (let i = 1; i < wanted; i++) {
    const cut = cutAt(sorted, Math.floor((i * sorted.length) / wanted), wanted);
    const last = cuts.at(-1) ?? sorted[0];
    if (cut !== undefined && last !== undefined && last < cut) cuts.push(cut);
  }
  if (cuts.length === 0) return [];
  const from = cuts.map(isFrom);
  return [undefined, ...from].map((start, i) => {
    const end = from[i];
    return conjunction([...(start ? [start] : []), ...(end ? [negation(end)] : [])]);
  });
}

/** The place itself, or where its port begins, if that has few sockets. */
function cutAt(sorted: readonly number[], place: number, wanted: number): number | undefined {
  const ports = sorted[place];
  if (ports === undefined) return undefined;
  const alike = sorted.filter((other) => sportOf(other) === sportOf(ports)).length;
  return alike * wanted > sorted.length * CROWDED ? ports : sportOf(ports) * PORTS;
}

function sportOf(ports: number): number {
  return Math.floor(ports / PORTS);
}

/** Whether a socket is at the cut or behind it. */
function isFrom(ports: number): Expression {
  const [sport, dport] = [sportOf(ports), ports % PORTS];
  if (dport === 0) return port('src', '>=', sport);
  const within = conjunction([port('src', '=', sport), port('dst', '>=', dport)]);
  return disjunction([port('src', '>', sport), within]);
}

function port(end: End, comparison: Comparison, number: number): Expression {
  return { kind: 'port', end, comparison, port: number };
}
