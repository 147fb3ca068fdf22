/** What a term says of a record. */
import type { DiagMsg } from '../decode.js';

/**
 * Whether a term holds of a record; undefined where the record has nothing that the term is about: no port, an address
 * of another family.
 */
export type Verdict = (record: DiagMsg) => boolean | undefined;
