/** What the dumps of all IP protocols have in common: the options, and inet_diag_req_v2. */
import type { NativeRequest } from '../binding.js';
import type { DiagMsg } from '../decode.js';
import { ALWAYS, conjunction } from '../filter/combine.js';
import { deviceResolver, expressionOf, filtering } from '../filter/option.js';
import { type Features, type Plan, plan } from '../filter/plan.js';
import type { Expression } from '../filter/tree.js';
import { type AttributeTable, readAttributes, type UnknownAttributes } from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import type { ConsistentOptions, Dump, DumpOptions } from '../netlink/dump.js';
import { commonChecks, consistentCheck } from '../netlink/dump-options.js';
import type { Subject } from '../netlink/errors.js';
import { byCookie, type Known } from '../netlink/known.js';
import {
  type Asked,
  askKernel,
  type Instead,
  isInvalid,
  isRefusal,
  type Otherwise,
  type Question,
} from '../netlink/live.js';
import type { Netns } from '../netlink/netns.js';
import { anyOf, type Check, checkOptions, oneOf, someOf } from '../netlink/options.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import type { Decode } from '../netlink/reading.js';
import { attribute, maskOf, payloadOf, u32, wordsOf } from '../netlink/request.js';
import { DEFAULT_STATES, SOCKET_STATES, type SocketState, stateMask } from '../record/state.js';
import { INET_FAMILIES, INET_FAMILY, type InetFamily } from './family.js';
import { inetGlances } from './glance.js';
import { portsOf, rangesOf } from './ranges.js';
import { INET_DIAG_MSG_LENGTH, type InetProtocol, readInetDiagMsg } from './record.js';
import type { Sockid } from './sockid.js';

/** What is particular to a protocol. */
export interface InetKind<R extends UnknownAttributes, S extends string> {
  protocol: InetProtocol;
  /** IPPROTO_*. */
  number: number;
  /** In messages. */
  words: string;
  /** The kernel's module and build option. */
  handler: { module: string; option: string };
  /** What can be asked for, with its bit in `idiag_ext`. */
  show: Readonly<Record<S, number>>;
  attributes: AttributeTable<R>;
  /** nlmsg_type of the request that there was before SOCK_DIAG_BY_FAMILY, which is for both families. */
  getsock?: number;
  /** Attributes that hold others and do not say so; see NativeShape. */
  nests?: Uint16Array;
  /** What its handler in the kernel can do for a filter, where that is not all. */
  features?: Partial<Features>;
  /** By what a socket is known again in an answer; undefined where several have the same. */
  known?: () => Known;
  /** A dump of many of its sockets takes so long that parts of it are read side by side. */
  isDivisible?: boolean;
  /** A glance has of its sockets what a summary looks at. */
  hasGlances?: boolean;
  /** Puts a record right whose meaning depends on its attributes. */
  finish?(record: R, memory: BatchMemory, at: number): void;
}

/** What the dumps of all IP protocols accept. */
export interface InetDumpOptions<S extends string> extends DumpOptions {
  /** Sockets of this family only; without it, of both. */
  family?: InetFamily | undefined;
  /**
   * What to ask for beside the base record: properties of these names. Each costs the kernel time and makes the answer
   * longer, so that none is asked for unless it is named here.
   */
  show?: readonly S[] | undefined;
}

/** What the dumps accept whose handler in the kernel can choose by state. */
export interface InetStatesOptions<S extends string> extends InetDumpOptions<S>, ConsistentOptions {
  /**
   * Exactly these states. Without it, all but BOUND_INACTIVE: to ask for that costs the kernel another walk of
   * the whole table, and its sockets come as CLOSE.
   */
  states?: readonly SocketState[] | undefined;
}

/** A dump in the making. */
export interface InetWish<R extends UnknownAttributes, S extends string> {
  caller: string;
  kind: InetKind<R, S>;
  /** What the caller of the dump gave. */
  given: unknown;
  /** Options beside those of InetDumpOptions. */
  checks?: Readonly<Record<string, Check>>;
}

export const statesCheck: Readonly<Record<'states', Check>> = { states: someOf(SOCKET_STATES) };

/** The options of a wish, checked. */
export function inetOptions<O extends InetDumpOptions<S>, R extends UnknownAttributes, S extends string>({
  caller,
  kind,
  given,
  checks,
}: InetWish<R, S>): Partial<O> {
  return checkOptions<O>(caller, given, {
    ...commonChecks,
    family: oneOf(INET_FAMILIES),
    show: anyOf(wordsOf(kind.show)),
    ...(kind.known !== undefined && consistentCheck),
    ...checks,
  } as never);
}

/** Of inet_diag_msg. */
export const byInetCookie: () => Known = byCookie(44);

/** What goes into the requests. */
export interface InetQuestion<S extends string> extends InetStatesOptions<S> {
  /** States beside those of TCP. */
  otherStates?: number;
  /** More attributes for the requests. */
  attributes?: readonly Uint8Array[];
  /** Records may be larger than 32 KiB. */
  oversize?: boolean;
  /** What errors of the kernel mean for this question. */
  hints?: Readonly<Record<number, string>>;
  /** What is read where the system does not support the question. */
  instead?: Instead<never> | undefined;
  /** IPv4 and IPv6 may be mixed: the kernel walks over its table once for both, if that can be. */
  mixed?: boolean | undefined;
  /** In how many parts it is read, side by side. */
  parallel?: number | undefined;
}

export function inetDump<R extends UnknownAttributes & DiagMsg, S extends string>(
  kind: InetKind<R, S>,
  decode: Decode<R>,
  question: InetQuestion<S>,
): Dump<R> {
  const wanted = { ...question, about: { protocol: kind.protocol, family: question.family } };
  const parted = { ...question, mixed: false };
  const mixed = canMix(kind, question);
  const ask = questioner(kind, decode, question);
  const byFamily: Otherwise<R> = { isFor: isRefusal, question: () => ask({}, parted) };
  // What came after Linux 4.19, the oldest that is promised.
  const simpler: Otherwise<R> = { isFor: isInvalid, question: () => ask({ cgroup: false }, parted) };
  return askKernel(ask({}, { ...question, mixed }), wanted, [
    ...(mixed ? [byFamily] : []),
    ...(question.filter === undefined ? [] : [simpler]),
  ]);
}

/** What is asked of a kernel that has these features. */
function questioner<R extends UnknownAttributes & DiagMsg, S extends string>(
  kind: InetKind<R, S>,
  decode: Decode<R>,
  { filter, netns }: InetQuestion<S>,
): (features: Partial<Features>, question: InetQuestion<S>) => Question<R> {
  const expression = filter === undefined ? ALWAYS : expressionOf(filter);
  const device = deviceResolver(netns);
  return (features, question) => {
    const ask = (wanted: Expression) =>
      planned(kind, decode, question, plan(wanted, { features: { ...kind.features, ...features }, device }));
    const whole = filter === undefined ? unfiltered(kind, decode, question) : ask(expression);
    if (kind.isDivisible !== true) return whole;
    const into = (samples: readonly number[], wanted: number): Question<R>[] =>
      rangesOf(samples, wanted)
        .map((range) => ask(conjunction([expression, range])))
        .filter(({ asked }) => asked.length > 0);
    return { ...whole, split: { sample: portsOf, into } };
  };
}

/** Of attributes, old kernels know but the filter's program in that request. */
function canMix<R extends UnknownAttributes, S extends string>(
  { getsock }: InetKind<R, S>,
  { mixed, family, attributes = [] }: InetQuestion<S>,
): boolean {
  return getsock !== undefined && mixed === true && family === undefined && attributes.length === 0;
}

function unfiltered<R extends UnknownAttributes, S extends string>(
  kind: InetKind<R, S>,
  decode: Decode<R>,
  question: InetQuestion<S>,
): Question<R> {
  const mask = stateMask(question.states ?? DEFAULT_STATES) | (question.otherStates ?? 0);
  return {
    asked: askedOf(kind, question, { mask, sport: 0, dport: 0 }),
    decode,
    glances: glancesOf(kind),
    known: kind.known,
  };
}

function glancesOf<R extends UnknownAttributes, S extends string>({
  protocol,
  hasGlances,
}: InetKind<R, S>): (() => Decode<R>) | undefined {
  return hasGlances === true ? () => inetGlances<R>(protocol) : undefined;
}

/** What the plan leaves to the kernel is asked for, and the rest is filtered here. */
function planned<R extends UnknownAttributes & DiagMsg, S extends string>(
  kind: InetKind<R, S>,
  decode: Decode<R>,
  question: InetQuestion<S>,
  { states, sport, dport, program, remainder, never }: Plan,
): Question<R> {
  const wanted = statesOf(question.states, states);
  const other = states === undefined ? (question.otherStates ?? 0) : 0;
  const mask = stateMask(wanted) | other;
  const attributes = program === undefined ? [] : [attribute(INET_DIAG_REQ_BYTECODE, program)];
  const all = { ...question, attributes: [...attributes, ...(question.attributes ?? [])] };
  const filtered = filtering<R>(remainder, question.netns)(decode);
  return {
    asked: never || mask === 0 ? [] : askedOf(kind, all, { mask, sport, dport }),
    decode: filtered,
    // What is filtered here is filtered by whole records.
    glances: remainder === undefined ? glancesOf(kind) : undefined,
    known: kind.known,
  };
}

/** States that both the option and the filter want; without a word of either, the usual ones. */
function statesOf(
  option: readonly SocketState[] | undefined,
  filter: readonly SocketState[] | undefined,
): readonly SocketState[] {
  if (filter === undefined) return option ?? DEFAULT_STATES;
  return option === undefined ? filter : option.filter((state) => filter.includes(reportedAs(state)));
}

/** Who asks for NEW_SYN_RECV gets SYN_RECV. */
function reportedAs(state: SocketState): SocketState {
  return state === 'NEW_SYN_RECV' ? 'SYN_RECV' : state;
}

/** The header's part of a question. */
interface InetHeader {
  mask: number;
  /** 0 for any. */
  sport: number;
  dport: number;
}

/** For one family each: a dump of both is two requests, if they may not be mixed. */
function askedOf<R extends UnknownAttributes, S extends string>(
  kind: InetKind<R, S>,
  question: InetQuestion<S>,
  header: InetHeader,
): Asked[] {
  if (question.mixed === true) {
    const request = mixedRequest(kind, question, header);
    return [{ request, subject: { ...inetSubject(undefined, kind), hints: question.hints } }];
  }
  const families = question.family === undefined ? INET_FAMILIES : [question.family];
  return families.map((family) => ({
    request: inetRequest(family, kind, question, header),
    subject: { ...inetSubject(family, kind), hints: question.hints },
  }));
}

/** Protocols that were found to have a handler, by family. */
const handled = new Set<string>();

/** Throws if the kernel has no handler for the protocol. Where a single socket is asked for, it only says that there is none. */
export function checkHandler<R extends UnknownAttributes, S extends string>(
  family: InetFamily,
  kind: InetKind<R, S>,
  netns: Netns | undefined,
): void {
  const key = `${family} ${kind.protocol}`;
  if (handled.has(key)) return;
  askForNothing(family, kind, { netns });
  handled.add(key);
}

/** How nothing is asked for. */
export interface Nothing {
  netns?: Netns | undefined;
  /** With this filter. */
  program?: Uint8Array | undefined;
  /** What it is asked for the sake of, for the words of errors. */
  act?: Subject['act'];
}

/** Asks for sockets in no state at all, of one family or both, and throws what the kernel has against that. */
export function askForNothing<R extends UnknownAttributes, S extends string>(
  family: InetFamily | undefined,
  kind: InetKind<R, S>,
  { netns, program, act }: Nothing,
): void {
  const attributes = program === undefined ? [] : [attribute(INET_DIAG_REQ_BYTECODE, program)];
  const plain = askedOf(kind, { family, attributes }, { mask: 0, sport: 0, dport: 0 });
  const asked = plain.map(({ request, subject }) => ({ request, subject: { ...subject, act } }));
  for (const _ of askKernel({ asked, decode: () => undefined }, { netns }));
}

/** The decoder of a kind's records. Made once: the engine optimizes a call to a function that is always the same. */
export function inetDecoder<R extends UnknownAttributes, S extends string>({
  protocol,
  attributes,
  finish,
}: InetKind<R, S>): Decode<R> {
  const decode = (memory: BatchMemory, row: number) =>
    readAttributes(readInetDiagMsg(memory, row, protocol) as never as R, memory, row, attributes);
  if (finish === undefined) return decode;
  return (memory, row) => {
    const record = decode(memory, row);
    finish(record, memory, memory.words[row] as number);
    return record;
  };
}

const INET_DIAG_REQ_V2_LENGTH = 56;
const INET_DIAG_REQ_BYTECODE = 1;
const INET_DIAG_REQ_PROTOCOL = 3;
/** Of `id`, whose ports come first, in inet_diag_req_v2. */
const SOCKID_OFFSET = 8;
/** Stands for a protocol that does not fit, so that a kernel that ignores the attribute does not take another. */
const NO_PROTOCOL = 254;

/** What a protocol that does not fit into the header is put into, behind the header. */
function protocolAttribute(number: number): Uint8Array {
  return attribute(INET_DIAG_REQ_PROTOCOL, u32(number));
}

const sdiagProtocol = (number: number): number => (number > 0xff ? NO_PROTOCOL : number);

/** Puts an inet_diag_req_v2 for one socket into `question`, and answers its length. It is for lookups and destruction. */
export function putInetQuestion<R extends UnknownAttributes, S extends string>(
  question: Uint8Array,
  { number, protocol }: InetKind<R, S>,
  { family, bytes }: Sockid,
  extensions: number,
): number {
  question[0] = INET_FAMILY[family].number;
  question[1] = sdiagProtocol(number);
  question[2] = extensions;
  // `sdiag_raw_protocol`, where others have padding.
  question[3] = protocol === 'raw' ? (bytes[1] as number) : 0;
  // No states are asked for.
  for (let i = 4; i < SOCKID_OFFSET; i++) question[i] = 0;
  for (let i = 0; i < bytes.length; i++) question[SOCKID_OFFSET + i] = bytes[i] as number;
  if (number <= 0xff) return INET_DIAG_REQ_V2_LENGTH;
  const protocolBytes = protocolAttribute(number);
  question.set(protocolBytes, INET_DIAG_REQ_V2_LENGTH);
  return INET_DIAG_REQ_V2_LENGTH + protocolBytes.length;
}

function inetRequest<R extends UnknownAttributes, S extends string>(
  family: InetFamily,
  { number, show, nests }: InetKind<R, S>,
  question: InetQuestion<S>,
  { mask, sport, dport }: InetHeader,
): NativeRequest {
  const { bytes, words } = payloadOf(INET_DIAG_REQ_V2_LENGTH, [
    INET_FAMILY[family].number,
    sdiagProtocol(number),
    maskOf(show, question.show ?? []),
  ]);
  words[1] = mask;
  bytes.set([sport >> 8, sport & 0xff, dport >> 8, dport & 0xff], SOCKID_OFFSET);
  const protocol = number > 0xff ? [protocolAttribute(number)] : [];
  return {
    type: SOCK_DIAG_BY_FAMILY,
    family: INET_FAMILY[family].number,
    headerLength: INET_DIAG_MSG_LENGTH,
    nests,
    oversize: question.oversize,
    payload: Buffer.concat([bytes, ...protocol, ...(question.attributes ?? [])]),
  };
}

const INET_DIAG_REQ_LENGTH = 60;

/** inet_diag_req, the older one. Without a family it is for both. */
function mixedRequest<R extends UnknownAttributes, S extends string>(
  { getsock = 0, show, nests }: InetKind<R, S>,
  question: InetQuestion<S>,
  { mask, sport, dport }: InetHeader,
): NativeRequest {
  const { bytes, words } = payloadOf(INET_DIAG_REQ_LENGTH, [0, 0, 0, maskOf(show, question.show ?? [])]);
  bytes.set([sport >> 8, sport & 0xff, dport >> 8, dport & 0xff], 4);
  words[52 / 4] = mask;
  return {
    type: getsock,
    family: 0,
    headerLength: INET_DIAG_MSG_LENGTH,
    nests,
    payload: Buffer.concat([bytes, ...(question.attributes ?? [])]),
  };
}

/** Without a family, of both. */
export function inetSubject<R extends UnknownAttributes, S extends string>(
  family: InetFamily | undefined,
  { words, handler }: InetKind<R, S>,
): Subject {
  return {
    sockets: family === undefined ? `${words} sockets` : `${INET_FAMILY[family].words} ${words} sockets`,
    family: { module: 'inet_diag', option: 'CONFIG_INET_DIAG' },
    protocol: handler,
  };
}
