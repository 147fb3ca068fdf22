/** Holdings: which descriptors of which processes are sockets, as one walk has found them. */
import type { NativeOwners } from '../binding.js';
import type { SocketOwner } from '../record/record.js';

/** Objects are made when they are asked for: there may be a hundred thousand. */
export class Holdings {
  readonly #found: NativeOwners;
  /** By the place of the process. */
  readonly #comms: readonly string[];

  constructor(found: NativeOwners) {
    this.#found = found;
    this.#comms = textsOf(found);
  }

  /** How many there are. */
  get length(): number {
    return this.#found.inodes.length;
  }

  /**
   * The owners of a socket, by the low 32 bits of its inode number. Undefined if it cannot be known: who was not found may
   * be among the processes that were not seen. Number 0 is that of sockets without a descriptor.
   */
  ownersOf(inode: number): SocketOwner[] | undefined {
    const wanted = inode >>> 0;
    if (wanted === 0) return [];
    const { inodes, denied, hidden } = this.#found;
    const owners: SocketOwner[] = [];
    for (let i = firstFrom(inodes, wanted); inodes[i] === wanted; i++) owners.push(this.#ownerAt(i));
    return owners.length > 0 || (denied === 0 && !hidden) ? owners : undefined;
  }

  /** The place, for `processAt`, of the first process that holds a socket; undefined if none was found. */
  holderOf(inode: number): number | undefined {
    const { inodes, holders } = this.#found;
    const at = firstFrom(inodes, inode >>> 0);
    return inodes[at] === inode >>> 0 ? holders[at] : undefined;
  }

  /** The place of the first holding of a socket, and behind its last one. Number 0 is that of sockets without a descriptor. */
  placesOf(inode: number): { first: number; end: number } {
    const { inodes } = this.#found;
    const first = inode === 0 ? 0 : firstFrom(inodes, inode);
    let end = first;
    if (inode !== 0) while (inodes[end] === inode) end++;
    return { first, end };
  }

  /** Whose the holding at a place is, for `processAt`, and by which descriptor. */
  at(place: number): { holder: number; fd: number } {
    const { holders, descriptors } = this.#found;
    return { holder: holders[place] as number, fd: descriptors[place] as number };
  }

  processAt(holder: number): { pid: number; comm: string } {
    return { pid: this.#found.pids[holder] as number, comm: this.#comms[holder] as string };
  }

  /** Puts the owners of the sockets of one holding and those after it into a map; gives the place behind them. */
  collect(sockets: Map<number, SocketOwner[]>, from: number, count: number): number {
    const { inodes } = this.#found;
    let at = from;
    while (at < inodes.length && at < from + count) {
      const inode = inodes[at] as number;
      // Nearly all have one owner, and an array that starts empty takes room for many.
      const owners = [this.#ownerAt(at++)];
      for (; inodes[at] === inode; at++) owners.push(this.#ownerAt(at));
      sockets.set(inode, owners);
    }
    return at;
  }

  #ownerAt(i: number): SocketOwner {
    const { holders, descriptors, pids, startTimes } = this.#found;
    const holder = holders[i] as number;
    return {
      pid: pids[holder] as number,
      comm: this.#comms[holder] as string,
      fd: descriptors[i] as number,
      startTime: startTimes[holder] as number,
    };
  }
}

function textsOf({ comms, commEnds }: NativeOwners): string[] {
  let start = 0;
  return Array.from(commEnds, (end) => {
    const text = comms.toString('utf8', start, end);
    start = end;
    return text;
  });
}

/** The place of the first of the ordered numbers that is not below one. */
function firstFrom(numbers: Uint32Array, least: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
