/** What `ss -Si` prints of an SCTP endpoint or association, to the letter: that of iproute2 6.1. */
import type { SctpDiagMsg } from '../inet/sctp.js';
import { SCTP_PEER_CAPABLE, SCTP_PEER_SACK, type SctpInfo, type SctpState } from '../inet/sctp-info.js';
import type { SocketAddress } from '../inet/socket-address.js';

const STATES: Readonly<Record<string, string>> = { ESTABLISHED: 'ESTAB', SHUTDOWN_ACK_SENT: 'ACK_SENT' };

/** Of an association. */
export function sctpStateWord(state: SctpState): string {
  return STATES[state] ?? state;
}

/** The number that the flags are bits of, the first the lowest. */
function bitsOf<N extends string>(
  flags: { readonly [name in N]?: boolean | number },
  names: readonly N[],
  unknown = 0,
): number {
  return names.reduce((bits, name, i) => bits | (flags[name] === true ? 1 << i : 0), unknown);
}

/** Of 0, ss says nothing; and it takes all numbers for signed ones. */
const unlessZero = (text: string, value: number): string => (value === 0 ? '' : ` ${text}:${value | 0}`);

const tag = (text: string, value: number): string => (value === 0 ? '' : ` ${text}:${value.toString(16)}`);

const flag = (text: string, value: boolean): string => unlessZero(text, Number(value));

function addresses(
  text: string,
  all: readonly SocketAddress[] | undefined,
  host: (address: string) => string,
): string {
  if (all === undefined || all.length === 0) return '';
  return ` ${text}:${all.map(({ addr }) => host(addr)).join(',')}`;
}

function infoText(info: SctpInfo): string {
  return [
    tag('tag', info.tag),
    info.state === 'CLOSED' ? '' : ` state:${sctpStateWord(info.state)}`,
    unlessZero('rwnd', info.rwnd),
    unlessZero('unackdata', info.unackdata),
    unlessZero('penddata', info.penddata),
    unlessZero('instrms', info.instrms),
    unlessZero('outstrms', info.outstrms),
    unlessZero('inqueue', info.inqueue),
    unlessZero('outqueue', info.outqueue),
    unlessZero('overerr', info.overallError),
    unlessZero('maxburst', info.maxBurst),
    unlessZero('maxseg', info.maxseg),
    unlessZero('prwnd', info.peerRwnd),
    tag('ptag', info.peerTag),
    unlessZero('pcapable', bitsOf(info.peerCapable, SCTP_PEER_CAPABLE)),
    unlessZero('psack', bitsOf(info.peerSack, SCTP_PEER_SACK, info.peerSack.unknown)),
    unlessZero('autoclose', info.sAutoclose),
    unlessZero('adapind', info.sAdaptationInd),
    unlessZero('pdpoint', info.sPdPoint),
    flag('nodelay', info.sNodelay),
    flag('nofrag', info.sDisableFragments),
    flag('v4mapped', info.sV4mapped),
    unlessZero('fraginl', info.sFragInterleave),
  ].join('');
}

/**
 * With a blank before each word; `''` where ss has nothing to say. The addresses are told whenever anything is.
 *
 * @param host - the name to print for an address
 */
export function sctpInfoText(
  { locals, peers, info }: SctpDiagMsg,
  host: (address: string) => string,
): string {
  const ends = addresses('locals', locals, host) + addresses('peers', peers, host);
  return info === undefined ? ends : ends + infoText(info);
}
