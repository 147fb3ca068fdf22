/** Filters over the population of `tcp`, and how many of its sockets each is true for. See populate.c. */

/** @typedef {'tcp-none' | 'tcp-hundredth' | 'tcp-half'} FilteredKind */

/**
 * @typedef {object} Selection
 * @property {string} filter in the language of ss
 * @property {number} expected sockets
 */

/** populate.c gives as many clients addresses with the same third byte. */
const CLIENTS_PER_BYTE = 250;

/**
 * Nobody is connected to the port of https; listeners are at 8000 to 8063, where clients are connected to, while
 * their own ports are those that the kernel gives out, above.
 *
 * @type {Readonly<Record<FilteredKind, (count: number, clients: number) => Selection>>}
 */
const SELECTIONS = {
  'tcp-none': () => ({ filter: 'dport = :443 and not src 10.0.0.0/8', expected: 0 }),
  'tcp-hundredth': (count) => {
    const expected = Math.ceil(count / 100);
    return { filter: firstClients(expected), expected };
  },
  'tcp-half': (_, clients) => ({ filter: 'dport >= :8000 and dport <= :8063', expected: clients }),
};

export const FILTERED_KINDS = /** @type {readonly FilteredKind[]} */ (Object.keys(SELECTIONS));

/**
 * @param {string} kind
 * @returns {kind is FilteredKind}
 */
export function isFiltered(kind) {
  return Object.hasOwn(SELECTIONS, kind);
}

/**
 * @param {import('./population.mjs').PopulationSize} size
 * @param {number} clients in the population
 * @returns {Selection | undefined} nothing if all sockets are read
 */
export function selectionOf({ kind, count }, clients) {
  return isFiltered(kind) ? SELECTIONS[kind](count, clients) : undefined;
}

/**
 * The clients of the first process that are numbered from 0 up to this, as a filter of prefixes: number n is
 * 127.128.(n / 250).(n % 250 + 1), or 2001:db8:80::(n / 250):(n % 250 + 1).
 *
 * @param {number} below
 */
function firstClients(below) {
  const high = Math.floor(below / CLIENTS_PER_BYTE);
  const rest = below % CLIENTS_PER_BYTE;
  // The lowest is 1.
  const low = rest === 0 ? 0 : rest + 1;
  const inet = prefixesBelow(high * 2 ** 8 + low).map(
    ([at, bits]) => `src 127.128.${at >>> 8}.${at & 0xff}/${32 - bits}`,
  );
  const inet6 = prefixesBelow(high * 2 ** 16 + low).map(
    ([at, bits]) =>
      `src [2001:db8:80::${(at >>> 16).toString(16)}:${(at & 0xffff).toString(16)}/${128 - bits}]`,
  );
  return [...inet, ...inet6].join(' or ');
}

/**
 * The numbers from 0 up to this one, in powers of two.
 *
 * @param {number} end
 * @returns {[at: number, bits: number][]}
 */
function prefixesBelow(end) {
  /** @type {[number, number][]} */
  const prefixes = [];
  for (let bits = 31, at = 0; bits >= 0; bits--) {
    if (((end >>> bits) & 1) === 0) continue;
    prefixes.push([at, bits]);
    at += 2 ** bits;
  }
  return prefixes;
}
