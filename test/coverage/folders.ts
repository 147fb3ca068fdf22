/** Where what was run is written. */
import { join } from 'node:path';

export const ROOT: string = join(import.meta.dirname, '../..');

/** By processes that tests start; also by some that have no privileges any more. */
export const CHILDREN: string = join(ROOT, '.cache/coverage/children');
