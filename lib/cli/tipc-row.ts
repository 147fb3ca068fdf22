/** TIPC sockets as rows. */
import type { TipcDiagMsg, TipcType } from '../tipc/record.js';
import { asSocketState } from '../tipc/state.js';
import type { Context } from './context.js';
import { identityText } from './details.js';
import type { Row } from './layout.js';
import type { Values } from './options.js';
import { queueText, stateWord } from './words.js';

const NETIDS: Readonly<Record<string, string>> = {
  stream: 'ti_st',
  dgram: 'ti_dg',
  rdm: 'ti_rd',
  seqpacket: 'ti_sq',
};

export function tipcRow(socket: TipcDiagMsg, context: Context): Row {
  const { type, state, addr, ref, con, stat } = socket;
  const { values } = context;
  return [
    NETIDS[type] ?? String(type),
    stateWord(String(asSocketState(state))),
    queueText(stat?.rcvq ?? 0),
    queueText(stat?.sendq ?? 0),
    `${addr}:`,
    String(ref),
    con === undefined ? '-' : `${con.node}:`,
    con === undefined ? '' : String(con.sock),
    [
      values.extended ? identityText(socket) : '',
      context.users(socket),
      values.tipcinfo ? infoText(socket, values) : '',
    ].join(''),
  ];
}

/** Nothing but attributes makes up a socket of TIPC: what is absent in a recording must not end it all. */
const word = (type: TipcType | undefined): string => String(type).toUpperCase();

/** The blanks are those of ss. */
function infoText({ type, con, stat, hasPubl }: TipcDiagMsg, { oneline }: Values): string {
  const congested = stat?.linkCong ? 'link' : stat?.connCong ? 'conn' : 'none';
  return [
    `${oneline ? '' : '\n'} type:${word(type)}`,
    ` cong:${congested} `,
    ` drop:${(stat?.drop ?? 0) | 0} `,
    hasPubl ? ' publ' : '',
    con?.flag ? ` via {${con.type ?? 0},${con.inst ?? 0}} ` : '',
  ].join('');
}
