/** Which fields records have: newer kernels tell more. */

/**
 * Of records of a kind, as `tcp.info.rtt`. Those of an array's elements are the array's.
 *
 * @param {string} kind
 * @param {readonly object[]} records
 */
export function fieldsOf(kind, records) {
  const fields = /** @type {Set<string>} */ (new Set());
  for (const record of records) collect(record, kind, fields);
  return fields;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {Set<string>} fields
 */
function collect(value, name, fields) {
  fields.add(name);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (const element of value) collect(element, name, fields);
    return;
  }
  for (const [own, inner] of Object.entries(value)) collect(inner, `${name}.${own}`, fields);
}

/**
 * Whether a field is one of the others, or inside of one.
 *
 * @param {string} field
 * @param {readonly string[]} others
 */
export function isWithin(field, others) {
  return others.some((other) => field === other || field.startsWith(`${other}.`));
}
