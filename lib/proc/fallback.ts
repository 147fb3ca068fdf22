/** The option `fallback` of dumps of netlink. */
import type { DumpOptions } from '../netlink/dump.js';
import type { Instead } from '../netlink/live.js';
import { type Check, oneOf } from '../netlink/options.js';
import type { ProcInetWish } from './inet.js';
import { checkTold, filteringOf } from './options.js';
import type { ProcRecord } from './record.js';
import { openTable, type Table } from './table.js';

/** What dumps of netlink accept whose sockets are in /proc/net too. */
export interface Fallback {
  /**
   * `'proc'`: where this system does not support the question (the error would have `unsupported`), /proc/net is read
   * instead. Such records have `source: 'proc'`, and not all that others have. Every other failure is an error.
   */
  fallback?: 'proc' | undefined;
}

/** Without one. */
export interface NoFallback {
  /** None is read. */
  fallback?: undefined;
}

export const fallbackCheck: Readonly<Record<'fallback', Check>> = { fallback: oneOf(['proc']) };

/** What is read instead, if that was asked for. That its records are others, the types of the dumps say. */
export function insteadOf<T extends ProcRecord>(
  options: Fallback & DumpOptions,
  table: () => Table<T>,
): Instead<never> | undefined {
  if (options.fallback === undefined) return undefined;
  return openTable(table(), filteringOf(options)) as Instead<unknown> as Instead<never>;
}

/** Likewise for IP sockets, of which the text does not tell all that netlink can be asked for. */
export function inetInstead<T extends ProcRecord>(
  caller: string,
  options: Fallback & DumpOptions & ProcInetWish,
  table: (wish: ProcInetWish) => Table<T>,
): Instead<never> | undefined {
  if (options.fallback === undefined) return undefined;
  checkTold(caller, options.filter);
  if (options.states?.includes('BOUND_INACTIVE')) {
    throw new TypeError(
      `${caller}: options.states has 'BOUND_INACTIVE', and options.fallback is for what /proc/net tells too`,
    );
  }
  return insteadOf(options, () => table(options));
}
