/** See fields.mjs. */
export function fieldsOf(kind: string, records: readonly object[]): Set<string>;

/** See fields.mjs. */
export function isWithin(field: string, others: readonly string[]): boolean;
