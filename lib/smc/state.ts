/** The states of an SMC socket, which are not those of TCP. */
import { stateNameOf } from '../record/words.js';

/**
 * INIT is every socket that is neither connected nor listening, and has not been. The names with WAIT are of
 * connections that are being closed: what the peer, or the application here, has still to do.
 */
export type SmcState =
  | 'ACTIVE'
  | 'INIT'
  | 'CLOSED'
  | 'LISTEN'
  | 'PEERCLOSEWAIT1'
  | 'PEERCLOSEWAIT2'
  | 'APPCLOSEWAIT1'
  | 'APPCLOSEWAIT2'
  | 'APPFINCLOSEWAIT'
  | 'PEERFINCLOSEWAIT'
  | 'PEERABORTWAIT'
  | 'PROCESSABORT';

/** By the kernel's number. */
const NAMES: Readonly<Record<number, SmcState>> = {
  1: 'ACTIVE',
  2: 'INIT',
  7: 'CLOSED',
  10: 'LISTEN',
  20: 'PEERCLOSEWAIT1',
  21: 'PEERCLOSEWAIT2',
  22: 'APPCLOSEWAIT1',
  23: 'APPCLOSEWAIT2',
  24: 'APPFINCLOSEWAIT',
  25: 'PEERFINCLOSEWAIT',
  26: 'PEERABORTWAIT',
  27: 'PROCESSABORT',
};

/** The name of a state; one that no kernel up to 6.18 has is told by its number. */
export function smcStateName(number: number): SmcState {
  return stateNameOf(NAMES, number);
}
