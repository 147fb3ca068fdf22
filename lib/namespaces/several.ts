/** Readings of several network namespaces, whose records are told apart by a stamp. */
import type { NativeBatch, NativeFailure } from '../binding.js';
import { SockDiagError } from '../netlink/errors.js';
import type { NetnsFile } from '../netlink/netns.js';
import { type Decode, END, type Source } from '../netlink/reading.js';
import type { SocketRecord } from '../record/record.js';
import { FollowingSource, type OpenIn } from './following.js';
import { Ways } from './ways.js';

/** Asks in one namespace after the other, and stamps each record with the one that was asked. */
export class NamespacesSource<T extends SocketRecord> implements Source<T> {
  decode: Decode<T> = () => undefined;
  readonly #openIn: OpenIn<T>;
  /** In reverse, those that are still to be asked. */
  readonly #waiting: NetnsFile[];
  /** Inode numbers of those that were asked. */
  readonly #asked = new Set<number>();
  readonly #ways = new Ways();
  #source: Source<T> | undefined;
  /** Of the source: whether its first batch is still to come, and whether its last has come. */
  #fresh = true;
  #over = false;

  constructor(netns: readonly NetnsFile[], openIn: OpenIn<T>) {
    this.#waiting = [...netns].reverse();
    this.#openIn = openIn;
  }

  async next(): Promise<NativeBatch> {
    for (let source = this.#current(); source !== undefined; source = this.#current()) {
      const batch = this.#accept(await source.next());
      if (this.#over) await source.close();
      if (batch !== undefined) return batch;
    }
    return END;
  }

  nextSync(): NativeBatch {
    for (let source = this.#current(); source !== undefined; source = this.#current()) {
      const batch = this.#accept(source.nextSync());
      if (this.#over) source.close();
      if (batch !== undefined) return batch;
    }
    return END;
  }

  requests(): Uint8Array {
    throw new TypeError(
      'a recording does not tell network namespaces apart: raw() is for one at a time, not for an array of them',
    );
  }

  errorOf(failure: NativeFailure): Error {
    return failure === UNTOLD ? untoldError() : (this.#source as Source<T>).errorOf(failure);
  }

  close(): Promise<void> | undefined {
    this.#waiting.length = 0;
    return this.#source?.close();
  }

  /** The source that has something to come; undefined if none has. */
  #current(): Source<T> | undefined {
    if (this.#source !== undefined && !this.#over) return this.#source;
    const netns = this.#next();
    this.#fresh = true;
    this.#over = false;
    this.#source = netns && (netns.ino === undefined ? this.#openIn(netns) : this.#following(netns));
    return this.#source;
  }

  /** The next that is not known to have been asked. */
  #next(): NetnsFile | undefined {
    let netns = this.#waiting.pop();
    while (netns?.ino !== undefined && this.#asked.has(netns.ino)) netns = this.#waiting.pop();
    return netns;
  }

  #following(netns: NetnsFile): Source<T> {
    return new FollowingSource(netns, this.#openIn, { ways: this.#ways, passOver: true });
  }

  /** What there is to give out of a batch of the source; undefined if nothing. */
  #accept(batch: NativeBatch): NativeBatch | undefined {
    if (batch.failure !== undefined && batch.records === 0) return batch;
    const { netns, records } = batch;
    this.#over = batch.finished && batch.failure === undefined;
    if (netns === undefined) return records === 0 ? undefined : UNTOLD_BATCH;
    if (this.#fresh && this.#asked.has(netns)) {
      this.#over = true;
      return undefined;
    }
    this.#fresh = false;
    this.#asked.add(netns);
    this.decode = stamping((this.#source as Source<T>).decode, netns);
    return records === 0 ? undefined : { ...batch, finished: batch.finished && !this.#over };
  }
}

function stamping<T extends SocketRecord>(decode: Decode<T>, netns: number): Decode<T> {
  return (memory, row) => {
    const record = decode(memory, row);
    if (record !== undefined) record.netns = netns;
    return record;
  };
}

const UNTOLD: NativeFailure = { kind: 'system', request: 0, errno: 0 };
const UNTOLD_BATCH: NativeBatch = { records: 0, finished: true, failure: UNTOLD };

function untoldError(): SockDiagError {
  return new SockDiagError(
    'records of several network namespaces cannot be told apart without /proc, which is not mounted here',
    { code: 'ENOENT' },
  );
}
