/** A record of any family that is printed, as a row. */
import type { DiagMsg } from '../decode.js';
import type { InetDiagMsg } from '../inet/record.js';
import type { Context } from './context.js';
import { inetRow } from './inet-row.js';
import type { Row } from './layout.js';
import { netlinkRow, packetRow } from './link-row.js';
import { tipcRow } from './tipc-row.js';
import { unixRow } from './unix-row.js';
import { vsockRow } from './vsock-row.js';
import { xdpRow } from './xdp-row.js';

/** What a column has where the text of /proc/net tells nothing: so has that of `ss`. */
const UNTOLD = { ifindex: 0, rqueue: 0, wqueue: 0 };

export function rowOf(record: DiagMsg, context: Context): Row {
  if (!('source' in record)) return rowOfNetlink(record, context);
  return rowOfNetlink({ ...UNTOLD, ...(record as DiagMsg) }, context.bare());
}

function rowOfNetlink(record: DiagMsg, context: Context): Row {
  switch (record.family) {
    case 'unix':
      return unixRow(record, context);
    case 'packet':
      return packetRow(record, context);
    case 'netlink':
      return netlinkRow(record, context);
    case 'vsock':
      return vsockRow(record, context);
    case 'tipc':
      return tipcRow(record, context);
    case 'xdp':
      return xdpRow(record, context);
    default:
      return inetRow(record as InetDiagMsg, context);
  }
}
