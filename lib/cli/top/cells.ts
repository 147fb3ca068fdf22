/** What stands in each column of a row. */
import { serviceOf } from '../services.js';
import { stateWord } from '../words.js';
import type { ColumnId, Placed } from './columns.js';
import { amountText, countText, timeText } from './figures.js';
import type { Groups } from './groups.js';
import type { Ledger, Measure } from './ledger.js';
import type { Owners } from './owners.js';
import type { Endpoint, Sockets } from './sockets.js';
import { type Glyphs, sparkline } from './sparkline.js';

const TEXTS: Readonly<Record<Measure, (value: number) => string>> = {
  count: countText,
  tx: amountText,
  rx: amountText,
  rtt: timeText,
  retrans: countText,
  resent: amountText,
  rqueue: countText,
  wqueue: countText,
};

const NETIDS: Readonly<Record<string, string>> = {
  unix_stream: 'u_str',
  unix_dgram: 'u_dgr',
  unix_seqpacket: 'u_seq',
};

/** How texts are made here. */
export interface Manner {
  glyphs: Glyphs;
  /** For what was cut off. */
  ellipsis: string;
  /** No names of services. */
  isNumeric: boolean;
  device: (index: number) => string;
}

/** Gives the text of a column of a row that is `width` wide. */
export type CellOf = (row: number, column: Pick<Placed, 'id' | 'width'>) => string;

export function socketCells(sockets: Sockets, owners: Owners, manner: Manner): CellOf {
  return (row, { id, width }) => {
    switch (id) {
      case 'netid':
        return NETIDS[sockets.kindOf(row)] ?? sockets.kindOf(row);
      case 'state':
        return stateWord(sockets.stateOf(row));
      case 'local':
        return shortened(endpointOf(sockets, row, 'local', manner), ':', width, manner);
      case 'remote':
        return shortened(endpointOf(sockets, row, 'remote', manner), ':', width, manner);
      case 'owner':
        return shortened(ownerOf(sockets, owners, row), '/', width, manner);
      default:
        return measuredCell(sockets, row, id, width, manner);
    }
  };
}

export function groupCells(groups: Groups, nameOf: (key: string) => string, manner: Manner): CellOf {
  return (row, { id, width }) =>
    id === 'name' ? nameOf(groups.keyOf(row)) : measuredCell(groups, row, id, width, manner);
}

export function ownerOf({ arrays }: Sockets, owners: Owners, row: number): string {
  return owners.nameOf(arrays.inode[row] as number, arrays.since[row] as number);
}

function measuredCell(
  { measures, sent, received }: Pick<Ledger, 'measures' | 'sent' | 'received'>,
  row: number,
  id: ColumnId,
  width: number,
  { glyphs }: Manner,
): string {
  if (id === 'sent' || id === 'received') {
    return sparkline((id === 'sent' ? sent : received).last(row, width), glyphs);
  }
  return TEXTS[id as Measure](measures[id as Measure][row] as number);
}

/** `[2001:db8::1]:https`, `*:22`; of a unix socket its name, or the inode number of its peer. */
export function endpointOf(sockets: Sockets, row: number, end: 'local' | 'remote', manner: Manner): string {
  const kind = sockets.kindOf(row);
  const { address, port } = end === 'local' ? sockets.localOf(row) : sockets.remoteOf(row);
  if (kind.startsWith('unix')) return address;
  const index = end === 'local' ? (sockets.arrays.ifindex[row] as number) : 0;
  const device = index === 0 ? '' : `%${manner.device(index)}`;
  return `${addressText(address)}${device}:${portText({ address, port }, kind, manner)}`;
}

export function addressText(address: string): string {
  if (address === '0.0.0.0' || address === '::') return '*';
  return address.includes(':') ? `[${address}]` : address;
}

function portText({ port }: Endpoint, kind: string, { isNumeric }: Manner): string {
  if (port === 0) return '*';
  return (isNumeric ? undefined : serviceOf(port, kind)) ?? String(port);
}

/** The port of an address, or the pid of a process, is what it is known by: the rest gives way to it. */
function shortened(text: string, mark: ':' | '/', width: number, { ellipsis }: Manner): string {
  if (text.length <= width) return text;
  const at = text.lastIndexOf(mark);
  const known = at < 0 || text.endsWith(']') ? '' : text.slice(at);
  const left = width - known.length - 1;
  return left < 3 && known !== '' ? known.slice(0, width) : `${text.slice(0, left)}${ellipsis}${known}`;
}
