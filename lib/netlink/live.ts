/** Dumps that ask the kernel. */
import { constants } from 'node:os';

import type { NativeBatch, NativeFailure, NativeRequest } from '../binding.js';
import type { DiagMsg } from '../decode.js';
import { expressionOf, filtering } from '../filter/option.js';
import type { OpenIn } from '../namespaces/following.js';
import { inNamespaces } from '../namespaces/source.js';
import { owningSource } from '../owners/owning.js';
import type { SocketRecord } from '../record/record.js';
import { type ConsistentOptions, Dump, type DumpOptions } from './dump.js';
import { errorOf, isUnsupported, type Subject } from './errors.js';
import { type Known, once } from './known.js';
import { LazyReader } from './lazy-reader.js';
import type { NetnsFile } from './netns.js';
import { ParallelSource, type Split } from './parallel.js';
import { PassesSource } from './passes.js';
import { MESSAGE_HEADER_LENGTH, NLM_F_DUMP, NLM_F_REQUEST } from './protocol.js';
import { type Decode, END, type Origin, type Source, type Use } from './reading.js';
import { RetryingSource } from './retrying.js';

const EINVAL = constants.errno.EINVAL;

/** A request, and what it is for. */
export interface Asked {
  request: NativeRequest;
  subject: Subject;
}

/** What is asked, and how the answer is read. */
export interface Question<T> {
  asked: readonly Asked[];
  decode: Decode<T>;
  /** Makes what reads it at a glance, for one reading; undefined where there is nothing faster than records. */
  glances?: (() => Decode<T>) | undefined;
  /** By what a socket is known again, so that it is given once; undefined where nothing tells sockets apart. */
  known?: (() => Known) | undefined;
  /** How it can be read in parts, side by side, which takes that sockets are known again. */
  split?: Split<Question<T>> | undefined;
}

/** What is read where the system does not support the question, of one network namespace. */
export type Instead<T> = (netns: NetnsFile) => Source<T>;

/** Options of a dump; which sockets it may have, of IP sockets; and what is read instead. */
export interface Wanted<T> extends DumpOptions, ConsistentOptions {
  about?: Pick<Origin, 'protocol' | 'family'> | undefined;
  instead?: Instead<T> | undefined;
  /** In so many parts, side by side, where the question can be divided. */
  parallel?: number | undefined;
}

/** A dump of what is asked for, one after the other, and filtered here. */
export function liveDump<T extends DiagMsg>(question: Question<T>, options: Wanted<T>): Dump<T> {
  const { filter, netns } = options;
  if (filter === undefined) return askKernel(question, options);
  const filtered = filtering<T>(expressionOf(filter), netns);
  return askKernel({ ...question, decode: filtered(question.decode) }, options);
}

/** What is asked instead, if the kernel refuses a question in this way. It does so before any answer. */
export interface Otherwise<T> {
  isFor(failure: NativeFailure): boolean;
  question: () => Question<T>;
}

/** `otherwise` is for one refusal after the other. */
export function askKernel<T extends SocketRecord>(
  question: Question<T>,
  { signal, netns, owners, consistent, about, instead, parallel = 1 }: Wanted<T>,
  otherwise: readonly Otherwise<T>[] = [],
): Dump<T> {
  const openBy = (ask: Ask<T>) => (file: NetnsFile) => openOrElse((it) => ask(it, file), question, otherwise);
  const origin = { netns, signal, ...about };
  if (question.asked.length === 0) return new Dump({ open: () => new NoSource(), signal, origin });
  // A recording is of one pass, and of the whole: `decode` could not know that two dumps in it are of the same sockets.
  const openRaw = inNamespaces(netns, openBy(askWhole));
  const isTwice = consistent === true && question.known !== undefined;
  const ask = isTwice ? askTwice<T>(parallel) : askOnce<T>(parallel);
  const orInstead = (open: OpenIn<T>) =>
    inNamespaces(netns, instead === undefined ? open : orElse(open, instead));
  const openRecords = orInstead(openBy(ask));
  const openGlances = orInstead(openBy((asked, file) => ask(atAGlance(asked), file)));
  const open = (use: Use) => {
    if (use === 'messages') return openRaw();
    const source = use === 'glances' ? openGlances() : openRecords();
    return owningSource(source, owners);
  };
  return new Dump({ open, signal, origin });
}

function atAGlance<T>(question: Question<T>): Question<T> {
  const { glances, split } = question;
  if (glances === undefined) return question;
  const parts = split && {
    ...split,
    into: (samples: readonly number[], wanted: number) => split.into(samples, wanted).map(atAGlance),
  };
  return { ...question, decode: glances(), split: parts };
}

function openOrElse<T>(
  ask: (question: Question<T>) => Source<T>,
  question: Question<T>,
  [next, ...others]: readonly Otherwise<T>[],
): Source<T> {
  const source = ask(question);
  if (next === undefined) return source;
  return new RetryingSource(source, {
    isFor: next.isFor,
    open: () => openOrElse(ask, next.question(), others),
  });
}

export function isRefusal({ kind, request }: NativeFailure): boolean {
  return kind === 'kernel' && request === 0;
}

/** The kernel refuses as invalid what it does not know. */
export function isInvalid(failure: NativeFailure): boolean {
  return isRefusal(failure) && failure.errno === EINVAL;
}

function orElse<T>(openIn: OpenIn<T>, instead: Instead<T>): OpenIn<T> {
  return (file) => {
    const source = openIn(file);
    return new RetryingSource(source, {
      isFor: (failure) => isUnsupported(source.errorOf(failure)),
      open: () => instead(file),
    });
  };
}

type Ask<T> = (question: Question<T>, netns: NetnsFile) => Source<T>;

function askWhole<T>({ asked, decode }: Question<T>, netns: NetnsFile): Source<T> {
  return new LiveSource({ asked, decode }, netns);
}

function askOnce<T>(parallel: number): Ask<T> {
  return (question, netns) => openPass(question, { netns, known: question.known?.(), parallel });
}

/** Half of the parts that an answer comes in, which begin and end elsewhere then. */
const SHIFTED = 1 << 14;

/**
 * What was there all the time may be missing from a part's end on: where sockets in front of that place are closed, the kernel
 * counts too far. So all is asked again in other parts, each request on a socket of its own, as only the first one's are.
 */
function askTwice<T>(parallel: number): Ask<T> {
  return (question, netns) => {
    const pass = { netns, known: question.known?.(), parallel };
    // What there are parts of is all of it.
    const whole = question.asked.length === 1 ? question : { ...question, split: undefined };
    const again = question.asked.map(
      (one) => () => openPass({ ...whole, asked: [one] }, { ...pass, firstReceive: SHIFTED }),
    );
    return new PassesSource(openPass(question, pass), again);
  };
}

/** How all of it is asked once. */
interface Pass {
  netns: NetnsFile;
  /** Of the whole reading. */
  known: Known | undefined;
  /** In so many parts. */
  parallel: number;
  /** See NativeReader. */
  firstReceive?: number;
}

function openPass<T>(question: Question<T>, { netns, known, firstReceive, parallel }: Pass): Source<T> {
  const openIn = ({ asked, decode }: Question<T>, ino: number | undefined) =>
    new LiveSource({ asked, decode: known ? once(decode, known) : decode, firstReceive }, { ...netns, ino });
  const { split } = question;
  // What the path leads to may change from one opening to the next.
  const whole = (ino = netns.ino) => openIn(question, ino);
  if (split === undefined || parallel === 1) return whole();
  return new ParallelSource({
    whole,
    sample: split.sample,
    parts: (samples, ino = netns.ino) => split.into(samples, parallel).map((part) => openIn(part, ino)),
  });
}

/** One pass of requests. */
interface Requests<T> {
  asked: readonly Asked[];
  decode: Decode<T>;
  firstReceive?: number | undefined;
}

/** Asks one network namespace. */
class LiveSource<T> implements Source<T> {
  readonly decode: Decode<T>;
  readonly #asked: readonly Asked[];
  readonly #netns: NetnsFile;
  readonly #reader: LazyReader;

  constructor({ asked, decode, firstReceive }: Requests<T>, netns: NetnsFile) {
    this.#asked = asked;
    this.decode = decode;
    this.#netns = netns;
    this.#reader = new LazyReader(() => asked.map(({ request }) => request), netns, firstReceive);
  }

  next(): Promise<NativeBatch> {
    return this.#reader.next();
  }

  nextSync(): NativeBatch {
    return this.#reader.nextSync();
  }

  requests(): Uint8Array {
    return Buffer.concat(this.#asked.map(({ request }, i) => frame(request, i + 1)));
  }

  errorOf(failure: NativeFailure): Error {
    return errorOf(failure, (this.#asked[failure.request] as Asked).subject, this.#netns.path);
  }

  close(): Promise<void> | undefined {
    return this.#reader.close();
  }
}

/** Where nothing can be found, nothing is asked. */
class NoSource<T> implements Source<T> {
  readonly decode: Decode<T> = () => undefined;

  async next(): Promise<NativeBatch> {
    return END;
  }

  nextSync(): NativeBatch {
    return END;
  }

  requests(): Uint8Array {
    return new Uint8Array();
  }

  errorOf(failure: NativeFailure): Error {
    return new Error(failure.text); // untested: it has no failures
  }

  close(): undefined {}
}

/** A request as it is sent, in the machine's byte order. */
function frame({ type, payload }: NativeRequest, sequence: number): Uint8Array {
  const message = new Uint8Array(MESSAGE_HEADER_LENGTH + payload.length);
  new Uint32Array(message.buffer, 0, 1)[0] = message.length;
  new Uint16Array(message.buffer, 4, 2).set([type, NLM_F_REQUEST | NLM_F_DUMP]);
  new Uint32Array(message.buffer, 8, 1)[0] = sequence;
  message.set(payload, MESSAGE_HEADER_LENGTH);
  return message;
}
