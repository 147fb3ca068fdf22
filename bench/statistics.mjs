/** Figures about figures. */

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */

/**
 * @param {readonly number[]} values
 * @returns {Spread | undefined} of at least one value
 */
export function spread(values) {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = /** @type {number} */ (sorted[middle]);
  const lower = /** @type {number} */ (sorted.length % 2 === 1 ? upper : sorted[middle - 1]);
  return {
    median: (lower + upper) / 2,
    min: /** @type {number} */ (sorted[0]),
    max: /** @type {number} */ (sorted.at(-1)),
  };
}

/**
 * Of each round in which both took part, because what disturbs the machine disturbs the whole round.
 *
 * @param {readonly (number | undefined)[]} values by round
 * @param {readonly (number | undefined)[]} others by round
 * @returns {number[]}
 */
export function ratios(values, others) {
  return values.flatMap((value, round) => {
    const other = others[round];
    return value === undefined || other === undefined ? [] : [value / other];
  });
}
