/** The records that a command line asks for. */
import type { DiagMsg } from '../decode.js';
import { dumpDccp } from '../inet/dccp.js';
import { dumpMptcp } from '../inet/mptcp.js';
import { dumpRaw } from '../inet/raw.js';
import { dumpSctp } from '../inet/sctp.js';
import { dumpTcp, type TcpShow } from '../inet/tcp.js';
import { dumpUdp } from '../inet/udp.js';
import { type Dump, narrowed } from '../netlink/dump.js';
import { isUnsupported } from '../netlink/errors.js';
import { dumpNetlink } from '../netlink-family/dump.js';
import { dumpPacket } from '../packet/dump.js';
import { dumpUnix } from '../unix/dump.js';
import type { UnixState } from '../unix/record.js';
import type { Values } from './options.js';
import { hasAllStates, type Kind, type Plan } from './plan.js';

type AnyDump = (options: object) => Dump<DiagMsg>;

const INET_DUMPS: Partial<Readonly<Record<Kind, AnyDump>>> = {
  raw: dumpRaw as AnyDump,
  udp: dumpUdp as AnyDump,
  tcp: dumpTcp as AnyDump,
  mptcp: dumpMptcp as AnyDump,
  dccp: dumpDccp as AnyDump,
  sctp: dumpSctp as AnyDump,
};

/** Those who are told of a failure that does not end it all. */
export type Complain = (error: Error) => void;

/** In batches, kind after kind. */
export function readRecords(plan: Plan, values: Values, complain: Complain): AsyncGenerator<DiagMsg[]> {
  return readEach(plan, values, complain, (dump) => dump.batches());
}

/** Shows each record to somebody, who does not keep it: a hundred thousand are as cheap as one then. */
export async function visitRecords(
  plan: Plan,
  values: Values,
  complain: Complain,
  visit: (record: DiagMsg) => void,
): Promise<void> {
  const keepsNone = (record: DiagMsg): boolean => {
    visit(record);
    return false;
  };
  for await (const _ of readEach(plan, values, complain, (dump) => narrowed(dump, keepsNone).batches()));
}

/** Likewise, as the kernel's messages. */
export function readMessages(plan: Plan, values: Values, complain: Complain): AsyncGenerator<Uint8Array> {
  return readEach(plan, values, complain, (dump) => answered(dump.raw()));
}

/** Nothing of a dump that the kernel refuses, which is its request and an error: no recording has to hold that. */
async function* answered(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const refused = 2;
  const held: Uint8Array[] = [];
  for await (const bytes of messages) {
    held.push(bytes);
    if (held.length > refused) yield* held.splice(0);
  }
  yield* held;
}

/**
 * Of several kinds, one that this system does not have is complained of if it was named, and the others are read all the
 * same.
 */
async function* readEach<T>(
  plan: Plan,
  values: Values,
  complain: Complain,
  read: (dump: Dump<DiagMsg>) => AsyncIterable<T>,
): AsyncGenerator<T> {
  for (const dump of dumpsOf(plan, values)) {
    try {
      yield* read(dump);
    } catch (error) {
      if (plan.kinds.length === 1 || !isUnsupported(error) || isClosed(error)) throw error;
      if (plan.isNamed) complain(error as Error);
    }
  }
}

/** There is no sock_diag at all. */
function isClosed(error: unknown): boolean {
  return (error as { unsupported?: string }).unsupported === 'sock_diag';
}

function* dumpsOf(plan: Plan, values: Values): Generator<Dump<DiagMsg>> {
  const { kinds, states } = plan;
  const common = {
    ...(plan.filter !== undefined && { filter: plan.filter }),
    ...(values.net !== undefined && { netns: values.net }),
    ...(values.processes && { owners: true }),
  };
  const isUnconnected = states.includes('CLOSE');
  if (kinds.includes('netlink') && isUnconnected) yield netlinkDump(common, values);
  yield* typed(kinds, 'packet_', isUnconnected, () => packetDump(common, values));
  yield* typed(kinds, 'unix_', true, () => unixDump(common, plan, values));
  for (const kind of kinds) {
    const dump = INET_DUMPS[kind];
    if (dump !== undefined) yield dump({ ...common, ...inetOptions(kind, plan, values) });
  }
}

/** One dump of all types, of which some are left out. */
function* typed(
  kinds: readonly Kind[],
  prefix: 'packet_' | 'unix_',
  isWanted: boolean,
  make: () => Dump<DiagMsg>,
): Generator<Dump<DiagMsg>> {
  const types = kinds.filter((kind) => kind.startsWith(prefix)).map((kind) => kind.slice(prefix.length));
  if (types.length === 0 || !isWanted) return;
  yield narrowed(
    make(),
    (record) => 'type' in record && (types.includes(record.type) || record.type === 'packet'),
  );
}

/** In JSON, all that is told without being asked for; in a table, what stands in it. */
function packetDump(common: object, { json }: Values): Dump<DiagMsg> {
  return (dumpPacket as AnyDump)({ ...common, ...(json !== true && { show: ['info', 'meminfo'] }) });
}

function netlinkDump(common: object, { json, extended }: Values): Dump<DiagMsg> {
  const show = extended ? ['meminfo', 'groups'] : ['meminfo'];
  return (dumpNetlink as AnyDump)({ ...common, ...(json !== true && { show }) });
}

function unixDump(common: object, { states }: Plan, { json, memory, extended }: Values): Dump<DiagMsg> {
  const own = (['ESTABLISHED', 'CLOSE', 'LISTEN'] as UnixState[]).filter((state) => states.includes(state));
  const show = [
    'name',
    'peer',
    'rqlen',
    ...(memory ? ['meminfo'] : []),
    ...(extended ? ['vfs', 'icons'] : []),
  ];
  return (dumpUnix as AnyDump)({ ...common, states: own, ...(json !== true && { show }) });
}

/** What `ss -i` tells. */
const TCP_INFO: readonly TcpShow[] = ['info', 'cong', 'vegasinfo', 'dctcpinfo', 'bbrinfo', 'ulpInfo'];

function inetOptions(kind: Kind, { states, family }: Plan, values: Values): object {
  const info = values.info && kind === 'tcp' ? TCP_INFO : [];
  const show = [
    ...info,
    ...(values.memory ? ['skmeminfo'] : []),
    ...(values.tos ? ['tos', 'tclass', 'classId'] : []),
  ];
  return {
    ...(family !== undefined && { family }),
    show,
    ...(!hasAllStates(kind) && { states }),
  };
}
