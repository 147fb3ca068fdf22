/** Sockets put together: what they have in common is a row, and what is measured of them is added up. */
import { Ledger, MEASURES } from './ledger.js';

export type Groups = Ledger<{ timed: Uint32Array }>;

export function makeGroups(): Groups {
  return new Ledger({ timed: new Uint32Array(0) });
}

/**
 * Measures the groups of some rows anew. The round-trip time of a group is the mean of those that are known; of all else it
 * is the sum, which is NaN where nothing is known.
 */
export function gather(
  groups: Groups,
  members: Pick<Ledger, 'measures' | 'rows'>,
  groupOf: (row: number) => string,
): void {
  groups.begin();
  for (const row of members.rows()) {
    const group = groups.rowOf(groupOf(row));
    if (groups.see(group)) {
      for (const measure of MEASURES) groups.measures[measure][group] = Number.NaN;
      groups.arrays.timed[group] = 0;
    }
    for (const measure of MEASURES) {
      const value = members.measures[measure][row] as number;
      if (Number.isNaN(value)) continue;
      const sum = groups.measures[measure][group] as number;
      groups.measures[measure][group] = Number.isNaN(sum) ? value : sum + value;
      if (measure === 'rtt') groups.arrays.timed[group] = (groups.arrays.timed[group] as number) + 1;
    }
  }
  groups.end();
  for (const group of groups.rows()) finish(groups, group);
}

function finish({ measures, arrays, sent, received }: Groups, group: number): void {
  const timed = arrays.timed[group] as number;
  if (timed > 0) measures.rtt[group] = (measures.rtt[group] as number) / timed;
  sent.put(group, measures.tx[group] as number);
  received.put(group, measures.rx[group] as number);
}
