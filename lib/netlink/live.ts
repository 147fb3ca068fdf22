/** Dumps that ask the kernel. */
import { constants } from 'node:os';

import {
  loadBinding,
  type NativeBatch,
  type NativeFailure,
  type NativeReader,
  type NativeRequest,
} from '../binding.js';
import type { DiagMsg } from '../decode.js';
import { expressionOf, filtering } from '../filter/option.js';
import { inNamespaces } from '../namespaces/source.js';
import { OwningSource } from '../owners/owning.js';
import type { DiagRecord } from '../record/record.js';
import { Dump, type DumpOptions } from './dump.js';
import { errorOf, type Subject } from './errors.js';
import type { NetnsFile } from './netns.js';
import { MESSAGE_HEADER_LENGTH, NLM_F_DUMP, NLM_F_REQUEST } from './protocol.js';
import { type Decode, END, type Origin, type Source, type Use } from './reading.js';

const EINVAL = constants.errno.EINVAL;

/** A request, and what it is for. */
export interface Asked {
  request: NativeRequest;
  subject: Subject;
}

/** What is asked, and how the answer is read. Each reading has a decoder of its own. */
export interface Question<T> {
  asked: readonly Asked[];
  decoder: () => Decode<T>;
}

/** Options of a dump, and which sockets it may have, of IP sockets. */
interface Wanted extends DumpOptions {
  about?: Pick<Origin, 'protocol' | 'family'>;
}

/** A dump of what is asked for, one after the other, and filtered here. */
export function liveDump<T extends DiagMsg>(
  asked: readonly Asked[],
  decoder: () => Decode<T>,
  options: DumpOptions,
): Dump<T> {
  const { filter, netns } = options;
  if (filter === undefined) return askKernel({ asked, decoder }, options);
  const filtered = filtering<T>(expressionOf(filter), netns);
  return askKernel({ asked, decoder: () => filtered(decoder()) }, options);
}

/** `simpler` is asked instead if the kernel does not understand the question. */
export function askKernel<T extends DiagRecord>(
  question: Question<T>,
  { signal, netns, owners, about }: Wanted,
  simpler?: () => Question<T>,
): Dump<T> {
  const openIn = (file: NetnsFile): Source<T> => {
    const source = new LiveSource(question, file);
    return simpler === undefined ? source : new RetryingSource(source, () => new LiveSource(simpler(), file));
  };
  const origin = { netns, signal, ...about };
  if (question.asked.length === 0) return new Dump({ open: () => new NoSource(), signal, origin });
  const openAll = inNamespaces(netns, openIn);
  const open = (use: Use) => (owners === true && use === 'records' ? new OwningSource(openAll()) : openAll());
  return new Dump({ open, signal, origin });
}

/** The native reader is made with the first batch. */
class LiveSource<T> implements Source<T> {
  readonly decode: Decode<T>;
  readonly #Reader = loadBinding().Reader;
  readonly #asked: readonly Asked[];
  readonly #netns: NetnsFile;
  #reader: NativeReader | undefined;
  #closed = false;

  constructor({ asked, decoder }: Question<T>, netns: NetnsFile) {
    this.#asked = asked;
    this.decode = decoder();
    this.#netns = netns;
  }

  async next(): Promise<NativeBatch> {
    return this.#open()?.next() ?? END;
  }

  nextSync(): NativeBatch {
    return this.#open()?.nextSync() ?? END;
  }

  requests(): Uint8Array {
    return Buffer.concat(this.#asked.map(({ request }, i) => frame(request, i + 1)));
  }

  errorOf(failure: NativeFailure): Error {
    return errorOf(failure, (this.#asked[failure.request] as Asked).subject, this.#netns.path);
  }

  close(): Promise<void> | undefined {
    this.#closed = true;
    return this.#reader?.close();
  }

  #open(): NativeReader | undefined {
    if (this.#closed) return undefined;
    this.#reader ??= new this.#Reader(
      this.#asked.map(({ request }) => request),
      this.#netns.path,
      this.#netns.ino,
    );
    return this.#reader;
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
    return new Error(failure.text);
  }

  close(): undefined {}
}

/** Asks something simpler if the kernel refuses the first question as invalid, which it does before any answer. */
class RetryingSource<T> implements Source<T> {
  #source: Source<T>;
  #simpler: (() => Source<T>) | undefined;

  constructor(source: Source<T>, simpler: () => Source<T>) {
    this.#source = source;
    this.#simpler = simpler;
  }

  get decode(): Decode<T> {
    return this.#source.decode;
  }

  async next(): Promise<NativeBatch> {
    const batch = await this.#source.next();
    return this.#gaveUp(batch) ? this.#source.next() : batch;
  }

  nextSync(): NativeBatch {
    const batch = this.#source.nextSync();
    return this.#gaveUp(batch) ? this.#source.nextSync() : batch;
  }

  requests(): Uint8Array {
    return this.#source.requests();
  }

  errorOf(failure: NativeFailure): Error {
    return this.#source.errorOf(failure);
  }

  close(): Promise<void> | undefined {
    this.#simpler = undefined;
    return this.#source.close();
  }

  /** Whether the first batch is a refusal, and another source is in place. */
  #gaveUp({ failure, records }: NativeBatch): boolean {
    const simpler = this.#simpler;
    this.#simpler = undefined;
    const refused = failure?.kind === 'kernel' && failure.errno === EINVAL && failure.request === 0;
    if (!refused || records > 0 || simpler === undefined) return false;
    this.#source.close();
    this.#source = simpler();
    return true;
  }
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
