/** What there is to tell beside the sockets themselves. */
import type { DiagMsg } from '../../decode.js';
import type { Totals } from './sampler.js';

export interface News {
  /** Of the last refresh; undefined before the first. */
  totals: Totals | undefined;
  /** When that was, as of Date. */
  time: number;
  /** Of the last refreshes, the newest at the end. */
  sent: readonly number[];
  received: readonly number[];
  complaint: string | undefined;
  /** The record of the socket in detail; undefined while it is not read, or is gone. */
  detail: DiagMsg | undefined;
  isDetailGone: boolean;
}
