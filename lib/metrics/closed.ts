/** Counts what has ended, as the kernel tells it. */

import type { DestroyedSocket } from '../events/record.js';
import { PROTOCOLS } from '../events/subscribe.js';
import type { DestroyedEvent, DestroyedWatcher } from '../events/watcher.js';
import { INET_FAMILIES, type InetFamily } from '../inet/family.js';
import { DURATION, RETRANSMITTED, TRANSFERRED } from './bounds.js';
import { Distribution, type Histogram } from './histogram.js';
import type { Sightings } from './sightings.js';

/** Sockets that have ended. */
export interface ClosedSockets {
  /** As of the records. */
  family: InetFamily;
  /** As of the records. */
  protocol: 'tcp' | 'udp';
  /** How many, listeners and sockets that were never connected among them. */
  count: number;
}

/** TCP connections that have ended. */
export interface ClosedConnections {
  /** As of the records. */
  family: InetFamily;
  /** Bytes of data that were sent, those sent again included (`info.bytesSent`). */
  sent: Histogram;
  /** Bytes that were received (`info.bytesReceived`). */
  received: Histogram;
  /** Segments that were sent again (`info.totalRetrans`). */
  retransmitted: Histogram;
  /**
   * Seconds from the dump that had a connection first to its end: the kernel does not tell when it began. It was open for so
   * long at least, and for less than the time from one dump to the next longer.
   */
  duration: Histogram;
  /** Connections that no dump had: they are in all histograms but `duration`. */
  unseen: number;
}

/** Events that the kernel had, and that could not be kept. */
export interface LostEvents {
  /** Why, as of `EventsLost`. */
  reason: 'queue' | 'kernel';
  /** How often something was lost. */
  times: number;
  /** How many events, as far as that is known. */
  count: number;
}

/** What has ended since the collector was made. */
export interface ClosedSummary {
  /** By family and protocol. */
  sockets: ClosedSockets[];
  /** By family. */
  connections: ClosedConnections[];
  /** By reason. */
  lost: LostEvents[];
}

/** Of one family. */
class Connections {
  readonly #sent = new Distribution(TRANSFERRED);
  readonly #received = new Distribution(TRANSFERRED);
  readonly #retransmitted = new Distribution(RETRANSMITTED);
  readonly #duration = new Distribution(DURATION);
  #unseen = 0;

  add({ info }: DestroyedSocket & { protocol: 'tcp' }, duration: number | undefined): void {
    this.#sent.add(info?.bytesSent ?? 0);
    this.#received.add(info?.bytesReceived ?? 0);
    this.#retransmitted.add(info?.totalRetrans ?? 0);
    if (duration === undefined) this.#unseen++;
    else this.#duration.add(duration);
  }

  summary(family: InetFamily): ClosedConnections {
    return {
      family,
      sent: this.#sent.histogram(),
      received: this.#received.histogram(),
      retransmitted: this.#retransmitted.histogram(),
      duration: this.#duration.histogram(),
      unseen: this.#unseen,
    };
  }
}

const REASONS = ['queue', 'kernel'] as const;

export class ClosedCounter {
  readonly #sightings: Sightings;
  readonly #now: () => number;
  // All of them are there from the start: a counter that appears with its first event has lost that.
  readonly #sockets: ClosedSockets[] = INET_FAMILIES.flatMap((family) =>
    PROTOCOLS.map((protocol) => ({ family, protocol, count: 0 })),
  );
  readonly #connections = { inet: new Connections(), inet6: new Connections() };
  readonly #lost: LostEvents[] = REASONS.map((reason) => ({ reason, times: 0, count: 0 }));
  #failure: { error: unknown } | undefined;
  #watcher: DestroyedWatcher | undefined;

  /** @param now seconds on the clock of the sightings */
  constructor(sightings: Sightings, now: () => number) {
    this.#sightings = sightings;
    this.#now = now;
  }

  /** Counts what a watcher gives, until it is closed. It keeps no process. */
  follow(watcher: DestroyedWatcher): void {
    this.#watcher = watcher.unref();
    this.#read(watcher).catch((error: unknown) => {
      this.#failure = { error };
    });
  }

  close(): void {
    this.#watcher?.close();
  }

  /** @throws what ended the watching. */
  summary(): ClosedSummary {
    if (this.#failure !== undefined) throw this.#failure.error;
    return {
      sockets: this.#sockets.map((sockets) => ({ ...sockets })),
      connections: INET_FAMILIES.map((family) => this.#connections[family].summary(family)),
      lost: this.#lost.map((lost) => ({ ...lost })),
    };
  }

  async #read(watcher: DestroyedWatcher): Promise<void> {
    for await (const event of watcher) this.count(event);
  }

  count(event: DestroyedEvent): void {
    if (event.type === 'lost') this.#countLost(event.reason, event.count);
    else this.#countSocket(event.socket);
  }

  #countLost(reason: LostEvents['reason'], count = 0): void {
    const lost = this.#lost.find((one) => one.reason === reason) as LostEvents;
    lost.times++;
    lost.count += count;
  }

  #countSocket(socket: DestroyedSocket): void {
    const { family, protocol, cookie } = socket;
    const sockets = this.#sockets.find((one) => one.family === family && one.protocol === protocol);
    if (sockets !== undefined) sockets.count++;
    if (socket.protocol !== 'tcp' || !isConnection(socket)) return;
    const first = this.#sightings.first(cookie);
    // The time of a sighting is rounded, and may lie ahead.
    this.#connections[family].add(socket, first === undefined ? undefined : Math.max(0, this.#now() - first));
  }
}

/** Listeners and sockets that were never connected have nobody at the other end. */
function isConnection({ dst }: DestroyedSocket): boolean {
  return dst !== '0.0.0.0' && dst !== '::';
}
