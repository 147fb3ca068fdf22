/** Labels: what sockets can be told apart by, beside their family, protocol and state. */
import { parseAddress, prefixOf } from '../filter/addresses.js';
import { formatAddress4, formatAddress6 } from '../inet/address.js';
import { type Check, checkOptions, show, wholeFrom } from '../netlink/options.js';
import type { SocketOwner } from '../record/record.js';
import { CgroupNames } from './cgroup-names.js';
import type { Countable } from './summary.js';

/** Something that sockets are told apart by. */
export interface Label {
  /** What it is called, in the summary and by Prometheus: letters, digits and `_`. */
  name: string;
  /** Its value for a socket; `''` for none, which needs no place. */
  of(record: Countable): string;
}

/**
 * Labels that there are: `'local_port'`; `'remote_network'`, the first 24 bits of the remote address, or 64 of IPv6;
 * `'owner'`, the name of the first process that holds it, `'unknown'` where that cannot be told, of dumps with the option
 * `owners`; `'netns'`, of dumps of several network namespaces; and `'cgroup'`, the path of the cgroup that the socket was
 * made in.
 */
export type LabelName = 'local_port' | 'remote_network' | 'owner' | 'netns' | 'cgroup';

/** How much of a remote address is told. */
export interface RemoteNetworkOptions {
  /** Bits of an IPv4 address, 0 to 32; 24 if it is not given. */
  inet?: number | undefined;
  /** Bits of an IPv6 address, 0 to 128; 64 if it is not given. */
  inet6?: number | undefined;
}

/** What records of some families have. */
interface Labelled {
  sport?: number;
  dst?: string;
  owners?: readonly SocketOwner[];
  netns?: number;
  cgroupId?: number;
}

const LABELS: Readonly<Record<LabelName, () => Label>> = {
  local_port: () => label('local_port', ({ sport = 0 }) => (sport === 0 ? '' : String(sport))),
  remote_network: () => remoteNetwork(),
  owner: () => label('owner', ({ owners }) => (owners === undefined ? 'unknown' : (owners[0]?.comm ?? ''))),
  netns: () => label('netns', ({ netns }) => (netns === undefined ? '' : String(netns))),
  cgroup: () => {
    const names = new CgroupNames();
    return label('cgroup', ({ cgroupId }) => (cgroupId === undefined ? '' : names.of(cgroupId)));
  },
};

export const LABEL_NAMES: readonly LabelName[] = Object.keys(LABELS) as LabelName[];

function label(name: string, of: (record: Labelled) => string): Label {
  return { name, of: of as (record: object) => string };
}

/**
 * The label `remote_network`, of as many bits as are wanted. An IPv4 client of a dual-stack server counts as IPv4.
 *
 * @throws TypeError or RangeError for a wrong option.
 */
export function remoteNetwork(options?: RemoteNetworkOptions): Label {
  const { inet = 24, inet6 = 64 } = checkOptions<RemoteNetworkOptions>('remoteNetwork', options, {
    inet: wholeFrom(0, 32),
    inet6: wholeFrom(0, 128),
  });
  const known = new Map<string, string>();
  return label('remote_network', ({ dst = '' }) => {
    let network = known.get(dst);
    if (network === undefined) {
      network = networkOf(dst, inet, inet6);
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(dst, network);
    }
    return network;
  });
}

/** So many networks a label remembers: sockets share addresses. When there are more, it begins anew. */
const MOST_KNOWN = 4096;

const MAPPED = '::ffff:';

function networkOf(text: string, inet: number, inet6: number): string {
  const own = text.startsWith(MAPPED) && text.includes('.') ? text.slice(MAPPED.length) : text;
  const address = own === '0.0.0.0' || own === '::' ? undefined : parseAddress(own);
  if (address === undefined) return '';
  const length = address.family === 'inet' ? inet : inet6;
  const bytes = Uint8Array.from(prefixOf(address.bytes, length).bytes);
  return `${address.family === 'inet' ? formatAddress4(bytes, 0) : formatAddress6(bytes, 0)}/${length}`;
}

/** Names that say something else already. */
const TAKEN: readonly string[] = [
  'family',
  'protocol',
  'state',
  'address',
  'port',
  'kind',
  'dump',
  'reason',
  'le',
];

/** More would tell nothing apart any more. */
const MOST_LABELS = 5;

export const checkLabels: Check = (value, name) => {
  if (!Array.isArray(value)) throw new TypeError(`${name} is ${show(value)}, but must be an array of labels`);
  if (value.length > MOST_LABELS) {
    throw new RangeError(`${name} has ${value.length} labels, but there must be at most ${MOST_LABELS}`);
  }
  const names = new Set<string>();
  for (const [i, given] of value.entries()) {
    const own = nameOf(given, `${name}[${i}]`);
    if (names.has(own)) throw new TypeError(`${name}[${i}]: there is a label '${own}' already`);
    names.add(own);
  }
};

function nameOf(given: unknown, name: string): string {
  if (typeof given === 'string') {
    if (Object.hasOwn(LABELS, given)) return given;
    throw new TypeError(
      `${name} is ${show(given)}, but must be one of ${LABEL_NAMES.join(', ')}, or a label`,
    );
  }
  const { name: own, of } = Object(given) as Partial<Label>;
  if (typeof own !== 'string' || typeof of !== 'function') {
    throw new TypeError(
      `${name} is ${show(given)}, but must be one of ${LABEL_NAMES.join(', ')}, or { name, of }`,
    );
  }
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(own) || own.startsWith('__')) {
    throw new TypeError(`${name}.name is ${show(own)}, but must be of letters, digits and _`);
  }
  if (TAKEN.includes(own))
    throw new TypeError(`${name}.name is ${show(own)}, which says something else already`);
  return own;
}

/** Labels as they were given, each by itself. */
export function labelsOf(given: readonly (LabelName | Label)[]): Label[] {
  return given.map((one) =>
    typeof one === 'string' ? LABELS[one]() : { name: one.name, of: (record) => textOf(one.of(record)) },
  );
}

/** Whatever somebody else's function answers, it is text from here on, and text that is the same when it is written out. */
function textOf(answer: unknown): string {
  const text = String(answer ?? '');
  // What was cut in the midst of a letter: all such halves are written as one.
  return /[\ud800-\udfff]/.test(text) ? Buffer.from(text).toString() : text;
}
