/** Sockets between virtual machines and their host as rows. */
import type { VsockDiagMsg } from '../vsock/record.js';
import type { Context } from './context.js';
import type { Row } from './layout.js';
import { queueText, stateWord } from './words.js';

const NETIDS: Readonly<Record<string, string>> = { stream: 'v_str', dgram: 'v_dgr', seqpacket: 'v_seq' };

/** VMADDR_CID_ANY and VMADDR_PORT_ANY. */
const ANY = 0xffff_ffff;

const orAny = (number: number): string => (number === ANY ? '*' : String(number));

export function vsockRow(socket: VsockDiagMsg, context: Context): Row {
  const { type, state, srcCid, srcPort, dstCid, dstPort } = socket;
  return [
    NETIDS[type] ?? type,
    stateWord(state),
    queueText(0),
    queueText(0),
    `${orAny(srcCid)}:`,
    orAny(srcPort),
    `${orAny(dstCid)}:`,
    orAny(dstPort),
    context.users(socket),
  ];
}
