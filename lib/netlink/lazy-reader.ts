/** The native reader of one reading, which is made when its first batch is asked for. */
import {
  loadBinding,
  type NativeBatch,
  type NativeReader,
  type NativeRequest,
  type NativeText,
} from '../binding.js';
import type { NetnsFile } from './netns.js';
import { END } from './reading.js';

export class LazyReader {
  readonly #Reader = loadBinding().Reader;
  readonly #question: () => NativeRequest[] | NativeText;
  readonly #netns: NetnsFile;
  readonly #firstReceive: number | undefined;
  #reader: NativeReader | undefined;
  #closed = false;

  constructor(question: () => NativeRequest[] | NativeText, netns: NetnsFile, firstReceive?: number) {
    this.#question = question;
    this.#netns = netns;
    this.#firstReceive = firstReceive;
  }

  async next(): Promise<NativeBatch> {
    return this.#open()?.next() ?? END;
  }

  nextSync(): NativeBatch {
    return this.#open()?.nextSync() ?? END;
  }

  close(): Promise<void> | undefined {
    this.#closed = true;
    return this.#reader?.close();
  }

  #open(): NativeReader | undefined {
    if (this.#closed) return undefined;
    const { path, ino } = this.#netns;
    this.#reader ??= new this.#Reader(this.#question(), path, ino, this.#firstReceive);
    return this.#reader;
  }
}
