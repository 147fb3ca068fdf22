/** All sockets that are known of, and what each reading says of them. */
import type { DiagMsg } from '../decode.js';
import type { Change, FinalRecord, SocketChanged, SocketClosed } from './change.js';
import { differ } from './difference.js';
import { keyOf, keyOfFinal } from './key.js';
import { ratesOf } from './rates.js';

/** A known socket. */
interface Entry<T, F> {
  /** As it was seen last. */
  socket: T;
  /** When that was, milliseconds of a clock that only goes forward. */
  at: number;
  /** In which reading. */
  reading: number;
  /** What the kernel said of it when it was destroyed. */
  final: F | undefined;
}

/** A dump is not a snapshot: it may give a socket twice, and may not give one that is there. */
export class Ledger<T extends DiagMsg, F extends FinalRecord> {
  readonly #entries = new Map<string, Entry<T, F>>();
  /** Those of the first reading are new. */
  readonly #existing: boolean;
  /** The number of this reading; the first is 1. */
  #reading = 0;

  constructor(existing: boolean) {
    this.#existing = existing;
  }

  /** A reading begins. */
  begin(): void {
    this.#reading++;
  }

  /** What a record of this reading, that was read `at` that time, tells. */
  see(socket: T, at: number): Change<T, F> | undefined {
    const key = keyOf(socket);
    const known = this.#entries.get(key);
    if (known === undefined) {
      this.#entries.set(key, { socket, at, reading: this.#reading, final: undefined });
      return this.#reading > 1 || this.#existing ? { type: 'opened', socket } : undefined;
    }
    if (known.reading === this.#reading) return undefined;
    const change = differ(known.socket, socket) ? changed(known, socket, at) : undefined;
    known.socket = socket;
    known.at = at;
    known.reading = this.#reading;
    return change;
  }

  /** Which sockets are there no more, after a reading has come to its end. */
  *missing(): Generator<Change<T, F>> {
    for (const [key, entry] of this.#entries) {
      const missed = this.#reading - entry.reading;
      if (missed === 0 || (missed === 1 && !isDestroyed(entry))) continue;
      this.#entries.delete(key);
      yield closed(entry);
    }
  }

  /** The kernel has destroyed a socket. Those that were never seen are none of ours. */
  destroyed(final: F): void {
    const known = this.#entries.get(keyOfFinal(final));
    if (known !== undefined) known.final = final;
  }

  clear(): void {
    this.#entries.clear();
  }
}

function changed<T extends DiagMsg>(known: Entry<T, unknown>, socket: T, at: number): SocketChanged<T> {
  const change: SocketChanged<T> = { type: 'changed', socket, previous: known.socket };
  const rates = ratesOf(known.socket, socket, (at - known.at) / 1000);
  if (rates !== undefined) change.rates = rates;
  return change;
}

function closed<T, F>({ socket, final }: Entry<T, F>): SocketClosed<T, F> {
  return final === undefined ? { type: 'closed', socket } : { type: 'closed', socket, final };
}

/**
 * Whether the kernel's word means that a socket is gone that one reading did not give. What has gone over into TIME_WAIT,
 * or into the FIN_WAIT2 of a socket that nobody holds, is another thing with the same cookie, and no event tells its end.
 */
function isDestroyed({ socket, final }: Entry<DiagMsg, unknown>): boolean {
  return final !== undefined && !('timer' in socket && socket.timer === 'timewait');
}
