/** Lookups of Multipath TCP sockets: by token. */
import { checkHandler, inetSubject, putInetQuestion } from '../inet/dump.js';
import { decodeMptcp, MPTCP, type MptcpDiagMsg, type MptcpShow } from '../inet/mptcp.js';
import { makeSockid, NOWHERE } from '../inet/sockid.js';
import type { TcpDiagMsg } from '../inet/tcp.js';
import { placeOf } from '../namespaces/stamp.js';
import { ANSWER_ROW, withExchange } from '../netlink/exchange.js';
import { netnsFile } from '../netlink/netns.js';
import { isUint32, show } from '../netlink/options.js';
import { maskOf, wordsOf } from '../netlink/request.js';
import { giveTurn } from '../netlink/turn.js';
import { checkAbsent } from './absent.js';
import { type LookupOptions, lookupOptions } from './inet.js';
import { answerOf } from './protocols.js';

/** BPF storages come in dumps only; `info` comes always, since it has the token. */
export type MptcpLookupShow = Exclude<MptcpShow, 'skBpfStorages'>;

const WORDS = wordsOf(MPTCP.show).filter((word): word is MptcpLookupShow => word !== 'skBpfStorages');

/** What names a Multipath TCP socket. */
export interface MptcpToken {
  /** This end's token of the connection (`mptcpi_token`), which its subflows have as `ulpInfo.mptcp.tokenLoc`. */
  token: number;
}

const ANSWER = answerOf(MPTCP);

function tokenOf(which: MptcpToken | MptcpDiagMsg | TcpDiagMsg): number {
  const what = 'lookupMptcp: what is looked for';
  if (typeof which !== 'object' || which === null) {
    throw new TypeError(
      `${what} is ${show(which)}, but must be { token }, a record, or the record of a subflow`,
    );
  }
  const { token } = which as MptcpToken;
  if (token !== undefined && !isUint32(token)) {
    throw new RangeError(`${what}.token is ${show(token)}, but must be a number of 32 bits`);
  }
  const { info } = which as MptcpDiagMsg;
  const { ulpInfo } = which as TcpDiagMsg;
  const found = token ?? info?.token ?? ulpInfo?.mptcp?.tokenLoc;
  if (found !== undefined) return found;
  throw new TypeError(`${what} has no token: records have one with show: ['info']`);
}

/**
 * The Multipath TCP socket with a token, which a record has (`info.token`), and the record of a subflow
 * (`ulpInfo.mptcp.tokenLoc`). Undefined if there is none; listeners have none.
 *
 * @throws TypeError, RangeError for wrong arguments. SockDiagError.
 */
export async function lookupMptcp(
  which: MptcpToken | MptcpDiagMsg | TcpDiagMsg,
  options?: LookupOptions<MptcpLookupShow>,
): Promise<MptcpDiagMsg | undefined> {
  const turn = giveTurn();
  if (turn !== undefined) await turn;
  const { show: words = [], netns: option } = lookupOptions('lookupMptcp', options, WORDS);
  const token = tokenOf(which);
  const netns = placeOf(which as MptcpDiagMsg, option, 'lookupMptcp: what is looked for');
  const file = netnsFile(netns);
  return withExchange(file, (exchange) => {
    // The family is of no account.
    const sockid = makeSockid('inet', NOWHERE.inet, NOWHERE.inet, 0, [token, 0]);
    const extensions = maskOf(MPTCP.show, ['info', ...words]);
    const failure = exchange.ask(ANSWER, 0, putInetQuestion(exchange.question, MPTCP, sockid, extensions));
    if (failure === undefined) {
      const socket = decodeMptcp(exchange.memory, ANSWER_ROW);
      return socket?.info?.token === token ? socket : undefined;
    }
    checkAbsent(failure, inetSubject('inet', MPTCP), file.path, () => checkHandler('inet', MPTCP, netns));
    return undefined;
  });
}
