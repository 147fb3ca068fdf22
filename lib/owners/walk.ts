/** One walk over the descriptors of processes, on another thread or on this one. */
import {
  loadBinding,
  type NativeOwners,
  type NativeOwnersFailure,
  type NativeOwnersWalk,
} from '../binding.js';
import type { Abortable } from '../netlink/abort.js';
import { ownersError } from '../netlink/errors.js';

/** What to look at; all of it where nothing is said. */
export interface Scope {
  pids?: readonly number[] | undefined;
  inodes?: readonly number[] | undefined;
  /** A program may be loaded into the kernel. */
  bpf?: boolean | undefined;
}

/** Of a walk that was cancelled, the answer is worth nothing. */
export class Walk implements Abortable {
  readonly #walk: NativeOwnersWalk;

  constructor({ pids = [], inodes = [], bpf = false }: Scope = {}) {
    // A larger number than 32 bits hold is cut off.
    this.#walk = new (loadBinding().OwnersWalk)(Uint32Array.from(pids), Uint32Array.from(inodes), bpf);
  }

  run(): Promise<NativeOwners | NativeOwnersFailure> {
    return this.#walk.run();
  }

  runSync(): NativeOwners | NativeOwnersFailure {
    return this.#walk.runSync();
  }

  abort(): void {
    this.#walk.cancel();
  }
}

/** What was found. @throws SockDiagError where /proc cannot be read. */
export function checked(answer: NativeOwners | NativeOwnersFailure): NativeOwners {
  if (isFailure(answer)) throw ownersError(answer);
  return answer;
}

export function isFailure(answer: NativeOwners | NativeOwnersFailure): answer is NativeOwnersFailure {
  return 'errno' in answer;
}
