/** Where the sockets of a dump are destroyed: each in the network namespace that it came from. */
import { statSync } from 'node:fs';

import { isSeveral } from '../namespaces/source.js';
import type { DumpOptions } from '../netlink/dump.js';
import { Exchange } from '../netlink/exchange.js';
import { type Netns, netnsFile } from '../netlink/netns.js';
import type { DiagRecord } from '../record/record.js';

/** A namespace, and a socket for questions in it. */
export interface Place {
  netns: Netns | undefined;
  exchange: Exchange;
}

/** One at a time is open. The sockets of a dump stand together by their namespaces. */
export class Places {
  readonly #netns: DumpOptions['netns'];
  #ino: number | undefined;
  #open: Place | undefined;

  /** `netns` is the option of the dump. */
  constructor(netns: DumpOptions['netns']) {
    this.#netns = netns;
  }

  of(socket: DiagRecord): Place {
    if (this.#open !== undefined && socket.netns === this.#ino) return this.#open;
    this.close();
    this.#ino = socket.netns;
    const netns = isSeveral(this.#netns) ? wayTo(socket.netns as number, this.#netns) : this.#netns;
    this.#open = { netns, exchange: new Exchange(netnsFile(netns)) };
    return this.#open;
  }

  close(): void {
    this.#open?.exchange.close();
    this.#open = undefined;
  }
}

/** By the one of several that led to a namespace, or by any other way, but to that namespace and no other. */
function wayTo(ino: number, several: readonly Netns[]): Netns {
  const files = several.map(netnsFile);
  const file = files.find((one) => one.ino === ino || (one.ino === undefined && inodeOf(one.path) === ino));
  return { ino, path: (file ?? (files[0] as (typeof files)[0])).path };
}

/** Undefined of what cannot be looked at. */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    // untested: of processes that end at that moment
    return undefined;
  }
}
