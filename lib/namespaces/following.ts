/** Readings of a namespace that `namespaces` found, though what led there may lead elsewhere by now. */
import type { NativeBatch, NativeFailure } from '../binding.js';
import type { NetnsFile } from '../netlink/netns.js';
import { type Decode, END, type Source } from '../netlink/reading.js';
import { isGone, isLost, MOST_WAYS, Ways } from './ways.js';

/** Makes the source that asks in one namespace. */
export type OpenIn<T> = (netns: NetnsFile) => Source<T>;

export interface FollowingOptions {
  /** Shared with others who follow. */
  ways?: Ways;
  /** Nothing is made of a namespace that is gone, instead of an error. */
  passOver?: boolean;
}

/** Asks in the namespace of an inode number, for which the file is only a way. */
export class FollowingSource<T> implements Source<T> {
  readonly #openIn: OpenIn<T>;
  readonly #ways: Ways;
  readonly #passOver: boolean;
  #netns: NetnsFile;
  #source: Source<T>;
  #left = MOST_WAYS;

  constructor(
    netns: NetnsFile,
    openIn: OpenIn<T>,
    { ways = new Ways(), passOver = false }: FollowingOptions = {},
  ) {
    this.#netns = netns;
    this.#openIn = openIn;
    this.#ways = ways;
    this.#passOver = passOver;
    this.#source = openIn(netns);
  }

  get decode(): Decode<T> {
    return this.#source.decode;
  }

  async next(): Promise<NativeBatch> {
    let batch = await this.#source.next();
    while (this.#isLost(batch)) {
      if (!this.#take(await this.#ways.to(this.#netns))) return this.#giveUp(batch);
      batch = await this.#source.next();
    }
    return this.#reached(batch);
  }

  nextSync(): NativeBatch {
    let batch = this.#source.nextSync();
    while (this.#isLost(batch)) {
      if (!this.#take(this.#ways.toNow(this.#netns))) return this.#giveUp(batch);
      batch = this.#source.nextSync();
    }
    return this.#reached(batch);
  }

  requests(): Uint8Array {
    return this.#source.requests();
  }

  errorOf(failure: NativeFailure): Error {
    return this.#source.errorOf(failure);
  }

  close(): Promise<void> | undefined {
    this.#left = 0;
    return this.#source.close();
  }

  /** Whether it could not be reached, which the first batch tells, and another way may be tried. */
  #isLost({ failure }: NativeBatch): boolean {
    return this.#left > 0 && isLost(failure);
  }

  /** From here on, another way would begin anew. */
  #reached(batch: NativeBatch): NativeBatch {
    this.#left = 0;
    return batch;
  }

  #take(way: NetnsFile | undefined): boolean {
    // Without any left, it was closed meanwhile.
    if (way === undefined || this.#left === 0) return false;
    this.#left--;
    this.#source.close();
    this.#netns = way;
    this.#source = this.#openIn(way);
    return true;
  }

  #giveUp(batch: NativeBatch): NativeBatch {
    return this.#passOver && isGone(batch.failure) ? END : batch;
  }
}
