/** Dumps that ask the kernel. */
import {
  loadBinding,
  type NativeBatch,
  type NativeFailure,
  type NativeReader,
  type NativeRequest,
} from '../binding.js';
import { Dump, type DumpOptions } from './dump.js';
import { errorOf, type Subject } from './errors.js';
import { netnsPath } from './options.js';
import { MESSAGE_HEADER_LENGTH, NLM_F_DUMP, NLM_F_REQUEST } from './protocol.js';
import type { Decode, Source } from './reading.js';

/** A request, and what it is for. */
export interface Asked {
  request: NativeRequest;
  subject: Subject;
}

/** A dump of what is asked for, one after the other. Each reading has a decoder of its own. */
export function liveDump<T>(
  asked: readonly Asked[],
  decoder: () => Decode<T>,
  { signal, netns }: DumpOptions,
): Dump<T> {
  const path = netnsPath(netns);
  return new Dump({ open: () => new LiveSource(asked, decoder(), path), signal });
}

/** The native reader is made with the first batch. */
class LiveSource<T> implements Source<T> {
  readonly decode: Decode<T>;
  readonly #Reader = loadBinding().Reader;
  readonly #asked: readonly Asked[];
  readonly #netns: string;
  #reader: NativeReader | undefined;
  #closed = false;

  constructor(asked: readonly Asked[], decode: Decode<T>, netns: string) {
    this.#asked = asked;
    this.decode = decode;
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
    return errorOf(failure, (this.#asked[failure.request] as Asked).subject, this.#netns);
  }

  close(): Promise<void> | undefined {
    this.#closed = true;
    return this.#reader?.close();
  }

  #open(): NativeReader | undefined {
    if (this.#closed) return undefined;
    this.#reader ??= new this.#Reader(
      this.#asked.map(({ request }) => request),
      this.#netns,
    );
    return this.#reader;
  }
}

const END: NativeBatch = { records: 0, finished: true };

/** A request as it is sent, in the machine's byte order. */
function frame({ type, payload }: NativeRequest, sequence: number): Uint8Array {
  const message = new Uint8Array(MESSAGE_HEADER_LENGTH + payload.length);
  new Uint32Array(message.buffer, 0, 1)[0] = message.length;
  new Uint16Array(message.buffer, 4, 2).set([type, NLM_F_REQUEST | NLM_F_DUMP]);
  new Uint32Array(message.buffer, 8, 1)[0] = sequence;
  message.set(payload, MESSAGE_HEADER_LENGTH);
  return message;
}
