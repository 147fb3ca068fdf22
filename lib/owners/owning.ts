/** Dumps that look for the owners of their sockets. */
import type { NativeBatch, NativeFailure, NativeOwners, NativeOwnersFailure } from '../binding.js';
import type { DumpOptions } from '../netlink/dump.js';
import { ownersError } from '../netlink/errors.js';
import type { Decode, Source } from '../netlink/reading.js';
import type { SocketRecord } from '../record/record.js';
import { Holdings } from './holdings.js';
import { isFailure, Walk } from './walk.js';

/** As records of all families are, but for some that old kernels tell of. */
interface Held extends SocketRecord {
  inode?: number;
}

/** With the owners of its sockets, where they are asked for. */
export function owningSource<T extends SocketRecord>(
  source: Source<T>,
  owners: DumpOptions['owners'],
): Source<T> {
  return owners === true || owners === 'bpf' ? new OwningSource(source, owners === 'bpf') : source;
}

/** Walks over the descriptors of all processes before the first batch comes, and puts the owners into its records. */
class OwningSource<T extends SocketRecord> implements Source<T> {
  readonly #source: Source<T>;
  readonly #bpf: boolean;
  #started = false;
  #closed = false;
  /** The one that is under way, and when it has ended. */
  #walk: Walk | undefined;
  #walking: Promise<unknown> | undefined;
  #holdings: Holdings | undefined;
  #failure: NativeFailure | undefined;
  /** What the other source decodes with, and what is around that. */
  #inner: Decode<T> | undefined;
  #outer: Decode<T> = () => undefined;

  constructor(source: Source<T>, bpf: boolean) {
    this.#source = source;
    this.#bpf = bpf;
  }

  get decode(): Decode<T> {
    const { decode } = this.#source;
    if (decode !== this.#inner) {
      this.#inner = decode;
      this.#outer = (memory, row) => this.#own(decode(memory, row));
    }
    return this.#outer;
  }

  async next(): Promise<NativeBatch> {
    const walk = this.#start();
    if (walk !== undefined) {
      const run = walk.run();
      this.#walking = run;
      this.#accept(await run);
    }
    return this.#refusal() ?? this.#source.next();
  }

  nextSync(): NativeBatch {
    const walk = this.#start();
    if (walk !== undefined) this.#accept(walk.runSync());
    return this.#refusal() ?? this.#source.nextSync();
  }

  requests(): Uint8Array {
    return this.#source.requests(); // untested: raw() reads others
  }

  errorOf(failure: NativeFailure): Error {
    if (failure !== this.#failure) return this.#source.errorOf(failure);
    return ownersError(failure as NativeOwnersFailure);
  }

  close(): Promise<void> | undefined {
    this.#closed = true;
    this.#walk?.abort();
    this.#holdings = undefined;
    const closed = this.#source.close();
    return this.#walking?.then(() => closed) ?? closed;
  }

  /** The walk, if it has to be made now. */
  #start(): Walk | undefined {
    if (this.#started || this.#closed) return undefined;
    this.#started = true;
    this.#walk = new Walk({ bpf: this.#bpf });
    return this.#walk;
  }

  #accept(answer: NativeOwners | NativeOwnersFailure): void {
    this.#walk = undefined;
    this.#walking = undefined;
    if (this.#closed) return;
    if (isFailure(answer)) this.#failure = { kind: 'system', request: 0, ...answer };
    else this.#holdings = new Holdings(answer);
  }

  #refusal(): NativeBatch | undefined {
    return this.#failure && { records: 0, finished: true, failure: this.#failure };
  }

  #own(record: T | undefined): T | undefined {
    if (record === undefined) return undefined;
    const { inode } = record as Held;
    // Of a number that is larger, the walk has the lower 32 bits, as netlink has.
    const owners = inode === undefined ? undefined : this.#holdings?.ownersOf(inode >>> 0);
    if (owners !== undefined) record.owners = owners;
    return record;
  }
}
