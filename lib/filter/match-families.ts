/** What the terms of a filter say of sockets that are not of IP: unix, packet, netlink, vsock, XDP. */
import { NETLINK_PROTOCOLS } from '../netlink-family/record.js';
import { nameOf } from '../record/words.js';
import { glob } from './glob.js';
import type { Verdict } from './match-term.js';
import type { End, NetlinkPattern, UnixPattern, VsockPattern } from './tree.js';

/**
 * The name of an end. A socket without one has the empty name, though `ss` prints `*`; so has the far end, whose name
 * no record tells. Both are as `ss` has it: `dst unix:/run/*` never holds, and `src unix:*` always.
 */
export function unixVerdict(end: End, { glob: pattern }: UnixPattern): Verdict {
  const fits = pattern === undefined ? () => true : glob(pattern);
  const ofNameless = fits('');
  return (record) => {
    if (record.family !== 'unix') return undefined;
    return end === 'dst' || record.name === undefined ? ofNameless : fits(record.name);
  };
}

/** A packet socket has no far end: of that, only the pattern that fits all holds. */
export function linkVerdict(end: End, protocol: number | undefined, device: number | undefined): Verdict {
  const isAny = protocol === undefined && device === undefined;
  return (record) => {
    if (record.family !== 'packet') return undefined;
    if (isAny || end === 'dst') return isAny;
    return (
      (protocol === undefined || record.num === protocol) &&
      (device === undefined || record.info?.index === device)
    );
  };
}

/** The protocol is one for both ends. */
export function netlinkVerdict(end: End, { protocol, portid }: NetlinkPattern): Verdict {
  const name = protocol === undefined ? undefined : nameOf(NETLINK_PROTOCOLS, protocol);
  return (record) => {
    if (record.family !== 'netlink') return undefined;
    if (name !== undefined && record.protocol !== name) return false;
    return portid === undefined || (end === 'src' ? record.portid : record.dstPortid) === portid;
  };
}

export function vsockVerdict(end: End, { cid, port }: VsockPattern): Verdict {
  return (record) => {
    if (record.family !== 'vsock') return undefined;
    if (cid !== undefined && (end === 'src' ? record.srcCid : record.dstCid) !== cid) return false;
    return port === undefined || (end === 'src' ? record.srcPort : record.dstPort) === port;
  };
}

/** A name that the kernel gave (`autobind`): its abstract names are five digits of hexadecimal. */
const GIVEN_NAME = /^@[0-9a-f]{5}$/;

/** Above it, a port id was given by the kernel because another socket had the process's own. */
const LAST_CHOSEN_PORTID = 0x7fff_ffff;

/** Up to it, only privileged processes bind; from there on, the kernel gives ports. */
const LAST_PRIVILEGED_VSOCK_PORT = 1023;
const VMADDR_PORT_ANY = 0xffff_ffff;

/** By the rules of `ss`, which are of what the kernel gives: it does not tell whether it did. */
export const autobound: Verdict = (record) => {
  switch (record.family) {
    case 'unix':
      return record.name === undefined || GIVEN_NAME.test(record.name);
    case 'packet':
      return record.num === 0 && (record.info?.index ?? 0) === 0;
    case 'netlink':
      return record.portid > LAST_CHOSEN_PORTID;
    case 'vsock':
      return record.srcPort > LAST_PRIVILEGED_VSOCK_PORT && record.srcPort !== VMADDR_PORT_ANY;
    default:
      return undefined;
  }
};
