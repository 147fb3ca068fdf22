/** Who holds the sockets: walked over seldom, since each walk reads every descriptor of the machine. */

import { Holdings } from '../../owners/holdings.js';
import { checked, Walk } from '../../owners/walk.js';
import { printable } from '../words.js';

/** Milliseconds from one walk to the next, at least. */
const REST = 2000;
/** And so many times as long as a walk takes. */
const SHARE = 20;

/** What is said of the processes as a whole. */
export interface Sight {
  /** Processes that may not be read. */
  denied: number;
  /** There may be others that are not even listed. */
  hidden: boolean;
}

/** Of a socket that no descriptor refers to, as in TIME_WAIT; and of one whose owner was not seen, or not yet. */
export const NOBODY = '-';
export const UNSEEN = '?';

export class Owners {
  #holdings: Holdings | undefined;
  #names: string[] = [];
  #next = 0;
  /** When the walk began that this is from. */
  #since = Number.NEGATIVE_INFINITY;
  #walk: Walk | undefined;
  sight: Sight | undefined;
  readonly #bpf: boolean;

  /** Whether a program may be loaded into the kernel. */
  constructor(bpf: boolean) {
    this.#bpf = bpf;
  }

  /** Looks again, if it is time to; true if it has. @throws SockDiagError where /proc cannot be read. */
  async refresh(): Promise<boolean> {
    const start = performance.now();
    if (this.#walk !== undefined || start < this.#next) return false;
    this.#walk = new Walk({ bpf: this.#bpf });
    try {
      const found = checked(await this.#walk.run());
      this.#holdings = new Holdings(found);
      this.#names = [];
      this.#since = start;
      this.sight = { denied: found.denied, hidden: found.hidden };
    } finally {
      this.#walk = undefined;
      const end = performance.now();
      this.#next = end + Math.max(REST, (end - start) * SHARE);
    }
    return true;
  }

  /** Ends a walk that is under way. */
  stop(): void {
    this.#walk?.abort();
  }

  /** `node/1234`, of the first process that holds a socket, which was there since some time. It is the same text each time. */
  nameOf(inode: number, since: number): string {
    if (inode === 0) return NOBODY;
    const holder = this.#holdings?.holderOf(inode);
    if (holder === undefined) return since < this.#since && this.#isWhole() ? NOBODY : UNSEEN;
    this.#names[holder] ??= this.#textOf(holder);
    return this.#names[holder];
  }

  /** All that hold the socket, with their descriptors; undefined if it cannot be known. */
  allOf(inode: number): readonly { pid: number; comm: string; fd: number }[] | undefined {
    return this.#holdings?.ownersOf(inode);
  }

  #isWhole(): boolean {
    return this.sight !== undefined && this.sight.denied === 0 && !this.sight.hidden;
  }

  #textOf(holder: number): string {
    const { comm, pid } = (this.#holdings as Holdings).processAt(holder);
    return `${printable(comm)}/${pid}`;
  }
}
