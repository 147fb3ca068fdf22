/** What `ss -M -i` prints of a socket of Multipath TCP, in the words of a record. A word that is not known is an error. */
import { askSs, fail, parseWords, type SsSocket, type Word } from './ss_words.js';

export interface SsMptcp {
  /** By their names in a record; 0 where ss prints nothing. */
  numbers: Map<string, number>;
  flags: Set<string>;
  token?: number;
  writeSeq?: string;
  sndUna?: string;
  rcvNxt?: string;
}

export function ssMptcp(pid: number): Promise<SsSocket<SsMptcp>[]> {
  return askSs(pid, '-M', parseMptcpWords);
}

const NUMBERS: Readonly<Record<string, string>> = {
  subflows: 'subflows',
  add_addr_signal: 'addAddrSignal',
  add_addr_accepted: 'addAddrAccepted',
  subflows_max: 'subflowsMax',
  add_addr_signal_max: 'addAddrSignalMax',
  add_addr_accepted_max: 'addAddrAcceptedMax',
};

const SEQUENCES = { write_seq: 'writeSeq', snd_una: 'sndUna', rcv_nxt: 'rcvNxt' } as const;

const WORDS: readonly Word<SsMptcp>[] = [
  [/fallback|remote_key/, ({ flags }, [word = '']) => flags.add(word)],
  [
    /token:(\w+)/,
    (found, [, token]) => {
      found.token = Number(`0x${token}`);
    },
  ],
  [
    /(write_seq|snd_una|rcv_nxt):(\w+)/,
    (found, [, name, value]) => {
      found[SEQUENCES[name as keyof typeof SEQUENCES]] = value as string;
    },
  ],
  [
    /(\w+):(\d+)/,
    ({ numbers }, [word = '', name = '', value]) => numbers.set(NUMBERS[name] ?? fail(word), Number(value)),
  ],
];

export function parseMptcpWords(text: string): SsMptcp {
  const zeros = Object.values(NUMBERS).map((member) => [member, 0] as const);
  return parseWords(text, WORDS, { numbers: new Map(zeros), flags: new Set<string>() });
}
