/** What all records of /proc/net have in common. */
import type { SocketRecord } from '../record/record.js';

/** A record that was made from text. What the text does not tell is absent, and never 0. */
export interface ProcRecord extends SocketRecord {
  /** Where it comes from. Records of netlink have no such property. */
  source: 'proc';
}
