/** The records that a command line asks for. */
import type { DiagMsg } from '../decode.js';
import { dumpDccp } from '../inet/dccp.js';
import { inetDump } from '../inet/dump.js';
import { dumpMptcp } from '../inet/mptcp.js';
import { dumpRaw } from '../inet/raw.js';
import type { InetProtocol } from '../inet/record.js';
import { dumpSctp } from '../inet/sctp.js';
import { dumpTcp, TCP, type TcpShow } from '../inet/tcp.js';
import { dumpUdp, UDP } from '../inet/udp.js';
import { type Dump, narrowed } from '../netlink/dump.js';
import { isUnsupported } from '../netlink/errors.js';
import { dumpNetlink } from '../netlink-family/dump.js';
import { dumpPacket } from '../packet/dump.js';
import { dumpUnix } from '../unix/dump.js';
import type { UnixState } from '../unix/record.js';
import { askedFields, inetShow, netlinkShow, packetShow, unixShow } from './asked.js';
import type { Direct } from './direct.js';
import type { Values } from './options.js';
import { say } from './output.js';
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

/** In batches, kind after kind, without those that go the direct way. */
export function readRecords(
  plan: Plan,
  values: Values,
  complain: Complain,
  direct?: Direct,
): AsyncGenerator<DiagMsg[]> {
  return readEach(plan, values, complain, { read: (dump) => dump.batches(), direct });
}

/** Likewise, as the kernel's messages. */
export function readMessages(plan: Plan, values: Values, complain: Complain): AsyncGenerator<Uint8Array> {
  return readEach(plan, values, complain, { read: (dump) => answered(dump.raw()) });
}

/** @throws TypeError for what /proc/net cannot tell, if that is to be read in place of netlink. */
export function checkDumps(plan: Plan, values: Values): void {
  if (values.fallback !== undefined) insteadOf(plan, values);
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

/** How dumps are read. */
interface Way<T> {
  read: (dump: Dump<DiagMsg>) => AsyncIterable<T>;
  /** For those that need no records. */
  direct?: Direct | undefined;
}

/**
 * Of several kinds, one that this system does not have is complained of if it was named, and the others are read all the
 * same.
 */
async function* readEach<T>(
  plan: Plan,
  values: Values,
  complain: Complain,
  { read, direct }: Way<T>,
): AsyncGenerator<T> {
  const instead = insteadOf(plan, values);
  for (const [i, dump] of [...dumpsOf(plan, values, { direct })].entries()) {
    try {
      yield* orElse(read, dump, instead[i]);
    } catch (error) {
      const isHopeless = isClosed(error) && instead.length === 0;
      if (plan.kinds.length === 1 || !isUnsupported(error) || isHopeless) throw error;
      if (plan.isNamed) complain(error as Error);
    }
  }
}

/** Why /proc/net was read. */
const told = new Set<string>();

/** What cannot be read at all is read elsewhere, if it can be there, and that is said. */
async function* orElse<T>(
  read: (dump: Dump<DiagMsg>) => AsyncIterable<T>,
  dump: Dump<DiagMsg>,
  instead: Dump<DiagMsg> | undefined,
): AsyncGenerator<T> {
  let hasBegun = false;
  try {
    for await (const records of read(dump)) {
      hasBegun = true;
      yield records;
    }
  } catch (error) {
    if (instead === undefined || hasBegun || !isUnsupported(error)) throw error;
    for await (const records of read(instead)) {
      sayInstead(error as Error);
      yield records;
    }
    sayInstead(error as Error);
  }
}

/** Where there is no sock_diag, one line is enough for all kinds. */
function sayInstead(error: Error): void {
  const reason = isClosed(error) ? '' : error.message;
  if (!told.has(reason)) say(`${error.message}; /proc/net is read instead`);
  told.add(reason);
}

/** The same dumps, from /proc/net if need be, of what has a table there; none if nobody wants that. */
function insteadOf(plan: Plan, values: Values): readonly Dump<DiagMsg>[] {
  return values.fallback === undefined ? [] : [...dumpsOf(plan, values, { fallback: { fallback: 'proc' } })];
}

/** There is no sock_diag at all. */
function isClosed(error: unknown): boolean {
  return (error as { unsupported?: string }).unsupported === 'sock_diag';
}

/** Kinds of IP sockets that have a table in /proc/net. */
const TABLES: readonly Kind[] = ['raw', 'udp', 'tcp'];

function* dumpsOf(
  plan: Plan,
  values: Values,
  { fallback = {}, direct }: { fallback?: object; direct?: Direct | undefined } = {},
): Generator<Dump<DiagMsg>> {
  const { kinds, states } = plan;
  const common = {
    ...(plan.filter !== undefined && { filter: plan.filter }),
    ...(values.net !== undefined && { netns: values.net }),
    ...((values.processes || askedFields(values)?.includes('owners')) && { owners: true }),
  };
  const isUnconnected = states.includes('CLOSE');
  if (kinds.includes('netlink') && isUnconnected) yield netlinkDump({ ...common, ...fallback }, values);
  yield* typed(kinds, 'packet_', isUnconnected, () => packetDump({ ...common, ...fallback }, plan, values));
  yield* typed(kinds, 'unix_', true, () => unixDump({ ...common, ...fallback }, plan, values));
  for (const kind of kinds) {
    const dump = INET_DUMPS[kind];
    if (dump === undefined) continue;
    const options = {
      ...common,
      ...inetOptions(kind, plan, values),
      ...(TABLES.includes(kind) && fallback),
    };
    if (direct !== undefined && kind === 'tcp') yield inetDump(TCP, direct(kind), options);
    else if (direct !== undefined && kind === 'udp') yield inetDump(UDP, direct(kind), options);
    else yield dump(options);
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

/** Of fields, what they need; else in JSON, all that is told without being asked for; in a table, what stands in it. */
function packetDump(common: object, { filter }: Plan, values: Values): Dump<DiagMsg> {
  const fields = askedFields(values);
  const show = fields === undefined ? ['info', 'meminfo'] : packetShow(fields, filter !== undefined);
  return (dumpPacket as AnyDump)({ ...common, ...(!isWhole(values) && { show }) });
}

function netlinkDump(common: object, values: Values): Dump<DiagMsg> {
  const fields = askedFields(values);
  const inTable = values.extended ? ['meminfo', 'groups'] : ['meminfo'];
  const show = fields === undefined ? inTable : netlinkShow(fields);
  return (dumpNetlink as AnyDump)({ ...common, ...(!isWhole(values) && { show }) });
}

function unixDump(common: object, { states, filter }: Plan, values: Values): Dump<DiagMsg> {
  const own = (['ESTABLISHED', 'CLOSE', 'LISTEN'] as UnixState[]).filter((state) => states.includes(state));
  const fields = askedFields(values);
  const inTable = [
    'name',
    'peer',
    'rqlen',
    ...(values.memory ? ['meminfo'] : []),
    ...(values.extended ? ['vfs', 'icons'] : []),
  ];
  const show = fields === undefined ? inTable : unixShow(fields, filter !== undefined);
  return (dumpUnix as AnyDump)({ ...common, states: own, ...(!isWhole(values) && { show }) });
}

/** Records are printed with all that is in them. */
function isWhole({ json, fields }: Values): boolean {
  return json === true && fields === undefined;
}

/** What `ss -i` tells. */
const TCP_INFO: readonly TcpShow[] = ['info', 'cong', 'vegasinfo', 'dctcpinfo', 'bbrinfo', 'ulpInfo'];

function inetOptions(kind: Kind, { states, family }: Plan, values: Values): object {
  const info = values.info && kind === 'tcp' ? TCP_INFO : [];
  const fields = askedFields(values);
  const show = [
    ...(fields === undefined ? [] : inetShow(fields, kind as InetProtocol)),
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
