/** Async iterators whose items are made one after the other. */

export const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/** Answers calls of `next` in their order, one after the other, though they need not wait for each other. */
export abstract class SerialIterator<R> implements AsyncIterableIterator<R>, AsyncDisposable {
  /** Calls that are not answered yet. */
  protected pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** The next item, or the end. */
  protected abstract produce(): Promise<IteratorResult<R, undefined>>;

  /** Gives everything back. Afterwards there is nothing more. Called again, it does nothing. */
  abstract close(): Promise<void> | undefined;

  next(): Promise<IteratorResult<R, undefined>> {
    this.pending++;
    const result = this.#last.then(() => this.produce()).finally(() => this.pending--);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    await this.close();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
