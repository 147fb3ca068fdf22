/** What the ways to read sockets have in common. */

/** @typedef {import('../population.mjs').UnfilteredKind} Kind */

/**
 * One way to read all sockets of a network namespace, or those that a filter wants.
 *
 * @typedef {object} Subject
 * @property {() => number | Promise<number>} run reads them, and says how many there were
 * @property {() => unknown} [tiny] reads little, so that what the first run makes once is there already
 * @property {() => Iterable<Record<string, any>> | Promise<Iterable<Record<string, any>>>} [records] as ours
 */

let seen = 0;

/**
 * Two fields of each record are looked at, as any reader would at least, and what is seen is kept: nothing may
 * be left out because nobody asks for it.
 *
 * @param {Kind} kind
 * @returns {(record: any) => void}
 */
export function toucher(kind) {
  if (kind === 'tcp') {
    return (record) => {
      seen += record.src.length + record.sport;
    };
  }
  if (kind === 'tcp-info' || kind === 'metrics') {
    return (record) => {
      seen += record.src.length + (record.info?.rtt ?? 0);
    };
  }
  if (kind === 'owners') {
    return (record) => {
      seen += record.src.length + (record.owners?.[0]?.pid ?? 0);
    };
  }
  return (record) => {
    seen += record.state.length + record.inode;
  };
}

/**
 * @param {readonly any[]} records
 * @param {(record: any) => void} touch
 */
export function touchAll(records, touch) {
  for (const record of records) touch(record);
  return records.length;
}

export function whatWasSeen() {
  return seen;
}
