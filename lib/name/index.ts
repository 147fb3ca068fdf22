/**
 * Names of sockets, as FreeBSD's ng_ksocket(4) writes them: kinds of sockets, and addresses of any family.
 *
 * @module sockdiag/name
 */
export {
  type Address,
  formatAddress,
  type InetAddress,
  type LocalAddress,
  parseAddress,
} from './address.js';
export { NameSyntaxError, type TextSyntaxError } from './error.js';
export type { GenericAddress } from './generic.js';
export { formatHook, type Hook, parseHook } from './hook.js';
export type { FormatOptions, NumberOptions } from './numbers.js';
export { type AnyRecord, peerName, socketName } from './record.js';
