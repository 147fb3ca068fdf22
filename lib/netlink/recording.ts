/** Recordings: netlink messages of dumps, one behind the other, as they came from a kernel. */
import { loadBinding, type NativeBatch, type NativeFailure, type NativeShape } from '../binding.js';
import { recordingError } from './errors.js';
import { type Known, once } from './known.js';
import { LITTLE_ENDIAN, MESSAGE_HEADER_LENGTH, NLM_F_MULTI, NLM_F_REQUEST } from './protocol.js';
import type { Decode, Source } from './reading.js';

/** A kind of record: what its framing is, and how it is decoded. */
export interface Kind<T> {
  shape: Omit<NativeShape, 'type'>;
  decode: Decode<T>;
  /** By what a socket is known again, so that it is given once of each dump. */
  known?: (() => Known) | undefined;
}

/** A message's type and what stands behind its header. */
export interface Message {
  type: number;
  payload: DataView;
}

/** Which kind a record is, by itself and by the request that it answers, if that is in the recording too. */
export type KindOf<T> = (record: Message, request: Message | undefined) => Kind<T> | undefined;

interface Header {
  length: number;
  /** With the padding. */
  size: number;
  type: number;
  flags: number;
  sequence: number;
  portId: number;
}

/** Messages that are walked together: of one dump, and of one kind. */
interface Run<T> {
  start: number;
  end: number;
  /** The first record, or the first message if there is none. */
  first: Header;
  kind: Kind<T> | undefined;
  /** Some of them say that they are a part of many. */
  multi: boolean;
  /** The last of them says that nothing follows. */
  ends: boolean;
}

/** A batch is about as large as one that comes from the kernel. */
const BATCH_SIZE = 1 << 17;
/** Types below are netlink's own. */
const NLMSG_MIN_TYPE = 16;
const NO_TYPE = 0xffff;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NO_SHAPE: Kind<never>['shape'] = { family: 0, headerLength: 0 };

/** A fault in the recording itself, of which nothing behind can be read. */
class Fault {
  readonly text: string;
  readonly offset: number;

  constructor(text: string, offset: number) {
    this.text = text;
    this.offset = offset;
  }
}

export class RecordedSource<T> implements Source<T> {
  decode: Decode<T> = () => undefined;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #kindOf: KindOf<T>;
  readonly #around: (decode: Decode<T>) => Decode<T>;
  readonly #decoders = new Map<Kind<T>, Decode<T>>();
  /** Of the dump that it is at, which give each socket once. */
  readonly #once = new Map<Kind<T>, Decode<T>>();
  /** By sequence number. */
  readonly #requests = new Map<number, Message>();
  #at = 0;
  /** The dump whose end has not come yet. */
  #unfinished: Header | undefined;

  /** `around` is put around each decoder. */
  constructor(
    bytes: Uint8Array,
    kindOf: KindOf<T>,
    around: (decode: Decode<T>) => Decode<T> = (decode) => decode,
  ) {
    this.#bytes = bytes;
    this.#around = around;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#kindOf = kindOf;
  }

  async next(): Promise<NativeBatch> {
    return this.nextSync();
  }

  nextSync(): NativeBatch {
    const start = this.#at;
    try {
      const run = this.#nextRun();
      if (run !== undefined) return this.#walk(start, run);
      if (this.#unfinished !== undefined) throw new Fault('no end: a part of it is missing', start);
      return { records: 0, finished: true, ...this.#messages(start, new Uint32Array()) };
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      return this.#refuse({ kind: 'reply', request: 0, errno: 0, text: fault.text, offset: fault.offset });
    }
  }

  /** Those in a recording stand where they were recorded. */
  requests(): Uint8Array {
    return new Uint8Array();
  }

  errorOf(failure: NativeFailure): Error {
    return recordingError(failure);
  }

  close(): undefined {
    this.#at = this.#bytes.length;
    this.#unfinished = undefined;
  }

  #refuse(failure: NativeFailure): NativeBatch {
    this.close();
    return { records: 0, finished: true, failure };
  }

  /** Passes over requests, and finds the messages that go together behind them; undefined at the end. */
  #nextRun(): Run<T> | undefined {
    while (this.#at < this.#bytes.length) {
      const first = this.#headerAt(this.#at);
      if (!isRequest(first)) return this.#runFrom(first);
      this.#requests.set(first.sequence, this.#messageAt(this.#at, first));
      this.#at += first.size;
    }
    return undefined;
  }

  #runFrom(first: Header): Run<T> {
    const at = this.#at;
    const run: Run<T> = { start: at, end: at, first, kind: undefined, multi: false, ends: false };
    while (!run.ends && run.end < this.#bytes.length && run.end - run.start < BATCH_SIZE) {
      const header = this.#headerAt(run.end);
      if (isRequest(header) || !isOfSameDump(header, first) || !this.#belongs(run, header)) break;
      run.end += header.size;
      run.multi ||= (header.flags & NLM_F_MULTI) !== 0;
      run.ends = header.type === NLMSG_DONE || header.type === NLMSG_ERROR;
    }
    return run;
  }

  /** Whether the message behind a run is of its kind. The first record says which that is. */
  #belongs(run: Run<T>, header: Header): boolean {
    if (header.type < NLMSG_MIN_TYPE) return true;
    const kind = this.#kindAt(run.end, header);
    if (run.kind !== undefined) return kind === run.kind && header.type === run.first.type;
    run.kind = kind;
    run.first = header;
    return true;
  }

  #walk(start: number, run: Run<T>): NativeBatch {
    const { first, kind } = run;
    if (this.#unfinished === undefined || !isOfSameDump(this.#unfinished, first)) this.#once.clear();
    this.#checkEnd(run);
    this.#at = run.end;
    const walk = loadBinding().walk(this.#bytes.subarray(run.start, run.end), {
      ...(kind?.shape ?? NO_SHAPE),
      // Without a record, no type may be taken for one: all are netlink's own then.
      type: kind === undefined ? NO_TYPE : first.type,
      sequence: first.sequence,
      portId: first.portId,
      acknowledged: true,
    });
    if (kind !== undefined) this.decode = run.multi ? this.#decoderOnce(kind) : this.#decoderOf(kind);
    const index = shift(walk.index, run.start - start);
    const batch = { records: walk.records, finished: false, ...this.#messages(start, index) };
    if (walk.failure === undefined) return batch;
    const offset = run.start + (walk.failure.offset ?? 0);
    return { ...batch, ...this.#refuse({ ...walk.failure, offset }), records: walk.records };
  }

  /** Nothing of a dump is missing if it has its end, which comes before the next one starts. */
  #checkEnd(run: Run<T>): void {
    const { first, multi, ends } = run;
    if (this.#unfinished !== undefined && !isOfSameDump(this.#unfinished, first)) {
      throw new Fault('no end of a dump: a part of it is missing', run.start);
    }
    if (ends) this.#unfinished = undefined;
    else if (multi) this.#unfinished = first;
  }

  /** The messages from `start` to where we are, with an index, in memory of their own. */
  #messages(start: number, index: Uint32Array): Pick<NativeBatch, 'buffer' | 'index'> {
    const size = this.#at - start;
    const buffer = new ArrayBuffer(size + index.byteLength);
    new Uint8Array(buffer).set(this.#bytes.subarray(start, this.#at));
    new Uint32Array(buffer, size).set(index);
    return { buffer, index: size >>> 2 };
  }

  #decoderOf(kind: Kind<T>): Decode<T> {
    const decode = this.#decoders.get(kind) ?? this.#around(kind.decode);
    this.#decoders.set(kind, decode);
    return decode;
  }

  #decoderOnce(kind: Kind<T>): Decode<T> {
    const { known } = kind;
    if (known === undefined) return this.#decoderOf(kind);
    const decode = this.#once.get(kind) ?? once(this.#decoderOf(kind), known());
    this.#once.set(kind, decode);
    return decode;
  }

  #kindAt(at: number, header: Header): Kind<T> {
    const kind = this.#kindOf(this.#messageAt(at, header), this.#requests.get(header.sequence));
    if (kind === undefined) throw new Fault('a message of a kind that is not known', at);
    return kind;
  }

  #messageAt(at: number, { type, length }: Header): Message {
    const { buffer, byteOffset } = this.#bytes;
    const start = byteOffset + at + MESSAGE_HEADER_LENGTH;
    return { type, payload: new DataView(buffer, start, length - MESSAGE_HEADER_LENGTH) };
  }

  #headerAt(at: number): Header {
    const left = this.#bytes.length - at;
    if (left < MESSAGE_HEADER_LENGTH) throw new Fault('a message shorter than a message header', at);
    const length = this.#view.getUint32(at, LITTLE_ENDIAN);
    const size = (length + 3) & ~3;
    if (length < MESSAGE_HEADER_LENGTH || length > left || size > left) throw this.#badLength(at, left);
    return {
      length,
      size,
      type: this.#view.getUint16(at + 4, LITTLE_ENDIAN),
      flags: this.#view.getUint16(at + 6, LITTLE_ENDIAN),
      sequence: this.#view.getUint32(at + 8, LITTLE_ENDIAN),
      portId: this.#view.getUint32(at + 12, LITTLE_ENDIAN),
    };
  }

  #badLength(at: number, left: number): Fault {
    const swapped = this.#view.getUint32(at, !LITTLE_ENDIAN);
    const foreign = swapped >= MESSAGE_HEADER_LENGTH && swapped <= left && at === 0;
    return new Fault(foreign ? 'the byte order of another machine' : 'a message with a wrong length', at);
  }
}

function isRequest({ type, flags }: Header): boolean {
  return type >= NLMSG_MIN_TYPE && (flags & NLM_F_REQUEST) !== 0;
}

function isOfSameDump(a: Header, b: Header): boolean {
  return a.sequence === b.sequence && a.portId === b.portId;
}

/** The rows of an index, for messages that lie so much further on. */
function shift(index: Uint32Array, by: number): Uint32Array {
  let row = 0;
  while (row < index.length) {
    const attributes = index[row + 1] as number;
    index[row] = (index[row] as number) + by;
    for (let i = row + 2; i < row + 2 + attributes; i++) index[i] = (index[i] as number) + by;
    row += 2 + attributes;
  }
  return index;
}
