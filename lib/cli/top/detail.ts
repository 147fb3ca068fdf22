/** One socket in detail: its record is asked for by itself, with all that there is to know. */
import type { DiagMsg } from '../../decode.js';
import { parse } from '../../filter/parser.js';
import type { InetDiagMsg } from '../../inet/record.js';
import type { TcpDiagMsg } from '../../inet/tcp.js';
import type { SkMeminfo } from '../../record/skmeminfo.js';
import { DEFAULT_STATES } from '../../record/state.js';
import { keyOf } from '../../watch/key.js';
import { skmemText, timerText } from '../details.js';
import { readRecords } from '../read.js';
import { tcpInfoText } from '../tcp-info-text.js';
import { printable, stateWord } from '../words.js';
import type { Place, Question } from './sampler.js';
import type { Sockets } from './sockets.js';

/** Undefined if it is there no more. @throws SockDiagError, Error of the system. */
export async function readDetail(
  sockets: Sockets,
  row: number,
  { values }: Question,
  places: readonly Place[],
): Promise<DiagMsg | undefined> {
  const key = sockets.keyOf(row);
  const { path, prefix } = places[sockets.arrays.place[row] as number] ?? { path: undefined, prefix: '' };
  const kind = sockets.kindOf(row);
  const plan = {
    kinds: [kind],
    family: undefined,
    states: DEFAULT_STATES,
    filter: kind.startsWith('unix') ? undefined : parse(portsOf(sockets, row)),
    named: [kind],
    isChosen: true,
    hasQueues: true,
  };
  const wanted = { ...values, info: true, memory: true, ...(path !== undefined && { net: path }) };
  for await (const records of readRecords(plan, wanted, () => undefined)) {
    const found = records.find((record) => prefix + keyOf(record) === key);
    if (found !== undefined) return found;
  }
  return undefined; // untested: of what is gone at that moment
}

/** The kernel looks for ports sooner than for addresses, and few sockets share both. */
function portsOf(sockets: Sockets, row: number): string {
  const [local, remote] = [sockets.localOf(row).port, sockets.remoteOf(row).port];
  return remote === 0 ? `sport = :${local}` : `sport = :${local} and dport = :${remote}`;
}

type Owner = { pid: number; comm: string; fd: number };

/** What there is to tell of a record, each with a heading. */
export function detailTexts(
  record: DiagMsg,
  owners: readonly Owner[] | undefined,
): readonly (readonly [heading: string, text: string])[] {
  const inet = record as Partial<InetDiagMsg>;
  const { inode = 0, uid = 0, cookie } = inet;
  const memory = (record as { skmeminfo?: SkMeminfo; meminfo?: SkMeminfo }).skmeminfo;
  const unixMemory = record.family === 'unix' ? record.meminfo : undefined;
  const info = inet.protocol === 'tcp' ? tcpInfoText(record as TcpDiagMsg, true) : '';
  const { timer = 'off', expires = 0, retrans = 0, rqueue = 0, wqueue = 0 } = inet;
  return (
    [
      ['State', `${stateWord(inet.state ?? '')}${timerText(timer, expires, retrans)}`],
      ['Queues', `received ${rqueue}, to be sent ${wqueue}`],
      ['Owners', ownersText(inode, owners)],
      [
        'Identity',
        `uid:${uid} ino:${inode} sk:${cookie}${inet.mark ? ` fwmark:0x${inet.mark.toString(16)}` : ''}`,
      ],
      ['Memory', skmemText(memory ?? unixMemory).trim()],
      ['TCP', info.trim()],
    ] as const
  ).filter(([, text]) => text !== '');
}

function ownersText(inode: number, owners: readonly Owner[] | undefined): string {
  if (inode === 0) return 'no descriptor refers to it';
  if (owners === undefined) return 'not known: the processes of others may not be read (CAP_SYS_PTRACE)';
  if (owners.length === 0) return 'none was found';
  return owners.map(({ comm, pid, fd }) => `${printable(comm)} (pid ${pid}, fd ${fd})`).join(', ');
}
