/** A record of any family that is printed, as a row. */
import type { DiagMsg } from '../decode.js';
import type { InetDiagMsg } from '../inet/record.js';
import type { Context } from './context.js';
import { inetRow } from './inet-row.js';
import type { Row } from './layout.js';
import { netlinkRow, packetRow } from './link-row.js';
import { unixRow } from './unix-row.js';

export function rowOf(record: DiagMsg, context: Context): Row {
  switch (record.family) {
    case 'unix':
      return unixRow(record, context);
    case 'packet':
      return packetRow(record, context);
    case 'netlink':
      return netlinkRow(record, context);
    default:
      return inetRow(record as InetDiagMsg, context);
  }
}
