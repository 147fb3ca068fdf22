/** What tests do with events: take so many, or all that come. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { DestroyedEvent, DestroyedSocket, DestroyedWatcher } from '../../lib/index.js';

/** Events that come without being asked for one by one, from now on. */
export class Collector {
  readonly events: DestroyedEvent[] = [];
  /** How many are known to be lost. */
  lost = 0;
  readonly #sockets: DestroyedSocket[] = [];

  constructor(watcher: DestroyedWatcher) {
    this.#collect(watcher).catch(() => undefined);
  }

  async #collect(watcher: DestroyedWatcher): Promise<void> {
    for await (const event of watcher) {
      this.events.push(event);
      if (event.type === 'destroyed') this.#sockets.push(event.socket);
      else this.lost += event.count ?? 0;
    }
  }

  /**
   * Waits until there are so many, lost ones included, and then whether there come too many. On a busy machine, the kernel
   * is late with events.
   */
  async gather(count: number): Promise<DestroyedSocket[]> {
    for (let i = 0; i < 6000 && this.#sockets.length + this.lost < count; i++) await sleep(10);
    await sleep(100);
    return [...this.#sockets];
  }
}
