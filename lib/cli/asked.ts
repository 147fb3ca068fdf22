/** What has to be asked of the kernel for the fields that are printed. */
import { INET_KINDS } from '../inet/kinds.js';
import type { InetProtocol } from '../inet/record.js';
import { NETLINK_SHOW_WORDS } from '../netlink-family/dump.js';
import { PACKET_SHOW_WORDS } from '../packet/dump.js';
import { UNIX_SHOW_WORDS } from '../unix/dump.js';
import type { Values } from './options.js';

/** Fields that come with an attribute of another name. */
const RINGS = { rxRing: 'ringCfg', txRing: 'ringCfg' };
const UNIX = { nameBytes: 'name', rqueue: 'rqlen', wqueue: 'rqlen' };
const PACKET = { ...RINGS, uid: 'info' };
/** `'md5sig'` itself would ask for the keys. */
const INET = { md5sig: 'info' };

/** The properties of a record of which something is printed; undefined for all. */
export function askedFields({ fields }: Values): readonly string[] | undefined {
  return fields?.split(',').map((name) => name.split('.')[0] as string);
}

function shown(fields: readonly string[], words: readonly string[], bringers: object): string[] {
  const wanted = fields.map((field) => (bringers as Record<string, string>)[field] ?? field);
  return words.filter((word) => wanted.includes(word));
}

export function inetShow(fields: readonly string[], kind: InetProtocol): string[] {
  return shown(fields, Object.keys(INET_KINDS[kind].show), INET);
}

/** A filter may ask for names and peers. */
export function unixShow(fields: readonly string[], isFiltered: boolean): string[] {
  return shown([...fields, ...(isFiltered ? ['name', 'peer'] : [])], UNIX_SHOW_WORDS, UNIX);
}

/** A filter may ask for the device. */
export function packetShow(fields: readonly string[], isFiltered: boolean): string[] {
  return shown([...fields, ...(isFiltered ? ['info'] : [])], PACKET_SHOW_WORDS, PACKET);
}

export function netlinkShow(fields: readonly string[]): string[] {
  return shown(fields, NETLINK_SHOW_WORDS, RINGS);
}
