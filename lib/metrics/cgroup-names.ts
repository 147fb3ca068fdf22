/** The paths of cgroups by their ids. */
import { cgroupPaths } from '../filter/resolvers.js';

/** The hierarchy is looked through again at most once in so many milliseconds. */
const PAUSE = 5000;

/** For one that is gone, or in a part of the hierarchy that is not seen from here. */
const UNREACHABLE = 'unreachable';

export class CgroupNames {
  #paths: Map<number, string> | undefined;
  #read = Number.NEGATIVE_INFINITY;

  /** To find one that is not known yet takes a walk over all of them. */
  of(id: number): string {
    const known = this.#paths?.get(id);
    if (known !== undefined) return known;
    if (performance.now() < this.#read + PAUSE) return UNREACHABLE;
    this.#paths = cgroupPaths();
    this.#read = performance.now();
    return this.#paths.get(id) ?? UNREACHABLE;
  }
}
